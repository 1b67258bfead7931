package marketplace_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
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
	if e == nil || e.Reason != ledger.ReasonQuota || e.Field != "limits.uses" || !slices.Contains(e.Params, ledger.Param{Name: "scope", Value: string(ledger.RefTo(ledger.KindLicense, w.license.ID))}) {
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
