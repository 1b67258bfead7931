package contract_test

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
)

func (w *world) keyRecord(name string) ledger.KeyRecord {
	w.t.Helper()
	return record[ledger.KeyRecord](w, ledger.KeyRef(w.key(name).ID()))
}

// signsWith checks which sign keys of a party are valid, by the state's own list.
func (w *world) signsWith(who string, keys ...string) {
	w.t.Helper()
	want := []ledger.KeyID{}
	for _, k := range keys {
		want = append(want, w.key(k).ID())
	}
	got, ok := lookup[[]ledger.KeyID](w, ledger.SignKeysKey(wID(who)))
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		w.t.Fatalf("valid sign keys of %s (-want +got):\n%s", who, diff)
	}
}

// addition is what a fresh key of the world needs to be added.
func (w *world) addition(who, fresh string, use ledger.KeyUse) ledger.KeyAddArgs {
	w.t.Helper()
	proof, err := ledger.SignRotation(w.key(fresh), ledger.RotationProof{Ledger: wID("ledger"), Party: wID(who)})
	if err != nil {
		w.t.Fatalf("proof: %v", err)
	}
	return ledger.KeyAddArgs{Proof: proof, New: ledger.NewKeyArg{JWK: w.key(fresh).Public(), Use: use, Custody: ledger.CustodySelf}}
}

// TestAddKey: both keys sign from then on, and a party has at most 32 that do.
func TestAddKey(t *testing.T) {
	w := newWorld(t)
	w.must("holder", ledger.FnKeyAdd, w.addition("holder", "fresh", ledger.UseSign))
	w.must("holder", ledger.FnKeyAdd, w.addition("holder", "for tokens", ledger.UseAuth))
	expect(t, w.deposits("holder"), refusal{})
	expect(t, w.deposits("fresh"), refusal{})
	expect(t, w.deposits("for tokens"), keyUse())
	w.signsWith("holder", "holder", "fresh")
	for n := 2; n < 32; n++ {
		w.must("holder", ledger.FnKeyAdd, w.addition("holder", "fresh "+strconv.Itoa(n), ledger.UseSign))
	}
	w.refused(refusal{ledger.InvalidCode, ledger.ReasonField, "args.new"}, "holder", ledger.FnKeyAdd, w.addition("holder", "one more", ledger.UseSign))
	w.must("holder", ledger.FnKeyRevoke, w.revocation("holder", "fresh"))
	w.must("holder", ledger.FnKeyAdd, w.addition("holder", "one more", ledger.UseSign))
}

func TestAddKeyRefuses(t *testing.T) {
	w := newWorld(t)
	forbid := func(reason ledger.Reason, field string) refusal { return refusal{ledger.Forbidden, reason, field} }
	invalid := func(reason ledger.Reason, field string) refusal { return refusal{ledger.InvalidCode, reason, field} }
	for name, c := range map[string]struct {
		spoil func(w *world, a *ledger.KeyAddArgs)
		want  refusal
	}{
		"known key":               {func(w *world, a *ledger.KeyAddArgs) { *a = w.addition("holder", "body", ledger.UseSign) }, refusal{ledger.Conflict, ledger.ReasonExists, "args.new.jwk"}},
		"own key":                 {func(w *world, a *ledger.KeyAddArgs) { *a = w.addition("holder", "holder", ledger.UseSign) }, refusal{ledger.Conflict, ledger.ReasonExists, "args.new.jwk"}},
		"proof for another party": {func(w *world, a *ledger.KeyAddArgs) { a.Proof = w.addition("body", "fresh", ledger.UseSign).Proof }, invalid(ledger.ReasonField, "args.proof")},
		"proof of a rotation": {
			func(w *world, a *ledger.KeyAddArgs) {
				a.Proof = w.rotation("holder", "holder", "fresh", ledger.UseSign).Proof
			},
			invalid(ledger.ReasonField, "args.proof"),
		},
		"proof by another key": {func(w *world, a *ledger.KeyAddArgs) { a.New.JWK = w.key("other").Public() }, forbid(ledger.ReasonKey, "args.proof.header.kid")},
		"no proof":             {func(_ *world, a *ledger.KeyAddArgs) { a.Proof = "" }, invalid(ledger.ReasonJWS, "args.proof")},
	} {
		t.Run(name, func(t *testing.T) {
			f := w.fork(t)
			a := f.addition("holder", "fresh", ledger.UseSign)
			c.spoil(f, &a)
			f.refused(c.want, "holder", ledger.FnKeyAdd, a)
		})
	}
}

// TestAddKeyAndCustody: an office doesn't leave a key to the node, and the node can't
// give a party whose key it stores one that looks like the party's own.
func TestAddKeyAndCustody(t *testing.T) {
	w := newWorld(t)
	custody := refusal{ledger.Forbidden, ledger.ReasonCustody, "args.new.custody"}
	a := w.addition("body", "fresh", ledger.UseSign)
	a.New.Custody = ledger.CustodyNode
	w.refused(custody, "body", ledger.FnKeyAdd, a)
	stored := w.keyRecord("holder")
	stored.Custody = ledger.CustodyNode
	w.seed(ledger.KeyRef(stored.Kid), stored)
	b := w.addition("holder", "fresh", ledger.UseSign)
	w.refused(refusal{ledger.Forbidden, ledger.ReasonCustody, "header.kid"}, "holder", ledger.FnKeyAdd, b)
	b.New.Custody = ledger.CustodyNode
	w.must("holder", ledger.FnKeyAdd, b)
}
