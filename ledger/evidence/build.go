package evidence

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// Source provides the data for a bundle: the ledger, an index from keys to the
// calls that wrote them, and the receipts.
type Source interface {
	// Receipts returns the start and end receipts of ref that an anchor covers,
	// sorted by log and index: the deliveries of an order, the supplies of a
	// license or resource, or the delivery of a receipt (given by leaf hash). It is
	// called first.
	Receipts(ctx context.Context, ref ledger.Ref) ([]AnchoredReceipts, error)
	// Open fixes the state that the bundle is about, including the anchors. It
	// returns what the proofs share, and the first position after the state.
	Open(ctx context.Context) (ProofSet, ledger.Position, error)
	// Writer returns the last call before a position that wrote the key, or that
	// may have: an index by hashes can return the writer of another key. It returns
	// false if there is no such call.
	Writer(ctx context.Context, key string, before ledger.Position) (ledger.Position, bool, error)
	// Writes returns everything that the call at a position wrote.
	Writes(ctx context.Context, at ledger.Position) ([]ledger.Write, error)
	// Prove proves the call at a position, for the state that Open has fixed.
	Prove(ctx context.Context, at ledger.Position) (Proven, error)
}

// Proven is the proof of a call and everything that it wrote.
type Proven struct {
	Proof  json.RawMessage
	Writes []ledger.Write
}

// AnchoredReceipts are receipts of one log with their inclusion proofs under one
// anchor.
type AnchoredReceipts struct {
	Log    string
	Anchor ledger.Position
	Items  []ReceiptItem
}

// Build makes the bundle about ref. It only returns a bundle that Verify accepts
// with the node's own trust file. The error is ledger.NotFound if there is no such
// record, and too_large if the bundle needs more than MaxCalls or MaxMade. Build
// stops when ctx ends.
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

// bundle returns the bundle of everything that was gathered.
func (g *gathering) bundle(about ledger.Ref, set ProofSet) Bundle {
	b := Bundle{V: Version, Ledger: g.trust.Ledger, About: about, Proof: set, Calls: []Call{}, Receipts: []ReceiptGroup{}}
	places := slices.SortedFunc(maps.Keys(g.needed), ledger.Position.Compare)
	for _, at := range places {
		c := g.needed[at]
		call := Call{Proof: c.proof, Reads: c.reads, Writes: c.lines}
		if c.recorded != nil && c.isAnchor() {
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
