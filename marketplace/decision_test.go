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
	got, err := w.market.Ingest(t.Context(), id("operator"), strings.NewReader("content"), -1)
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
	w.market.Recheck(t.Context(), wrote(ledger.RefTo(ledger.KindProduct, id("product"))))
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
		allow, sources := w.policy, len(w.product.Sources)
		w.policy = func(q marketplace.Question) marketplace.Decision {
			w.market.CutAll()
			d := allow(q)
			if c.ended && len(w.asked) > sources { // the second decision
				d.Allow, d.Reason = false, ledger.ReasonLicense
			}
			return d
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
