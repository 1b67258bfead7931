package marketplace_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// stored puts content of the product into the store, allows its delivery in real
// time until the moment returned, and returns the request for it.
func (w *world) stored(t testing.TB) (a marketplace.Ask, until *ledger.Millis) {
	t.Helper()
	w.now = time.Now()
	w.order.StartOn, w.order.EndOn, w.license.EndOn = "2000-01-01", "9999-01-01", "9999-01-01"
	w.endEntries("9999-01-01")
	w.product.SecurityReview.ValidUntil, w.product.ConformityReview.ValidUntil = "9999-01-01", "9999-01-01"
	until = new(ledger.Millis(w.now.Add(time.Hour).UnixMilli()))
	w.policy = func(marketplace.Question) marketplace.Decision {
		return marketplace.Decision{Allow: true, Revision: w.revision, Until: *until}
	}
	w.open(t)
	got, err := w.market.Ingest(t.Context(), id("operator"), strings.NewReader("content"))
	w.ok(err)
	w.file.ID, w.file.Object, w.file.SHA256, w.file.Bytes, w.file.Ingest = id("kept"), got.Object, got.SHA256, got.Bytes, got.Receipt
	w.project()
	a = delivery()
	a.Object = got.Object
	return a, until
}

// TestADecisionThatEndsSooner cuts what runs then, not when it was to end first.
func TestADecisionThatEndsSooner(t *testing.T) {
	w := newWorld()
	a, until := w.stored(t)
	transfer, err := w.market.Begin(t.Context(), a)
	w.ok(err)
	*until = ledger.Millis(time.Now().Add(50 * time.Millisecond).UnixMilli())
	w.recheck(ledger.RefTo(ledger.KindProduct, id("product")))
	select {
	case <-transfer.Done():
	case <-time.After(30 * time.Second):
		t.Error("it went on")
	}
	w.ok(transfer.Close())
}

// TestADecisionThatEndsWhileTheTransferBegins refuses the transfer, ends its start
// receipt and leaves nothing running. The refusal says why: the decision ended, or the
// node was behind and cut everything.
func TestADecisionThatEndsWhileTheTransferBegins(t *testing.T) {
	for _, c := range []struct {
		ended bool
		want  string
		kinds []ledger.ReceiptKind // the newest first
	}{
		{true, "forbidden license_ended B2", []ledger.ReceiptKind{ledger.ReceiptDenial, ledger.ReceiptEnd, ledger.ReceiptStart, ledger.ReceiptIngest}},
		{false, "unavailable projection_behind", []ledger.ReceiptKind{ledger.ReceiptEnd, ledger.ReceiptStart, ledger.ReceiptIngest}},
	} {
		w := newWorld()
		a, _ := w.stored(t)
		a.Range = func(size int64, _ ledger.Digest) (offset, length int64, err error) { // between decision and receipt
			w.market.CutAll()
			if c.ended {
				w.revision.Block++
				w.policy = func(marketplace.Question) marketplace.Decision {
					return marketplace.Decision{Reason: ledger.ReasonLicense}
				}
			}
			return 0, size, nil
		}
		if _, err := w.market.Begin(t.Context(), a); outcome(t, err) != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
		if n := w.market.Running(); n != 0 {
			t.Errorf("%d transfers are running", n)
		}
		page, err := w.receipts.Find(t.Context(), receipts.Filter{}, 0, 9)
		w.ok(err)
		var kinds []ledger.ReceiptKind
		for _, r := range page.Items {
			kinds = append(kinds, r.Receipt.Kind)
		}
		if diff := cmp.Diff(c.kinds, kinds); diff != "" {
			t.Errorf("receipts, the newest first (-want +got):\n%s", diff)
		}
	}
}

// TestAGrantIsValidUntilTheNextBlock: the same request is not decided again before, but a
// request that differs in one member is, and a refusal always.
func TestAGrantIsValidUntilTheNextBlock(t *testing.T) {
	w := newWorld()
	a, until := w.stored(t)
	asked := func(a marketplace.Ask) int {
		w.asked = nil
		_, err := w.market.Look(t.Context(), a)
		if e := ledger.AsError(err); err != nil && e == nil {
			t.Fatal(err)
		}
		return len(w.asked)
	}
	if first, again := asked(a), asked(a); first != 2 || again != 0 {
		t.Errorf("the policies were asked %d times, then %d", first, again)
	}
	other := a
	other.Key = ""
	if n := asked(other); n != 2 {
		t.Errorf("without the key they were asked %d times", n)
	}
	w.now = w.now.Add(2 * time.Hour) // past *until
	if _, err := w.market.Look(t.Context(), a); !strings.Contains(outcome(t, err), "license_ended") {
		t.Errorf("after its end: %v", err)
	}
	*until = ledger.Millis(w.now.Add(time.Hour).UnixMilli())
	w.order.State = ledger.OrderBlocked
	w.project()
	for range 2 {
		if _, err := w.market.Look(t.Context(), a); outcome(t, err) == "" {
			t.Error("a blocked order is delivered")
		}
	}
	w.order.State = ledger.OrderActive
	w.project()
	if n := asked(a); n != 2 {
		t.Errorf("after the block they were asked %d times", n)
	}
}
