package contract_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// transact applies calls as one transaction at a time that its client claims,
// and commits what they write.
func (w *world) transact(claimed ledger.Millis, calls ...string) []contract.Result {
	w.t.Helper()
	results, err := applyTransaction(w.t, contract.Env{Time: claimed, Rules: contract.Rules}, w.state, calls)
	if err != nil {
		w.t.Fatalf("transaction: %v", err)
	}
	for _, r := range results {
		for _, write := range r.Writes {
			if write.Value == nil {
				delete(w.state, write.Key)
				continue
			}
			w.state[write.Key] = write.Value
		}
	}
	return results
}

// depositCalls signs n deposits of a party.
func (w *world) depositCalls(who string, n int) []string {
	w.t.Helper()
	calls := make([]string, n)
	for i := range calls {
		calls[i] = w.sign(who, ledger.FnDeposit, ledger.DepositArgs{SHA256: ledger.DigestOf([]byte{byte(i)}), Bytes: 1})
	}
	return calls
}

func TestWhatGoesTogether(t *testing.T) {
	w := newWorld(t)
	full := w.depositCalls("holder", ledger.MaxBatch)
	suspend := w.sign("holder", ledger.FnKeyRevoke, ledger.KeyRevokeArgs{Party: wID("holder"), Kid: w.key("holder").ID(), Reason: "retired"})
	for _, c := range []struct {
		name        string
		calls       []string
		field, rule string
	}{
		{"nothing", nil, "calls", "required"},
		{"too many", append(slices.Clone(full), full[0]), "calls", "at_most_200"},
		{"another party", append(slices.Clone(full[:2]), w.depositCalls("holder2", 1)...), "calls[2].party", "one_party"},
		{"another function", append(slices.Clone(full[:1]), suspend), "calls[1].function", "registration"},
		{"another function first", []string{suspend, full[0]}, "calls[0].function", "registration"},
	} {
		before := len(w.state)
		_, err := applyTransaction(t, contract.Env{Time: w.now, Rules: contract.Rules}, w.state, c.calls)
		e := ledger.AsError(err)
		if e == nil || e.Code != ledger.InvalidCode || e.Reason != ledger.ReasonField || e.Field != c.field || e.Rule != c.rule {
			t.Errorf("%s: %v, want %s to break %s", c.name, err, c.field, c.rule)
		}
		if len(w.state) != before {
			t.Errorf("%s: something was written", c.name)
		}
	}
	results := w.transact(w.now, full...)
	for i, r := range results {
		if r.Err != nil || r.Record.I != uint32(i) {
			t.Fatalf("call %d: place %d, %v", i, r.Record.I, r.Err)
		}
	}
	expect(t, w.transact(w.now, suspend)[0].Err, refusal{ledger.Forbidden, ledger.ReasonKeyUse, "args.kid"}) // alone in its transaction it is not refused for its function
}

// TestEachCallItsOutcome has calls of every kind of trouble in one transaction.
func TestEachCallItsOutcome(t *testing.T) {
	w := newWorld(t)
	w.deposited("a", "holder")
	w.deposited("b", "holder")
	a, b := w.submitArgs("a", "holder"), w.submitArgs("b", "holder")
	b.Resource.Title = a.Resource.Title
	first := w.sign("holder", ledger.FnAppSubmit, a)
	forged := w.sign("holder", ledger.FnAppSubmit, b)
	forged = forged[:len(forged)-6] + "AAAAAA"
	results := w.transact(w.now, "no call", first, w.sign("holder", ledger.FnAppSubmit, b), first, forged)
	expect(t, results[0].Err, refusal{ledger.InvalidCode, ledger.ReasonJWS, ""})
	expect(t, results[1].Err, refusal{})
	expect(t, results[2].Err, refusal{ledger.Conflict, ledger.ReasonDuplicate, "args.resource.title"})
	if again := results[3]; again.Err != nil || !again.Repeated || again.Record.I != 1 || again.Event != nil {
		t.Errorf("the same call again in its own transaction: %+v", again)
	}
	if e := ledger.AsError(results[4].Err); e == nil || e.Reason != ledger.ReasonSignature && e.Reason != ledger.ReasonJWS {
		t.Errorf("a forged call: %v", results[4].Err)
	}
	for _, i := range []int{0, 2, 4} {
		if len(results[i].Writes) != 0 || results[i].Event != nil {
			t.Errorf("call %d was refused and has written", i)
		}
	}
}

// TestTimeNeverFallsAlongARecord has clients whose clocks differ by minutes.
func TestTimeNeverFallsAlongARecord(t *testing.T) {
	w := newDemo(t)
	const minute = 60_000
	begin := w.now
	recorded := func(claimed ledger.Millis, jws string) ledger.Millis {
		t.Helper()
		r := w.transact(claimed, jws)[0]
		expect(t, r.Err, refusal{})
		var e ledger.Event
		if err := json.Unmarshal(r.Event, &e); err != nil {
			t.Fatal(err)
		}
		if e.Time != r.Record.Time {
			t.Errorf("event at %d, record at %d", e.Time, r.Record.Time)
		}
		return r.Record.Time
	}
	args := w.submitArgs("a", "holder")
	deposit := w.sign("holder", ledger.FnDeposit, ledger.DepositArgs{SHA256: args.Deposit, Bytes: 1})
	if at := recorded(begin+4*minute, deposit); at != begin+4*minute {
		t.Fatalf("recorded at %d, want the time claimed", at-begin)
	}
	// The application rests on the deposit, and is made by a slower clock.
	if at := recorded(begin, w.sign("holder", ledger.FnAppSubmit, args)); at != begin+4*minute {
		t.Errorf("recorded %d ms after the beginning, want the deposit's time", at-begin)
	}
	// What has nothing to do with it stays where it was claimed.
	other := w.sign("holder2", ledger.FnDeposit, ledger.DepositArgs{SHA256: mHash("other"), Bytes: 1})
	if at := recorded(begin+minute, other); at != begin+minute {
		t.Errorf("recorded %d ms after the beginning, want one minute", at-begin)
	}
	step := func(event string) string {
		fn, who, args := w.callFor("a", "holder", event)
		return w.sign(who, fn, args)
	}
	if at := recorded(begin+5*minute, step("accept")); at != begin+5*minute {
		t.Errorf("recorded %d ms after the beginning, want five minutes", at-begin)
	}
	if at := recorded(begin, step("pass")); at != begin+5*minute {
		t.Errorf("recorded %d ms after the beginning, want the last step's time", at-begin)
	}
}

// TestEndedKeyStaysEnded has a key revoked by a fast clock; a slow clock does
// not bring it back, and a key brought by a fast one counts at once.
func TestEndedKeyStaysEnded(t *testing.T) {
	w := newWorld(t)
	const minute = 60_000
	begin, old := w.now, w.key("holder")
	fresh, err := ledger.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	proof, err := ledger.SignRotation(fresh, ledger.RotationProof{Ledger: wID("ledger"), Party: wID("holder"), Old: old.ID()})
	if err != nil {
		t.Fatal(err)
	}
	late := w.depositCalls("holder", 1)[0]
	rotate := w.sign("holder", ledger.FnKeyRotate, ledger.KeyRotateArgs{
		Old: old.ID(), New: ledger.NewKeyArg{JWK: fresh.Public(), Use: ledger.UseSign, Custody: ledger.CustodySelf}, Proof: proof,
	})
	expect(t, w.transact(begin+4*minute, rotate)[0].Err, refusal{})
	expect(t, w.transact(begin, late)[0].Err, refusal{ledger.Forbidden, ledger.ReasonKeyEnded, "header.kid"})
	w.keys["holder"] = fresh
	r := w.transact(begin, w.depositCalls("holder", 1)[0])[0]
	expect(t, r.Err, refusal{})
	if r.Record.Time != begin+4*minute {
		t.Errorf("signed by the new key %d ms after the beginning, before it is valid", r.Record.Time-begin)
	}
}

// TestSameTransactionSameBytes applies one transaction on two equal states.
func TestSameTransactionSameBytes(t *testing.T) {
	base := newDemo(t)
	base.deposited("a", "holder")
	calls := append(base.depositCalls("holder", 20), base.sign("holder", ledger.FnAppSubmit, base.submitArgs("a", "holder")))
	run := func() []contract.Result { return base.fork(t).transact(base.now-1000, calls...) }
	if diff := cmp.Diff(run(), run()); diff != "" {
		t.Errorf("two runs (-a +b):\n%s", diff)
	}
}

// broken is a store that fails after some reads.
type broken struct {
	memory
	left int
}

var errBroken = errors.New("disk gone")

func (b *broken) Get(key string) ([]byte, bool, error) {
	if b.left--; b.left < 0 {
		return nil, false, errBroken
	}
	return b.memory.Get(key)
}

// TestStoreFails fails the store at every read in turn: no call is refused for it.
func TestStoreFails(t *testing.T) {
	w := newWorld(t)
	calls := w.depositCalls("holder", 2)
	env := contract.Env{Time: w.now, Rules: contract.Rules}
	for n := 0; ; n++ {
		store := &broken{memory: w.state, left: n}
		results, err := applyTransaction(t, env, store, calls)
		if store.left >= 0 {
			expect(t, err, refusal{})
			return
		}
		if !errors.Is(err, errBroken) || results != nil {
			t.Fatalf("failed at read %d: %v, %+v", n, err, results)
		}
	}
}
