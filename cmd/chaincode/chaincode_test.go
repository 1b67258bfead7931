package main

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// world is a channel whose ledger has begun.
type world struct {
	*ledgertest.World
	*node
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := ledgertest.NewWorld(t, time.Now)
	n := newNode(t, w.Genesis, time.Now)
	w.Begin(t, n)
	return &world{World: w, node: n}
}

// deposits are n deposits of m, each of another hash.
func (w *world) deposits(t testing.TB, m *ledgertest.Member, n int) []string {
	t.Helper()
	calls := make([]string, n)
	for i := range calls {
		calls[i] = w.Call(t, m, ledger.FnDeposit, ledger.DepositArgs{SHA256: ledger.DigestOf(fmt.Appendf(nil, "%d", i)), Bytes: 1})
	}
	return calls
}

// asked is the answer of one chaincode to a proposal that a test has spoiled.
func (w *world) asked(spoil func(*stub), function string, args ...string) endorsement {
	s := &stub{channel: w.channel, at: w.now(), args: append([]string{function}, args...)}
	s.result.Reads, s.result.Writes = map[string]*version{}, map[string][]byte{}
	spoil(s)
	return s.run(w.chaincodes[0])
}

// TestRefusedWhole sends proposals that are refused as a whole. Each must return a
// typed error, and nothing may be written or be in the event.
func TestRefusedWhole(t *testing.T) {
	w := newWorld(t)
	m, other := w.Admitted(t, w.node, ledger.RoleHolder), w.Admitted(t, w.node, ledger.RoleHolder)
	jws := w.Calendar(t, 2026)
	two := []string{w.deposits(t, m, 1)[0], w.deposits(t, other, 1)[0]}
	as := func(*stub) {}
	panics := func(s *stub) { s.read = func() error { panic("a planted fault") } }
	fails := func(s *stub) { s.read = func() error { return errors.New("gone") } }
	clock := func(off time.Duration) func(*stub) { return func(s *stub) { s.at = s.at.Add(off) } }
	for _, c := range []struct {
		name     string
		spoil    func(*stub)
		function string
		args     []string
		want     ledger.Error
	}{
		{"panic", panics, ledger.TxSubmit, []string{jws}, ledger.Error{Code: ledger.InvalidCode, Reason: ledger.ReasonInternal}},
		{"panic in a query", panics, ledger.TxValue, []string{"a"}, ledger.Error{Code: ledger.InvalidCode, Reason: ledger.ReasonInternal}},
		{"store fails", fails, ledger.TxSubmit, []string{jws}, ledger.Error{Code: ledger.Unavailable, Reason: ledger.ReasonBusy}},
		{"store fails a query", fails, ledger.TxValue, []string{"a"}, ledger.Error{Code: ledger.Unavailable, Reason: ledger.ReasonBusy}},
		{"no time", func(s *stub) { s.undated = true }, ledger.TxSubmit, []string{jws}, ledger.Error{Code: ledger.Unavailable, Reason: ledger.ReasonBusy}},
		{"clock ahead", clock(6 * time.Minute), ledger.TxSubmit, []string{jws}, ledger.Error{Code: ledger.Unavailable, Reason: ledger.ReasonClock}},
		{"clock behind", clock(-6 * time.Minute), ledger.TxSubmit, []string{jws}, ledger.Error{Code: ledger.Unavailable, Reason: ledger.ReasonClock}},
		{"clock off by an hour, in a query", clock(time.Hour), ledger.TxValue, []string{"a"}, ledger.Error{Code: ledger.Unavailable, Reason: ledger.ReasonClock}},
		{"unknown function", as, "transfer", nil, ledger.Error{Code: ledger.InvalidCode, Reason: ledger.ReasonFunction, Field: "function"}},
		{"no calls", as, ledger.TxSubmit, nil, ledger.Error{Code: ledger.InvalidCode, Reason: ledger.ReasonField, Field: "calls", Rule: "required"}},
		{"too many calls", as, ledger.TxSubmit, make([]string, 201), ledger.Error{Code: ledger.InvalidCode, Reason: ledger.ReasonField, Field: "calls", Rule: "at_most_200"}},
		{"two parties", as, ledger.TxSubmit, two, ledger.Error{Code: ledger.InvalidCode, Reason: ledger.ReasonField, Field: "calls[1].party", Rule: "one_party"}},
		{"other functions", as, ledger.TxSubmit, []string{jws, jws}, ledger.Error{Code: ledger.InvalidCode, Reason: ledger.ReasonField, Field: "calls[0].function", Rule: "registration"}},
		{"half a call's name", as, ledger.TxCall, []string{"a"}, ledger.Error{Code: ledger.InvalidCode, Reason: ledger.ReasonField, Field: "args", Rule: "party_and_call"}},
		{"no key", as, ledger.TxValue, []string{""}, ledger.Error{Code: ledger.InvalidCode, Reason: ledger.ReasonField, Field: "args", Rule: "one_key"}},
		{"unknown call", as, ledger.TxCall, []string{string(m.ID), string(w.NewID())}, ledger.Error{Code: ledger.NotFound, Reason: ledger.ReasonUnknown}},
		{"unknown key", as, ledger.TxValue, []string{"party/nobody"}, ledger.Error{Code: ledger.NotFound, Reason: ledger.ReasonUnknown}},
	} {
		e := w.asked(c.spoil, c.function, c.args...)
		got, err := ledger.ParseError(e.Message)
		if err != nil || e.Status < http.StatusBadRequest {
			t.Errorf("%s: status %d, %q: %v", c.name, e.Status, e.Message, err)
			continue
		}
		got.Params = nil
		if diff := cmp.Diff(c.want, *got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if len(e.Writes) != 0 || e.Event != nil || e.Payload != nil {
			t.Errorf("%s: the proposal wrote %v", c.name, e.Writes)
		}
	}
	for _, off := range []time.Duration{299 * time.Second, -299 * time.Second} {
		if e := w.asked(clock(off), ledger.TxValue, ledger.RecordKey(ledger.GenesisRef)); e.Status != http.StatusOK {
			t.Errorf("a clock off by %v: %s", off, e.Message)
		}
	}
	ledgertest.Must(t, w.node, jws) // the chaincode still runs
}

// TestRefusedCall has refusals of single calls: they are in the answer, which
// endorsers agree on, and write nothing.
func TestRefusedCall(t *testing.T) {
	w := newWorld(t)
	m := w.Admitted(t, w.node, ledger.RoleHolder)
	draft := w.Draft(w.Authority, ledger.FnCalendarSet)
	ledgertest.Must(t, w.node, ledgertest.Sign(t, w.Authority.Key, draft, ledgertest.CalendarOf(2026)))
	nobody := ledger.TargetArgs{ID: w.NewID(), Answers: ledger.DigestOf(nil), Ground: "test"}
	for _, c := range []struct {
		jws    string
		code   ledger.Code
		reason ledger.Reason
	}{
		{"no call", ledger.InvalidCode, ledger.ReasonJWS},
		{w.Call(t, w.Authority, ledger.FnPartySuspend, nobody), ledger.NotFound, ledger.ReasonUnknown},
		{w.Call(t, m, ledger.FnCalendarSet, ledgertest.CalendarOf(2026)), ledger.Forbidden, ledger.ReasonRole},
		{w.Admission(t, m), ledger.Conflict, ledger.ReasonExists},
		{ledgertest.Sign(t, w.Authority.Key, draft, ledgertest.CalendarOf(2027)), ledger.Conflict, ledger.ReasonCallUsed},
		{w.Call(t, w.Authority, ledger.FnGenesis, w.Args), ledger.Conflict, ledger.ReasonGenesis},
	} {
		answers, tx, err := w.transact(c.jws)
		if err != nil {
			t.Fatal(err)
		}
		ledgertest.Refused(t, answers[0].Error, c.code, c.reason)
		if len(tx.endorsed.Writes) != 0 || tx.endorsed.Event != nil || answers[0].Record != nil {
			t.Errorf("%v: a refused call has written", answers[0].Error)
		}
	}
}

func TestOtherGenesis(t *testing.T) {
	mine, theirs := ledgertest.NewWorld(t, time.Now), ledgertest.NewWorld(t, time.Now)
	n := newNode(t, mine.Genesis, time.Now)
	_, err := n.Submit(t.Context(), theirs.Genesis)
	ledgertest.Refused(t, err, ledger.Forbidden, ledger.ReasonGenesis)
	if len(n.state) != 0 {
		t.Errorf("another ledger's genesis wrote %d keys", len(n.state))
	}
	mine.Begin(t, n)
}

// TestChangedContract has one organization of three run another contract, one
// that begins with another genesis: what it endorses with an honest one does not
// match, so that it is never ordered.
func TestChangedContract(t *testing.T) {
	mine, theirs := ledgertest.NewWorld(t, time.Now), ledgertest.NewWorld(t, time.Now)
	n := newNode(t, mine.Genesis, time.Now)
	n.chaincodes[1] = newChaincode(theirs.Genesis, time.Now)
	for pair, want := range []error{errDiffer, errDiffer, nil} { // 0 and 1, 1 and 2, 2 and 0
		if _, err := n.endorse(pair, time.Now(), ledger.TxSubmit, mine.Genesis); !errors.Is(err, want) {
			t.Errorf("endorsers %d and %d: %v, want %v", pair, (pair+1)%3, err, want)
		}
	}
}

// TestSameBytes answers every proposal of a filled ledger twice, by chaincodes
// of two channels of one state.
func TestSameBytes(t *testing.T) {
	w := newWorld(t)
	m := w.Admitted(t, w.node, ledger.RoleHolder)
	twin := &channel{state: w.state, chaincodes: []*chaincode{newChaincode(w.Genesis, time.Now)}}
	now := time.Now()
	for _, args := range [][]string{w.deposits(t, m, 40), {w.Calendar(t, 2027)}, {w.Admission(t, m)}, {w.Genesis}} {
		a := w.simulate(w.chaincodes[0], now, ledger.TxSubmit, args...)
		b := twin.simulate(twin.chaincodes[0], now, ledger.TxSubmit, args...)
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("two simulations (-a +b):\n%s", diff)
		}
		if a.Status != http.StatusOK {
			t.Errorf("status %d: %s", a.Status, a.Message)
		}
	}
}

// TestTimeOfAClaim has a client whose clock is ahead, then one that is right.
func TestTimeOfAClaim(t *testing.T) {
	w := newWorld(t)
	fast := &node{channel: w.channel, now: func() time.Time { return time.Now().Add(4 * time.Minute) }}
	m := w.Member(t, ledger.RoleHolder)
	first := ledgertest.Must(t, fast, w.Admission(t, m))
	second := ledgertest.Must(t, w.node, w.deposits(t, m, 1)[0])
	if second.Time != first.Time {
		t.Errorf("the party's call is recorded at %d, its admission at %d", second.Time, first.Time)
	}
	if third := ledgertest.Must(t, w.node, w.Calendar(t, 2026)); third.Time >= first.Time {
		t.Errorf("a call that has nothing to do with it is recorded at %d", third.Time)
	}
}

// TestDrain ends a chaincode while it answers: what has begun is answered,
// what comes after is not.
func TestDrain(t *testing.T) {
	w := newWorld(t)
	begun, release, drained := make(chan struct{}), make(chan struct{}), make(chan struct{})
	answer := make(chan endorsement, 1)
	genesis := ledger.RecordKey(ledger.GenesisRef)
	go func() {
		answer <- w.asked(func(s *stub) {
			s.read = func() error { close(begun); <-release; return nil }
		}, ledger.TxValue, genesis)
	}()
	<-begun
	go func() { w.chaincodes[0].drain(); close(drained) }()
	late := w.asked(func(*stub) {}, ledger.TxValue, genesis)
	for late.Status == http.StatusOK { // until it is draining
		late = w.asked(func(*stub) {}, ledger.TxValue, genesis)
	}
	ledgertest.Refused(t, refused(late), ledger.Unavailable, ledger.ReasonBusy)
	select {
	case <-drained:
		t.Error("drained while a proposal was being answered")
	default:
	}
	close(release)
	if e := <-answer; e.Status != http.StatusOK {
		t.Errorf("what had begun was answered %d %s", e.Status, e.Message)
	}
	<-drained
}
