package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/marketplace/receipts"
	"github.com/datacadastre/cadastre/policies"
)

// findPage is how many receipts are read at once.
const findPage = 500

// Evidence makes the bundle about a record and checks it before it is given
// out, with the newest deliveries, at most so many: older says that there are more.
// Of a file it is about its first content. A bundle holds calls whole, so that it is
// for fewer readers than the trace is (protocol §9): what may be traced but not handed
// out is forbidden, all else is not found.
func (n *Node) Evidence(ctx context.Context, reader *ledger.Party, about ledger.Ref, deliveries int) (b io.WriterTo, older bool, err error) {
	eye := n.sight(reader)
	about, own, err := n.provable(ctx, eye, about)
	if err != nil {
		return nil, false, err
	}
	checkers := map[string]evidence.Checker{evidence.TLogKind: evidence.TLog{}}
	maps.Copy(checkers, n.opts.Checkers)
	src := &proofs{n: n, eye: eye, most: deliveries, known: map[ledger.Position]ledger.Recorded{}}
	made, _, err := evidence.Build(ctx, src, about, n.trust, ledger.Standard(), checkers)
	if err != nil {
		return nil, false, err
	}
	if !own {
		if err := n.noted(ctx, reader.ID, about); err != nil {
			return nil, false, err
		}
	}
	return made, src.older, nil
}

// provable is the record that a bundle may be about for a reader, and whether it is
// his own: else he may have it by his role.
func (n *Node) provable(ctx context.Context, eye *sight, about ledger.Ref) (ledger.Ref, bool, error) {
	seen, err := eye.sees(ctx, about)
	if err != nil {
		return about, false, hide(err)
	}
	if !seen {
		return about, false, unknown()
	}
	if about, err = n.firstContent(ctx, about); err != nil {
		return about, false, err
	}
	own, err := eye.proves(ctx, about)
	if err != nil {
		return about, false, hide(err)
	}
	if !own && !eye.all {
		return about, false, ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At("from")
	}
	return about, own, nil
}

// firstContent leads from a file to the content that it is.
func (n *Node) firstContent(ctx context.Context, about ledger.Ref) (ledger.Ref, error) {
	if about.Kind() != ledger.KindFile {
		return about, nil
	}
	links, err := n.links.Links(ctx, about)
	if err != nil {
		return about, err
	}
	for _, l := range links {
		if l.From == about {
			return l.To, nil
		}
	}
	return about, unknown()
}

// proves reports whether the reader, by what the record says of him, may have
// the bundle about it.
func (s *sight) proves(ctx context.Context, ref ledger.Ref) (bool, error) {
	switch ref.Kind() {
	case ledger.KindOrder, ledger.KindReceipt, ledger.KindApplication, ledger.KindEnvironment:
		return s.own().sees(ctx, ref)
	case ledger.KindResource:
		return s.resource(ctx, ref)
	case ledger.KindEntry:
		e, err := value[ledger.Entry](ctx, s.n.ledger, ref)
		return err == nil && s.ofEntry(e), err
	case ledger.KindLicense:
		return s.license(ctx, ref)
	case ledger.KindProduct:
		p, err := value[ledger.Product](ctx, s.n.ledger, ref)
		return err == nil && s.is(p.Operator), err
	case ledger.KindContent:
		c, err := value[ledger.Content](ctx, s.n.ledger, ref)
		return err == nil && s.is(c.Owner), err
	}
	return false, nil
}

// own is the sight without what a role gives.
func (s *sight) own() *sight { return &sight{n: s.n, id: s.id} }

func (s *sight) ofEntry(e ledger.Entry) bool {
	if s.is(e.Body) {
		return true
	}
	return s.is(e.Holder) && s.n.roles.CanRead([]ledger.Role{policies.ResourceHolder}, "evidence_entry")
}

func (s *sight) resource(ctx context.Context, ref ledger.Ref) (bool, error) {
	r, err := value[ledger.ResourceIndex](ctx, s.n.ledger, ref)
	if err != nil || r.Entry == "" {
		return err == nil && s.is(r.Holder), err
	}
	e, err := value[ledger.Entry](ctx, s.n.ledger, ledger.RefTo(ledger.KindEntry, r.Entry))
	return err == nil && s.ofEntry(e), err
}

// license is for both its parties, and for the holders of what it names.
func (s *sight) license(ctx context.Context, ref ledger.Ref) (bool, error) {
	l, err := value[ledger.License](ctx, s.n.ledger, ref)
	if err != nil || s.is(l.Assigner, l.Assignee) {
		return err == nil, err
	}
	for _, id := range l.Resources {
		if held, err := s.holds(ctx, ledger.RefTo(ledger.KindResource, id)); err != nil || held {
			return held, err
		}
	}
	return false, nil
}

// proofs is what one bundle is made from; of receipts, those that eye may see.
type proofs struct {
	n     *Node
	eye   *sight
	most  int   // deliveries
	older bool  // there are more
	size  int64 // of the checkpoint, where the ledger has a log
	known map[ledger.Position]ledger.Recorded
}

// Receipts implements evidence.Source. It waits for the anchor that covers them.
func (p *proofs) Receipts(ctx context.Context, ref ledger.Ref) ([]evidence.AnchoredReceipts, error) {
	starts, err := p.starts(ctx, ref)
	if err != nil {
		return nil, err
	}
	var list []receipts.Kept
	for _, s := range starts {
		ends, err := p.n.receipts.EndsOf(ctx, s.Receipt.ID)
		if err != nil {
			return nil, err
		}
		if len(ends) > 0 {
			list = append(list, s, ends[0])
		}
	}
	if len(list) == 0 {
		return nil, nil
	}
	slices.SortFunc(list, func(a, b receipts.Kept) int { return cmp.Compare(a.Index, b.Index) })
	group, err := p.anchored(ctx, list)
	return []evidence.AnchoredReceipts{group}, err
}

// starts are the deliveries of ref that the reader may see, by their starts.
func (p *proofs) starts(ctx context.Context, ref ledger.Ref) ([]receipts.Kept, error) {
	f := receipts.Filter{Kinds: []ledger.ReceiptKind{ledger.ReceiptStart}}
	flow := ledger.Supply
	switch ref.Kind() {
	case ledger.KindReceipt:
		return p.start(ctx, ledger.Digest(ref.ID()))
	case ledger.KindOrder:
		f.Order, flow = ledger.ID(ref.ID()), ledger.Delivery
	case ledger.KindLicense:
		f.License = ledger.ID(ref.ID())
	case ledger.KindResource:
		f.Subject = ref
	default:
		return nil, nil
	}
	var list []receipts.Kept
	for cursor := int64(0); ; {
		page, err := p.n.receipts.Find(ctx, f, cursor, findPage)
		if err != nil {
			return nil, err
		}
		for _, k := range page.Items {
			seen, err := p.eye.kept(ctx, k)
			if err != nil {
				return nil, err
			}
			switch {
			case !seen || k.Receipt.Flow != flow:
			case len(list) == p.most:
				p.older = true
				return list, nil
			default:
				list = append(list, k)
			}
		}
		if cursor = page.Next; cursor == 0 {
			return list, nil
		}
	}
}

// start is the delivery that a receipt begins or ends.
func (p *proofs) start(ctx context.Context, leaf ledger.Digest) ([]receipts.Kept, error) {
	k, err := p.n.receipts.ByLeaf(ctx, leaf)
	if err == nil && k.Receipt.Kind == ledger.ReceiptEnd {
		k, err = p.n.receipts.ByID(ctx, k.Receipt.Start)
	}
	if errors.Is(err, ledger.NotFound) || err == nil && k.Receipt.Kind != ledger.ReceiptStart {
		return nil, nil
	}
	return []receipts.Kept{k}, err
}

// anchored proves receipts under the last anchor, once it covers them all.
func (p *proofs) anchored(ctx context.Context, list []receipts.Kept) (evidence.AnchoredReceipts, error) {
	if err := p.n.Anchored(ctx, list[len(list)-1].Index+1); err != nil {
		return evidence.AnchoredReceipts{}, err
	}
	a, err := value[ledger.Anchor](ctx, p.n.ledger, ledger.RefTo(ledger.KindAnchor, p.n.receipts.Origin()))
	if err != nil {
		return evidence.AnchoredReceipts{}, fmt.Errorf("read anchor: %w", err)
	}
	g := evidence.AnchoredReceipts{Log: a.Log}
	if g.Anchor, err = p.n.loop.Place(ctx, a.Cite.Party, a.Cite.Call); err != nil {
		return g, err
	}
	for _, k := range list {
		item := evidence.ReceiptItem{Index: k.Index}
		if item.Entry, err = p.n.receipts.Entry(ctx, k.Index); err != nil {
			return g, err
		}
		if item.Path, err = p.n.receipts.Prove(ctx, k.Index, a.Size); err != nil {
			return g, fmt.Errorf("prove receipt %d: %w", k.Index, err)
		}
		g.Items = append(g.Items, item)
	}
	return g, nil
}

var _ evidence.Source = (*proofs)(nil)
