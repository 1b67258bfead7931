package ledger

import "reflect"

// ActRow is an act as it is published: at /v1/acts.json, by cadastre acts, and in
// docs/acts.md.
type ActRow struct {
	Function Function `json:"function"`
	Title    Words    `json:"title"`
	Note     *Words   `json:"note,omitempty"`
	Who      []Who    `json:"who"` // empty: any admitted party
	Args     string   `json:"args"`
	Fields   []Field  `json:"fields"` // of the arguments
	On       string   `json:"on,omitempty"`
	ID       string   `json:"id,omitempty"`
	Makes    string   `json:"makes,omitempty"`
	Begins   bool     `json:"begins"`
	Answers  bool     `json:"answers"` // the arguments cite the call that last wrote the record
	Moves    []Move   `json:"moves"`
	Until    []Clock  `json:"until"`    // limits after whose last day it may not be done
	After    []Clock  `json:"after"`    // periods that must be over before
	Refusals []Reason `json:"refusals"` // beyond the common ones
	Batched  bool     `json:"batched"`
	Custody  bool     `json:"custody"`
}

// ActsDocument is the table of acts with what its words mean.
type ActsDocument struct {
	Acts           []ActRow `json:"acts"`
	CommonRefusals []Reason `json:"common_refusals"`
	Enums          []Enum   `json:"enums"`
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
	if r.Refusals == nil {
		r.Refusals = []Reason{}
	}
	return r
}
