package marketplace_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// TestLicenseLimitsBindDeliveries delivers under an order without limits, and is
// refused at the limit of the license.
func TestLicenseLimitsBindDeliveries(t *testing.T) {
	w := newWorld()
	w.license.Limits = ledger.Quota{Uses: 2}
	a, _ := w.stored(t)
	for range 2 {
		transfer, err := w.market.Begin(t.Context(), a)
		w.ok(err)
		w.ok(transfer.Send(new(bytes.Buffer)))
	}
	_, err := w.market.Begin(t.Context(), a)
	e := ledger.AsError(err)
	if e == nil || e.Reason != ledger.ReasonLimit || e.Field != "limits.uses" || !slices.Contains(e.Params, ledger.Param{Name: "scope", Value: string(ledger.RefTo(ledger.KindLicense, w.license.ID))}) {
		t.Fatalf("the third delivery: %v", err)
	}
	w.order.Limits = ledger.Quota{Uses: 1}
	w.license.Limits = ledger.Quota{}
	w.project()
	_, err = w.market.Begin(t.Context(), a)
	if e := ledger.AsError(err); e == nil || !slices.Contains(e.Params, ledger.Param{Name: "scope", Value: string(ledger.RefTo(ledger.KindOrder, w.order.ID))}) {
		t.Errorf("over the limit of the order: %v", err)
	}
}

// TestADenialNamesWhatExists asks for resources that nobody registered: their names stay
// out of the log.
func TestADenialNamesWhatExists(t *testing.T) {
	w := newWorld()
	w.open(t)
	a := supply()
	for _, resource := range []string{"nobody's", "invented"} {
		a.Resource = id(resource)
		if _, err := w.market.Begin(t.Context(), a); ledger.AsError(err) == nil {
			t.Fatal(err)
		}
	}
	page, err := w.receipts.Find(t.Context(), receipts.Filter{Kinds: []ledger.ReceiptKind{ledger.ReceiptDenial}}, 0, 9)
	w.ok(err)
	if len(page.Items) != 1 || page.Items[0].Receipt.Subject != ledger.RefTo(ledger.KindLicense, id("license")) {
		t.Errorf("denials: %+v", page.Items)
	}
}
