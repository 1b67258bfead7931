package evidence_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// A dishonest node has the log's key and decides what is written: everything except
// the keys of the parties. Its forgeries are on its log and under its checkpoint;
// only what the parties have signed contradicts them.

// bent is the world's state as a dishonest node pretends that it is.
type bent struct {
	*world
	over map[string][]byte
}

func (b bent) Get(key string) ([]byte, bool, error) {
	if v, ok := b.over[key]; ok {
		return v, v != nil, nil
	}
	return b.world.Get(key)
}

// applied is what the contract makes of a signed call on a state.
func (w *world) applied(jws string, state contract.State) (ledger.Signed, contract.Result) {
	w.t.Helper()
	w.now += 1000
	s, err := contract.Parse(jws)
	if err != nil {
		w.t.Fatalf("parse: %v", err)
	}
	r := contract.Apply(contract.Env{Time: w.now, Rules: contract.Rules}, ledger.Standard(), state, contract.Verified{Signed: s})
	if r.Err != nil {
		w.t.Fatalf("%s by %s: %v", s.Call.Function, s.Call.Party, r.Err)
	}
	return s, r
}

// pretend records a signed call as the contract would on a state that is not so.
func (w *world) pretend(jws string, over map[string][]byte) {
	w.t.Helper()
	s, r := w.applied(jws, bent{w, over})
	w.read = r.Reads
	w.commit(s, r)
}

// changed is a record with a member changed.
func changed[T any](w *world, r ledger.Ref, change func(*T)) map[string][]byte {
	w.t.Helper()
	v := get[T](w, r)
	change(&v)
	return map[string][]byte{string(r): encode(w.t, v)}
}

// rewritten records a call as the contract would, but with other writes.
func (w *world) rewritten(jws string, change func([]ledger.Write) []ledger.Write) {
	w.t.Helper()
	s, r := w.applied(jws, w)
	r.Writes = change(r.Writes)
	r.Record.Writes = ledger.HashWrites(r.Writes)
	w.commit(s, r)
}

// replaced changes the bytes of one record among the writes.
func replaced(r ledger.Ref, f func(string) string) func([]ledger.Write) []ledger.Write {
	return func(list []ledger.Write) []ledger.Write {
		for i := range list {
			if list[i].Key == string(r) {
				list[i].Value = []byte(f(string(list[i].Value)))
			}
		}
		return list
	}
}

// without leaves out the writes of one kind of key.
func without(kind string) func([]ledger.Write) []ledger.Write {
	return func(list []ledger.Write) []ledger.Write {
		return slices.DeleteFunc(list, func(w ledger.Write) bool { return strings.HasPrefix(w.Key, kind+"/") })
	}
}

// tampered records a call as the contract would, but with another value of one record.
func tampered[T any](w *world, who string, fn ledger.Function, args any, r ledger.Ref, change func(*T)) {
	w.t.Helper()
	w.rewritten(w.sign(who, who, fn, args), replaced(r, func(s string) string {
		var v T
		if err := json.Unmarshal([]byte(s), &v); err != nil {
			w.t.Fatalf("record: %v", err)
		}
		change(&v)
		return string(encode(w.t, v))
	}))
}

// forge puts a call on the log with what the node says that it wrote.
func (w *world) forge(jws string, writes ...ledger.Write) {
	w.t.Helper()
	w.now += 1000
	s, err := contract.Parse(jws)
	if err != nil {
		w.t.Fatalf("parse: %v", err)
	}
	w.commit(s, contract.Result{Writes: writes, Event: []byte("{}")})
}

// wrote is what the node says of a record that a call changed.
func (w *world) wrote(r ledger.Ref, v any) ledger.Write {
	return ledger.Write{Key: string(r), Value: encode(w.t, v)}
}

// underKid signs a call of a party with the node's key, but names the party's.
func (w *world) underKid(who string, fn ledger.Function, args any) string {
	w.t.Helper()
	s, err := contract.Parse(w.sign(who, who, fn, args))
	if err != nil {
		w.t.Fatalf("parse: %v", err)
	}
	digest := sha256.Sum256(s.JWS.Signed)
	r, x, err := ecdsa.Sign(rand.Reader, w.key("node").Private(), digest[:])
	if err != nil {
		w.t.Fatalf("sign: %v", err)
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	x.FillBytes(sig[32:])
	return string(s.JWS.Signed) + "." + base64.RawURLEncoding.EncodeToString(sig)
}

// reentry changes the bytes of the last entry.
func (w *world) reentry(f func(string) string) {
	w.t.Helper()
	entries := w.log.entries
	w.log = tree{}
	for _, e := range entries[:len(entries)-1] {
		w.log.append(w.t, e)
	}
	w.log.append(w.t, []byte(f(string(entries[len(entries)-1]))))
}

// fn is the function of an entry.
func (w *world) fn(seq int64) ledger.Function {
	var e ledger.LogEntry
	if err := json.Unmarshal(w.log.entries[seq], &e); err != nil {
		w.t.Fatalf("entry: %v", err)
	}
	s, err := ledger.ParseCall(e.Call)
	if err != nil {
		w.t.Fatalf("call: %v", err)
	}
	return s.Call.Function
}

// hide takes the last call of a function out of the index: the node's bundles are
// made as if it had never been.
func (w *world) hide(fn ledger.Function) {
	seq := int64(len(w.log.entries)) - 1
	for w.fn(seq) != fn {
		seq--
	}
	for key, list := range w.index {
		w.index[key] = slices.DeleteFunc(slices.Clone(list), func(s int64) bool { return s == seq })
	}
}

// lenient is the bundle that a dishonest node gathers.
func (w *world) lenient(about ledger.Ref) evidence.Bundle {
	w.t.Helper()
	b, err := evidence.Lenient(w.t.Context(), w, about, w.trust(), checkers())
	if err != nil {
		w.t.Fatalf("gather: %v", err)
	}
	return b
}

// outcome is the check that failed, and of a refusal the contract's reason; empty
// where the bundle verifies.
func outcome(err error) string {
	f := evidence.AsFailure(err)
	switch {
	case err == nil:
		return ""
	case f == nil:
		return err.Error()
	}
	if e := ledger.AsError(f.Err); e != nil && f.Check == evidence.CheckRefused {
		return string(f.Check) + " " + string(e.Reason)
	}
	return string(f.Check)
}

// refuses checks that a dishonest node's bundle is invalid, and that an honest node
// returns no bundle.
func (w *world) refuses(about ledger.Ref, want string) {
	w.t.Helper()
	_, err := w.verify(encode(w.t, w.lenient(about)))
	if got := outcome(err); got != want {
		w.t.Errorf("verify: %q (%v), want %q", got, err, want)
	}
	if b, _, err := evidence.Build(w.t.Context(), w, about, w.trust(), ledger.Standard(), checkers()); err == nil {
		w.t.Errorf("a bundle of %d calls is given out", len(b.Calls))
	}
}

// market is a ledger up to an offered license, a listed product and content.
func market(w *world) {
	w.t.Helper()
	w.register("bus")
	w.environment("env")
	w.offer("L")
	w.must("operator", ledger.FnLicenseAccept, w.answer(ref(ledger.KindLicense, "L")))
	w.must("operator", ledger.FnProductList, listing("P", "L", 1))
	w.content("data", "operator", ref(ledger.KindProduct, "P"))
}

func place(w *world, name string) ledger.OrderPlaceArgs {
	return tale.Order(name, "P", w.cited(ref(ledger.KindProduct, "P")), logistics)
}
