// Package prove makes the evidence bundle about a record for a reader who may have it. It
// reads the ledger, the receipts and the read model of a running node.
package prove

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/datacadastre/cadastre/internal/projection"
	"github.com/datacadastre/cadastre/internal/sight"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/ledger/provenance"
	"github.com/datacadastre/cadastre/marketplace/receipts"
	"github.com/datacadastre/cadastre/policies"
)

// findPage is how many receipts are read at once.
const findPage = 500

// Config holds the parts of the node that bundles are made from.
type Config struct {
	Ledger     ledger.Ledger
	Loop       *projection.Loop
	Links      *provenance.Table
	Sight      *sight.Sight
	Receipts   *receipts.Store
	Trust      evidence.Trust
	Checkers   map[string]evidence.Checker                       // of proofs, by kind; the one of the embedded ledger is built in
	Cosigned   func() (checkpoint []byte, size int64)            // returns the newest checkpoint cosigned by auditors; nil if this node has no ledger log
	Anchored   func(ctx context.Context, size int64) error       // waits until size receipts are anchored
	LastAnchor func(ctx context.Context) (*ledger.Anchor, error) // of the receipt log; returns nil before the first anchor
}

// Prover makes evidence bundles. It is safe for use by many goroutines.
type Prover struct{ c Config }

// New makes a prover.
func New(c Config) *Prover { return &Prover{c} }

// Evidence makes the bundle about a record and verifies it before returning it. It
// includes at most that many of the newest deliveries; older reports that there are
// more. For a file the bundle is about its first content. A bundle includes complete
// calls, so fewer readers may have it than may read the trace: Forbidden if the reader
// may only trace the record, NotFound if the reader may not see it.
func (v *Prover) Evidence(ctx context.Context, reader *ledger.Party, about ledger.Ref, deliveries int) (b io.WriterTo, older bool, err error) {
	about, eye, err := v.provable(ctx, reader, about)
	if err != nil {
		return nil, false, err
	}
	made, older, err := v.bundle(ctx, eye, about, deliveries)
	if err != nil {
		return nil, false, err
	}
	if err := v.c.Sight.RecordLook(ctx, reader, about, eye.rows...); err != nil {
		return nil, false, err
	}
	return made, older, nil
}

// provable returns the record that the bundle is about, and the eye of a reader who may
// have that bundle.
func (v *Prover) provable(ctx context.Context, reader *ledger.Party, about ledger.Ref) (ledger.Ref, *eye, error) {
	seen, err := v.eye(reader, policies.Read, about).sees(ctx, about)
	if err != nil {
		return about, nil, err
	}
	if !seen {
		return about, nil, unknown()
	}
	if about, err = v.firstContent(ctx, about); err != nil {
		return about, nil, err
	}
	eye := v.eye(reader, policies.Prove, about)
	may, err := eye.sees(ctx, about)
	if err == nil && !may {
		err = ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At("from")
	}
	return about, eye, err
}

// errPast reports that the bundle needs entries after the cosigned checkpoint.
var errPast = errors.New("past the checkpoint that auditors have cosigned")

// errNoAnchor reports that the ledger has no anchor although receipts are reported as anchored.
var errNoAnchor = errors.New("the ledger has no anchor of the receipt log")

// bundle makes the bundle about a record under the newest checkpoint cosigned by
// auditors if that covers everything the bundle needs, and else under the newest
// checkpoint. older reports that there are more deliveries.
func (v *Prover) bundle(ctx context.Context, eye *eye, about ledger.Ref, deliveries int) (b evidence.Bundle, older bool, err error) {
	checkers := map[string]evidence.Checker{evidence.TLogKind: evidence.TLog{}}
	maps.Copy(checkers, v.c.Checkers)
	build := func(cosigned []byte, size int64) (evidence.Bundle, bool, error) {
		p := &proofs{c: v.c, eye: eye, limit: deliveries, cosigned: cosigned, size: size, known: map[ledger.Position]ledger.Recorded{}}
		b, _, err := evidence.Build(ctx, p, about, v.c.Trust, ledger.Standard(), checkers)
		return b, p.older, err
	}
	if v.c.Cosigned != nil {
		if signed, size := v.c.Cosigned(); signed != nil {
			if b, older, err = build(signed, size); !errors.Is(err, errPast) {
				return b, older, err
			}
		}
	}
	return build(nil, 0)
}

// firstContent replaces a file by its first content record.
func (v *Prover) firstContent(ctx context.Context, about ledger.Ref) (ledger.Ref, error) {
	if about.Kind() != ledger.KindFile {
		return about, nil
	}
	list, err := contentsOf(ctx, v.c.Links, about)
	if err != nil {
		return about, err
	}
	if len(list) == 0 {
		return about, unknown()
	}
	return list[0], nil
}

// proofs is the source of one bundle. It includes only receipts that eye may see.
type proofs struct {
	c     Config
	eye   *eye
	limit int  // of deliveries
	older bool // there are more than limit
	// cosigned is the checkpoint under which everything is proved; nil for the newest.
	cosigned []byte
	size     int64 // entries of the checkpoint, if the ledger has a log
	known    map[ledger.Position]ledger.Recorded
}

// Receipts implements evidence.Source. It waits until the receipts are anchored.
func (p *proofs) Receipts(ctx context.Context, ref ledger.Ref) ([]evidence.AnchoredReceipts, error) {
	starts, err := p.starts(ctx, ref)
	if err != nil {
		return nil, err
	}
	var list []receipts.Stored
	for _, s := range starts {
		ends, err := p.c.Receipts.EndsOf(ctx, s.Receipt.ID)
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

// starts returns the start receipts of the deliveries of ref that the reader may see.
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
		page, err := p.c.Receipts.Find(ctx, f, cursor, findPage)
		if err != nil {
			return nil, err
		}
		seen, err := p.eye.seesReceipts(ctx, page.Items...)
		if err != nil {
			return nil, err
		}
		for i, k := range page.Items {
			switch {
			case !seen[i] || k.Receipt.Flow != flow:
			case len(list) == p.limit:
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

// start returns the start receipt of the delivery that a receipt starts or ends.
func (p *proofs) start(ctx context.Context, leaf ledger.Digest) ([]receipts.Stored, error) {
	k, err := p.c.Receipts.ByLeaf(ctx, leaf)
	if err == nil && k.Receipt.Kind == ledger.ReceiptEnd {
		k, err = p.c.Receipts.ByID(ctx, k.Receipt.Start)
	}
	if errors.Is(err, ledger.NotFound) || err == nil && k.Receipt.Kind != ledger.ReceiptStart {
		return nil, nil
	}
	return []receipts.Stored{k}, err
}

// anchored waits until the last anchor covers all receipts, and proves them under it.
func (p *proofs) anchored(ctx context.Context, list []receipts.Stored) (evidence.AnchoredReceipts, error) {
	a, at, err := p.anchor(ctx, list[len(list)-1].Index+1)
	if err != nil {
		return evidence.AnchoredReceipts{}, err
	}
	g := evidence.AnchoredReceipts{Log: a.Log, Anchor: at}
	for _, k := range list {
		item := evidence.ReceiptItem{Index: k.Index}
		if item.Entry, err = p.c.Receipts.Entry(ctx, k.Index); err != nil {
			return g, err
		}
		if item.Path, err = p.c.Receipts.Prove(ctx, k.Index, a.Size); err != nil {
			return g, fmt.Errorf("prove receipt %d: %w", k.Index, err)
		}
		g.Items = append(g.Items, item)
	}
	return g, nil
}

// anchor returns the last anchor of this node's receipts and the position of its call;
// under a cosigned checkpoint, the last anchor before that. It fails if the anchor covers
// fewer than least receipts.
func (p *proofs) anchor(ctx context.Context, least int64) (a ledger.Anchor, at ledger.Position, err error) {
	ref := ledger.RefTo(ledger.KindAnchor, p.c.Receipts.Origin())
	if p.cosigned != nil {
		a, at, err = p.anchorBefore(ctx, ledger.RecordKey(ref), ledger.Position{Block: uint64(p.size)})
		if err == nil && a.Size < least {
			err = errPast
		}
		return a, at, err
	}
	if err := p.c.Anchored(ctx, least); err != nil {
		return a, at, err
	}
	last, err := p.c.LastAnchor(ctx)
	if err != nil || last == nil {
		return a, at, cmp.Or(err, errNoAnchor)
	}
	a = *last
	at, err = p.c.Loop.Place(ctx, a.Cite.Party, a.Cite.Call)
	return a, at, err
}

// anchorBefore returns the last anchor before a position.
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
		before = at // the index named the writer of another key with the same hash
	}
}

var _ evidence.Source = (*proofs)(nil)
