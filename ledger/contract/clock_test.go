package contract_test

import (
	"encoding/json"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// newPractice begins a demonstration ledger with the law's limits and a simulated clock.
func newPractice(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	var g ledger.Genesis
	if err := json.Unmarshal(w.state[ledger.RecordKey(ledger.GenesisRef)], &g); err != nil {
		t.Fatal(err)
	}
	g.Demo, g.Clock = true, ledger.ClockSimulated
	b, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	w.state[ledger.RecordKey(ledger.GenesisRef)] = b
	return w
}

func TestGenesisWithASimulatedClock(t *testing.T) {
	b := newBeginning(t)
	b.args.Demo, b.args.Clock = true, ledger.ClockSimulated
	expect(t, b.begin().Err, refusal{})
	var g ledger.Genesis
	for _, w := range b.begin().Writes {
		if w.Key == ledger.RecordKey(ledger.GenesisRef) {
			if err := json.Unmarshal(w.Value, &g); err != nil {
				t.Fatal(err)
			}
		}
	}
	if g.Clock != ledger.ClockSimulated || g.Limits != ledger.StatutoryLimits() {
		t.Errorf("the ledger began with clock %q and limits %+v", g.Clock, g.Limits)
	}
}

func TestAdvance(t *testing.T) {
	w := newPractice(t)
	to := func(at ledger.Millis) error {
		return applyBatch(t, contract.Env{Time: w.now, Rules: contract.Rules}, w.state, []contract.Verified{
			w.verified(w.sign("authority", ledger.FnAdvance, ledger.AdvanceArgs{To: at})),
		})[0].Err
	}
	outside := refusal{ledger.InvalidCode, ledger.ReasonWindow, "args.to"}
	expect(t, to(w.now), outside)
	expect(t, to(w.now-1), outside)
	expect(t, to(w.now+ledger.MaxAdvance+1), outside)
	expect(t, to(w.now+ledger.MaxAdvance), refusal{})
	w.refused(refusal{ledger.Forbidden, ledger.ReasonRole, "function"}, "holder", ledger.FnAdvance, ledger.AdvanceArgs{To: w.now + 1})
	other := newWorld(t)
	other.refused(refusal{ledger.Forbidden, ledger.ReasonRole, "args.function"}, "authority", ledger.FnAdvance, ledger.AdvanceArgs{To: other.now + 1})
}

// TestAdvanceTwiceAtOnce moves the clock twice in one batch, both calls at the same
// Env.Time: the second goes on from where the first moved it to.
func TestAdvanceTwiceAtOnce(t *testing.T) {
	w := newPractice(t)
	machine := w.now
	advance := func(at ledger.Millis) contract.Verified {
		return w.verified(w.sign("authority", ledger.FnAdvance, ledger.AdvanceArgs{To: at}))
	}
	calls := []contract.Verified{advance(machine + 1000), advance(machine + 500), advance(machine + 5000)}
	var errs []error
	for i, r := range applyBatch(t, contract.Env{Time: machine, Rules: contract.Rules}, w.state, calls) {
		errs = append(errs, r.Err)
		for _, write := range r.Writes {
			w.state[write.Key] = write.Value
		}
		if i != 1 {
			expect(t, r.Err, refusal{})
		}
	}
	expect(t, errs[1], refusal{ledger.InvalidCode, ledger.ReasonWindow, "args.to"})
	ahead, err := contract.ClockOffset(w.state)
	if err != nil || ahead != 5000 {
		t.Errorf("the ledger is %d ms ahead (%v), want 5000", ahead, err)
	}
}
