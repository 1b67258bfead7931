package evidence

import (
	"fmt"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/calendar"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// Judge applies the delivery rule to receipts, and adds up what was delivered under
// each order and license. It does for receipts what the contract does for calls.
type Judge struct {
	counts map[ledger.Ref]*ledger.Delivered
}

// Start checks a start receipt of a log on the state at the receipt's policy
// revision.
func (j *Judge) Start(state contract.State, log string, start ledger.Receipt) error {
	return allowed(state, log, start)
}

func allowed(state contract.State, log string, s ledger.Receipt) error {
	day := ledger.Date(calendar.Of(int64(s.Time)))
	var content ledger.Content
	var refused *ledger.Error
	switch s.Flow {
	case ledger.Delivery:
		f, err := ledger.LoadDelivery(state, s)
		if err != nil {
			return err
		}
		content, refused = f.Content, ledger.CheckDelivery(f, s, day)
	case ledger.Supply:
		f, err := ledger.LoadSupply(state, s)
		if err != nil {
			return err
		}
		content, refused = f.Content, ledger.CheckSupply(f, s, day)
	default:
		return fmt.Errorf("unknown flow %q", s.Flow)
	}
	if refused != nil {
		return refused
	}
	if log != ledger.ReceiptLog(content.Node) {
		return fmt.Errorf("the content is at the node %s, but the receipt is in the log %s", content.Node, log)
	}
	return nil
}

// Count adds a completed delivery to what was delivered under its order or license,
// and refuses amounts above the limits.
func (j *Judge) Count(state contract.State, start, end ledger.Receipt) error {
	scope := ledger.RefTo(ledger.KindOrder, start.Order)
	if start.Flow == ledger.Supply {
		scope = ledger.RefTo(ledger.KindLicense, start.License)
	}
	limited, _, err := load[struct {
		Limits ledger.Quota `json:"limits"`
	}](state, scope)
	if err != nil {
		return err
	}
	if j.counts == nil {
		j.counts = map[ledger.Ref]*ledger.Delivered{}
	}
	if j.counts[scope] == nil {
		j.counts[scope] = &ledger.Delivered{}
	}
	j.counts[scope].Add(start, end)
	if refused := j.counts[scope].Within(limited.Limits); refused != nil {
		return refused
	}
	return nil
}
