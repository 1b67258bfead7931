package node_test

import (
	"errors"
	"testing"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
)

// TestAnOrderIsDecided: the node asks its policies before an order is recorded,
// and leaves one that is recorded already its first result.
func TestAnOrderIsDecided(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	w.sale("sale", "bus", w.upload("operator", data(1000)), ledger.Quota{})
	place := func(name string) string {
		jws, err := w.party["buyer"].Sign(client.NewID(), ledger.FnOrderPlace, tale.Order(name, "sale", w.last[ref(ledger.KindProduct, "sale")], emergency))
		w.ok(err)
		return jws
	}
	first := place("first")
	_, err := w.party["buyer"].Submit(t.Context(), first)
	w.ok(err)
	w.act("authority", ref(ledger.KindLicense, "sale"), ledger.FnLicenseSuspend)
	_, err = w.party["buyer"].Submit(t.Context(), place("second"))
	if e := ledger.AsError(err); e == nil || e.Code != ledger.Forbidden || e.Reason != ledger.ReasonSuspended || e.Field != "args.product_id" || e.Rule != "B2" {
		t.Errorf("an order under a suspended license: %v", err)
	}
	var none ledger.Order
	if err := w.party["buyer"].Get(t.Context(), "/v1/orders/"+string(id("second")), &none); !errors.Is(err, ledger.NotFound) {
		t.Errorf("the refused order: %v", err)
	}
	if out, err := w.party["buyer"].Submit(t.Context(), first); err != nil || !out.Repeated {
		t.Errorf("the first order again: %+v, %v", out, err)
	}
}
