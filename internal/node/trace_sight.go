package node

import (
	"context"
	"errors"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// sight says what one reader may see (protocol §9).
type sight struct {
	n   *Node
	id  ledger.ID // empty: a stranger
	all bool
}

func (n *Node) sight(reader *ledger.Party) *sight {
	if reader == nil {
		return &sight{n: n}
	}
	return &sight{n: n, id: reader.ID, all: n.roles.CanRead(reader.Roles, "everything")}
}

// is reports whether the reader is one of parties.
func (s *sight) is(parties ...ledger.ID) bool {
	for _, p := range parties {
		if p != "" && p == s.id {
			return true
		}
	}
	return false
}

// sees reports whether the reader may see a record. NotFound where there is none.
func (s *sight) sees(ctx context.Context, ref ledger.Ref) (bool, error) {
	if s.all {
		return true, nil
	}
	switch ref.Kind() {
	case ledger.KindParty, ledger.KindProduct, ledger.KindLicense, ledger.KindEntry:
		return true, nil
	case ledger.KindFile:
		return s.file(ctx, ref)
	case ledger.KindContent:
		c, err := value[ledger.Content](ctx, s.n.ledger, ref)
		if err != nil || s.is(c.Owner) {
			return err == nil, err
		}
		return s.sees(ctx, c.Subject)
	case ledger.KindResource:
		r, err := value[ledger.ResourceIndex](ctx, s.n.ledger, ref)
		return err == nil && (r.Entry != "" || s.is(r.Holder)), err
	case ledger.KindGrant:
		g, err := value[ledger.Grant](ctx, s.n.ledger, ref)
		if err != nil || s.is(g.Party) {
			return err == nil, err
		}
		return s.sees(ctx, g.Basis)
	case ledger.KindApplication:
		a, err := value[ledger.Application](ctx, s.n.ledger, ref)
		return err == nil && s.is(a.Applicant, a.Body), err
	case ledger.KindDeposit:
		return s.deposit(ctx, ref)
	case ledger.KindEnvironment:
		e, err := value[ledger.Environment](ctx, s.n.ledger, ref)
		return err == nil && s.is(e.Operator, e.SetBy), err
	case ledger.KindOrder:
		return s.order(ctx, ref)
	case ledger.KindReceipt:
		return s.receipt(ctx, ref)
	}
	return false, nil
}

// file is public by the content that it is; what was only brought is not.
func (s *sight) file(ctx context.Context, ref ledger.Ref) (bool, error) {
	links, err := s.n.links.Links(ctx, ref)
	if err != nil {
		return false, err
	}
	for _, l := range links {
		if l.From != ref {
			continue
		}
		if seen, err := s.sees(ctx, l.To); err != nil || seen {
			return seen, err
		}
	}
	return false, nil
}

func (s *sight) deposit(ctx context.Context, ref ledger.Ref) (bool, error) {
	d, err := value[ledger.Deposit](ctx, s.n.ledger, ref)
	if err != nil || s.is(d.Party) || d.Application == "" {
		return err == nil && s.is(d.Party), err
	}
	return s.sees(ctx, ledger.RefTo(ledger.KindApplication, d.Application))
}

func (s *sight) order(ctx context.Context, ref ledger.Ref) (bool, error) {
	if s.id == "" {
		return false, nil
	}
	o, err := value[ledger.Order](ctx, s.n.ledger, ref)
	return err == nil && s.is(o.Operator, o.Buyer), err
}

// receipt is for whoever it names; that of a delivery for both parties of its
// order; that of a supply for the resource's holder too. A holder sees no
// delivery: the receipt names the buyer, and is proved whole or not at all.
func (s *sight) receipt(ctx context.Context, ref ledger.Ref) (bool, error) {
	if s.id == "" {
		return false, nil
	}
	k, err := s.n.receipts.ByLeaf(ctx, ledger.Digest(ref.ID()))
	if err != nil {
		return false, err
	}
	return s.kept(ctx, k)
}

func (s *sight) kept(ctx context.Context, k receipts.Kept) (bool, error) {
	r := k.Receipt
	if s.all || s.is(r.Party) {
		return true, nil
	}
	if r.Kind == ledger.ReceiptEnd {
		start, err := s.n.receipts.ByID(ctx, r.Start)
		if err != nil {
			return false, err
		}
		r = start.Receipt
	}
	if r.Kind != ledger.ReceiptStart {
		return false, nil
	}
	if r.Flow == ledger.Delivery {
		return s.order(ctx, ledger.RefTo(ledger.KindOrder, r.Order))
	}
	return s.holds(ctx, r.Subject)
}

// holds reports whether the reader holds a resource.
func (s *sight) holds(ctx context.Context, resource ledger.Ref) (bool, error) {
	if s.id == "" || resource.Kind() != ledger.KindResource {
		return false, nil
	}
	r, err := value[ledger.ResourceIndex](ctx, s.n.ledger, resource)
	if errors.Is(err, ledger.NotFound) {
		return false, nil
	}
	return err == nil && s.is(r.Holder), err
}
