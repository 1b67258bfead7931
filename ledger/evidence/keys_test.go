package evidence_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// rotation is the argument that puts the key of a name for another.
func (w *world) rotation(who, old, fresh string) ledger.KeyRotateArgs {
	w.t.Helper()
	kid := w.key(old).ID()
	of := ledger.RotationProof{Ledger: id("ledger"), Party: id(who), Old: kid}
	proof := w.cast.sign(w.t, w.key(fresh), of, func() (string, error) { return ledger.SignRotation(w.key(fresh), of) })
	return ledger.KeyRotateArgs{
		Old: kid, Proof: proof, New: ledger.NewKeyArg{JWK: w.key(fresh).Public(), Use: ledger.UseSign, Custody: ledger.CustodySelf},
	}
}

// addition is what a party needs to sign with a fresh key too.
func (w *world) addition(who, fresh string) ledger.KeyAddArgs {
	w.t.Helper()
	of := ledger.RotationProof{Ledger: id("ledger"), Party: id(who)}
	proof := w.cast.sign(w.t, w.key(fresh), of, func() (string, error) { return ledger.SignRotation(w.key(fresh), of) })
	return ledger.KeyAddArgs{Proof: proof, New: ledger.NewKeyArg{JWK: w.key(fresh).Public(), Use: ledger.UseSign, Custody: ledger.CustodySelf}}
}

// rotate makes the new key the one that the party signs with.
func (w *world) rotate(who, fresh string) {
	w.t.Helper()
	w.must(who, ledger.FnKeyRotate, w.rotation(who, who, fresh))
	w.keys[who+" before"], w.keys[who] = w.keys[who], w.keys[fresh]
}

// replace does it by the word of another key.
func (w *world) replace(by, key, who, fresh string) {
	w.t.Helper()
	r := w.rotation(who, who, fresh)
	args := ledger.KeyReplaceArgs{Party: id(who), Old: r.Old, New: r.New, Proof: r.Proof, Reason: "lost"}
	w.record(w.sign(by, key, ledger.FnKeyReplace, args))
	w.keys[who+" before"], w.keys[who] = w.keys[who], w.keys[fresh]
}

// TestKeysThatChanged: the bundle holds the calls that brought the keys used, in
// all their steps, and no others; without any of them it fails.
func TestKeysThatChanged(t *testing.T) {
	w := begin(t)
	w.replace("authority", "recovery", "authority", "authority 2")
	w.admit(someone("operator2", "91430300MA4C00011", ledger.Enterprise, ledger.RoleOperator))
	w.rotate("operator", "operator 2")
	w.rotate("operator", "operator 3")
	w.rotate("body", "body 2")
	w.replace("authority", "authority", "holder", "holder 2")
	market(w)
	w.rotate("operator", "operator 4")
	w.order("O", "P", "buyer")
	w.rotate("operator", "operator 5")
	w.rotate("buyer", "buyer 3")
	s := starting(w)
	w.appendReceipt(node, s)
	w.appendReceipt(node, ending(s))
	w.anchor("node", node)
	b, r := w.build(ref(ledger.KindOrder, "O"))
	var keys []ledger.Function
	for i, step := range r.Steps {
		if step.Function != ledger.FnPartyAdmit && !strings.HasPrefix(string(step.Function), "key.") {
			continue
		}
		keys = append(keys, step.Function)
		without := b
		without.Calls = slices.Delete(slices.Clone(b.Calls), i, i+1)
		without.Receipts = slices.Clone(b.Receipts)
		without.Receipts[0].Anchor--
		// What only a delivery reads is in no digest: Suspensions says so.
		if _, err := w.verify(encode(t, without)); err == nil && i < len(r.Steps)-3 {
			t.Errorf("without %s at %d it verifies", step.Function, i)
		}
	}
	// Six admissions (the authority and the node are of the genesis): body, holder,
	// implementer, operator, buyer; not buyer2, regulator, node2, operator2.
	// Then the replaced authority's key (it replaced the holder's), three of the
	// operator's rotations and the body's. The operator's last one and the buyer's
	// came after what they signed, and no record but those of their keys says so.
	want := map[ledger.Function]int{ledger.FnPartyAdmit: 5, ledger.FnKeyRotate: 4, ledger.FnKeyReplace: 2}
	for fn, n := range want {
		if got := count(keys, fn); got != n {
			t.Errorf("%d calls of %s, want %d", got, fn, n)
		}
	}
}

// TestKeyActsOfOthersStayOut: a bundle grows neither by the keys that a party got
// beside the one that signed, nor by those that it ended afterwards.
func TestKeyActsOfOthersStayOut(t *testing.T) {
	calls := func(acts int) int {
		w := begin(t)
		market(w)
		for i := range acts {
			w.rotate("holder", "holder "+strconv.Itoa(i))
			w.rotate("operator", "operator "+strconv.Itoa(i))
		}
		b, _ := w.build(ref(ledger.KindProduct, "P"))
		return len(b.Calls)
	}
	if few, many := calls(0), calls(20); few != many {
		t.Errorf("%d calls, %d after 20 rotations of two parties", few, many)
	}
}

func count[T comparable](list []T, v T) int {
	n := 0
	for _, e := range list {
		if e == v {
			n++
		}
	}
	return n
}

// TestKeysThatEnded: a dishonest sequencer records what an ended key signed.
func TestKeysThatEnded(t *testing.T) {
	license := ref(ledger.KindLicense, "L")
	for name, c := range map[string]struct {
		do   func(w *world)
		want string
	}{
		"rotated": {func(w *world) {
			w.rotate("operator", "operator 2")
			// The rotation is on the path, since the new key listed something before.
			w.must("operator", ledger.FnProductList, listing("P", "L", 1))
			w.forge(w.sign("operator", "operator before", ledger.FnProductDelist, w.target(ref(ledger.KindProduct, "P"))),
				w.wrote(ref(ledger.KindProduct, "P"), ledger.Product{}))
		}, "refused key_ended"},
		"of another use": {func(w *world) {
			p := w.profile(someone("operator9", "91430300MA4C00012", ledger.Enterprise, ledger.RoleOperator))
			p.Keys = append(p.Keys, ledger.NewKeyArg{JWK: w.key("token").Public(), Use: ledger.UseAuth, Custody: ledger.CustodySelf})
			w.must("authority", ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: w.apply("operator9", p)})
			w.forge(w.sign("operator9", "token", ledger.FnProductList, listing("P", "L", 1)), w.wrote(ref(ledger.KindProduct, "P"), ledger.Product{
				ProductOffer: listing("P", "L", 1).ProductOffer,
			}))
		}, "refused key_use"},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			w.register("bus")
			w.environment("env")
			w.offer("L")
			w.must("operator", ledger.FnLicenseAccept, w.answer(license))
			c.do(w)
			w.refuses(ref(ledger.KindProduct, "P"), c.want)
		})
	}
}

// TestTrust: another beginning, ledger or log key is refused, whatever the bundle says.
func TestTrust(t *testing.T) {
	w, stranger := begin(t), newCast().begin(t, func(*ledger.GenesisArgs) {})
	w.register("bus")
	b, _ := w.build(ref(ledger.KindEntry, "bus"))
	data := encode(t, b)
	no := false
	for name, c := range map[string]struct {
		change func(*evidence.Trust)
		want   evidence.Check
	}{
		"genesis":     {func(tr *evidence.Trust) { tr.Genesis = stranger.genesis }, evidence.CheckGenesis},
		"ledger":      {func(tr *evidence.Trust) { tr.Ledger = id("other") }, evidence.CheckGenesis},
		"log key":     {func(tr *evidence.Trust) { tr.Logs = []string{stranger.vkey} }, evidence.CheckProof},
		"no log key":  {func(tr *evidence.Trust) { tr.Logs = nil }, evidence.CheckProof},
		"no vkey":     {func(tr *evidence.Trust) { tr.Logs = []string{"x"} }, evidence.CheckProof},
		"not a demo":  {func(tr *evidence.Trust) { tr.Demo = &no }, evidence.CheckGenesis},
		"as it is":    {func(*evidence.Trust) {}, ""},
		"no word":     {func(tr *evidence.Trust) { tr.Demo = nil }, ""},
		"two log key": {func(tr *evidence.Trust) { tr.Logs = append(tr.Logs, stranger.vkey) }, ""},
	} {
		trust := w.trust()
		c.change(&trust)
		_, err := evidence.Verify(data, trust, ledger.Standard(), checkers())
		got := evidence.Check("")
		if f := evidence.AsFailure(err); f != nil {
			got = f.Check
		}
		if got != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := evidence.Verify(data, w.trust(), ledger.Standard(), nil); evidence.AsFailure(err) == nil {
		t.Errorf("no checker: %v", err)
	}
	if _, err := evidence.Verify(data, w.trust(), nil, checkers()); evidence.AsFailure(err) == nil {
		t.Errorf("no algorithm: %v", err)
	}
	raw := encode(t, w.trust())
	if tr, err := evidence.ParseTrust(raw); err != nil || tr.Genesis != w.genesis {
		t.Errorf("trust file: %v", err)
	}
	if _, err := evidence.ParseTrust([]byte(strings.Replace(string(raw), `"ledger"`, `"LEDGER"`, 1))); err == nil {
		t.Error("a trust file with a misspelled member is taken")
	}
}

// TestCheckpoints: an older one does not cover the calls, a stranger's signs nothing.
func TestCheckpoints(t *testing.T) {
	w := begin(t)
	market(w)
	w.order("O", "P", "buyer")
	about := ref(ledger.KindOrder, "O")
	b, _ := w.build(about)
	size := int64(len(w.log.entries))
	with := func(msg string) evidence.Bundle {
		c := b
		c.Proof.Common = encode(t, evidence.TLogCommon{Checkpoint: msg})
		return c
	}
	good := w.signed(w.skey, ledger.LedgerLog(node), size, w.log.root(t, size))
	if _, err := w.verify(encode(t, with(good))); err != nil {
		t.Fatalf("the same again: %v", err)
	}
	for name, msg := range map[string]string{
		"older":           w.signed(w.skey, ledger.LedgerLog(node), size-1, w.log.root(t, size-1)),
		"another root":    w.signed(w.skey, ledger.LedgerLog(node), size, w.log.root(t, size-1)),
		"another origin":  w.signed(w.skey, "other.example/log/ledger", size, w.log.root(t, size)),
		"size 0":          w.signed(w.skey, ledger.LedgerLog(node), 0, w.log.root(t, size)),
		"signed twice":    good + good[strings.LastIndex(good, "— "):],
		"spare signature": good + "— witness.example AAAAAAAA\n",
		"nothing":         "",
	} {
		t.Run(name, func(t *testing.T) { w.fails(with(msg), evidence.CheckProof) })
	}
	w.size = size - 1 // an older bundle shows the earlier state
	if _, r := w.build(about); did(r, ledger.FnOrderConfirmPayment) || len(r.Rights) != 3 {
		t.Errorf("before the payment: %+v", r)
	}
}

// TestNoLogOfALedgerElsewhere: a genesis that names no log cannot be proved by a
// log, whatever keys the trust file has.
func TestNoLogOfALedgerElsewhere(t *testing.T) {
	w := beginWith(t, func(a *ledger.GenesisArgs) { a.LedgerKey = "" })
	w.register("bus")
	w.refuses(ref(ledger.KindEntry, "bus"), "proof")
}
