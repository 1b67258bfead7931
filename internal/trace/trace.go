package trace

import (
	"cmp"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// Question names one thing to trace.
type Question struct {
	SHA256      ledger.Digest `query:"sha256" zh:"文件的 SHA-256" en:"SHA-256 of a file"`
	Receipt     string        `query:"receipt" form:"token=64" zh:"回执编号或其叶哈希" en:"id or leaf hash of a receipt"`
	Order       ledger.ID     `query:"order" zh:"订单" en:"Order"`
	Product     ledger.ID     `query:"product" zh:"产品" en:"Product"`
	License     ledger.ID     `query:"license" zh:"授权" en:"License"`
	Resource    ledger.ID     `query:"resource" zh:"资源" en:"Resource"`
	Certificate string        `query:"certificate" form:"bytes=1..64" zh:"平台编号或登记结果查询码" en:"platform number or official code"`
}

// Act is a call that wrote a record.
type Act struct {
	Ref     ledger.Ref      `json:"ref" zh:"写入的记录" en:"record that it wrote"`
	Time    ledger.Millis   `json:"time" zh:"记录时间" en:"when it was recorded"`
	Name    ledger.Function `json:"function" zh:"功能" en:"function"`
	Party   ledger.ID       `json:"party" zh:"办理单位" en:"party that called"`
	Call    ledger.ID       `json:"call" zh:"请求编号" en:"id of the call"`
	Payload ledger.Digest   `json:"payload" zh:"请求内容的 SHA-256" en:"SHA-256 of the call"`
}

// Proofs of a step.
const (
	Recorded = "recorded" // signed and in the ledger log
	Anchored = "anchored" // in the receipt log, under an anchor
	Logged   = "logged"   // in the receipt log, not yet anchored
)

// Step is one record on the way, or the deliveries of one file to one party under one
// order or license.
type Step struct {
	Ref       ledger.Ref      `json:"ref" zh:"记录；交付为其最近一次（或所问）的开始回执" en:"record; for deliveries the start receipt of the newest, or of the requested one"`
	Name      string          `json:"name,omitempty" zh:"记录的名称或标题" en:"title or name of the record"`
	Right     ledger.Right    `json:"right,omitempty" form:"enum=rights" zh:"权能（授予记录）" en:"right, of a grant"`
	Party     ledger.ID       `json:"party,omitempty" zh:"记录所属单位" en:"party to which the record belongs"`
	Who       string          `json:"who,omitempty" zh:"该单位名称" en:"name of that party"`
	State     string          `json:"state,omitempty" zh:"状态；交付为其结果，尚在进行为 running，各次不一为 mixed" en:"state; for deliveries their outcome: running while one runs, mixed if they differ"`
	Acts      []Act           `json:"acts,omitempty" zh:"写入该记录的签名请求" en:"the signed calls that wrote it"`
	Receipt   *ledger.Receipt `json:"receipt,omitempty" zh:"回执内容" en:"content of a receipt"`
	Delivered *Delivered      `json:"delivered,omitempty" zh:"该文件交付情况合计（分段取用计为一步）" en:"totals of the deliveries: a file fetched in ranges is one step"`
	Index     int64           `json:"log_index,omitempty" zh:"回执在日志中的序号" en:"index of a receipt in its log"`
	Node      string          `json:"node,omitempty" zh:"内容与回执所在节点的标识" en:"for content and receipts, the origin of the node that stores them"`
	Proof     string          `json:"proof" form:"enum=step_proofs" zh:"recorded：已签署并在账本日志中；anchored：在已锚定的回执日志中；logged：尚未锚定" en:"recorded: signed and in the ledger log; anchored: in the receipt log under an anchor; logged: not yet anchored"`
}

// Delivered has the totals of a step of deliveries.
type Delivered struct {
	Count int64         `json:"count" form:"min=1" zh:"次数" en:"number"`
	Bytes int64         `json:"bytes" form:"min=0" zh:"已发送字节数" en:"bytes sent"`
	First ledger.Millis `json:"first" zh:"首次开始时间" en:"when the first began"`
	Last  ledger.Millis `json:"last" zh:"最近一次开始时间" en:"when the newest began"`
}

// Place is a node of the ledger: the audience of tokens for it, and its address.
type Place struct {
	Origin string `json:"origin" zh:"节点标识，即其令牌的 audience" en:"audience of tokens for it"`
	URL    string `json:"url,omitempty" zh:"该节点自述的地址" en:"address that it states for itself"`
}

// Trace is the answer to a Question.
type Trace struct {
	From    ledger.Ref    `json:"from" zh:"起点" en:"where the trace begins"`
	Says    ledger.Words  `json:"says" zh:"一句话：谁的、依据何种权利、当时是否允许" en:"one sentence: whose it is, by which right, and whether it was allowed at the time"`
	Steps   []Step        `json:"steps" zh:"沿途记录" en:"records on the way"`
	Links   []ledger.Link `json:"links" zh:"记录之间的关联" en:"links between them"`
	LeftOut int           `json:"left_out" zh:"沿途所遇、询问者无权查看的记录数" en:"number of records on the way that the caller may not see"`
	OwnOnly bool          `json:"own_only" zh:"订单与交付只查找与询问者有关的" en:"only orders and deliveries that concern the caller were searched"`
	// Elsewhere are the nodes that store content on the way, and the receipts of its
	// use.
	Elsewhere []Place `json:"elsewhere,omitempty" zh:"保存沿途内容及其使用回执的其他节点：请另以各节点的令牌询问" en:"other nodes that store content on the way and the receipts of its use: ask each of them too, with a token for it"`
	Cut       bool    `json:"cut,omitempty" zh:"超过上限，结果被截断" en:"the result was cut at a limit"`
}

// Join adds the answer of another node about the same thing. It merges steps by record
// and receipts by leaf hash. LeftOut becomes the larger number of the two.
func (t *Trace) Join(more Trace) {
	for _, s := range more.Steps {
		if !slices.ContainsFunc(t.Steps, func(known Step) bool { return known.Ref == s.Ref }) {
			t.Steps = append(t.Steps, s)
		}
	}
	t.Links = append(t.Links, more.Links...)
	slices.SortFunc(t.Links, CompareLinks)
	t.Links = slices.Compact(t.Links)
	t.LeftOut, t.OwnOnly, t.Cut = max(t.LeftOut, more.LeftOut), t.OwnOnly || more.OwnOnly, t.Cut || more.Cut
	t.Says = t.Sentence()
}

// CompareLinks compares links for sorting.
func CompareLinks(a, b ledger.Link) int {
	return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Rel, b.Rel), cmp.Compare(a.To, b.To))
}
