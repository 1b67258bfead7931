package node_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

// check asks whether an act would be refused, with a token.
func (w *world) check(token string, fn ledger.Function, args any) *http.Response {
	w.t.Helper()
	body, err := json.Marshal(args)
	w.ok(err)
	headers := []string{"Content-Type", "application/json"}
	if token != "" {
		headers = append(headers, "Authorization", "Bearer "+token)
	}
	resp, err := w.send(http.MethodPost, "/v1/acts/"+string(fn)+"/check", bytes.NewReader(body), headers...)
	w.ok(err)
	w.t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func (w *world) allowed(resp *http.Response) {
	w.t.Helper()
	body, err := io.ReadAll(resp.Body)
	w.ok(err)
	if resp.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(`"allowed":true`)) {
		w.t.Errorf("%s: %d %s", resp.Request.URL.Path, resp.StatusCode, body)
	}
}

// TestCheckAsksWithoutDoing: an act is checked as it would be recorded, by a token
// that is not used up, and nothing is recorded.
func TestCheckAsksWithoutDoing(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	w.offer("L", "operator", "bus")
	license := ref(ledger.KindLicense, "L")
	accept := ledger.AnswerArgs{ID: id("L"), Answers: w.last[license]}
	token := w.token("operator")
	before, err := w.Ledger().Head(t.Context())
	w.ok(err)

	for range 2 {
		w.allowed(w.check(token, ledger.FnLicenseAccept, accept))
	}
	w.refused(w.check("", ledger.FnLicenseAccept, accept), http.StatusUnauthorized, ledger.ReasonAuthorization)
	w.refused(w.check(w.token("buyer"), ledger.FnLicenseAccept, accept), http.StatusForbidden, ledger.ReasonRole)
	w.refused(w.check(w.token("seller"), ledger.FnLicenseAccept, accept), http.StatusForbidden, ledger.ReasonNotYours)
	w.refused(w.check(w.token("environment"), ledger.FnLicenseAccept, accept), http.StatusForbidden, ledger.ReasonKeyUse)
	w.refused(w.check(token, ledger.FnGenesis, accept), http.StatusNotFound, ledger.ReasonUnknown)
	w.refused(w.check(token, "license.nothing", accept), http.StatusNotFound, ledger.ReasonUnknown)
	stale := accept
	stale.Answers = sum("another offer")
	if p := w.refused(w.check(token, ledger.FnLicenseAccept, stale), http.StatusConflict, ledger.ReasonStale); p.Field != "answers" {
		t.Errorf("the problem is at %q, want answers", p.Field)
	}
	w.refused(w.check(token, ledger.FnLicenseAccept, map[string]any{"id": id("L"), "more": 1}), http.StatusUnprocessableEntity, ledger.ReasonField)

	after, err := w.Ledger().Head(t.Context())
	w.ok(err)
	if before != after {
		t.Errorf("asking recorded something: head %+v, then %+v", before, after)
	}
	w.answer("operator", license, ledger.FnLicenseAccept)
	accept.Answers = w.last[license]
	w.refused(w.check(token, ledger.FnLicenseAccept, accept), http.StatusConflict, ledger.ReasonState)
}

// TestCheckAsksTheMarket: an order is checked as the licenses decide it, too.
func TestCheckAsksTheMarket(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	w.sale("sale", "bus", w.upload("operator", data(1000)), ledger.Quota{})
	order := tale.Order("second", "sale", w.last[ref(ledger.KindProduct, "sale")], emergency)
	w.allowed(w.check(w.token("buyer"), ledger.FnOrderPlace, order))
	w.act("authority", ref(ledger.KindLicense, "sale"), ledger.FnLicenseSuspend)
	w.refused(w.check(w.token("buyer"), ledger.FnOrderPlace, order), http.StatusForbidden, ledger.ReasonSuspended)
}

// TestCheckIsAsStrictAsTheCall: what a call would be refused for before the contract
// is asked, a check is refused for too; and a regulator's look by it is noted.
func TestCheckIsAsStrictAsTheCall(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	w.sale("sale", "bus", w.upload("operator", data(1000)), ledger.Quota{})
	large := map[string]any{"sha256": sum("x"), "bytes": 1, "more": string(bytes.Repeat([]byte("a"), ledger.MaxCall))}
	w.refused(w.check(w.token("holder"), ledger.FnDeposit, large), http.StatusRequestEntityTooLarge, ledger.ReasonTooLarge)

	order := ref(ledger.KindOrder, "sale")
	looks := func() int64 { return w.Receipts().Size() }
	before := looks()
	w.allowed(w.check(w.token("regulator"), ledger.FnOrderBlock, ledger.TargetArgs{ID: id("sale"), Answers: w.last[order], Ground: "unlawful"}))
	if looks() != before+1 {
		t.Errorf("a regulator's check of an order left %d receipts, want 1", looks()-before)
	}
	w.allowed(w.check(w.token("buyer"), ledger.FnOrderFulfill, ledger.TargetArgs{ID: id("sale"), Answers: w.last[order], Ground: "delivered"}))
	if looks() != before+1 {
		t.Error("a party's check of its own order left a receipt")
	}
}
