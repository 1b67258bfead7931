package contract

import "github.com/datacadastre/cadastre/ledger"

// setEnvironment puts an operator's controlled environment on record, or a new
// key for it (O15; protocol §8). It proves who holds the key, and nothing of
// what happens inside.
func setEnvironment(t *tx, a ledger.EnvironmentArgs) error {
	if e := ledger.CheckRecipient(a.Region); e != nil {
		return e.At("region")
	}
	if err := t.activeOperator(a.Operator, "operator"); err != nil {
		return err
	}
	want := ledger.EnvironmentProof{Ledger: t.genesis.Ledger, ID: a.ID, Operator: a.Operator}
	if err := ledger.CheckEnvironment(t.algs, a.Proof, a.Key, want); err != nil {
		return err
	}
	ref := ledger.RefTo(ledger.KindEnvironment, a.ID)
	kid := a.Key.Thumbprint()
	old, ok, err := read[ledger.Environment](t.state, ledger.RecordKey(ref))
	if err != nil {
		return err
	}
	if ok {
		if err := t.mayReset(old, a); err != nil {
			return err
		}
	}
	if old.Kid != kid {
		if err := t.moveEnvironmentKey(a.ID, old.Kid, kid); err != nil {
			return err
		}
	}
	t.link(ref, "operator", ledger.RefTo(ledger.KindParty, a.Operator))
	return t.put(ref, ledger.Environment{
		ID: a.ID, Operator: a.Operator, Region: a.Region, Attestation: a.Attestation,
		Key: a.Key, Kid: kid, SetBy: t.me(), Cite: t.cite(),
	})
}

// mayReset keeps an environment with its operator and with the implementer that
// attested it: the proof is made with the new key, so it shows nobody's consent
// but that key's.
func (t *tx) mayReset(old ledger.Environment, a ledger.EnvironmentArgs) error {
	if old.Operator != a.Operator {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonExists).At("id")
	}
	return t.mine(old, "id")
}

// moveEnvironmentKey makes the environment be found by its new key only.
func (t *tx) moveEnvironmentKey(id ledger.ID, old, kid ledger.KeyID) error {
	if err := t.freshKey(kid, "key"); err != nil {
		return err
	}
	if old != "" {
		t.drop(ledger.EnvironmentKey(old))
	}
	return t.set(ledger.EnvironmentKey(kid), id)
}
