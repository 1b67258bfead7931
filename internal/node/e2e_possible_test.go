package node_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// openTo asks what a party may do on a record.
func (w *world) openTo(who string, on ledger.Ref) string {
	w.t.Helper()
	list, err := w.party[who].Possible(w.t.Context(), on)
	w.ok(err)
	var names []string
	for _, o := range list {
		names = append(names, string(o.Function))
	}
	return strings.Join(names, " ")
}

// TestPossible: whoever may read a record is told what he may do on it now; for
// others it is as if it were not there. A regulator's look at what is not public is
// noted, and asking records nothing.
func TestPossible(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	w.sale("sale", "bus", w.upload("operator", data(1000)), ledger.Quota{})
	order, license := ref(ledger.KindOrder, "sale"), ref(ledger.KindLicense, "sale")
	before, err := w.Ledger().Head(t.Context())
	w.ok(err)
	looks := func(at ledger.Ref) int {
		page, err := w.Receipts().Find(t.Context(), receipts.Filter{Subject: at, Kinds: []ledger.ReceiptKind{ledger.ReceiptRead}}, 0, 10)
		w.ok(err)
		return len(page.Items)
	}
	for _, c := range []struct {
		who  string
		on   ledger.Ref
		want string
	}{
		{"operator", order, "order.fulfill"},
		{"buyer", order, "order.fulfill"},
		{"authority", license, "license.suspend license.resume license.terminate"},
		{"operator", license, ""},
		{"regulator", license, "license.suspend license.resume"},
		{"operator", ref(ledger.KindProduct, "sale"), "product.change product.delist"},
		{"buyer", ref(ledger.KindProduct, "sale"), ""},
		{"holder", ref(ledger.KindApplication, "bus"), ""},
		{"regulator", ref(ledger.KindEntry, "bus"), "entry.suspend entry.resume"},
		{"regulator", ref(ledger.KindParty, "buyer"), "party.suspend party.resume"},
		{"authority", ref(ledger.KindEnvironment, "environment"), "environment.set"},
		{"operator", ref(ledger.KindEnvironment, "environment"), ""},
	} {
		if got := w.openTo(c.who, c.on); got != c.want {
			t.Errorf("%s on %s: %q, want %q", c.who, c.on, got, c.want)
		}
	}
	if n := looks(order) + looks(license); n != 0 {
		t.Errorf("looks at one's own and at what is public left %d receipts", n)
	}
	if got := w.openTo("regulator", order); got != "order.block" || looks(order) != 1 {
		t.Errorf("regulator on an order: %q, %d receipts", got, looks(order))
	}
	after, err := w.Ledger().Head(t.Context())
	w.ok(err)
	for b, err := range w.Ledger().Blocks(t.Context(), before.Block) {
		w.ok(err)
		for _, c := range b.Calls {
			signed, err := ledger.ParseCall(c.JWS)
			w.ok(err)
			if fn := signed.Call.Function; b.Number > before.Block && fn != ledger.FnAnchor { // of receipts that were there, or of the regulator's look
				t.Errorf("asking recorded %s", fn)
			}
		}
		if b.Number >= after.Block {
			break
		}
	}
}

// TestPossibleSaysNothingToOthers: what is hidden and what is not there are alike.
func TestPossibleSaysNothingToOthers(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	w.sale("sale", "bus", w.upload("operator", data(1000)), ledger.Quota{})
	path := func(on, id string) string { return "/v1/acts?" + url.Values{"on": {on}, "id": {id}}.Encode() }
	for kind, name := range map[string]string{ledger.KindOrder: "sale", ledger.KindApplication: "bus", ledger.KindEnvironment: "environment"} {
		hidden := w.refused(w.ask(http.MethodGet, "other", path(kind, string(id(name)))), http.StatusNotFound, ledger.ReasonUnknown)
		none := w.refused(w.ask(http.MethodGet, "other", path(kind, string(id("none")))), http.StatusNotFound, ledger.ReasonUnknown)
		if diff := cmp.Diff(none, hidden); diff != "" {
			t.Errorf("%s (-none +hidden):\n%s", kind, diff)
		}
	}
	w.refused(w.ask(http.MethodGet, "", path(ledger.KindOrder, string(id("sale")))), http.StatusUnauthorized, ledger.ReasonAuthorization)
	for _, bad := range []string{path("receipt", "x"), path("", "x"), "/v1/acts?on=order", "/v1/acts?id=x", "/v1/acts"} {
		w.refused(w.ask(http.MethodGet, "buyer", bad), http.StatusUnprocessableEntity, ledger.ReasonField)
	}
}
