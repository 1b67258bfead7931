package evidence

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// Source is what a bundle is made from: the ledger, an index of who wrote what, and
// the receipts.
type Source interface {
	// Receipts are the starts and ends of ref that an anchor covers, by log and
	// index: of an order its deliveries, of a license or resource its supplies,
	// of a receipt (by leaf hash) that one's delivery. It is asked first.
	Receipts(ctx context.Context, ref ledger.Ref) ([]AnchoredReceipts, error)
	// Open fixes the state that the bundle is about, anchors included: what proofs
	// share, and the first position after it.
	Open(ctx context.Context) (ProofSet, ledger.Position, error)
	// Writer is the last call before a position that wrote the key, or that may
	// have: an index by hashes may name another's. False where there is none.
	Writer(ctx context.Context, key string, before ledger.Position) (ledger.Position, bool, error)
	// Writes is all that the call at a position wrote.
	Writes(ctx context.Context, at ledger.Position) ([]ledger.Write, error)
	// Prove proves the call at a position, under what Open gave.
	Prove(ctx context.Context, at ledger.Position) (Proven, error)
}

// Proven is a call's proof and all that it wrote.
type Proven struct {
	Proof  json.RawMessage
	Writes []ledger.Write
}

// AnchoredReceipts are receipts of one log with their inclusion under one anchor.
type AnchoredReceipts struct {
	Log    string
	Anchor ledger.Position
	Items  []ReceiptItem
}

// Build makes the bundle about ref, and gives out only what Verify accepts with
// the node's own trust file. ledger.NotFound when there is no such record; too_large
// when it needs more than MaxCalls or MaxMade. It stops when ctx ends.
func Build(ctx context.Context, src Source, about ledger.Ref, trust Trust, algs ledger.Algorithms,
	checkers map[string]Checker,
) (Bundle, Report, error) {
	b, err := gather(ctx, src, about, trust, algs, checkers, MaxCalls, false)
	if err != nil {
		return Bundle{}, Report{}, fmt.Errorf("evidence about %s: %w", about, err)
	}
	r, err := b.verify(ctx, trust, algs, checkers)
	if err != nil {
		return Bundle{}, Report{}, fmt.Errorf("evidence about %s: %w", about, err)
	}
	return b, r, nil
}

// bundle writes down what was gathered.
func (g *gathering) bundle(about ledger.Ref, set ProofSet) Bundle {
	b := Bundle{V: Version, Ledger: g.trust.Ledger, About: about, Proof: set, Calls: []Call{}, Receipts: []ReceiptGroup{}}
	places := slices.SortedFunc(maps.Keys(g.needed), ledger.Position.Compare)
	for _, at := range places {
		c := g.needed[at]
		call := Call{Proof: c.proof, Reads: c.reads}
		if c.recorded != nil && c.sealed() {
			for _, w := range c.wrote {
				if !ledger.IsCallKey(w.Key) {
					call.Writes = append(call.Writes, WriteLine{Line: ledger.LineOf(w.Key, w.Value), Value: w.Value})
				}
			}
		}
		b.Calls = append(b.Calls, call)
	}
	for _, r := range g.receipts {
		anchor, _ := slices.BinarySearchFunc(places, r.Anchor, ledger.Position.Compare)
		b.Receipts = append(b.Receipts, ReceiptGroup{Log: r.Log, Anchor: anchor, Items: r.Items})
	}
	return b
}
