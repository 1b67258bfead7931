package node_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/ledger"
)

// TestAnOrderShowsItsUse: buyer, operator and regulator read what the asked node has
// delivered under an order, and what is left; nobody else does.
func TestAnOrderShowsItsUse(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	file := data(1000)
	made := w.upload("operator", file)
	w.sale("sale", "bus", made, ledger.Quota{Uses: 3, Bytes: 2500})
	w.sale("open", "bus", made, ledger.Quota{})
	shows := func(name string, want wire.OrderUse) {
		t.Helper()
		want.Node = made.Node
		for _, who := range []string{"buyer", "operator", "regulator"} {
			var got wire.OrderAnswer
			w.ok(w.party[who].Get(t.Context(), "/v1/orders/"+string(id(name)), &got))
			if diff := cmp.Diff(want, got.Use); diff != "" || got.ID != id(name) {
				t.Errorf("%s to %s (-want +got):\n%s", name, who, diff)
			}
		}
	}
	of := func(limit, used, left int64) wire.LimitUse {
		return wire.LimitUse{Limit: limit, Used: used, Left: new(left)}
	}
	shows("sale", wire.OrderUse{Uses: of(3, 0, 3), Bytes: of(2500, 0, 2500)})
	w.gets("buyer", orderPath("sale", made.Object), file, made.Node)
	w.gets("buyer", orderPath("open", made.Object), file, made.Node)
	shows("sale", wire.OrderUse{Uses: of(3, 1, 2), Bytes: of(2500, 1000, 1500)})
	shows("open", wire.OrderUse{Uses: wire.LimitUse{Used: 1}, Bytes: wire.LimitUse{Used: 1000}})
	w.gets("buyer", orderPath("sale", made.Object), file, made.Node)
	if resp := w.ask(http.MethodGet, "buyer", orderPath("sale", made.Object)); resp.StatusCode < http.StatusBadRequest {
		t.Errorf("more bytes than are left: %s", resp.Status)
	}
	shows("sale", wire.OrderUse{Uses: of(3, 2, 1), Bytes: of(2500, 2000, 500)})
	if err := w.party["holder"].Get(t.Context(), "/v1/orders/"+string(id("sale")), nil); !errors.Is(err, ledger.NotFound) {
		t.Errorf("to a stranger: %v", err)
	}
}
