package contract

import "github.com/datacadastre/cadastre/ledger"

// setEnvironment records an operator's controlled environment, or a new key for it
// (O15). The proof shows who has the key, and nothing about what
// happens inside the environment.
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
		if err := t.checkReset(old, a); err != nil {
			return err
		}
	}
	if old.Kid != kid {
		if err := t.moveEnvironmentKey(a.ID, old.Kid, kid); err != nil {
			return err
		}
	}
	t.link(ref, "operator", ledger.RefTo(ledger.KindParty, a.Operator))
	return t.putRecord(ref, ledger.Environment{
		ID: a.ID, Operator: a.Operator, Region: a.Region, Attestation: a.Attestation,
		Key: a.Key, Kid: kid, SetBy: t.me(), Cite: t.cite(),
	})
}

// checkReset refuses a change of an environment's operator, or by an implementer
// other than the one that attested it. The proof is made with the new key only, so
// it does not show that the earlier operator or implementer agrees.
func (t *tx) checkReset(old ledger.Environment, a ledger.EnvironmentArgs) error {
	if old.Operator != a.Operator {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonExists).At("id")
	}
	return t.checkActor(old, "id")
}

// moveEnvironmentKey replaces the index from the old key to the environment by one
// from the new key.
func (t *tx) moveEnvironmentKey(id ledger.ID, old, kid ledger.KeyID) error {
	if err := t.checkNewKey(kid, "key"); err != nil {
		return err
	}
	if old != "" {
		t.dropIndex(ledger.EnvironmentKey(old))
	}
	return t.setIndex(ledger.EnvironmentKey(kid), id)
}
