package ledger

import "reflect"

// ActRow is an act in its published form: at /v1/acts.json, by cadastre acts, and
// in docs/acts.md.
type ActRow struct {
	Function Function `json:"function" zh:"功能" en:"function"`
	Title    Words    `json:"title" zh:"名称" en:"title"`
	Note     *Words   `json:"note,omitempty" zh:"说明" en:"note"`
	Who      []Who    `json:"who" zh:"可办理的角色；空：任何已准入单位" en:"who may call it; empty: any admitted party"` // empty: any admitted party
	Args     string   `json:"args" zh:"参数的结构，见 docs/fields.md" en:"struct of its arguments: docs/fields.md"`
	Fields   []Field  `json:"fields" zh:"参数" en:"its arguments"` // of the arguments
	On       string   `json:"on,omitempty" zh:"办理所针对的记录种类" en:"kind of record that it is on"`
	ID       string   `json:"id,omitempty" zh:"参数中指明该记录的成员" en:"member of the arguments that names that record"`
	Makes    string   `json:"makes,omitempty" zh:"新建的记录种类" en:"kind of record that it creates"`
	Begins   bool     `json:"begins" zh:"参数即记录全文，不引用先前的请求" en:"the arguments are the whole record: it cites no earlier call"`
	Answers  bool     `json:"answers" zh:"参数以 answers 引用最近一次写入该记录的请求" en:"the arguments cite the call that last wrote the record, as answers"` // the arguments cite the call that last wrote the record
	Cites    *Cited   `json:"cites,omitempty" zh:"answers 所引用的另一记录；无此项则为所针对的记录" en:"another record that answers cites; absent: the record that it is on"`
	Moves    []Move   `json:"moves" zh:"状态变化" en:"how the state moves"`
	Until    []Clock  `json:"until" zh:"期限，其最后一日之后不得办理" en:"limits after whose last day it may not be done"`
	After    []Clock  `json:"after" zh:"须先届满的期间" en:"periods that must be over before"`
	Refusals []Reason `json:"refusals" zh:"通用原因以外的拒绝原因" en:"why it may be refused, beyond the common reasons"` // beyond the common ones
	Batched  bool     `json:"batched" zh:"可与本单位的其他请求同批记录" en:"it may be recorded in one batch with other calls of its party"`
	Custody  bool     `json:"custody" zh:"节点可为其保管密钥的单位签署" en:"the node may sign it for a party whose key it stores"`
}

// ActsDocument is the table of acts together with the closed lists that it uses.
type ActsDocument struct {
	Acts           []ActRow `json:"acts" zh:"全部功能" en:"all functions"`
	CommonRefusals []Reason `json:"common_refusals" zh:"任何功能都可能有的拒绝原因" en:"why any function may be refused"`
	Enums          []Enum   `json:"enums" zh:"全部封闭取值表" en:"all closed lists"`
}

// PublishedActs returns the table of acts as it is published.
func PublishedActs() ActsDocument {
	doc := ActsDocument{Acts: make([]ActRow, 0, len(acts)), CommonRefusals: CommonReasons(), Enums: Enums()}
	for _, a := range acts {
		doc.Acts = append(doc.Acts, a.row())
	}
	return doc
}

func (a Act) row() ActRow {
	args := a.Args()
	r := ActRow{
		Function: a.Name, Title: a.Title, Who: append([]Who{}, a.Who...), Args: reflect.TypeOf(args).Elem().Name(), Fields: FieldsOf(args),
		On: a.On, ID: a.ID, Makes: a.Makes, Begins: a.Begins, Answers: a.Answers(), Moves: append([]Move{}, a.Moves...), Until: append([]Clock{}, a.Until...), After: append([]Clock{}, a.After...),
		Refusals: a.Refusals(), Batched: a.Batched, Custody: a.Custody,
	}
	if a.Note != (Words{}) {
		r.Note = &a.Note
	}
	if a.Cites != (Cited{}) {
		r.Cites = &a.Cites
	}
	if r.Refusals == nil {
		r.Refusals = []Reason{}
	}
	return r
}
