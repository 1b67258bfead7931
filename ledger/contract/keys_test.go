package contract_test

import (
	"bytes"
	"encoding/json"
	"strconv"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// signProfile signs a profile that SignProfile might refuse.
func signProfile(t *testing.T, key *ledger.Key, p ledger.PartyProfile) string {
	t.Helper()
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := ledger.SignJWS(key, ledger.TypeAdmission, b)
	if err != nil {
		t.Fatal(err)
	}
	return jws
}

// callBy makes a call of a party signed by any key of the world.
func (w *world) callBy(key, who string, fn ledger.Function, args any) error {
	w.t.Helper()
	w.n++
	jws, err := ledger.SignCall(w.key(key), ledger.Call{
		Ledger: wID("ledger"), ID: wID("call" + strconv.Itoa(w.n)), Party: wID(who), Function: fn,
		Time: w.now, Expires: w.now + 3_600_000,
	}, args)
	if err != nil {
		w.t.Fatalf("sign %s: %v", fn, err)
	}
	return w.submit(jws)[0].Err
}

// rotation is what a fresh key of the world needs to take the place of an old one.
func (w *world) rotation(who, old, fresh string, use ledger.KeyUse) ledger.KeyRotateArgs {
	w.t.Helper()
	proof, err := ledger.SignRotation(w.key(fresh), ledger.RotationProof{Ledger: wID("ledger"), Party: wID(who), Old: w.key(old).ID()})
	if err != nil {
		w.t.Fatalf("proof: %v", err)
	}
	return ledger.KeyRotateArgs{
		Old: w.key(old).ID(), Proof: proof,
		New: ledger.NewKeyArg{JWK: w.key(fresh).Public(), Use: use, Custody: ledger.CustodySelf},
	}
}

func (w *world) replacement(who, old, fresh string) ledger.KeyReplaceArgs {
	w.t.Helper()
	r := w.rotation(who, old, fresh, ledger.UseSign)
	return ledger.KeyReplaceArgs{Party: wID(who), Old: r.Old, New: r.New, Proof: r.Proof, Reason: "lost"}
}

func (w *world) revocation(who, key string) ledger.KeyRevokeArgs {
	w.t.Helper()
	return ledger.KeyRevokeArgs{Party: wID(who), Kid: w.key(key).ID(), Reason: "compromised"}
}

// deposits reports how a call signed by a key of the holder fares.
func (w *world) deposits(key string) error {
	w.t.Helper()
	w.n++
	return w.callBy(key, "holder", ledger.FnDeposit, ledger.DepositArgs{SHA256: mHash(strconv.Itoa(w.n)), Bytes: 1})
}

func ended() refusal  { return refusal{ledger.Forbidden, ledger.ReasonKeyEnded, "header.kid"} }
func keyUse() refusal { return refusal{ledger.Forbidden, ledger.ReasonKeyUse, "header.kid"} }

func TestRotateKey(t *testing.T) {
	w := newWorld(t)
	w.now += 1000
	expect(t, w.callBy("holder", "holder", ledger.FnKeyRotate, w.rotation("holder", "holder", "fresh", ledger.UseSign)), refusal{})
	expect(t, w.deposits("holder"), ended())
	expect(t, w.deposits("fresh"), refusal{})
	if old, fresh := w.keyRecord("holder"), w.keyRecord("fresh"); old.Until != w.now || fresh.From != w.now || fresh.Until != 0 {
		t.Errorf("keys after a rotation: %+v, %+v", old, fresh)
	}
	w.signsWith("holder", "fresh")
	expect(t, w.callBy("fresh", "holder", ledger.FnKeyRotate, w.rotation("holder", "holder", "third", ledger.UseSign)),
		refusal{ledger.Conflict, ledger.ReasonKeyEnded, "args.old"})
	// An auth key signs no call, not even to put another in its place.
	expect(t, w.callBy("fresh", "holder", ledger.FnKeyRotate, w.rotation("holder", "fresh", "third", ledger.UseAuth)),
		refusal{ledger.InvalidCode, ledger.ReasonField, "args.new.use"})
}

func TestRotateKeyRefuses(t *testing.T) {
	w := newWorld(t)
	good := func(f *world) ledger.KeyRotateArgs { return f.rotation("holder", "holder", "fresh", ledger.UseSign) }
	invalid := func(field string) refusal { return refusal{ledger.InvalidCode, ledger.ReasonField, field} }
	for name, c := range map[string]struct {
		args func(*world) ledger.KeyRotateArgs
		want refusal
	}{
		"unknown old": {
			func(f *world) ledger.KeyRotateArgs { return f.rotation("holder", "stranger", "fresh", ledger.UseSign) },
			refusal{ledger.NotFound, ledger.ReasonUnknown, "args.old"},
		},
		"another's key": {
			func(f *world) ledger.KeyRotateArgs { return f.rotation("holder", "body", "fresh", ledger.UseSign) },
			refusal{ledger.NotFound, ledger.ReasonUnknown, "args.old"},
		},
		"proof for another party": {
			func(f *world) ledger.KeyRotateArgs {
				a := good(f)
				a.Proof = f.rotation("body", "holder", "fresh", ledger.UseSign).Proof
				return a
			},
			invalid("args.proof"),
		},
		"proof by another key": {
			func(f *world) ledger.KeyRotateArgs {
				a := good(f)
				a.Proof = f.rotation("holder", "holder", "stranger", ledger.UseSign).Proof
				return a
			},
			refusal{ledger.Forbidden, ledger.ReasonKey, "args.proof.header.kid"},
		},
		"no proof": {
			func(f *world) ledger.KeyRotateArgs { a := good(f); a.Proof = ""; return a },
			refusal{ledger.InvalidCode, ledger.ReasonJWS, "args.proof"},
		},
		"a key in use": {
			func(f *world) ledger.KeyRotateArgs { return f.rotation("holder", "holder", "body", ledger.UseSign) },
			refusal{ledger.Conflict, ledger.ReasonExists, "args.new.jwk"},
		},
		"itself": {
			func(f *world) ledger.KeyRotateArgs { return f.rotation("holder", "holder", "holder", ledger.UseSign) },
			refusal{ledger.Conflict, ledger.ReasonExists, "args.new.jwk"},
		},
		"the recovery key": {
			func(f *world) ledger.KeyRotateArgs { return f.rotation("holder", "holder", "recovery", ledger.UseSign) },
			refusal{ledger.Conflict, ledger.ReasonExists, "args.new.jwk"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := w.fork(t)
			f.refused(c.want, "holder", ledger.FnKeyRotate, c.args(f))
		})
	}
	a := w.rotation("body", "body", "fresh", ledger.UseSign)
	a.New.Custody = ledger.CustodyNode
	w.refused(refusal{ledger.Forbidden, ledger.ReasonCustody, "args.new.custody"}, "body", ledger.FnKeyRotate, a)
	a.New.Custody = ledger.CustodyBrowser
	w.must("body", ledger.FnKeyRotate, a)
	demo := newDemo(t)
	a = demo.rotation("body", "body", "fresh", ledger.UseSign)
	a.New.Custody = ledger.CustodyNode
	demo.must("body", ledger.FnKeyRotate, a)
}

// TestReplaceKeyRefuses: what is refused of a rotation is refused of the data
// authority too, but for a key that has ended.
func TestReplaceKeyRefuses(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		args func(*world) ledger.KeyReplaceArgs
		want refusal
	}{
		"unknown party": {
			func(f *world) ledger.KeyReplaceArgs { return f.replacement("nobody", "holder", "fresh") },
			refusal{ledger.NotFound, ledger.ReasonUnknown, "args.party"},
		},
		"unknown old": {
			func(f *world) ledger.KeyReplaceArgs { return f.replacement("holder", "body", "fresh") },
			refusal{ledger.NotFound, ledger.ReasonUnknown, "args.old"},
		},
		"a key in use": {
			func(f *world) ledger.KeyReplaceArgs { return f.replacement("holder", "holder", "body") },
			refusal{ledger.Conflict, ledger.ReasonExists, "args.new.jwk"},
		},
		"stored by the node": {
			func(f *world) ledger.KeyReplaceArgs {
				a := f.replacement("body", "body", "fresh")
				a.New.Custody = ledger.CustodyNode
				return a
			},
			refusal{ledger.Forbidden, ledger.ReasonCustody, "args.new.custody"},
		},
		"proof by another key": {
			func(f *world) ledger.KeyReplaceArgs {
				a := f.replacement("holder", "holder", "fresh")
				a.New.JWK = f.key("another").Public()
				return a
			},
			refusal{ledger.Forbidden, ledger.ReasonKey, "args.proof.header.kid"},
		},
		"another use": {
			func(f *world) ledger.KeyReplaceArgs {
				a := f.replacement("holder", "holder", "fresh")
				a.New.Use = ledger.UseAuth
				return a
			},
			refusal{ledger.InvalidCode, ledger.ReasonField, "args.new.use"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := w.fork(t)
			f.refused(c.want, "authority", ledger.FnKeyReplace, c.args(f))
		})
	}
}

func TestReplaceKey(t *testing.T) {
	w := newWorld(t)
	w.must("authority", ledger.FnKeyReplace, w.replacement("holder", "holder", "fresh"))
	expect(t, w.deposits("holder"), ended())
	expect(t, w.deposits("fresh"), refusal{})
	w.refused(refusal{ledger.Forbidden, ledger.ReasonRole, "function"}, "body", ledger.FnKeyReplace, w.replacement("holder", "fresh", "third"))
	// A key that has ended may be lost too: nobody else can bring the party back.
	w.must("authority", ledger.FnKeyRevoke, w.revocation("holder", "fresh"))
	w.must("authority", ledger.FnKeyReplace, w.replacement("holder", "fresh", "third"))
	expect(t, w.deposits("third"), refusal{})
}

// TestRecovery: the recovery key replaces the authority's own key, which the
// authority itself can't; it does nothing else.
func TestRecovery(t *testing.T) {
	w := newWorld(t)
	use := refusal{ledger.Forbidden, ledger.ReasonKeyUse, "args.party"}
	w.refused(use, "authority", ledger.FnKeyReplace, w.replacement("authority", "authority", "fresh"))
	expect(t, w.callBy("recovery", "authority", ledger.FnKeyReplace, w.replacement("holder", "holder", "fresh")), use)
	expect(t, w.callBy("recovery", "authority", ledger.FnCalendarSet, list2026()), keyUse())
	expect(t, w.callBy("recovery", "holder", ledger.FnKeyReplace, w.replacement("authority", "authority", "fresh")),
		refusal{ledger.Forbidden, ledger.ReasonKey, "header.kid"})
	expect(t, w.callBy("recovery", "authority", ledger.FnKeyReplace, w.replacement("authority", "authority", "fresh")), refusal{})
	expect(t, w.callBy("authority", "authority", ledger.FnCalendarSet, list2026()), ended())
	expect(t, w.callBy("fresh", "authority", ledger.FnCalendarSet, list2026()), refusal{})
}

func TestRevokeKey(t *testing.T) {
	w := newWorld(t)
	w.refused(refusal{ledger.Forbidden, ledger.ReasonKeyUse, "args.kid"}, "holder", ledger.FnKeyRevoke, w.revocation("holder", "holder"))
	w.refused(refusal{ledger.Forbidden, ledger.ReasonKeyUse, "args.kid"}, "authority", ledger.FnKeyRevoke, w.revocation("authority", "authority"))
	w.refused(refusal{ledger.Forbidden, ledger.ReasonNotYours, "args.party"}, "body", ledger.FnKeyRevoke, w.revocation("holder", "holder"))
	w.refused(refusal{ledger.NotFound, ledger.ReasonUnknown, "args.kid"}, "authority", ledger.FnKeyRevoke, w.revocation("holder", "body"))
	w.refused(refusal{ledger.NotFound, ledger.ReasonUnknown, "args.party"}, "authority", ledger.FnKeyRevoke, w.revocation("nobody", "holder"))
	w.must("authority", ledger.FnKeyRevoke, w.revocation("holder", "holder"))
	expect(t, w.deposits("holder"), ended())
	w.refused(refusal{ledger.Conflict, ledger.ReasonKeyEnded, "args.kid"}, "authority", ledger.FnKeyRevoke, w.revocation("holder", "holder"))

	p := w.newcomer(ledger.RoleHolder)
	w.must("authority", ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: w.keys.Apply(w.t, "newcomer", p)})
	a := w.revocation("newcomer", "newcomer auth")
	expect(t, w.callBy("newcomer auth", "newcomer", ledger.FnKeyRevoke, a), keyUse())
	w.must("newcomer", ledger.FnKeyRevoke, a) // its own, and not the last that signs
	if k := w.keyRecord("newcomer auth"); k.Until != w.now {
		t.Errorf("the key after its revocation: %+v", k)
	}
	w.signsWith("newcomer", "newcomer")
	w.must("authority", ledger.FnKeyRevoke, w.revocation("newcomer", "newcomer"))
	w.signsWith("newcomer")
}

// TestManyKeys: no record holds the ended keys, so that a party may rotate without
// end; what is bounded are keys that are valid side by side.
func TestManyKeys(t *testing.T) {
	w := newWorld(t)
	before := w.state[ledger.RecordKey(ledger.RefTo(ledger.KindParty, wID("holder")))]
	last := "holder"
	for i := range 70 {
		fresh := "rotated" + strconv.Itoa(i)
		expect(t, w.callBy(last, "holder", ledger.FnKeyRotate, w.rotation("holder", last, fresh, ledger.UseSign)), refusal{})
		last = fresh
	}
	w.signsWith("holder", last)
	for i := range 31 {
		w.must("authority", ledger.FnKeyReplace, w.replacement("holder", "holder", "replaced"+strconv.Itoa(i)))
	}
	w.refused(refusal{ledger.InvalidCode, ledger.ReasonField, "args.new"}, "authority", ledger.FnKeyReplace, w.replacement("holder", "holder", "one more"))
	expect(t, w.callBy(last, "holder", ledger.FnKeyRotate, w.rotation("holder", last, "in its place", ledger.UseSign)), refusal{})
	expect(t, w.deposits("in its place"), refusal{})
	expect(t, w.deposits("replaced0"), refusal{})
	if after := w.state[ledger.RecordKey(ledger.RefTo(ledger.KindParty, wID("holder")))]; !bytes.Equal(before, after) {
		t.Errorf("the party's record was changed by key acts:\n%s\n%s", before, after)
	}
}

// TestACallReadsNoOtherKey: of all keys a call reads its own alone, however many the
// party has and had.
func TestACallReadsNoOtherKey(t *testing.T) {
	w := newWorld(t)
	for i := range 3 {
		w.must("authority", ledger.FnKeyReplace, w.replacement("holder", "holder", "replaced"+strconv.Itoa(i)))
	}
	w.keys["holder"] = w.key("replaced0")
	v := w.verified(w.sign("holder", ledger.FnDeposit, ledger.DepositArgs{SHA256: mHash("a"), Bytes: 1}))
	r := apply(t, contract.Env{Time: w.now, Rules: contract.Rules}, w.state, v)
	expect(t, r.Err, refusal{})
	for _, l := range r.Reads {
		if kind := ledger.Ref(l.Key).Kind(); (kind == "key" || kind == "keys") && l.Key != string(ledger.KeyRef(v.JWS.Header.Kid)) {
			t.Errorf("it read %s", l.Key)
		}
	}
}

// TestRecoveryKeyIsNobodys: it is on record as a key of the authority, which can't
// end or replace it.
func TestRecoveryKeyIsNobodys(t *testing.T) {
	w := newWorld(t)
	unknown := func(field string) refusal { return refusal{ledger.NotFound, ledger.ReasonUnknown, field} }
	if k := w.keyRecord("recovery"); !k.Recovery || k.Party != wID("authority") {
		t.Errorf("on record: %+v", k)
	}
	w.refused(unknown("args.kid"), "authority", ledger.FnKeyRevoke, w.revocation("authority", "recovery"))
	w.refused(unknown("args.old"), "authority", ledger.FnKeyRotate, w.rotation("authority", "recovery", "fresh", ledger.UseSign))
	expect(t, w.callBy("recovery", "authority", ledger.FnKeyReplace, w.replacement("authority", "recovery", "fresh")), unknown("args.old"))
	w.signsWith("authority", "authority")
}
