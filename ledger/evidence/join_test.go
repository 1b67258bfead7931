package evidence_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// at is a node of the world, which only has the receipts of its own log.
type at struct {
	*world
	origin string
}

func (a at) Receipts(ctx context.Context, about ledger.Ref) ([]evidence.AnchoredReceipts, error) {
	groups, err := a.world.Receipts(ctx, about)
	return slices.DeleteFunc(groups, func(g evidence.AnchoredReceipts) bool { return g.Log != ledger.ReceiptLog(a.origin) }), err
}

func (a at) bundle(about ledger.Ref) []byte {
	a.t.Helper()
	b, _, err := evidence.Build(a.t.Context(), a, about, a.trust(), ledger.Standard(), checkers())
	if err != nil {
		a.t.Fatalf("build at %s: %v", a.origin, err)
	}
	return encode(a.t, b)
}

func (w *world) join(parts ...[]byte) (evidence.Bundle, error) {
	b, _, err := evidence.Join(parts, w.trust(), ledger.Standard(), checkers())
	return b, err
}

const second = "node2.example"

// two is a world whose product and resource have content at two nodes, both
// delivered and supplied, the license suspended and resumed in between.
func two(t *testing.T) *world {
	t.Helper()
	w := begin(t)
	market(w)
	w.order("O", "P", "buyer")
	w.contentAt(second, "more", "operator", ref(ledger.KindProduct, "P"))
	w.content("raw", "holder", ref(ledger.KindResource, "resource bus"))
	w.contentAt(second, "raw2", "holder", ref(ledger.KindResource, "resource bus"))
	w.supply("L", "raw")
	w.deliver("O", "data")
	license := ref(ledger.KindLicense, "L")
	w.must("regulator", ledger.FnLicenseSuspend, w.target(license))
	w.must("regulator", ledger.FnLicenseResume, w.target(license))
	w.deliver("O", "more")
	w.supply("L", "raw2")
	w.deliver("O", "data")
	w.anchor("node", node)
	w.anchor("node2", second)
	return w
}

// TestJoinIsWhatOneNodeWouldHaveMade: bundles of several nodes join to the very
// bundle that a node which knew all their receipts would have given out.
func TestJoinIsWhatOneNodeWouldHaveMade(t *testing.T) {
	w := two(t)
	for about, deliveries := range map[ledger.Ref]int{
		ref(ledger.KindOrder, "O"): 3, ref(ledger.KindLicense, "L"): 2, ref(ledger.KindResource, "resource bus"): 2,
	} {
		t.Run(about.Kind(), func(t *testing.T) { joins(t, w, about, deliveries) })
	}
}

func joins(t *testing.T, w *world, about ledger.Ref, deliveries int) {
	t.Helper()
	whole, want := w.build(about)
	if len(want.Receipts) != deliveries || len(whole.Receipts) != 2 {
		t.Fatalf("%d deliveries in %d logs", len(want.Receipts), len(whole.Receipts))
	}
	parts := [][]byte{at{w, node}.bundle(about), at{w, second}.bundle(about), at{w, "nobody.example"}.bundle(about)}
	for i := range parts { // in whatever order they come
		parts = append(parts[1:], parts[0])
		got, err := w.join(parts...)
		if err != nil {
			t.Fatalf("turn %d: %v", i, err)
		}
		if diff := cmp.Diff(whole, got); diff != "" {
			t.Errorf("turn %d: joined is not what one node makes: %s", i, diff)
		}
		if r, err := w.verify(encode(t, got)); err != nil || cmp.Diff(want, r) != "" {
			t.Errorf("turn %d: verify: %v", i, err)
		}
	}
	if one, err := w.join(parts[0]); err != nil || string(encode(t, one)) != string(parts[0]) {
		t.Errorf("one bundle is itself: %v", err)
	}
}

func TestJoinRefuses(t *testing.T) {
	w := two(t)
	order := ref(ledger.KindOrder, "O")
	first, other := at{w, node}.bundle(order), at{w, second}.bundle(order)
	for name, c := range map[string]struct {
		parts [][]byte
		check evidence.Check
	}{
		"another record": {[][]byte{first, at{w, second}.bundle(ref(ledger.KindLicense, "L"))}, evidence.CheckForm},
		"not a bundle":   {[][]byte{first, []byte(`{}`)}, evidence.CheckForm},
		"one that fails": {[][]byte{first, spoiled(t, other)}, evidence.CheckReceipt},
	} {
		_, err := w.join(c.parts...)
		if f := evidence.AsFailure(err); f == nil || f.Check != c.check {
			t.Errorf("%s: %v, want a failure of %s", name, err, c.check)
		}
	}
	if again, err := w.join(first, first); err != nil || string(encode(t, again)) != string(first) {
		t.Errorf("one bundle twice is itself: %v", err)
	}
	if _, err := w.join(); err == nil {
		t.Error("nothing was joined")
	}
	w.must("holder", ledger.FnDeposit, ledger.DepositArgs{SHA256: sum("later"), Bytes: 1})
	if _, err := w.join(first, at{w, second}.bundle(order)); !errors.Is(err, evidence.ErrDifferentCheckpoints) {
		t.Errorf("under two checkpoints: %v", err)
	}
}

// spoiled is a bundle whose last receipt is another's place.
func spoiled(t *testing.T, data []byte) []byte {
	t.Helper()
	b, err := evidence.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	last := len(b.Receipts[0].Items) - 1
	b.Receipts[0].Items[last].Index++
	return encode(t, b)
}
