package ledger

import "cmp"

// Readable is implemented by every record. A record reports its readers and its
// label, so no kind of record can be without them.
type Readable interface {
	Readers() Readers
	Label() Label
}

// Readers describes who may read a record. Package policies decides, with one table
// of readers: by the table's word for the record, by the parties that the record
// names, and by the region where it is.
type Readers struct {
	As      string `json:"as,omitempty"`     // word in the table; empty: the record's kind
	Parties []ID   `json:"by,omitempty"`     // parties that the record names
	Held    []Ref  `json:"held,omitempty"`   // resources: their holders and licensees may read the record
	Like    Ref    `json:"like,omitempty"`   // another record, which has the same readers
	Region  Region `json:"region,omitempty"` // region of the record, unless Under is set
	Under   Ref    `json:"under,omitempty"`  // record in whose region this one is; for a party, the authority that admitted it
}

// Label is the name, the party and the state of a record. Empty members have the
// values of the record Of.
type Label struct {
	Name  string `json:"name,omitempty"`
	Party ID     `json:"party,omitempty"`
	State string `json:"state,omitempty"`
	Right Right  `json:"right,omitempty"` // of a grant
	Node  string `json:"node,omitempty"`  // of content, the origin of the node that stores it
	Of    Ref    `json:"of,omitempty"`
}

// With returns the label with its empty members taken from of, the label of the
// record Of.
func (l Label) With(of Label) Label {
	l.Name, l.State, l.Of = cmp.Or(l.Name, of.Name), cmp.Or(l.State, of.State), of.Of
	l.Party, l.Node = cmp.Or(l.Party, of.Party), cmp.Or(l.Node, of.Node)
	return l
}

// Words of the table of readers for things that are not a kind of record, or are
// part of one.
const (
	ReadCertificate = "certificate"
	ReadNotice      = "notice"
	ReadEntryRecord = "entry_record"     // an entry with everything that was submitted
	ReadSupply      = "resource_content" // content of a resource
	ReadCall        = "call"
	ReadAlarm       = "alarm"
	ReadExplanation = "explanation" // explanation of a license's decision about a party
	ReadLogEntries  = "log_entries" // whole entries of a node's logs
)

// stateOf returns the state, or "suspended" if a suspension is open.
func stateOf[S ~string](state S, open []Suspension) string {
	if len(open) > 0 {
		return "suspended"
	}
	return string(state)
}

// partyRef returns the reference of a party's record; empty for an empty id.
func partyRef(id ID) Ref {
	if id == "" {
		return ""
	}
	return RefTo(KindParty, id)
}

// resourceRefs returns the references of resources.
func resourceRefs(ids []ID) []Ref {
	list := make([]Ref, len(ids))
	for i, id := range ids {
		list[i] = RefTo(KindResource, id)
	}
	return list
}

// Readers returns the party's own region if it is in the region of the authority
// that admitted it, otherwise the region of that authority.
func (p Party) Readers() Readers {
	r := Readers{Parties: []ID{p.ID}, Region: p.Region}
	if p.AdmittedBy != p.ID {
		r.Under = partyRef(p.AdmittedBy)
	}
	return r
}

// Label returns the name of the party.
func (p Party) Label() Label {
	return Label{Name: p.Name, Party: p.ID, State: stateOf("admitted", p.Suspensions)}
}

// Readers returns the readers of the application that uses the deposit, if there is
// one, otherwise the depositor.
func (d Deposit) Readers() Readers {
	if d.Application != "" {
		return Readers{Like: RefTo(KindApplication, d.Application)}
	}
	return Readers{Parties: []ID{d.Party}, Under: partyRef(d.Party)}
}

// Label returns the depositor.
func (d Deposit) Label() Label { return Label{Party: d.Party} }

// Readers returns the applicant and the registry body.
func (a Application) Readers() Readers {
	return Readers{Parties: []ID{a.Applicant, a.Body}, Under: partyRef(a.Applicant)}
}

// Label returns the title of the application's resource.
func (a Application) Label() Label {
	return Label{Party: a.Applicant, State: string(a.State), Of: SubmissionRef(a.SubmitPayload)}
}

// Readers returns the registrant: everyone may read a notice.
func (n Notice) Readers() Readers {
	return Readers{Parties: []ID{n.Registrant}, Under: partyRef(n.Registrant)}
}

// Label returns the name of the data.
func (n Notice) Label() Label { return Label{Name: n.Title, Party: n.Registrant} }

// Readers returns no reader: a submission is only read with its application or
// entry.
func (Submission) Readers() Readers { return Readers{} }

// Label returns the title of the resource.
func (s Submission) Label() Label { return Label{Name: s.Resource.Title} }

// Readers returns the readers of the entry or, until it is coded, of the
// application.
func (r ResourceIndex) Readers() Readers {
	return Readers{Parties: []ID{r.Holder}, Like: r.current(), Under: partyRef(r.Holder)}
}

// Label returns the label of the entry or, until it is coded, of the application.
func (r ResourceIndex) Label() Label { return Label{Party: r.Holder, Of: r.current()} }

func (r ResourceIndex) current() Ref {
	if r.Entry != "" {
		return RefTo(KindEntry, r.Entry)
	}
	return RefTo(KindApplication, r.Application)
}

// Readers returns the holder and the registry body.
func (e Entry) Readers() Readers {
	return Readers{Parties: []ID{e.Holder, e.Body}, Under: partyRef(e.Holder)}
}

// Label returns the title of the registered resource.
func (e Entry) Label() Label {
	return Label{Party: e.Holder, State: stateOf(e.State, e.Suspensions), Of: SubmissionRef(e.SubjectHash)}
}

// Readers returns the readers of the record that the right is based on.
func (g Grant) Readers() Readers { return Readers{Like: g.Basis} }

// Label returns the right and the party that has it.
func (g Grant) Label() Label { return Label{Right: g.Right, Party: g.Party} }

// Readers returns both parties, and the holders of the resources that the license
// names.
func (l License) Readers() Readers {
	return Readers{Parties: []ID{l.Assigner, l.Assignee}, Held: resourceRefs(l.Resources), Region: l.Region}
}

// Label returns the title of the document that the license is based on.
func (l License) Label() Label {
	return Label{Name: l.Basis.Title, Party: l.Assignee, State: stateOf(l.State, l.Suspensions)}
}

// Readers returns the operator and the implementer who recorded it.
func (e Environment) Readers() Readers {
	return Readers{Parties: []ID{e.Operator, e.SetBy}, Region: e.Region}
}

// Label returns the operator of the environment.
func (e Environment) Label() Label { return Label{Party: e.Operator} }

// Readers returns the operator; the region is that of the license.
func (p Product) Readers() Readers {
	return Readers{Parties: []ID{p.Operator}, Under: RefTo(KindLicense, p.License)}
}

// Label returns the name of the product.
func (p Product) Label() Label {
	return Label{Name: p.Title, Party: p.Operator, State: string(p.State)}
}

// Readers returns the readers of the product. For content of a resource, it returns
// the holder and the parties whose licenses cover it.
func (c Content) Readers() Readers {
	if c.Subject.Kind() == KindResource {
		return SupplyReaders(c.Subject)
	}
	return Readers{Like: c.Subject}
}

// SupplyReaders returns the readers of what can be supplied of a resource.
func SupplyReaders(resource Ref) Readers {
	return Readers{As: ReadSupply, Held: []Ref{resource}, Under: resource}
}

// CallReaders returns the reader of a recorded call: the party that made it.
func CallReaders(party ID) Readers {
	return Readers{As: ReadCall, Parties: []ID{party}, Under: partyRef(party)}
}

// Label returns the name of the file.
func (c Content) Label() Label {
	l := Label{Name: c.Name, Party: c.Owner, Node: c.Node}
	if c.State == ContentRemoved {
		l.State = string(c.State)
	}
	return l
}

// Readers returns both parties; the region is that of the license.
func (o Order) Readers() Readers {
	return Readers{Parties: []ID{o.Buyer, o.Operator}, Under: RefTo(KindLicense, o.License)}
}

// Label returns the buyer.
func (o Order) Label() Label { return Label{Party: o.Buyer, State: string(o.State)} }

// Readers is empty, since the working days belong to no party.
func (CalendarYear) Readers() Readers { return Readers{} }

// Label returns the source of the list.
func (y CalendarYear) Label() Label { return Label{Name: y.Source} }

// Readers returns the party that writes the log.
func (l LogRecord) Readers() Readers {
	return Readers{Parties: []ID{l.Owner}, Under: partyRef(l.Owner)}
}

// Label returns the origin of the log.
func (l LogRecord) Label() Label { return Label{Name: l.Origin, Party: l.Owner} }

// Readers is empty, since the clock belongs to no party.
func (Clockwork) Readers() Readers { return Readers{} }

// Label is empty: the ledger has one clock.
func (Clockwork) Label() Label { return Label{} }

// Readers returns the readers of the log.
func (a Anchor) Readers() Readers { return Readers{Like: RefTo(KindLog, a.Log)} }

// Label returns the origin of the log.
func (a Anchor) Label() Label { return Label{Name: a.Log} }

// Readers returns the readers of the party: its keys are as public as its record.
func (k KeyRecord) Readers() Readers { return Readers{Like: partyRef(k.Party)} }

// Label returns the key and its party.
func (k KeyRecord) Label() Label { return Label{Name: string(k.Kid), Party: k.Party} }

// Readers is empty, since the genesis belongs to no party and is in the trust file.
func (Genesis) Readers() Readers { return Readers{} }

// Label returns the name of the ledger.
func (g Genesis) Label() Label { return Label{Name: g.Name, Party: g.Authority} }

// Readers returns the readers of the order for a delivery, also the resource's
// holder for a supply, and the party that the receipt names for any other receipt.
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

// Label returns what the receipt attests, and for which party.
func (r Receipt) Label() Label {
	return Label{Name: string(r.Kind), Party: r.Party, State: string(r.Outcome)}
}
