package evidence

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// ErrApart says that bundles can't be joined as they are: their calls are proved
// under different checkpoints. Asked again, the nodes give them under one.
var ErrApart = errors.New("the bundles stand under different checkpoints: ask the nodes again")

// Merge joins bundles about one record that several nodes made, each with the
// receipts of its own log. Each must verify; so does what is given out, which
// holds every receipt of every part.
func Merge(parts [][]byte, trust Trust, algs ledger.Algorithms, checkers map[string]Checker) (Bundle, Report, error) {
	m := merging{calls: map[[2]ledger.ID]*joined{}}
	for i, data := range parts {
		if err := m.take(data, trust, algs, checkers); err != nil {
			return Bundle{}, Report{}, fmt.Errorf("bundle %d: %w", i+1, err)
		}
	}
	full, err := m.bundle()
	if err != nil {
		return Bundle{}, Report{}, err
	}
	v, err := check(full, trust, algs, checkers)
	if err != nil {
		return Bundle{}, Report{}, fmt.Errorf("joined bundle: %w", err)
	}
	b := v.prune()
	data, err := b.Encode()
	if err != nil {
		return Bundle{}, Report{}, err
	}
	r, err := Verify(data, trust, algs, checkers)
	if err != nil {
		return Bundle{}, Report{}, fmt.Errorf("joined bundle: %w", err)
	}
	return b, r, nil
}

// merging is a joined bundle in the making.
type merging struct {
	first   *Bundle
	calls   map[[2]ledger.ID]*joined
	groups  []ReceiptGroup
	anchors [][2]ledger.ID // of the groups
	horizon *uint64        // block of the earliest decision: later acts on records are left out
}

// joined is a call with its values from all bundles that hold it.
type joined struct {
	Call
	id       [2]ledger.ID
	fn       ledger.Function
	position ledger.Position
}

func (m *merging) take(data []byte, trust Trust, algs ledger.Algorithms, checkers map[string]Checker) error {
	b, err := Parse(data)
	if err != nil {
		return err
	}
	v, err := check(b, trust, algs, checkers)
	if err != nil {
		return err
	}
	if err := v.closed(); err != nil {
		return err
	}
	switch {
	case m.first == nil:
		m.first = &b
	case b.About != m.first.About:
		return failf(CheckForm, "about", "it is about %s, the first about %s", b.About, m.first.About)
	case b.Proof.Kind != m.first.Proof.Kind || !bytes.Equal(b.Proof.Common, m.first.Proof.Common):
		return ErrApart
	}
	ids := make([][2]ledger.ID, len(b.Calls))
	for i, a := range v.acts {
		ids[i] = [2]ledger.ID{a.party(), a.signed.Call.ID}
		if err := m.call(ids[i], a, b.Calls[i]); err != nil {
			return err
		}
	}
	for _, g := range b.Receipts {
		if err := m.group(g, ids[g.Anchor]); err != nil {
			return err
		}
	}
	return nil
}

// call adds a call, or the values that it shows to those of the same call. What
// both show is the same: each hashes to its line.
func (m *merging) call(id [2]ledger.ID, a *act, c Call) error {
	known, ok := m.calls[id]
	if !ok {
		c.Writes = slices.Clone(c.Writes)
		m.calls[id] = &joined{Call: c, id: id, fn: a.fn(), position: a.Position}
		return nil
	}
	if known.position != a.Position || len(known.Writes) != len(c.Writes) {
		return failf(CheckOrder, a.where(), "the bundles place call %s differently", id[1])
	}
	for i, w := range c.Writes {
		if known.Writes[i].Value == nil {
			known.Writes[i].Value = w.Value
		}
	}
	return nil
}

func (m *merging) group(g ReceiptGroup, anchor [2]ledger.ID) error {
	if slices.ContainsFunc(m.groups, func(known ReceiptGroup) bool { return known.Log == g.Log }) {
		return failf(CheckForm, "receipts", "the log %s is in two of the bundles", g.Log)
	}
	for _, item := range g.Items {
		var r ledger.Receipt
		if err := ledger.DecodeStrict(item.Entry, &r); err != nil {
			return fail(CheckReceipt, g.Log, err)
		}
		if r.Revision != nil && (m.horizon == nil || r.Revision.Block < *m.horizon) {
			m.horizon = &r.Revision.Block
		}
	}
	m.groups, m.anchors = append(m.groups, g), append(m.anchors, anchor)
	return nil
}

// bundle holds all that the parts hold but acts on records after the earliest
// decision: what that one rests on must be what it saw (see gathering).
func (m *merging) bundle() (Bundle, error) {
	if m.first == nil {
		return Bundle{}, errors.New("no bundle to join")
	}
	b := Bundle{V: Version, Ledger: m.first.Ledger, About: m.first.About, Proof: m.first.Proof, Calls: []Call{}, Receipts: []ReceiptGroup{}}
	var list []*joined
	for _, c := range m.calls {
		if m.horizon == nil || c.position.Block <= *m.horizon || timeless(c.fn) {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(x, y *joined) int { return x.position.Compare(y.position) })
	for _, c := range list {
		b.Calls = append(b.Calls, c.Call)
	}
	for i, g := range m.groups {
		g.Anchor = slices.IndexFunc(list, func(c *joined) bool { return c.id == m.anchors[i] })
		b.Receipts = append(b.Receipts, g)
	}
	slices.SortFunc(b.Receipts, func(x, y ReceiptGroup) int { return cmp.Compare(x.Log, y.Log) })
	return b, nil
}

// timeless are the functions whose calls are needed whenever they were made.
func timeless(fn ledger.Function) bool {
	return bringsKeys(Act{Function: fn}) || fn == ledger.FnContentAdd || fn == ledger.FnAnchor
}
