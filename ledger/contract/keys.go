package contract

import (
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// rotateKey puts a new key for one of the caller's own: the old (or another
// sign key) signs the call, the new one proves possession.
func rotateKey(t *tx, a ledger.KeyRotateArgs) error {
	return t.exchange(t.caller, a.Old, a.New, a.Proof)
}

// replaceKey puts a new key for a lost one: the data authority does it for
// others, the recovery key for the authority itself (protocol §6).
func replaceKey(t *tx, a ledger.KeyReplaceArgs) error {
	if (a.Party == t.genesis.Authority) != t.recovery {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonKeyUse).At("party").By("protocol §6")
	}
	p, err := load[ledger.Party](t, ledger.RefTo(ledger.KindParty, a.Party), "party")
	if err != nil {
		return err
	}
	return t.exchange(p, a.Old, a.New, a.Proof)
}

// exchange ends the old key and begins the new one at this moment.
func (t *tx) exchange(p ledger.Party, old ledger.KeyID, fresh ledger.NewKeyArg, proof string) error {
	i := slices.IndexFunc(p.Keys, func(k ledger.KeyRecord) bool { return k.Kid == old })
	if i < 0 {
		return ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("old")
	}
	if !p.Keys[i].Valid(t.now()) && !t.replacing() {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonKeyEnded).At("old")
	}
	if fresh.Use != p.Keys[i].Use {
		return ledger.Invalid("new.use", "same_as_old")
	}
	want := ledger.RotationProof{Ledger: t.genesis.Ledger, Party: p.ID, Old: old}
	if err := ledger.CheckRotation(t.algs, proof, fresh.JWK, want); err != nil {
		return err
	}
	kid := fresh.JWK.Thumbprint()
	if err := t.freshKey(kid, "new.jwk"); err != nil {
		return err
	}
	if len(p.Keys) >= maxKeys {
		return ledger.Invalid("new", "max_keys")
	}
	p.Keys = slices.Clone(p.Keys)
	if p.Keys[i].Until == 0 {
		p.Keys[i].Until = t.now()
	}
	p.Keys = append(p.Keys, ledger.KeyRecord{Kid: kid, JWK: fresh.JWK, Use: fresh.Use, Custody: fresh.Custody, From: t.now()})
	p.Cite = t.cite()
	if err := t.custodyAllowed(p, fresh); err != nil {
		return err
	}
	if err := t.set(ledger.KeyKey(kid), KeyIndex{Party: p.ID, JWK: fresh.JWK}); err != nil {
		return err
	}
	return t.put(ledger.RefTo(ledger.KindParty, p.ID), p)
}

// maxKeys bounds a party's record: all its keys, ended ones too.
const maxKeys = 64

func (t *tx) replacing() bool { return t.v.Call.Function == ledger.FnKeyReplace }

func (t *tx) custodyAllowed(p ledger.Party, k ledger.NewKeyArg) error {
	own := p.Has(ledger.RoleRegistryBody, ledger.RoleDataAuthority, ledger.RoleImplementer)
	if own && !t.genesis.Demo && k.Use == ledger.UseSign && k.Custody == ledger.CustodyNode {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonCustody).At("new.custody").By("protocol §3")
	}
	return nil
}

// revokeKey ends a key at once. A party ends its own, but never its last sign
// key; the data authority ends anyone's but its own last.
func revokeKey(t *tx, a ledger.KeyRevokeArgs) error {
	if a.Party != t.me() && t.me() != t.genesis.Authority {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At("party")
	}
	ref := ledger.RefTo(ledger.KindParty, a.Party)
	p, err := load[ledger.Party](t, ref, "party")
	if err != nil {
		return err
	}
	i := slices.IndexFunc(p.Keys, func(k ledger.KeyRecord) bool { return k.Kid == a.Kid })
	if i < 0 {
		return ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("kid")
	}
	if !p.Keys[i].Valid(t.now()) {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonKeyEnded).At("kid")
	}
	p.Keys = slices.Clone(p.Keys)
	p.Keys[i].Until = t.now()
	left := slices.ContainsFunc(p.Keys, func(k ledger.KeyRecord) bool { return k.Use == ledger.UseSign && k.Valid(t.now()) })
	if !left && a.Party == t.me() {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonKeyUse).At("kid").By("last_sign_key")
	}
	p.Cite = t.cite()
	return t.put(ref, p)
}
