package node_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

// TestASuspendedPartyReadsItsOwn: a suspended party reads the records that name it or
// concern its resources, and what everyone may read. Its roles open nothing, and it does
// nothing.
func TestASuspendedPartyReadsItsOwn(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	w.register("well", "other")
	raw, made := w.upload("holder", data(100)), w.upload("operator", data(200))
	w.content("raw", "holder", ref(ledger.KindResource, "resource bus"), raw)
	w.sale("sale", "bus", made, ledger.Quota{})
	w.saleOf("operator", "rival", "other sale", "bus", made, ledger.Quota{})
	delivery, supply := orderPath("sale", made.Object), supplyPath("sale", "bus", raw.Object)
	for path, who := range map[string]string{delivery: "buyer", supply: "environment"} {
		if resp := w.ask(http.MethodGet, who, path); resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", path, resp.Status)
		} else {
			w.body(resp)
		}
	}
	of := func(kind, name string) string { return "/v1/" + kind + "s/" + string(id(name)) }
	contentOf := "/v1/resources/" + string(id("resource bus")) + "/content"
	for _, c := range []struct {
		who, path string
		before    int
		suspended int
	}{
		{"buyer", of("order", "sale"), 200, 200},
		{"buyer", "/v1/orders", 200, 200},
		{"buyer", "/v1/trace?order=" + string(id("sale")), 200, 200},
		{"buyer", "/v1/evidence?order=" + string(id("sale")), 200, 200},
		{"buyer", of("order", "other sale"), 404, 404},
		{"buyer", of("product", "sale"), 200, 200},
		{"buyer", delivery, 200, 403},
		{"holder", of("application", "bus"), 200, 200},
		{"holder", of("application", "well"), 404, 404},
		{"holder", contentOf, 200, 200},
		{"operator", of("order", "sale"), 200, 200},
		{"operator", of("entrie", "bus"), 200, 404},
		{"operator", contentOf, 200, 404},
		{"environment", contentOf, 200, 404},
		{"environment", supply, 200, 403},
		{"regulator", of("order", "sale"), 200, 404},
		{"regulator", "/v1/orders", 200, 200},
		{"regulator", "/v1/evidence?order=" + string(id("sale")), 200, 404},
		{"regulator", "/log/ledger/tile/entries/000.p/1", 200, 403},
		{"regulator", "/v1/alarms", 200, 403},
		{"regulator", "/v1/licenses/explain?party=" + string(id("operator")) + "&resource=" + string(id("resource bus")), 200, 403},
	} {
		t.Run(c.who+" "+c.path, func(t *testing.T) {
			party := ref(ledger.KindParty, c.who)
			if c.who == "environment" {
				party = ref(ledger.KindParty, "operator")
			}
			status := func() int {
				resp := w.ask(http.MethodGet, c.who, c.path)
				w.body(resp)
				return resp.StatusCode
			}
			if got := status(); got != c.before {
				t.Errorf("before: %d, want %d", got, c.before)
			}
			w.act("authority", party, ledger.FnPartySuspend)
			defer w.act("authority", party, ledger.FnPartyResume)
			if got := status(); got != c.suspended {
				t.Errorf("while it is suspended: %d, want %d", got, c.suspended)
			}
		})
	}
	w.act("authority", ref(ledger.KindParty, "operator"), ledger.FnPartySuspend)
	w.act("authority", ref(ledger.KindParty, "regulator"), ledger.FnPartySuspend)
	if list := string(w.body(w.ask(http.MethodGet, "regulator", "/v1/orders"))); strings.Contains(list, string(id("sale"))) {
		t.Errorf("a suspended regulator lists %s", list)
	}
	if open, err := w.party["operator"].Possible(t.Context(), ref(ledger.KindProduct, "sale")); err != nil || len(open) != 0 {
		t.Errorf("a suspended operator may do %v, %v", open, err)
	}
	deposit := ledger.DepositArgs{SHA256: sum("x"), Bytes: 1}
	for name, err := range map[string]error{
		"a call":  w.try("operator", "deposit/x", ledger.FnDeposit, deposit),
		"a check": w.party["operator"].Check(t.Context(), ledger.FnDeposit, deposit),
	} {
		if e := ledger.AsError(err); e == nil || e.Reason != ledger.ReasonPartySuspended {
			t.Errorf("%s by a suspended party: %v", name, err)
		}
	}
	for path, body := range map[string]string{"/v1/uploads": "x", "/v1/custody/keys": `{"old":"` + string(w.key("operator").ID()) + `"}`, "/v1/acts/deposit": `{"sha256":"` + string(sum("x")) + `","bytes":1}`} {
		resp, err := w.send(http.MethodPost, path, strings.NewReader(body), "Authorization", "Bearer "+w.token("operator"), "Content-Type", "application/json")
		w.ok(err)
		w.refused(resp, http.StatusForbidden, ledger.ReasonPartySuspended)
	}
	if err := w.party["regulator"].Cosign(t.Context(), "x", nil); !errors.Is(err, ledger.Forbidden) && !errors.Is(err, ledger.InvalidCode) {
		t.Errorf("a cosignature of a suspended regulator: %v", err)
	}
}
