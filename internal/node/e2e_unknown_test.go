package node_test

import (
	"net/http"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

// TestListsOfUnknownIDs: a list by an id that does not exist, or that its reader may not
// know, is not an empty list; one by an id that exists is.
func TestListsOfUnknownIDs(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	w.register("well", "other")
	up := w.upload("operator", data(100))
	w.sale("sale", "bus", up, ledger.Quota{})
	w.license("unused", "seller", "bus")
	w.list("bare", "seller", "unused", "bus")
	w.call("holder", ledger.RefTo(ledger.KindDeposit, sum("deposit pond")), ledger.FnDeposit, ledger.DepositArgs{SHA256: sum("deposit pond"), Bytes: 1})
	w.call("holder", ref(ledger.KindApplication, "pond"), ledger.FnAppSubmit, application("pond", "holder")) // not public yet
	of := func(name string) string { return string(id(name)) }
	for _, c := range []struct {
		who, list, filter string
		empty, full       string // ids that exist, without and with items
		field             string
	}{
		{"", "/v1/resources?holder=", "", of("buyer"), of("holder"), "query.holder"},
		{"", "/v1/resources?q=bus&holder=", "", of("buyer"), "", "query.holder"},
		{"", "/v1/products?operator=", "", of("buyer"), of("operator"), "query.operator"},
		{"", "/v1/products?license=", "", "", of("sale"), "query.license"},
		{"", "/v1/licenses?assignee=", "", of("buyer"), of("operator"), "query.assignee"},
		{"", "/v1/licenses?assigner=", "", of("buyer"), of("authority"), "query.assigner"},
		{"", "/v1/licenses?resource=", "", of("resource well"), of("resource bus"), "query.resource"},
		{"", "/v1/products/", "/content", of("bare"), of("sale"), ""}, // as /v1/products/{id}
		{"holder", "/v1/resources/", "/content", of("resource bus"), "", "id"},
		{"regulator", "/v1/resources/", "/content", of("resource bus"), "", "id"},
		{"buyer", "/v1/orders?product=", "", of("bare"), of("sale"), "query.product"},
		{"rival", "/v1/orders?product=", "", of("sale"), "", "query.product"}, // another's order
		{"regulator", "/v1/orders?product=", "", of("bare"), of("sale"), "query.product"},
	} {
		for name, is := range map[string]string{"empty": c.empty, "full": c.full} {
			if is == "" {
				continue
			}
			if resp := w.ask(http.MethodGet, c.who, c.list+is+c.filter); resp.StatusCode != http.StatusOK {
				t.Errorf("%s%s, %s: %s", c.list, is, name, resp.Status)
			}
		}
		p := w.refused(w.ask(http.MethodGet, c.who, c.list+of("nobody")+c.filter), http.StatusNotFound, ledger.ReasonUnknown)
		if p.Field != c.field {
			t.Errorf("%s by an unknown id is refused at %q, want %q", c.list, p.Field, c.field)
		}
	}
	hidden := w.refused(w.ask(http.MethodGet, "", "/v1/licenses?resource="+of("resource pond")), http.StatusNotFound, ledger.ReasonUnknown)
	missing := w.refused(w.ask(http.MethodGet, "", "/v1/licenses?resource="+of("nobody")), http.StatusNotFound, ledger.ReasonUnknown)
	if hidden != missing {
		t.Errorf("a resource that is not public is answered by %+v, an unknown one by %+v", hidden, missing)
	}
}
