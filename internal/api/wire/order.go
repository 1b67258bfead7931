package wire

import "github.com/datacadastre/cadastre/ledger"

// OrderAnswer is an order with what was delivered under it.
type OrderAnswer struct {
	ledger.Order
	Use OrderUse `json:"use" zh:"限额用量" en:"Use of the limits"`
}

// OrderUse is how much of an order's limits is used at one node. Each node counts only
// its own deliveries.
type OrderUse struct {
	Node  string   `json:"node" zh:"计量节点（各节点分别计量）" en:"Counting node (each counts its own)"`
	Uses  LimitUse `json:"uses" zh:"次数" en:"Uses"`
	Bytes LimitUse `json:"bytes" zh:"字节数" en:"Bytes"`
}

// LimitUse is the use of one limit. A running delivery is counted with all
// bytes that it requested.
type LimitUse struct {
	Used  int64  `json:"used" form:"min=0" zh:"已用（含进行中的交付）" en:"Used, with running deliveries"`
	Limit int64  `json:"limit,omitempty" form:"min=0" zh:"上限；无此项则不限" en:"Limit; absent: there is no limit"`
	Left  *int64 `json:"left,omitempty" form:"min=0" zh:"剩余；不限则无此项" en:"Left; absent: there is no limit"`
}

// UseOf returns the use of a limit, of which 0 means that there is no limit.
func UseOf(limit, used int64) LimitUse {
	u := LimitUse{Used: used, Limit: limit}
	if limit > 0 {
		u.Left = new(max(limit-used, 0))
	}
	return u
}
