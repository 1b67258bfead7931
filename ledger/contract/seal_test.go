package contract_test

import (
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// TestCheckCallIsTheFrame: CheckCall refuses what the frame refuses of every call, and asks
// no rule.
func TestCheckCallIsTheFrame(t *testing.T) {
	m := newMarket(t)
	env := contract.Env{Time: m.now, Rules: contract.Rules}
	admit := func(v contract.Verified) error { return contract.CheckCall(env, ledger.Standard(), m.state, v) }
	offer := m.signed("implementer", ledger.FnLicenseOffer, offerArgs("L"))
	expect(t, admit(offer), refusal{})
	expect(t, admit(m.signed("operator", ledger.FnLicenseOffer, offerArgs("L"))), refusal{ledger.Forbidden, ledger.ReasonRole, "function"})
	bad := offerArgs("L")
	bad.EndOn = "2099-01-01" // for the rule to refuse
	expect(t, admit(m.signed("implementer", ledger.FnLicenseOffer, bad)), refusal{})
	late := env
	late.Time = offer.Call.Expires
	expect(t, contract.CheckCall(late, ledger.Standard(), m.state, offer), refusal{ledger.InvalidCode, ledger.ReasonExpired, "expires"})
	if r := m.apply(offer)[0]; r.Err != nil {
		t.Fatal(r.Err)
	}
	expect(t, admit(offer), refusal{ledger.Conflict, ledger.ReasonCallUsed, "id"})
}

func TestCustodyOf(t *testing.T) {
	m := newMarket(t)
	v := m.signed("operator", ledger.FnLicenseAccept, ledger.AnswerArgs{ID: mID("L"), Answers: mHash("x")})
	key := ledger.KeyRef(v.JWS.Header.Kid)
	k := get[ledger.KeyRecord](m, key)
	for _, want := range []ledger.Custody{ledger.CustodyNode, ledger.CustodySelf} {
		k.Custody = want
		m.seed(key, k)
		if got, err := contract.CustodyOf(m.state, v.Signed); err != nil || got != want {
			t.Errorf("%s (%v), want %s", got, err, want)
		}
	}
	delete(m.state, string(key))
	if got, err := contract.CustodyOf(m.state, v.Signed); err == nil {
		t.Errorf("%s of a key that is not on record", got)
	}
}

func TestKnowsRules(t *testing.T) {
	for version, want := range map[int]bool{0: false, contract.Rules: true, contract.Rules + 1: false} {
		if contract.KnowsRules(version) != want {
			t.Errorf("version %d", version)
		}
	}
}
