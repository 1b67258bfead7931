package contract

import (
	"slices"
	"strconv"

	"github.com/datacadastre/cadastre/ledger"
)

// addKey gives the caller another key, which proves possession. The node signs with the
// keys that it stores, so such a key may only add another that the node stores.
func addKey(t *tx, a ledger.KeyAddArgs) error {
	if t.kid() != "" && a.New.Custody != ledger.CustodyNode {
		k, err := t.keyOf(t.me(), t.kid(), "new")
		if err != nil {
			return err
		}
		if k.Custody == ledger.CustodyNode {
			return ledger.Refuse(ledger.Forbidden, ledger.ReasonCustody).At("header.kid")
		}
	}
	if a.New.Use == ledger.UseSign {
		if err := t.indexSign(t.me(), "", a.New.JWK.Thumbprint()); err != nil {
			return err
		}
	}
	return t.beginKey(t.caller, "", a.New, a.Proof)
}

// rotateKey replaces one of the caller's own keys. The old key or another sign key
// signs the call, and the new key proves possession.
func rotateKey(t *tx, a ledger.KeyRotateArgs) error {
	return t.exchange(t.caller, a.Old, a.New, a.Proof)
}

// replaceKey replaces a lost key. The data authority does this for other parties,
// and the recovery key for the authority itself.
func replaceKey(t *tx, a ledger.KeyReplaceArgs) error {
	if (a.Party == t.genesis.Authority) != t.recovery {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonKeyUse).At("party")
	}
	p, err := load[ledger.Party](t, ledger.RefTo(ledger.KindParty, a.Party), "party")
	if err != nil {
		return err
	}
	return t.exchange(p, a.Old, a.New, a.Proof)
}

// exchange ends the validity of the old key and starts that of the new one now.
func (t *tx) exchange(p ledger.Party, old ledger.KeyID, newKey ledger.NewKeyArg, proof string) error {
	k, err := t.keyOf(p.ID, old, "old")
	if err != nil {
		return err
	}
	if !k.Valid(t.now()) && !t.isKeyReplace() {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonKeyEnded).At("old")
	}
	if newKey.Use != k.Use {
		return ledger.Invalid("new.use", "same_as_old")
	}
	if newKey.Use == ledger.UseSign {
		if err := t.indexSign(p.ID, old, newKey.JWK.Thumbprint()); err != nil {
			return err
		}
	}
	if k.Until == 0 {
		k.Until = t.now()
		if err := t.putKey(k); err != nil {
			return err
		}
	}
	return t.beginKey(p, old, newKey, proof)
}

// beginKey starts the validity of a party's new key, whose proof names the key that it
// replaces, if any.
func (t *tx) beginKey(p ledger.Party, old ledger.KeyID, newKey ledger.NewKeyArg, proof string) error {
	want := ledger.RotationProof{Ledger: t.genesis.Ledger, Party: p.ID, Old: old}
	if err := ledger.CheckRotation(t.algs, proof, newKey.JWK, want); err != nil {
		return err
	}
	if err := t.checkNewKey(newKey.JWK.Thumbprint(), "new.jwk"); err != nil {
		return err
	}
	if err := t.checkCustody(p, newKey); err != nil {
		return err
	}
	return t.putKey(ledger.KeyRecord{Party: p.ID, JWK: newKey.JWK, Use: newKey.Use, Custody: newKey.Custody, From: t.now()})
}

// indexSign removes the old key from the index of the party's valid sign keys, if
// it is there, and adds the new one.
func (t *tx) indexSign(party ledger.ID, old, newKey ledger.KeyID) error {
	kids, err := t.signKeys(party)
	if err != nil {
		return err
	}
	kids = append(slices.DeleteFunc(kids, func(kid ledger.KeyID) bool { return kid == old }), newKey)
	if len(kids) > maxKeys {
		return ledger.Invalid("new", "max_keys").With("limit", strconv.Itoa(maxKeys))
	}
	return t.setIndex(ledger.SignKeysKey(party), kids)
}

// maxKeys is how many valid sign keys a party may have. A key that the authority has
// ended can be replaced more than once, and each time the party gets another key.
const maxKeys = 32

// keyOf loads the party's key that a call names in field. It does not find the
// recovery key, which nobody may end or replace.
func (t *tx) keyOf(party ledger.ID, kid ledger.KeyID, field string) (ledger.KeyRecord, error) {
	k, ok, err := read[ledger.KeyRecord](t.state, ledger.RecordKey(ledger.KeyRef(kid)))
	if err == nil && (!ok || k.Party != party || k.Recovery) {
		err = ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At(field)
	}
	return k, err
}

// putKey writes the record of a key.
func (t *tx) putKey(k ledger.KeyRecord) error {
	k.Kid, k.Cite = k.JWK.Thumbprint(), t.cite()
	return t.putRecord(ledger.KeyRef(k.Kid), k)
}

// signKeys loads the ids of a party's valid sign keys. Every admitted party has this
// index.
func (t *tx) signKeys(party ledger.ID) ([]ledger.KeyID, error) {
	kids, ok, err := read[[]ledger.KeyID](t.state, ledger.SignKeysKey(party))
	if err == nil && !ok {
		err = ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("party").With("ref", string(partyRef(party)))
	}
	return kids, err
}

// addKeys writes the keys of a newly admitted party. A key must be new on the whole
// ledger.
func (t *tx) addKeys(p ledger.PartyProfile) error {
	sign := []ledger.KeyID{}
	for i, k := range p.Keys {
		kid := k.JWK.Thumbprint()
		if err := t.checkNewKey(kid, at("keys", i)); err != nil {
			return err
		}
		if err := t.putKey(ledger.KeyRecord{Party: p.ID, JWK: k.JWK, Use: k.Use, Custody: k.Custody, From: t.now()}); err != nil {
			return err
		}
		if k.Use == ledger.UseSign {
			sign = append(sign, kid)
		}
	}
	return t.setIndex(ledger.SignKeysKey(p.ID), sign)
}

func (t *tx) isKeyReplace() bool { return t.v.Call.Function == ledger.FnKeyReplace }

func (t *tx) checkCustody(p ledger.Party, k ledger.NewKeyArg) error {
	own := p.Has(ledger.RoleRegistryBody, ledger.RoleDataAuthority, ledger.RoleImplementer)
	if own && !t.genesis.Limits.Zero() && k.Use == ledger.UseSign && k.Custody == ledger.CustodyNode {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonCustody).At("new.custody")
	}
	return nil
}

// revokeKey ends a key at once. A party may end its own keys, but not its last sign
// key. The data authority may end every key but its own last sign key.
func revokeKey(t *tx, a ledger.KeyRevokeArgs) error {
	if a.Party != t.me() && t.me() != t.genesis.Authority {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At("party")
	}
	kids, err := t.signKeys(a.Party)
	if err != nil {
		return err
	}
	k, err := t.keyOf(a.Party, a.Kid, "kid")
	if err != nil {
		return err
	}
	if !k.Valid(t.now()) {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonKeyEnded).At("kid")
	}
	if k.Use == ledger.UseSign {
		kids = slices.DeleteFunc(kids, func(kid ledger.KeyID) bool { return kid == a.Kid })
		if len(kids) == 0 && a.Party == t.me() {
			return ledger.Refuse(ledger.Forbidden, ledger.ReasonKeyUse).At("kid").By("last_sign_key")
		}
		if err := t.setIndex(ledger.SignKeysKey(a.Party), kids); err != nil {
			return err
		}
	}
	k.Until = t.now()
	return t.putKey(k)
}
