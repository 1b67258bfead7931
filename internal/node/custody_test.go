package node_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/auth"
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

// TestCustody: a party with an auth key of its own lets the node keep its sign
// key, by rotation, and then acts through a typed endpoint; who keeps its own
// key can't, and the replaced key opens nothing.
func TestCustody(t *testing.T) {
	w := serve(t, nil)
	p := tale.Profile(t, w.keys, ledgertest.Someone("keeper", code(23), ledger.Organ, ledger.RoleHolder))
	p.Keys = append(p.Keys, ledger.NewKeyArg{JWK: w.key("keeper auth").Public(), Use: ledger.UseAuth, Custody: ledger.CustodySelf})
	w.call("authority", ref(ledger.KindParty, "keeper"), ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: w.keys.Apply(t, "keeper", p)})

	deposit := ledger.DepositArgs{SHA256: sum("kept"), Bytes: 4}
	if code := w.postAs("keeper", w.key("keeper auth"), "/v1/acts/deposit", deposit, nil); code != http.StatusForbidden {
		t.Errorf("a party that keeps its own key has the node sign: %d, want 403", code)
	}
	var kept wire.CustodyKey
	old := w.key("keeper").ID()
	if code := w.postAs("keeper", w.key("keeper auth"), "/v1/custody/keys", map[string]ledger.KeyID{"old": old}, &kept); code != http.StatusCreated {
		t.Fatalf("custody key: %d, want 201", code)
	}
	w.speak("keeper", id("keeper"))
	w.call("keeper", ledger.KeyRef(old), ledger.FnKeyRotate, ledger.KeyRotateArgs{Old: kept.Old, New: kept.New, Proof: kept.Proof})
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
