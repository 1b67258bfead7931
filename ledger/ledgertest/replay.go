package ledgertest

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// replay runs the contract from an empty state over everything that the ledger
// recorded. Each call must give the same record of the call, event, writes and
// digest of reads again.
func replay(t *testing.T, s *subject) {
	first := s.begin(t)
	m := s.Admitted(t, s, ledger.RoleHolder)
	ref := ledger.RefTo(ledger.KindParty, m.ID)
	answers := func() ledger.TargetArgs {
		return ledger.TargetArgs{ID: m.ID, Answers: Read[ledger.Party](t, s, ref).Cite.Payload, Ground: "test"}
	}
	Must(t, s, s.Calendar(t, 2026))
	Must(t, s, s.Call(t, m, ledger.FnDeposit, ledger.DepositArgs{SHA256: ledger.DigestOf([]byte("a")), Bytes: 1}))
	Must(t, s, s.Call(t, s.Authority, ledger.FnPartySuspend, answers()))
	s.refused(t, s.Call(t, m, ledger.FnDeposit, ledger.DepositArgs{SHA256: ledger.DigestOf([]byte("b")), Bytes: 1}),
		ledger.Forbidden, ledger.ReasonPartySuspended)
	Must(t, s, s.Call(t, s.Authority, ledger.FnPartyResume, answers()))
	Must(t, s, s.Calendar(t, 2026))
	state := replayed{}
	for _, c := range calls(s.collect(t, first.Position.Block, 7)) {
		state.call(t, s, c)
	}
}

// replayed is the state after the replayed calls.
type replayed map[string][]byte

// Get implements contract.State.
func (r replayed) Get(key string) ([]byte, bool, error) {
	v, ok := r[key]
	return v, ok, nil
}

// call runs a recorded call and compares the result.
func (r replayed) call(t *testing.T, s *subject, c ledger.Committed) {
	t.Helper()
	var stored ledger.CallRecord
	b, err := s.Value(t.Context(), ledger.CallKey(c.Event.Party, c.Event.Call))
	if err != nil {
		t.Fatal(err)
	}
	if err := ledger.DecodeStrict(b, &stored); err != nil {
		t.Fatal(err)
	}
	env := contract.Env{Time: c.Time, Rules: stored.Rules, I: c.Position.I}
	got := contract.Apply(env, ledger.Standard(), r, contract.Verified{Signed: Parse(t, c.JWS)})
	if got.Err != nil {
		t.Fatalf("%s again: %v", c.Event.Name, got.Err)
	}
	if diff := cmp.Diff(stored, got.Record); diff != "" {
		t.Errorf("%s again differs from its stored record (-stored +again):\n%s", c.Event.Name, diff)
	}
	if event, err := json.Marshal(c.Event); err != nil || string(event) != string(got.Event) {
		t.Errorf("%s again made another event: %s", c.Event.Name, got.Event)
	}
	if len(got.Reads) == 0 || ledger.HashLines(got.Reads) != stored.Reads {
		t.Errorf("%s read %v, which is not %s", c.Event.Name, got.Reads, stored.Reads)
	}
	for _, w := range got.Writes {
		if w.Value == nil {
			delete(r, w.Key)
		} else {
			r[w.Key] = w.Value
		}
	}
}
