package node_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/auth"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/web"
	"github.com/datacadastre/cadastre/ledger"
)

// post sends a body with a fresh token of the key.
func (s *story) post(who string, key *ledger.Key, path string, body, into any) int {
	s.t.Helper()
	token, err := auth.New(key, id(who), node.NewID(), "node.example", now(), time.Minute)
	s.ok(err)
	raw, err := json.Marshal(body)
	s.ok(err)
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, path, bytes.NewReader(raw))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	web.New(s.Services()).ServeHTTP(w, r)
	if w.Code < 300 {
		s.ok(json.Unmarshal(w.Body.Bytes(), into))
	}
	return w.Code
}

// TestCustody: a party with an auth key of its own lets the node keep its sign
// key, by rotation, and then acts through a typed endpoint; who keeps its own
// key can't, and the replaced key opens nothing.
func TestCustody(t *testing.T) {
	s := open(t)
	p := cast()["holder"]
	p.ID, p.USCC = id("keeper"), uscc(8)
	p.Keys = []ledger.NewKeyArg{
		{JWK: s.key("keeper").Public(), Use: ledger.UseSign, Custody: ledger.CustodySelf},
		{JWK: s.key("keeper auth").Public(), Use: ledger.UseAuth, Custody: ledger.CustodySelf},
	}
	jws, err := ledger.SignProfile(s.key("keeper"), p)
	s.ok(err)
	s.must("authority", ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: jws})

	deposit := ledger.DepositArgs{SHA256: sum("kept"), Bytes: 4}
	if code := s.post("keeper", s.key("keeper auth"), "/v1/acts/deposit", deposit, nil); code != http.StatusForbidden {
		t.Errorf("a party that keeps its own key has the node sign: %d, want 403", code)
	}
	var kept wire.CustodyKey
	old := s.key("keeper").ID()
	if code := s.post("keeper", s.key("keeper auth"), "/v1/custody/keys", map[string]ledger.KeyID{"old": old}, &kept); code != http.StatusCreated {
		t.Fatalf("custody key: %d, want 201", code)
	}
	s.must("keeper", ledger.FnKeyRotate, ledger.KeyRotateArgs{Old: kept.Old, New: kept.New, Proof: kept.Proof})
	if code := s.post("keeper", s.key("keeper"), "/v1/acts/deposit", deposit, nil); code != http.StatusUnauthorized {
		t.Errorf("a token of the key that was replaced: %d, want 401", code)
	}
	var out ledger.Outcome
	if code := s.post("keeper", s.key("keeper auth"), "/v1/acts/deposit", deposit, &out); code != http.StatusOK {
		t.Fatalf("deposit signed by the node: %d, want 200", code)
	}
	if got := s.last(ledger.RefTo(ledger.KindDeposit, deposit.SHA256)); got != out.Payload {
		t.Errorf("the deposit was written by %s, the answer names %s", got, out.Payload)
	}
	deposit.Bytes = -1
	if code := s.post("keeper", s.key("keeper auth"), "/v1/acts/deposit", deposit, nil); code != http.StatusUnprocessableEntity {
		t.Errorf("a negative size: %d, want 422", code)
	}
}
