package contract

import (
	"slices"
	"strconv"

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
	k, err := t.keyOf(p.ID, old, "old")
	if err != nil {
		return err
	}
	if !k.Valid(t.now()) && !t.replacing() {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonKeyEnded).At("old")
	}
	if fresh.Use != k.Use {
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
	if err := t.custodyAllowed(p, fresh); err != nil {
		return err
	}
	if fresh.Use == ledger.UseSign {
		if err := t.exchangeSign(p.ID, old, kid); err != nil {
			return err
		}
	}
	if k.Until == 0 {
		k.Until = t.now()
		if err := t.putKey(k); err != nil {
			return err
		}
	}
	return t.putKey(ledger.KeyRecord{Party: p.ID, JWK: fresh.JWK, Use: fresh.Use, Custody: fresh.Custody, From: t.now()})
}

// exchangeSign takes the old key from the party's valid sign keys, if it is one, and
// adds the new one.
func (t *tx) exchangeSign(party ledger.ID, old, fresh ledger.KeyID) error {
	kids, err := t.signKeys(party)
	if err != nil {
		return err
	}
	kids = append(slices.DeleteFunc(kids, func(kid ledger.KeyID) bool { return kid == old }), fresh)
	if len(kids) > maxKeys {
		return ledger.Invalid("new", "max_keys").With("limit", strconv.Itoa(maxKeys))
	}
	return t.set(ledger.SignKeysKey(party), kids)
}

// maxKeys bounds the valid sign keys of a party. A key ended by the authority can be
// replaced more than once, each time by one more.
const maxKeys = 32

// keyOf loads a key of a party that a call names in field. The recovery key is
// nobody's to end or replace.
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
	return t.put(ledger.KeyRef(k.Kid), k)
}

// signKeys loads the ids of the valid sign keys of a party, which every admitted
// party has.
func (t *tx) signKeys(party ledger.ID) ([]ledger.KeyID, error) {
	kids, ok, err := read[[]ledger.KeyID](t.state, ledger.SignKeysKey(party))
	if err == nil && !ok {
		err = ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("party").With("ref", string(partyRef(party)))
	}
	return kids, err
}

// enterKeys writes the keys of a party that is admitted, each once on the whole
// ledger.
func (t *tx) enterKeys(p ledger.PartyProfile) error {
	sign := []ledger.KeyID{}
	for i, k := range p.Keys {
		kid := k.JWK.Thumbprint()
		if err := t.freshKey(kid, at("keys", i)); err != nil {
			return err
		}
		if err := t.putKey(ledger.KeyRecord{Party: p.ID, JWK: k.JWK, Use: k.Use, Custody: k.Custody, From: t.now()}); err != nil {
			return err
		}
		if k.Use == ledger.UseSign {
			sign = append(sign, kid)
		}
	}
	return t.set(ledger.SignKeysKey(p.ID), sign)
}

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
		if err := t.set(ledger.SignKeysKey(a.Party), kids); err != nil {
			return err
		}
	}
	k.Until = t.now()
	return t.putKey(k)
}
