package node

import (
	"cmp"
	"context"
	"encoding/json"
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
	about, eye, err := n.provable(ctx, reader, about)
	if err != nil {
		return nil, false, err
	}
	made, older, err := n.bundle(ctx, eye, about, deliveries)
	if err != nil {
		return nil, false, err
	}
	if err := n.sight.Note(ctx, reader, about, eye.rows...); err != nil {
		return nil, false, err
	}
	return made, older, nil
}

// provable is the record that a bundle may be about for a reader, and the eye by which
// he may have it.
func (n *Node) provable(ctx context.Context, reader *ledger.Party, about ledger.Ref) (ledger.Ref, *eye, error) {
	seen, err := n.eye(reader, policies.Read, about).sees(ctx, about)
	if err != nil {
		return about, nil, err
	}
	if !seen {
		return about, nil, unknown()
	}
	if about, err = n.firstContent(ctx, about); err != nil {
		return about, nil, err
	}
	eye := n.eye(reader, policies.Prove, about)
	may, err := eye.sees(ctx, about)
	if err == nil && !may {
		err = ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At("from")
	}
	return about, eye, err
}

// errPast says that what the bundle needs lies past the cosigned checkpoint.
var errPast = errors.New("past the checkpoint that auditors have cosigned")

// bundle makes the bundle about a record under the newest checkpoint that auditors have
// cosigned, if it covers all that the bundle needs as things stand now; else under the
// newest. older says that there are more deliveries.
func (n *Node) bundle(ctx context.Context, eye *eye, about ledger.Ref, deliveries int) (b evidence.Bundle, older bool, err error) {
	checkers := map[string]evidence.Checker{evidence.TLogKind: evidence.TLog{}}
	maps.Copy(checkers, n.opts.Checkers)
	build := func(cosigned []byte, size int64) (evidence.Bundle, bool, error) {
		p := &proofs{n: n, eye: eye, most: deliveries, cosigned: cosigned, size: size, known: map[ledger.Position]ledger.Recorded{}}
		b, _, err := evidence.Build(ctx, p, about, n.trust, ledger.Standard(), checkers)
		return b, p.older, err
	}
	if n.own != nil {
		if signed, size := n.own.Cosigned(); signed != nil {
			if b, older, err = build(signed, size); !errors.Is(err, errPast) {
				return b, older, err
			}
		}
	}
	return build(nil, 0)
}

// firstContent leads from a file to the content that it is.
func (n *Node) firstContent(ctx context.Context, about ledger.Ref) (ledger.Ref, error) {
	if about.Kind() != ledger.KindFile {
		return about, nil
	}
	list, err := n.contentsOf(ctx, about)
	if err != nil {
		return about, err
	}
	if len(list) == 0 {
		return about, unknown()
	}
	return list[0], nil
}

// proofs is what one bundle is made from; of receipts, those that eye may see.
type proofs struct {
	n     *Node
	eye   *eye
	most  int  // deliveries
	older bool // there are more
	// cosigned is the checkpoint to prove everything under, of size entries; nil: the newest.
	cosigned []byte
	size     int64 // of the checkpoint, where the ledger has a log
	known    map[ledger.Position]ledger.Recorded
}

// Receipts implements evidence.Source. It waits for the anchor that covers them.
func (p *proofs) Receipts(ctx context.Context, ref ledger.Ref) ([]evidence.AnchoredReceipts, error) {
	starts, err := p.starts(ctx, ref)
	if err != nil {
		return nil, err
	}
	var list []receipts.Stored
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
	slices.SortFunc(list, func(a, b receipts.Stored) int { return cmp.Compare(a.Index, b.Index) })
	group, err := p.anchored(ctx, list)
	return []evidence.AnchoredReceipts{group}, err
}

// starts are the deliveries of ref that the reader may see, by their starts.
func (p *proofs) starts(ctx context.Context, ref ledger.Ref) ([]receipts.Stored, error) {
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
	var list []receipts.Stored
	for cursor := int64(0); ; {
		page, err := p.n.receipts.Find(ctx, f, cursor, findPage)
		if err != nil {
			return nil, err
		}
		seen, err := p.eye.kept(ctx, page.Items...)
		if err != nil {
			return nil, err
		}
		for i, k := range page.Items {
			switch {
			case !seen[i] || k.Receipt.Flow != flow:
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
func (p *proofs) start(ctx context.Context, leaf ledger.Digest) ([]receipts.Stored, error) {
	k, err := p.n.receipts.ByLeaf(ctx, leaf)
	if err == nil && k.Receipt.Kind == ledger.ReceiptEnd {
		k, err = p.n.receipts.ByID(ctx, k.Receipt.Start)
	}
	if errors.Is(err, ledger.NotFound) || err == nil && k.Receipt.Kind != ledger.ReceiptStart {
		return nil, nil
	}
	return []receipts.Stored{k}, err
}

// anchored proves receipts under the last anchor, once it covers them all.
func (p *proofs) anchored(ctx context.Context, list []receipts.Stored) (evidence.AnchoredReceipts, error) {
	a, at, err := p.anchor(ctx, list[len(list)-1].Index+1)
	if err != nil {
		return evidence.AnchoredReceipts{}, err
	}
	g := evidence.AnchoredReceipts{Log: a.Log, Anchor: at}
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

// anchor is the last anchor of this node's receipts, under a cosigned checkpoint the last
// one before it, and the place of its call. It covers so many receipts, or it fails.
func (p *proofs) anchor(ctx context.Context, least int64) (a ledger.Anchor, at ledger.Position, err error) {
	ref := ledger.RefTo(ledger.KindAnchor, p.n.receipts.Origin())
	if p.cosigned != nil {
		a, at, err = p.anchorBefore(ctx, ledger.RecordKey(ref), ledger.Position{Block: uint64(p.size)})
		if err == nil && a.Size < least {
			err = errPast
		}
		return a, at, err
	}
	if err := p.n.Anchored(ctx, least); err != nil {
		return a, at, err
	}
	if a, err = value[ledger.Anchor](ctx, p.n.ledger, ref); err != nil {
		return a, at, fmt.Errorf("read anchor: %w", err)
	}
	at, err = p.n.loop.Place(ctx, a.Cite.Party, a.Cite.Call)
	return a, at, err
}

// anchorBefore is the last anchor before a place.
func (p *proofs) anchorBefore(ctx context.Context, key string, before ledger.Position) (a ledger.Anchor, at ledger.Position, err error) {
	for {
		at, ok, err := p.Writer(ctx, key, before)
		if err != nil || !ok {
			return a, at, cmp.Or(err, errPast)
		}
		writes, err := p.Writes(ctx, at)
		if err != nil {
			return a, at, err
		}
		for _, w := range writes {
			if w.Key == key {
				return a, at, json.Unmarshal(w.Value, &a)
			}
		}
		before = at // the index named another's
	}
}

var _ evidence.Source = (*proofs)(nil)
