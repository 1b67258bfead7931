package node

import (
	"context"
	"errors"

	"github.com/datacadastre/cadastre/internal/web"
	"github.com/datacadastre/cadastre/ledger"
)

// Words for how a step is proved.
const (
	proofRecorded = "recorded"
	proofAnchored = "anchored"
	proofLogged   = "logged"
)

// names tells of each record what it is called, whose it is and where it stands.
type names struct {
	n        *Node
	anchored int64
	who      map[ledger.ID]string
}

// step describes one record. Of the acts on a resource only its coding is told:
// applications and what became of them are for their parties.
func (m names) step(ctx context.Context, ref ledger.Ref) (web.Step, error) {
	s := web.Step{Ref: ref, Proof: proofRecorded}
	if err := m.describe(ctx, &s); err != nil {
		return s, err
	}
	if s.Party != "" && ref.Kind() != ledger.KindParty {
		who, err := m.name(ctx, s.Party)
		if err != nil {
			return s, err
		}
		s.Who = who
	}
	if ref.Kind() == ledger.KindReceipt || ref.Kind() == ledger.KindFile {
		return s, nil
	}
	acts, err := m.n.loop.Acts(ctx, ref)
	for _, a := range acts {
		if ref.Kind() != ledger.KindResource || a.Name == ledger.FnAppCode {
			s.Acts = append(s.Acts, web.Act{Ref: ref, Time: a.Time, Name: a.Name, Party: a.Party, Call: a.Call, Payload: a.Payload})
		}
	}
	return s, err
}

// name is a party's; one that was never admitted has none.
func (m names) name(ctx context.Context, id ledger.ID) (string, error) {
	if name, ok := m.who[id]; ok {
		return name, nil
	}
	p, err := m.n.registry.Party(ctx, id)
	if err != nil && !errors.Is(err, ledger.NotFound) {
		return "", err
	}
	m.who[id] = p.Name
	return p.Name, nil
}

// describe fills in what the record itself says.
func (m names) describe(ctx context.Context, s *web.Step) error {
	switch s.Ref.Kind() {
	case ledger.KindParty:
		return fill(ctx, m.n, s, func(p ledger.Party) {
			s.Name, s.Party, s.Who, s.State = p.Name, p.ID, p.Name, standing("admitted", len(p.Suspensions) > 0)
		})
	case ledger.KindDeposit:
		return fill(ctx, m.n, s, func(d ledger.Deposit) { s.Party = d.Party })
	case ledger.KindApplication:
		return m.application(ctx, s, s.Ref)
	case ledger.KindEntry:
		return m.entry(ctx, s, s.Ref)
	case ledger.KindGrant:
		return fill(ctx, m.n, s, func(g ledger.Grant) { s.Right, s.Party = g.Right, g.Party })
	case ledger.KindLicense:
		return fill(ctx, m.n, s, func(l ledger.License) {
			s.Name, s.Party, s.State = l.Basis.Title, l.Assignee, standing(string(l.State), len(l.Suspensions) > 0)
		})
	case ledger.KindEnvironment:
		return fill(ctx, m.n, s, func(e ledger.Environment) { s.Party = e.Operator })
	case ledger.KindProduct:
		return fill(ctx, m.n, s, func(p ledger.Product) { s.Name, s.Party, s.State = p.Title, p.Operator, string(p.State) })
	case ledger.KindContent:
		return fill(ctx, m.n, s, func(c ledger.Content) {
			s.Name, s.Party, s.Node = c.Name, c.Owner, c.Node
			if c.State == ledger.ContentRemoved {
				s.State = "removed"
			}
		})
	case ledger.KindOrder:
		return fill(ctx, m.n, s, func(o ledger.Order) { s.Party, s.State = o.Buyer, string(o.State) })
	case ledger.KindResource:
		return m.resource(ctx, s)
	case ledger.KindReceipt:
		return m.receipt(ctx, s)
	}
	return nil
}

// fill reads the record of a step.
func fill[T any](ctx context.Context, n *Node, s *web.Step, set func(T)) error {
	v, err := value[T](ctx, n.ledger, s.Ref)
	if err == nil {
		set(v)
	}
	return err
}

// standing is a state, or that it is suspended.
func standing(state string, suspended bool) string {
	if suspended {
		return "suspended"
	}
	return state
}

// resource is called as its entry is; one that is only applied for has no entry.
func (m names) resource(ctx context.Context, s *web.Step) error {
	r, err := value[ledger.ResourceIndex](ctx, m.n.ledger, s.Ref)
	if err != nil {
		return err
	}
	if r.Entry == "" {
		return m.application(ctx, s, ledger.RefTo(ledger.KindApplication, r.Application))
	}
	return m.entry(ctx, s, ledger.RefTo(ledger.KindEntry, r.Entry))
}

// application is called as the resource is that it applies for.
func (m names) application(ctx context.Context, s *web.Step, ref ledger.Ref) error {
	a, err := value[ledger.Application](ctx, m.n.ledger, ref)
	if err != nil {
		return err
	}
	s.Party, s.State = a.Applicant, string(a.State)
	return m.title(ctx, s, a.SubmitPayload)
}

// entry is called as the resource is that it registers.
func (m names) entry(ctx context.Context, s *web.Step, ref ledger.Ref) error {
	e, err := value[ledger.Entry](ctx, m.n.ledger, ref)
	if err != nil {
		return err
	}
	s.Party, s.State = e.Holder, standing(string(e.State), len(e.Suspensions) > 0)
	return m.title(ctx, s, e.SubjectHash)
}

// title is the title in what a call submitted.
func (m names) title(ctx context.Context, s *web.Step, payload ledger.Digest) error {
	v, err := value[ledger.Submission](ctx, m.n.ledger, ledger.SubmissionRef(payload))
	s.Name = v.Resource.Title
	return err
}

func (m names) receipt(ctx context.Context, s *web.Step) error {
	k, err := m.n.receipts.ByLeaf(ctx, ledger.Digest(s.Ref.ID()))
	if err != nil {
		return err
	}
	s.Name, s.Party, s.Receipt, s.Index, s.State = string(k.Receipt.Kind), k.Receipt.Party, &k.Receipt, k.Index, string(k.Receipt.Outcome)
	s.Proof, s.Node = proofLogged, m.n.settings.Origin
	if k.Index < m.anchored {
		s.Proof = proofAnchored
	}
	return nil
}
