package evidence

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// ErrDifferentCheckpoints says that bundles cannot be joined because their calls
// are proved under different checkpoints. If they are requested again, the nodes
// use the same one.
var ErrDifferentCheckpoints = errors.New("the bundles have different checkpoints: request them again")

// Join makes one bundle from several about the same record, for example those of
// several nodes each with the receipts of its log. The result contains all their
// calls and receipts. Each bundle must be valid, and so must the result: bundles
// that contradict each other are refused.
func Join(parts [][]byte, trust Trust, algs ledger.Algorithms, checkers map[string]Checker) (Bundle, Report, error) {
	j := joining{calls: map[ledger.Position]Call{}, groups: map[string]*joined{}}
	for i, data := range parts {
		if err := j.add(data, trust, algs, checkers); err != nil {
			return Bundle{}, Report{}, fmt.Errorf("bundle %d: %w", i+1, err)
		}
	}
	if j.first == nil {
		return Bundle{}, Report{}, errors.New("no bundle to join")
	}
	v := &verification{
		bundle: j.bundle(), trust: trust, state: map[string]value{}, created: map[ledger.Ref]bool{}, joining: true,
	}
	if err := v.run(context.Background(), algs, checkers); err != nil {
		return Bundle{}, Report{}, fmt.Errorf("joined bundle: %w", err)
	}
	b := v.pruned()
	r, err := b.verify(context.Background(), trust, algs, checkers)
	if err != nil {
		return Bundle{}, Report{}, fmt.Errorf("joined bundle: %w", err)
	}
	return b, r, nil
}

// joining is a joined bundle in progress.
type joining struct {
	first  *Bundle
	calls  map[ledger.Position]Call
	groups map[string]*joined // by log
}

// joined is the list of receipts of one log.
type joined struct {
	anchor ledger.Position
	items  map[int64]ReceiptItem
}

// add verifies a bundle and adds it.
func (j *joining) add(data []byte, trust Trust, algs ledger.Algorithms, checkers map[string]Checker) error {
	b, err := Parse(data)
	if err != nil {
		return err
	}
	v, err := check(context.Background(), b, trust, algs, checkers)
	if err != nil {
		return err
	}
	if err := v.checkNeeded(); err != nil {
		return err
	}
	switch {
	case j.first == nil:
		j.first = &b
	case !b.sameProof(*j.first):
		return ErrDifferentCheckpoints
	case b.About != j.first.About && mayJoinOther(j.first.About):
		j.first = &b
	case b.About != j.first.About && !mayJoinOther(b.About):
		return failf(CheckForm, "about", "it is about %s, the first about %s", b.About, j.first.About)
	}
	for i, c := range b.Calls {
		at := v.calls[i].Position
		if old, ok := j.calls[at]; !ok || len(old.Reads) == 0 {
			j.calls[at] = c
		}
	}
	for _, g := range b.Receipts {
		anchor := v.calls[g.Anchor].Position
		known := j.groups[g.Log]
		if known == nil {
			known = &joined{anchor, map[int64]ReceiptItem{}}
			j.groups[g.Log] = known
		}
		if known.anchor != anchor {
			return failf(CheckForm, "receipts", "the log %s has two anchors", g.Log)
		}
		for _, item := range g.Items {
			known.items[item.Index] = item
		}
	}
	return nil
}

// mayJoinOther reports whether a bundle may be joined to a bundle about something
// else. This is allowed for a bundle about a party, which contains its keys and
// suspensions; the calls of the other bundle are checked against them.
func mayJoinOther(about ledger.Ref) bool { return about.Kind() == ledger.KindParty }

// bundle returns the joined bundle.
func (j *joining) bundle() Bundle {
	b := Bundle{V: Version, Ledger: j.first.Ledger, About: j.first.About, Proof: j.first.Proof, Calls: []Call{}, Receipts: []ReceiptGroup{}}
	places := slices.SortedFunc(maps.Keys(j.calls), ledger.Position.Compare)
	for _, at := range places {
		b.Calls = append(b.Calls, j.calls[at])
	}
	for _, log := range slices.Sorted(maps.Keys(j.groups)) {
		g := j.groups[log]
		anchor, _ := slices.BinarySearchFunc(places, g.anchor, ledger.Position.Compare)
		items := slices.SortedFunc(maps.Values(g.items), func(a, b ReceiptItem) int { return cmp.Compare(a.Index, b.Index) })
		b.Receipts = append(b.Receipts, ReceiptGroup{Log: log, Anchor: anchor, Items: items})
	}
	return b
}

// pruned returns the bundle without the calls that it does not need, and without
// the read lists of calls that have no unrelated records any more.
func (v *verification) pruned() Bundle {
	b := v.bundle
	b.Calls = []Call{}
	place := map[int]int{}
	for i, used := range v.neededCalls() {
		if !used {
			continue
		}
		c := v.bundle.Calls[i]
		if !v.calls[i].showsReads {
			c.Reads = nil
		}
		place[i] = len(b.Calls)
		b.Calls = append(b.Calls, c)
	}
	b.Receipts = slices.Clone(v.bundle.Receipts)
	for i := range b.Receipts {
		b.Receipts[i].Anchor = place[b.Receipts[i].Anchor]
	}
	return b
}
