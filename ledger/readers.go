package ledger

import "cmp"

// Readable is a record: it says whose it is and what it is called. Every type of
// kinds implements it, so that a new kind of record can't be without it.
type Readable interface {
	Readers() Readers
	Label() Label
}

// Readers say whose a record is. The one table of who reads what (package policies)
// is asked with it: by its word, by the parties that it names, and by the region
// that it lies in.
type Readers struct {
	As      string `json:"as,omitempty"`     // word of the table; empty: the record's kind
	Parties []ID   `json:"by,omitempty"`     // that the record names
	Held    []Ref  `json:"held,omitempty"`   // resources whose holders and licensees it concerns
	Like    Ref    `json:"like,omitempty"`   // the record whose readers are those of this one
	Region  Region `json:"region,omitempty"` // where it lies, unless Under says it
	Under   Ref    `json:"under,omitempty"`  // the record that lies where this one does; of a party, the authority that admitted it
}

// Label is what a record is called, whose it is and where it stands. What is empty
// is that of the record Of.
type Label struct {
	Name  string `json:"name,omitempty"`
	Party ID     `json:"party,omitempty"`
	State string `json:"state,omitempty"`
	Right Right  `json:"right,omitempty"` // of a grant
	Node  string `json:"node,omitempty"`  // of content, the origin of the node that holds it
	Of    Ref    `json:"of,omitempty"`
}

// With returns the label with what it leaves empty taken from that of Of.
func (l Label) With(of Label) Label {
	l.Name, l.State, l.Of = cmp.Or(l.Name, of.Name), cmp.Or(l.State, of.State), of.Of
	l.Party, l.Node = cmp.Or(l.Party, of.Party), cmp.Or(l.Node, of.Node)
	return l
}

// Words of the table of readers for what is no kind of record, or for a part of one.
const (
	ReadCertificate = "certificate"
	ReadNotice      = "notice"
	ReadEntryRecord = "entry_record"     // an entry with all that was submitted
	ReadSupply      = "resource_content" // content of a resource
	ReadCall        = "call"
	ReadAlarm       = "alarm"
	ReadExplanation = "explanation" // of a license's decision about a party
	ReadLogEntries  = "log_entries" // whole entries of a node's logs
)

// stateOf is a state, or that it is suspended.
func stateOf[S ~string](state S, open []Suspension) string {
	if len(open) > 0 {
		return "suspended"
	}
	return string(state)
}

// partyRef names the record of a party; empty for none.
func partyRef(id ID) Ref {
	if id == "" {
		return ""
	}
	return RefTo(KindParty, id)
}

// resourceRefs names resources.
func resourceRefs(ids []ID) []Ref {
	list := make([]Ref, len(ids))
	for i, id := range ids {
		list[i] = RefTo(KindResource, id)
	}
	return list
}

// Readers says that a party lies in its own region, if that is inside the region of
// the authority that admitted it, and else in that one.
func (p Party) Readers() Readers {
	r := Readers{Parties: []ID{p.ID}, Region: p.Region}
	if p.AdmittedBy != p.ID {
		r.Under = partyRef(p.AdmittedBy)
	}
	return r
}

// Label names the party.
func (p Party) Label() Label {
	return Label{Name: p.Name, Party: p.ID, State: stateOf("admitted", p.Suspensions)}
}

// Readers are those of the application that uses the deposit, once there is one.
func (d Deposit) Readers() Readers {
	if d.Application != "" {
		return Readers{Like: RefTo(KindApplication, d.Application)}
	}
	return Readers{Parties: []ID{d.Party}, Under: partyRef(d.Party)}
}

// Label names whose deposit it is.
func (d Deposit) Label() Label { return Label{Party: d.Party} }

// Readers are the applicant and the registry body.
func (a Application) Readers() Readers {
	return Readers{Parties: []ID{a.Applicant, a.Body}, Under: partyRef(a.Applicant)}
}

// Label calls the application as the resource that it is for.
func (a Application) Label() Label {
	return Label{Party: a.Applicant, State: string(a.State), Of: SubmissionRef(a.SubmitPayload)}
}

// Readers is empty: a submission is read with its application or entry only.
func (Submission) Readers() Readers { return Readers{} }

// Label is the title of the resource.
func (s Submission) Label() Label { return Label{Name: s.Resource.Title} }

// Readers are those of the entry; until it is coded, of the application.
func (r ResourceIndex) Readers() Readers {
	return Readers{Parties: []ID{r.Holder}, Like: r.told(), Under: partyRef(r.Holder)}
}

// Label is that of the entry or, until it is coded, of the application.
func (r ResourceIndex) Label() Label { return Label{Party: r.Holder, Of: r.told()} }

func (r ResourceIndex) told() Ref {
	if r.Entry != "" {
		return RefTo(KindEntry, r.Entry)
	}
	return RefTo(KindApplication, r.Application)
}

// Readers are the holder and the registry body.
func (e Entry) Readers() Readers {
	return Readers{Parties: []ID{e.Holder, e.Body}, Under: partyRef(e.Holder)}
}

// Label calls the entry as the resource that it registers.
func (e Entry) Label() Label {
	return Label{Party: e.Holder, State: stateOf(e.State, e.Suspensions), Of: SubmissionRef(e.SubjectHash)}
}

// Readers are those of what the right rests on.
func (g Grant) Readers() Readers { return Readers{Like: g.Basis} }

// Label says which right it is, and whose.
func (g Grant) Label() Label { return Label{Right: g.Right, Party: g.Party} }

// Readers are both parties, and the holders of the resources that it names.
func (l License) Readers() Readers {
	return Readers{Parties: []ID{l.Assigner, l.Assignee}, Held: resourceRefs(l.Resources), Region: l.Region}
}

// Label calls the license as the document that it rests on.
func (l License) Label() Label {
	return Label{Name: l.Basis.Title, Party: l.Assignee, State: stateOf(l.State, l.Suspensions)}
}

// Readers are the operator and the implementer who recorded it.
func (e Environment) Readers() Readers {
	return Readers{Parties: []ID{e.Operator, e.SetBy}, Region: e.Region}
}

// Label names whose environment it is.
func (e Environment) Label() Label { return Label{Party: e.Operator} }

// Readers is the operator; the product lies where its license does.
func (p Product) Readers() Readers {
	return Readers{Parties: []ID{p.Operator}, Under: RefTo(KindLicense, p.License)}
}

// Label names the product.
func (p Product) Label() Label {
	return Label{Name: p.Title, Party: p.Operator, State: string(p.State)}
}

// Readers are those of the product; content of a resource is the holder's, and theirs
// whose licenses cover it.
func (c Content) Readers() Readers {
	if c.Subject.Kind() == KindResource {
		return SupplyReaders(c.Subject)
	}
	return Readers{Like: c.Subject}
}

// SupplyReaders are those of what can be supplied of a resource.
func SupplyReaders(resource Ref) Readers {
	return Readers{As: ReadSupply, Held: []Ref{resource}, Under: resource}
}

// CallReaders are those of a recorded call: the party that made it.
func CallReaders(party ID) Readers {
	return Readers{As: ReadCall, Parties: []ID{party}, Under: partyRef(party)}
}

// Label names the file.
func (c Content) Label() Label {
	l := Label{Name: c.Name, Party: c.Owner, Node: c.Node}
	if c.State == ContentRemoved {
		l.State = string(c.State)
	}
	return l
}

// Readers are both parties; the order lies where its license does.
func (o Order) Readers() Readers {
	return Readers{Parties: []ID{o.Buyer, o.Operator}, Under: RefTo(KindLicense, o.License)}
}

// Label names the buyer.
func (o Order) Label() Label { return Label{Party: o.Buyer, State: string(o.State)} }

// Readers is empty: working days are nobody's.
func (CalendarYear) Readers() Readers { return Readers{} }

// Label is where the list comes from.
func (y CalendarYear) Label() Label { return Label{Name: y.Source} }

// Readers is whoever writes the log.
func (l LogRecord) Readers() Readers {
	return Readers{Parties: []ID{l.Owner}, Under: partyRef(l.Owner)}
}

// Label names the log.
func (l LogRecord) Label() Label { return Label{Name: l.Origin, Party: l.Owner} }

// Readers are those of the log.
func (a Anchor) Readers() Readers { return Readers{Like: RefTo(KindLog, a.Log)} }

// Label names the log.
func (a Anchor) Label() Label { return Label{Name: a.Log} }

// Readers are those of the party, whose keys are as public as it is.
func (k KeyRecord) Readers() Readers { return Readers{Like: partyRef(k.Party)} }

// Label names whose key it is.
func (k KeyRecord) Label() Label { return Label{Name: string(k.Kid), Party: k.Party} }

// Readers is empty: how the ledger began stands in the trust file.
func (Genesis) Readers() Readers { return Readers{} }

// Label names the ledger.
func (g Genesis) Label() Label { return Label{Name: g.Name, Party: g.Authority} }

// Readers of a delivery are those of its order; of a supply also the resource's
// holder; of any other receipt the party that it names.
func (r Receipt) Readers() Readers {
	f := Readers{Parties: []ID{r.Party}, Under: partyRef(r.Party)}
	switch {
	case r.Kind != ReceiptStart && r.Kind != ReceiptEnd:
	case r.Flow == Delivery:
		f.Like = RefTo(KindOrder, r.Order)
	case r.Subject.Kind() == KindResource:
		f.Held, f.Under = []Ref{r.Subject}, r.Subject
	}
	return f
}

// Label says what the receipt attests, and to whom.
func (r Receipt) Label() Label {
	return Label{Name: string(r.Kind), Party: r.Party, State: string(r.Outcome)}
}
