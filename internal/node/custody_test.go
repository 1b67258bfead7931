package node_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/auth"
	"github.com/datacadastre/cadastre/internal/custody"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// postAs sends a body with a token of the key, which need not be the key of the world.
func (w *world) postAs(who string, key *ledger.Key, path string, body, into any) int {
	w.t.Helper()
	token, err := auth.New(key, id(who), node.NewID(), nodeOrigin, time.Now(), time.Minute)
	w.ok(err)
	raw, err := json.Marshal(body)
	w.ok(err)
	resp, err := w.send(http.MethodPost, path, bytes.NewReader(raw), "Authorization", "Bearer "+token, "Content-Type", "application/json")
	w.ok(err)
	if answer := w.body(resp); resp.StatusCode < 300 {
		w.ok(json.Unmarshal(answer, into))
	}
	return resp.StatusCode
}

// admitKeeper admits a party with a sign key and an auth key of its own.
func (w *world) admitKeeper() {
	w.t.Helper()
	p := tale.Profile(w.t, w.keys, ledgertest.Someone("keeper", code(23), ledger.Organ, ledger.RoleHolder))
	p.Keys = append(p.Keys, ledger.NewKeyArg{JWK: w.key("keeper auth").Public(), Use: ledger.UseAuth, Custody: ledger.CustodySelf})
	w.call("authority", ref(ledger.KindParty, "keeper"), ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: w.keys.Apply(w.t, "keeper", p)})
	w.speak("keeper", id("keeper"))
}

// entrust has the node store the sign key of the keeper.
func (w *world) entrust() (kept wire.CustodyKey) {
	w.t.Helper()
	old := w.key("keeper").ID()
	if code := w.postAs("keeper", w.key("keeper auth"), "/v1/custody/keys", map[string]ledger.KeyID{"old": old}, &kept); code != http.StatusCreated {
		w.t.Fatalf("custody key: %d, want 201", code)
	}
	w.call("keeper", ledger.KeyRef(old), ledger.FnKeyRotate, ledger.KeyRotateArgs{Old: kept.Old, New: kept.New, Proof: kept.Proof})
	return kept
}

// TestAnActIsRecordedOnce: the same act under the same id gets the first answer, at once
// with others, later, and after its key was revoked; anything else under that id
// is a conflict.
func TestAnActIsRecordedOnce(t *testing.T) {
	w := serve(t, nil)
	w.admitKeeper()
	kept := w.entrust()
	call := node.NewID()
	act := func(fn, body string) (int, ledger.Outcome, wire.Problem) {
		token, err := auth.New(w.key("keeper auth"), id("keeper"), node.NewID(), nodeOrigin, time.Now(), time.Minute)
		w.ok(err)
		resp, err := w.send(http.MethodPost, "/v1/acts/"+fn, strings.NewReader(body),
			"Authorization", "Bearer "+token, "Content-Type", "application/json", "Cadastre-Call", string(call))
		w.ok(err)
		answer := w.body(resp)
		var out ledger.Outcome
		var p wire.Problem
		if resp.StatusCode == http.StatusOK {
			w.ok(json.Unmarshal(answer, &out))
		} else {
			w.ok(json.Unmarshal(answer, &p))
		}
		return resp.StatusCode, out, p
	}
	body := `{"sha256":"` + string(sum("once")) + `","bytes":4}`
	answers := make([]ledger.Outcome, 8)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			code, out, p := act("deposit", body)
			if answers[i] = out; code != http.StatusOK {
				t.Errorf("request %d: %d %v", i, code, p)
			}
		})
	}
	all.Wait()
	first := 0
	for _, out := range answers {
		if !out.Repeated {
			first++
		}
		if out.Repeated = true; out != (ledger.Outcome{Position: out.Position, Time: out.Time, Payload: answers[0].Payload, Event: answers[0].Event, Repeated: true}) {
			t.Errorf("%+v differs from %+v", out, answers[0])
		}
	}
	if first != 1 {
		t.Errorf("%d requests were recorded", first)
	}
	again := `{ "bytes": 4, "sha256": "` + string(sum("once")) + `" }` // the same arguments
	if code, out, p := act("deposit", again); code != http.StatusOK || !out.Repeated || out.Position != answers[0].Position {
		t.Errorf("later: %d %+v %v", code, out, p)
	}
	for fn, other := range map[string]string{
		"deposit":            `{"sha256":"` + string(sum("once")) + `","bytes":5}`,
		"application.submit": "{}",
	} {
		if code, _, p := act(fn, other); code != http.StatusConflict || p.Reason != ledger.ReasonCallUsed || p.Field != "id" {
			t.Errorf("%s %s under the same id: %d %v", fn, other, code, p)
		}
	}
	kid := kept.New.JWK.Thumbprint()
	w.call("authority", ledger.KeyRef(kid), ledger.FnKeyRevoke, ledger.KeyRevokeArgs{Party: id("keeper"), Kid: kid, Reason: "compromised"})
	if code, out, p := act("deposit", body); code != http.StatusOK || !out.Repeated || out.Payload != answers[0].Payload {
		t.Errorf("without the key: %d %+v %v", code, out, p)
	}
}

// TestCustody: a party with an auth key of its own lets the node keep its sign
// key, by rotation, and then acts through a typed endpoint; who keeps its own
// key can't, and the replaced key opens nothing.
func TestCustody(t *testing.T) {
	w := serve(t, nil)
	w.admitKeeper()
	deposit := ledger.DepositArgs{SHA256: sum("kept"), Bytes: 4}
	if code := w.postAs("keeper", w.key("keeper auth"), "/v1/acts/deposit", deposit, nil); code != http.StatusForbidden {
		t.Errorf("a party that keeps its own key has the node sign: %d, want 403", code)
	}
	w.entrust()
	if code := w.postAs("keeper", w.key("keeper"), "/v1/acts/deposit", deposit, nil); code != http.StatusUnauthorized {
		t.Errorf("a token of the key that was replaced: %d, want 401", code)
	}
	var out ledger.Outcome
	if code := w.postAs("keeper", w.key("keeper auth"), "/v1/acts/deposit", deposit, &out); code != http.StatusOK {
		t.Fatalf("deposit signed by the node: %d, want 200", code)
	}
	var written ledger.Deposit
	w.read(ledger.RefTo(ledger.KindDeposit, deposit.SHA256), &written)
	if got := written.Cite.Payload; got != out.Payload {
		t.Errorf("the deposit was written by %s, the answer names %s", got, out.Payload)
	}
	deposit.Bytes = -1
	if code := w.postAs("keeper", w.key("keeper auth"), "/v1/acts/deposit", deposit, nil); code != http.StatusUnprocessableEntity {
		t.Errorf("a negative size: %d, want 422", code)
	}
}

// TestStoredKeysAreBounded: a party that asks for ever more keys is refused with a rule that
// says what to do. A key that has ended on the ledger no longer counts.
func TestStoredKeysAreBounded(t *testing.T) {
	w := serve(t, nil)
	w.admitKeeper()
	kid := w.entrust().New.JWK.Thumbprint()
	ask := func() *http.Response {
		token, err := auth.New(w.key("keeper auth"), id("keeper"), node.NewID(), nodeOrigin, time.Now(), time.Minute)
		w.ok(err)
		resp, err := w.send(http.MethodPost, "/v1/custody/keys", strings.NewReader(`{"old":"`+string(kid)+`"}`),
			"Authorization", "Bearer "+token, "Content-Type", "application/json", "Accept-Language", "en")
		w.ok(err)
		return resp
	}
	for i := range custody.MaxKeys - 1 {
		if resp := ask(); resp.StatusCode != http.StatusCreated {
			t.Fatalf("key %d: %s %s", i+2, resp.Status, w.body(resp))
		} else {
			w.body(resp)
		}
	}
	var p wire.Problem
	w.ok(json.Unmarshal(w.body(ask()), &p))
	if p.Status != http.StatusUnprocessableEntity || p.Rule != "max_stored_keys" || len(p.Errors) != 1 || !strings.Contains(p.Errors[0].Message, "key.rotate") {
		t.Errorf("refused with %+v", p)
	}
	w.call("authority", ledger.KeyRef(kid), ledger.FnKeyRevoke, ledger.KeyRevokeArgs{Party: id("keeper"), Kid: kid, Reason: "compromised"})
	if resp := ask(); resp.StatusCode != http.StatusCreated {
		t.Errorf("after a stored key has ended: %s %s", resp.Status, w.body(resp))
	}
	w.refused(ask(), http.StatusUnprocessableEntity, ledger.ReasonField)
}

// TestStoredKeysAreListedAndDeleted: a party whose answers were lost sees the keys that the
// node stores for it, and deletes those that sign nothing. No one else does.
func TestStoredKeysAreListedAndDeleted(t *testing.T) {
	w := serve(t, nil)
	w.admitKeeper()
	valid := w.entrust().New.JWK.Thumbprint()
	w.keys["keeper"] = w.key("keeper auth")
	w.speak("keeper", id("keeper"))
	var lost wire.CustodyKey
	if code := w.postAs("keeper", w.key("keeper auth"), "/v1/custody/keys", map[string]ledger.KeyID{"old": valid}, &lost); code != http.StatusCreated {
		t.Fatalf("custody key: %d", code)
	}
	list := func() map[ledger.KeyID]bool {
		var page struct{ Items []wire.StoredKey }
		w.ok(w.party["keeper"].Get(t.Context(), "/v1/custody/keys", &page))
		keys := map[ledger.KeyID]bool{}
		for _, k := range page.Items {
			keys[k.Kid] = k.Valid
			if k.Use != ledger.UseSign || k.Created == 0 {
				t.Errorf("listed: %+v", k)
			}
		}
		return keys
	}
	unused := lost.New.JWK.Thumbprint()
	if diff := cmp.Diff(map[ledger.KeyID]bool{valid: true, unused: false}, list()); diff != "" {
		t.Errorf("the keys (-want +got):\n%s", diff)
	}
	remove := func(who string, kid ledger.KeyID) error { return w.party[who].DeleteStoredKey(t.Context(), kid) }
	if err := remove("holder", unused); !errors.Is(err, ledger.NotFound) {
		t.Errorf("by another party: %v", err)
	}
	if e := ledger.AsError(remove("keeper", valid)); e == nil || e.Code != ledger.Conflict || e.Rule != "key_in_use" {
		t.Errorf("a valid key: %v", e)
	}
	w.ok(remove("keeper", unused))
	if err := remove("keeper", unused); !errors.Is(err, ledger.NotFound) {
		t.Errorf("twice: %v", err)
	}
	if diff := cmp.Diff(map[ledger.KeyID]bool{valid: true}, list()); diff != "" {
		t.Errorf("after that (-want +got):\n%s", diff)
	}
	w.refused(w.ask(http.MethodGet, "environment", "/v1/custody/keys"), http.StatusForbidden, ledger.ReasonKeyUse)
	w.refused(w.ask(http.MethodGet, "", "/v1/custody/keys"), http.StatusUnauthorized, ledger.ReasonAuthorization)
}
