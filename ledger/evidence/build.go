package evidence

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// Source is what a bundle is made from: the ledger, its indexes and the receipts.
type Source interface {
	// Acts are all calls that wrote the record, oldest first; none is no error.
	Acts(ctx context.Context, ref ledger.Ref) ([]Act, error)
	// Record is the record as it stands now; ledger.NotFound when there is none.
	Record(ctx context.Context, ref ledger.Ref) (json.RawMessage, error)
	// Prove proves recorded calls, all under one checkpoint; it answers them in
	// the order they were asked for.
	Prove(ctx context.Context, calls []Act) (ProofSet, []Proven, error)
	// Receipts are the starts and ends of ref that an anchor covers, by log and
	// index: of an order its deliveries, of a license or resource its supplies,
	// of a receipt (by leaf hash) that one's delivery.
	Receipts(ctx context.Context, ref ledger.Ref) ([]AnchoredReceipts, error)
}

// Act is a recorded call: what names it, what it did, where it stands.
type Act struct {
	Party    ledger.ID
	Call     ledger.ID
	Function ledger.Function
	Payload  ledger.Digest
	Position ledger.Position
}

// Proven is a call's proof and all that it wrote.
type Proven struct {
	Proof  json.RawMessage
	Writes []ledger.Write
}

// AnchoredReceipts are receipts of one log with their inclusion under one anchor.
type AnchoredReceipts struct {
	Log    string
	Anchor Act
	Items  []ReceiptItem
}

// Build makes the bundle about ref, and gives out only what Verify accepts with
// the node's own trust file. ledger.NotFound when there is no such record.
func Build(ctx context.Context, src Source, about ledger.Ref, trust Trust, algs ledger.Algorithms,
	checkers map[string]Checker,
) (Bundle, Report, error) {
	fault := func(err error) (Bundle, Report, error) {
		return Bundle{}, Report{}, fmt.Errorf("evidence about %s: %w", about, err)
	}
	g := &gathering{ctx: ctx, src: src, acts: map[[2]ledger.ID]Act{}, done: map[ledger.Ref]bool{}}
	if err := g.gather(about); err != nil {
		return fault(err)
	}
	full, err := g.bundle(trust.Ledger, about)
	if err != nil {
		return fault(err)
	}
	v, err := check(full, trust, algs, checkers)
	if err != nil {
		return fault(err)
	}
	b := v.prune()
	data, err := b.Encode()
	if err != nil {
		return fault(err)
	}
	report, err := Verify(data, trust, algs, checkers)
	if err != nil {
		return fault(err)
	}
	return b, report, nil
}

// bundle proves all that was gathered, every value shown.
func (g *gathering) bundle(id ledger.ID, about ledger.Ref) (Bundle, error) {
	var acts []Act
	for _, a := range g.acts {
		acts = append(acts, a)
	}
	slices.SortFunc(acts, func(a, b Act) int {
		return cmp.Or(a.Position.Compare(b.Position), cmp.Compare(a.Call, b.Call))
	})
	set, proofs, err := g.src.Prove(g.ctx, acts)
	if err != nil {
		return Bundle{}, fmt.Errorf("prove calls: %w", err)
	}
	if len(proofs) != len(acts) {
		return Bundle{}, fmt.Errorf("%d proofs of %d calls", len(proofs), len(acts))
	}
	b := Bundle{V: Version, Ledger: id, About: about, Proof: set, Calls: []Call{}, Receipts: []ReceiptGroup{}}
	for _, p := range proofs {
		b.Calls = append(b.Calls, Call{Proof: p.Proof, Writes: writeLines(p.Writes)})
	}
	for _, r := range g.receipts {
		at := slices.IndexFunc(acts, func(a Act) bool { return a.Party == r.Anchor.Party && a.Call == r.Anchor.Call })
		b.Receipts = append(b.Receipts, ReceiptGroup{Log: r.Log, Anchor: at, Items: r.Items})
	}
	return b, nil
}

func writeLines(list []ledger.Write) []WriteLine {
	lines := []WriteLine{}
	for _, w := range list {
		switch {
		case isCall(w.Key):
		case w.Value == nil:
			lines = append(lines, WriteLine{Key: w.Key, SHA256: Deleted})
		default:
			lines = append(lines, WriteLine{Key: w.Key, SHA256: string(ledger.DigestOf(w.Value)), Value: w.Value})
		}
	}
	slices.SortFunc(lines, func(a, b WriteLine) int { return cmp.Compare(a.Key, b.Key) })
	return lines
}

// prune is the bundle without what the check did not read.
func (v *verification) prune() Bundle {
	b := v.bundle
	b.Calls = []Call{}
	place := map[int]int{}
	for i, a := range v.acts {
		if !a.used {
			continue
		}
		place[i] = len(b.Calls)
		c := Call{Proof: v.bundle.Calls[i].Proof, Writes: []WriteLine{}}
		for _, w := range v.bundle.Calls[i].Writes {
			if !a.lines[w.Key].used {
				w.Value = nil
			}
			c.Writes = append(c.Writes, w)
		}
		b.Calls = append(b.Calls, c)
	}
	b.Receipts = []ReceiptGroup{}
	for _, g := range v.bundle.Receipts {
		g.Anchor = place[g.Anchor]
		b.Receipts = append(b.Receipts, g)
	}
	return b
}
