package node_test

import (
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// TestWhoeverSeesEverythingLeavesAReceipt: each look of a regulator's at what is
// not public is noted; for others it is as if it were not there.
func TestWhoeverSeesEverythingLeavesAReceipt(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	raw := w.upload("holder", other(data(1000)))
	w.content("raw", "holder", ref(ledger.KindResource, "resource bus"), raw)
	w.sale("sale", "bus", w.upload("operator", data(1000)), ledger.Quota{})
	out, err := w.party["holder"].Call(t.Context(), ledger.FnDeposit, ledger.DepositArgs{SHA256: sum("a deposit"), Bytes: 1})
	w.ok(err)
	call := string(id("holder")) + "/" + string(out.Call)
	until(t, "a checkpoint of the receipts", func() bool {
		return w.ask(http.MethodGet, "", "/log/receipts/tile/0/000.p/1").StatusCode == http.StatusOK
	})
	for path, target := range map[string]ledger.Ref{
		"/v1/calls/" + call:                                        ledger.Ref("call/" + call),
		"/v1/orders/" + string(id("sale")):                         ref(ledger.KindOrder, "sale"),
		"/v1/orders":                                               "order/all",
		"/v1/applications":                                         "application/all",
		"/v1/alarms":                                               "application/overdue",
		"/v1/applications/" + string(id("bus")):                    ref(ledger.KindApplication, "bus"),
		"/v1/entries/" + string(id("bus")):                         ref(ledger.KindEntry, "bus"),
		"/v1/environments/" + string(id("environment")):            ref(ledger.KindEnvironment, "environment"),
		"/v1/resources/" + string(id("resource bus")) + "/content": ref(ledger.KindResource, "resource bus"),
		"/log/receipts/tile/entries/000.p/1":                       "log/" + nodeOrigin + "/log/receipts",
		"/log/ledger/tile/entries/000.p/1":                         "log/" + nodeOrigin + "/log/ledger",
	} {
		resp := w.ask(http.MethodGet, "regulator", path)
		if resp.StatusCode != http.StatusOK {
			b, _ := io.ReadAll(resp.Body)
			t.Errorf("%s: %s %s", path, resp.Status, b)
		}
		page, err := w.Receipts().Find(t.Context(), receipts.Filter{Subject: target, Kinds: []ledger.ReceiptKind{ledger.ReceiptRead}}, 0, 10)
		w.ok(err)
		if len(page.Items) != 1 || page.Items[0].Receipt.Party != id("regulator") {
			t.Errorf("%s left %d receipts of a look at %s", path, len(page.Items), target)
		}
	}
}

// TestWhatIsNotThereAndWhatIsHiddenAreAlike: not even the words of the refusal
// tell a stranger that there is something.
func TestWhatIsNotThereAndWhatIsHiddenAreAlike(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	w.sale("sale", "bus", w.upload("operator", data(1000)), ledger.Quota{})
	for kind, name := range map[string]string{"orders": "sale", "applications": "bus", "entries": "bus", "environments": "environment"} {
		var said [2][]byte
		for i, which := range []string{name, "none"} {
			resp := w.ask(http.MethodGet, "other", "/v1/"+kind+"/"+string(id(which)))
			said[i], _ = io.ReadAll(resp.Body)
			if resp.StatusCode != http.StatusNotFound {
				t.Errorf("%s %s: %s", kind, which, resp.Status)
			}
		}
		if !slices.Equal(said[0], said[1]) {
			t.Errorf("%s: hidden %s\nnone %s", kind, said[0], said[1])
		}
	}
}

// TestOnlyTheLicensedSeeWhatCanBeSupplied: names and hashes of a holder's raw
// files are not for every operator.
func TestOnlyTheLicensedSeeWhatCanBeSupplied(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	w.content("raw", "holder", ref(ledger.KindResource, "resource bus"), w.upload("holder", other(data(1000))))
	w.license("sale", "operator", "bus")
	for who, want := range map[string]int{
		"holder": http.StatusOK, "operator": http.StatusOK, "regulator": http.StatusOK, "seller": http.StatusNotFound, "buyer": http.StatusNotFound,
	} {
		if resp := w.ask(http.MethodGet, who, "/v1/resources/"+string(id("resource bus"))+"/content"); resp.StatusCode != want {
			t.Errorf("%s: %s, want %d", who, resp.Status, want)
		}
	}
}

// TestAnEnvironmentSeesOnlyWhatIsSuppliedToIt: its key does not read its operator's records.
func TestAnEnvironmentSeesOnlyWhatIsSuppliedToIt(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	raw := w.upload("holder", other(data(1000)))
	w.content("raw", "holder", ref(ledger.KindResource, "resource bus"), raw)
	w.sale("sale", "bus", w.upload("operator", data(1000)), ledger.Quota{})
	for path, want := range map[string]int{
		"/v1/orders":                                               http.StatusForbidden,
		"/v1/orders/" + string(id("sale")):                         http.StatusForbidden,
		"/v1/trace?order=" + string(id("sale")):                    http.StatusForbidden,
		"/v1/resources/" + string(id("resource bus")) + "/content": http.StatusOK,
		supplyPath("sale", "bus", raw.Object):                      http.StatusOK,
	} {
		if resp := w.ask(http.MethodGet, "environment", path); resp.StatusCode != want {
			t.Errorf("%s: %s, want %d", path, resp.Status, want)
		}
	}
}
