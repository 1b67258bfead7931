package contract_test

import (
	"encoding/json"
	"hash/maphash"
	"maps"
	"math/bits"
	"os"
	"reflect"
	"strings"
	"sync"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// Every test calls the contract through this file: it records what was refused
// (TestMain compares it with the table of acts), and asks contract.Check about
// each call before it is applied.

// pair is an act and a reason for which it was refused.
type pair struct {
	fn     ledger.Function
	reason ledger.Reason
	rule   bool // of what the arguments name, not of the call itself: its rule said so
}

var refusals = struct {
	sync.Mutex
	seen  map[pair]bool
	needs map[string]bool
}{seen: map[pair]bool{}, needs: map[string]bool{}}

// recordRefusal notes the reason of an outcome, where it is a refusal of the
// contract: one of the signature on the call comes before, and one of its size.
func recordRefusal(fn ledger.Function, err error) {
	if e := ledger.AsError(err); e != nil && !unverified(e) {
		refusals.Lock()
		defer refusals.Unlock()
		refusals.seen[pair{fn, e.Reason, strings.HasPrefix(e.Field, "args.")}] = true
	}
}

// mutated reports whether a guard was removed from the contract under test. A
// test of what the guard does must notice then, and not a comparison of all acts.
func mutated() bool { return os.Getenv("CADASTRE_GUARDS_MUTANT") != "" }

// apply is contract.Apply, recorded and compared with contract.Check.
func apply(t fataler, env contract.Env, state contract.State, v contract.Verified) contract.Result {
	t.Helper()
	r := contract.Apply(env, ledger.Standard(), state, v)
	recordRefusal(v.Call.Function, r.Err)
	recordNeeds(v.Call, r.Err)
	compareCheck(t, env, state, v.Call, r)
	return r
}

// applyBatch is contract.Batch, recorded and compared with contract.Check.
func applyBatch(t fataler, env contract.Env, state contract.State, calls []contract.Verified) []contract.Result {
	t.Helper()
	results := contract.Batch(env, ledger.Standard(), state, calls)
	before := layered{state, map[string][]byte{}}
	for i, r := range results {
		recordRefusal(calls[i].Call.Function, r.Err)
		recordNeeds(calls[i].Call, r.Err)
		compareCheck(t, env, before, calls[i].Call, r)
		before.add(r)
	}
	return results
}

// applyTransaction is contract.Transaction, recorded and compared with contract.Check.
func applyTransaction(t fataler, env contract.Env, state contract.State, calls []string) ([]contract.Result, error) {
	t.Helper()
	results, err := contract.Transaction(env, ledger.Standard(), state, calls)
	before := layered{state, map[string][]byte{}}
	for i, r := range results {
		s, parseErr := contract.Parse(calls[i])
		if parseErr != nil {
			continue
		}
		recordRefusal(s.Call.Function, r.Err)
		asked := env
		asked.Time, asked.I = max(env.Time, r.Record.Time), uint32(i)
		if r.Err == nil || before.latest() <= env.Time { // otherwise it was refused at a later time, which no result shows
			compareCheck(t, asked, before, s.Call, r)
		}
		before.add(r)
	}
	return results, err
}

// applyJWS finds the key of a call, checks its signature and applies it.
func applyJWS(t fataler, env contract.Env, state contract.State, jws string) contract.Result {
	t.Helper()
	s, err := contract.Parse(jws)
	if err != nil {
		return contract.Result{Err: err}
	}
	key, err := contract.FindKey(state, s)
	if err != nil {
		recordRefusal(s.Call.Function, err)
		return contract.Result{Err: err}
	}
	v, err := contract.Verify(ledger.Standard(), s, key)
	if err != nil {
		recordRefusal(s.Call.Function, err)
		return contract.Result{Err: err}
	}
	return apply(t, env, state, v)
}

// check is contract.Check, recorded.
func check(env contract.Env, state contract.State, party ledger.ID, fn ledger.Function, args []byte) error {
	err := contract.Check(env, ledger.Standard(), state, party, fn, args)
	recordRefusal(fn, err)
	return err
}

// compareCheck fails the test where contract.Check says something else of a call
// than applying it came to, or where it writes. Check knows no signature, no call
// id and no time of the call: refusals for those it can't give.
func compareCheck(t fataler, env contract.Env, state contract.State, call ledger.Call, r contract.Result) {
	t.Helper()
	base, ok := stored(state)
	if !ok || mutated() || r.Repeated {
		return
	}
	before := fingerprint(base)
	err := contract.Check(env, ledger.Standard(), state, call.Party, call.Function, call.Args)
	if fingerprint(base) != before {
		t.Fatalf("Check of %s wrote", call.Function)
	}
	if aboutTheSigned(r.Err) {
		return
	}
	want, got := ledger.AsError(r.Err), ledger.AsError(err)
	if !reflect.DeepEqual(want, got) || (err == nil) != (r.Err == nil) {
		t.Fatalf("Check of %s says %v, applying it %v (-apply +check):\n%s", call.Function, err, r.Err, cmp.Diff(want, got))
	}
}

// unverified reports whether a refusal says that the signature on the call is not
// good, or that the call is too large to be read.
func unverified(e *ledger.Error) bool {
	return e.Field == "args" && e.Reason == ledger.ReasonTooLarge || e.Field == "header.alg" || e.Field == "" && e.Reason == ledger.ReasonSignature
}

// aboutTheSigned reports whether a refusal is about the signed call itself: its
// signature and key, id, ledger, time and expiry, and the one genesis that a
// ledger takes.
func aboutTheSigned(err error) bool {
	e := ledger.AsError(err)
	if e == nil {
		return false
	}
	if unverified(e) {
		return true
	}
	switch e.Field {
	case "header.kid", "id", "ledger", "time", "expires":
		return true
	case "":
		return e.Reason == ledger.ReasonGenesis
	case "args.party":
		return e.Reason == ledger.ReasonKeyUse
	}
	return e.Field == "args.ledger" && e.Rule == "same_as_call"
}

// layered is a state with the writes of earlier calls on top.
type layered struct {
	base   contract.State
	writes map[string][]byte
}

// Get reads the writes first.
func (l layered) Get(key string) ([]byte, bool, error) {
	if v, ok := l.writes[key]; ok {
		return v, v != nil, nil
	}
	return l.base.Get(key)
}

func (l layered) add(r contract.Result) {
	for _, w := range r.Writes {
		l.writes[w.Key] = w.Value
	}
}

// latest returns the time of the last recorded call.
func (l layered) latest() (last ledger.Millis) {
	base, _ := stored(l)
	all := maps.Clone(base)
	maps.Copy(all, l.writes)
	for key, value := range all {
		var call ledger.CallRecord
		if strings.HasPrefix(key, "call/") && json.Unmarshal(value, &call) == nil {
			last = max(last, call.Time)
		}
	}
	return last
}

// stored returns the records below a state in memory.
func stored(state contract.State) (memory, bool) {
	switch s := state.(type) {
	case memory:
		return s, true
	case layered:
		return stored(s.base)
	}
	return nil, false
}

var seed = maphash.MakeSeed()

// fingerprint returns a number that changes with any record of a state.
func fingerprint(m memory) (sum uint64) {
	for key, value := range m {
		sum += maphash.String(seed, key) ^ bits.RotateLeft64(maphash.Bytes(seed, value), 1)
	}
	return sum
}
