package evidence

import (
	"github.com/datacadastre/cadastre/ledger"
)

// key is a public key that a proven call brought.
type key struct {
	party    ledger.ID
	jwk      ledger.JWK
	use      ledger.KeyUse
	custody  ledger.Custody
	from     ledger.Millis
	until    ledger.Millis // 0: open
	recovery bool
	by       *act
}

// party is an admitted party, as its own application says.
type party struct {
	profile ledger.PartyProfile
	by      *act
}

// begin checks the genesis: the one of the trust file, self-signed by the data
// authority. All other keys follow from it (rule 2).
func (v *verification) begin(trust Trust) error {
	if len(v.acts) == 0 {
		return failf(CheckMissing, "calls", "the genesis is missing")
	}
	a := v.acts[0]
	if ledger.DigestOf([]byte(a.JWS)) != trust.Genesis || a.fn() != ledger.FnGenesis {
		return failf(CheckGenesis, a.where(), "the first call is not the genesis of the trust file")
	}
	args := &v.genesis
	if err := ledger.First(ledger.DecodeStrict(a.signed.Call.Args, args), args.Validate()); err != nil {
		return fail(CheckGenesis, a.where(), err)
	}
	if args.Ledger != v.bundle.Ledger || args.Authority.ID != a.party() {
		return failf(CheckGenesis, a.where(), "genesis names another ledger or authority")
	}
	if trust.Demo != nil && *trust.Demo != args.Demo {
		return failf(CheckGenesis, a.where(), "trust file and genesis differ on whether this is a demo ledger")
	}
	if err := v.enter(a, args.Authority); err != nil {
		return err
	}
	v.keys[args.Recovery.Thumbprint()] = &key{
		party: a.party(), jwk: args.Recovery, use: ledger.UseSign,
		custody: ledger.CustodySelf, from: a.Time, recovery: true, by: a,
	}
	platform, err := ledger.ParseProfile(v.algs, args.Platform)
	if err != nil {
		return fail(CheckGenesis, a.where(), err)
	}
	if err := v.enter(a, platform); err != nil {
		return err
	}
	v.use(a, "")
	return v.signed(a)
}

// admitted checks who signed a later call, and takes in the keys that it brings
// or ends.
func (v *verification) admitted(a *act) error {
	if err := v.signed(a); err != nil {
		return err
	}
	switch a.fn() {
	case ledger.FnPartyAdmit:
		var args ledger.PartyAdmitArgs
		if err := typed(a, &args); err != nil {
			return err
		}
		p, err := ledger.ParseProfile(v.algs, args.Application)
		if err != nil {
			return fail(CheckKey, a.where(), err)
		}
		return v.enter(a, p)
	case ledger.FnKeyRotate:
		var args ledger.KeyRotateArgs
		if err := typed(a, &args); err != nil {
			return err
		}
		if k := v.keys[args.Old]; k != nil && !k.counts(a.Time) {
			return failf(CheckKey, a.where(), "the key that is rotated does not count")
		}
		return v.exchange(a, a.party(), args.Old, args.New, args.Proof)
	case ledger.FnKeyReplace:
		var args ledger.KeyReplaceArgs
		if err := typed(a, &args); err != nil {
			return err
		}
		if (args.Party == v.genesis.Authority.ID) != a.key.recovery {
			return failf(CheckKey, a.where(), "only the recovery key replaces the authority's key, and no other's")
		}
		return v.exchange(a, args.Party, args.Old, args.New, args.Proof)
	case ledger.FnKeyRevoke:
		var args ledger.KeyRevokeArgs
		if err := typed(a, &args); err != nil {
			return err
		}
		if k := v.keys[args.Kid]; k != nil && k.until == 0 {
			k.until = a.Time
		}
	case ledger.FnGenesis:
		return failf(CheckGenesis, a.where(), "a ledger has one genesis")
	}
	return nil
}

// signed checks that a key of the party signed the call, that it counted when
// the call was recorded, and that the party may call the function.
func (v *verification) signed(a *act) error {
	kid := a.signed.JWS.Header.Kid
	k := v.keys[kid]
	if k == nil {
		return failf(CheckMissing, a.where(), "no call in the bundle brings the key %s of party %s", kid, a.party())
	}
	if k.party != a.party() {
		return failf(CheckKey, a.where(), "the key is of party %s, the call of %s", k.party, a.party())
	}
	if k.recovery && a.fn() != ledger.FnKeyReplace || k.use != ledger.UseSign || !k.counts(a.Time) {
		return failf(CheckKey, a.where(), "the key may not sign this, or does not count at %d", a.Time)
	}
	if !k.recovery && !mayCall(v.parties[a.party()].profile.Roles, a.fn()) {
		return failf(CheckRole, a.where(), "the party has no role for %s", a.fn())
	}
	if err := a.signed.JWS.Verify(v.algs, k.jwk); err != nil {
		return fail(CheckSignature, a.where(), err)
	}
	a.key = k
	return nil
}

func (k *key) counts(t ledger.Millis) bool { return k.from <= t && (k.until == 0 || t < k.until) }

func mayCall(roles []ledger.Role, fn ledger.Function) bool {
	a, ok := ledger.ActOf(fn)
	return ok && a.MayCall(ledger.Party{Roles: roles})
}

// enter takes in a party with its keys, each once on the whole ledger.
func (v *verification) enter(a *act, p ledger.PartyProfile) error {
	if err := p.Validate(); err != nil {
		return fail(CheckKey, a.where(), err)
	}
	if v.parties[p.ID] != nil {
		return failf(CheckKey, a.where(), "party %s is admitted already", p.ID)
	}
	v.parties[p.ID] = &party{profile: p, by: a}
	for _, k := range p.Keys {
		if err := v.bring(a, p.ID, k); err != nil {
			return err
		}
	}
	return nil
}

func (v *verification) bring(a *act, owner ledger.ID, k ledger.NewKeyArg) error {
	kid := k.JWK.Thumbprint()
	if v.keys[kid] != nil {
		return failf(CheckKey, a.where(), "key %s is on record already", kid)
	}
	v.keys[kid] = &key{party: owner, jwk: k.JWK, use: k.Use, custody: k.Custody, from: a.Time, by: a}
	return nil
}

// exchange ends the old key and begins the new one at the entry's time.
func (v *verification) exchange(a *act, owner ledger.ID, old ledger.KeyID, fresh ledger.NewKeyArg, proof string) error {
	k := v.keys[old]
	if k == nil {
		return failf(CheckMissing, a.where(), "no call in the bundle brings the old key %s", old)
	}
	if k.party != owner || k.recovery || k.use != fresh.Use {
		return failf(CheckKey, a.where(), "the old key is not one of the party's")
	}
	want := ledger.RotationProof{Ledger: v.bundle.Ledger, Party: owner, Old: old}
	if err := ledger.CheckRotation(v.algs, proof, fresh.JWK, want); err != nil {
		return fail(CheckKey, a.where(), err)
	}
	if k.until == 0 {
		k.until = a.Time
	}
	// The old key's admission is what the new one rests on.
	a.rests = append(a.rests, k.by)
	return v.bring(a, owner, fresh)
}
