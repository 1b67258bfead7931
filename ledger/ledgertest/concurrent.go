package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

// simultaneous is how many calls are submitted at the same time.
const simultaneous = 64

// answer is the result that one of several simultaneous callers got.
type answer struct {
	out ledger.Outcome
	err error
}

// submitAtOnce submits calls at the same moment and returns their answers in order.
func submitAtOnce(ctx context.Context, l ledger.Ledger, calls []string) []answer {
	answers := make([]answer, len(calls))
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i, jws := range calls {
		wg.Go(func() {
			<-start
			answers[i].out, answers[i].err = l.Submit(ctx, jws)
		})
	}
	close(start)
	wg.Wait()
	return answers
}

func concurrent(t *testing.T, s *subject) {
	first := s.begin(t)
	list := make([]string, simultaneous)
	for i := range list {
		list[i] = s.Admission(t, s.Member(t, ledger.RoleHolder))
	}
	at := map[ledger.Position]ledger.ID{}
	for i, a := range submitAtOnce(t.Context(), s, list) {
		id := Parse(t, list[i]).Call.ID
		if a.err != nil || a.out.Repeated {
			t.Fatalf("call %d: %+v, %v", i, a.out, a.err)
		}
		if other, ok := at[a.out.Position]; ok {
			t.Errorf("calls %s and %s are both at %+v", id, other, a.out.Position)
		}
		at[a.out.Position] = id
	}
	blocks := s.collect(t, first.Position.Block, simultaneous+1)
	s.checkOrdered(t, blocks)
	for _, c := range calls(blocks)[1:] {
		if at[c.Position] != c.Event.Call {
			t.Errorf("call %s is at %+v, where the answers put %q", c.Event.Call, c.Position, at[c.Position])
		}
		delete(at, c.Position)
	}
	if len(at) != 0 {
		t.Errorf("calls acknowledged but in no block: %v", at)
	}
}

// concurrentRepeats submits one call several times at once. It must be recorded
// once.
func concurrentRepeats(t *testing.T, s *subject) {
	first := s.begin(t)
	jws := s.Calendar(t, 2026)
	list := make([]string, 8)
	for i := range list {
		list[i] = jws
		if i%2 == 1 {
			list[i] = resign(t, s.Authority.Key, jws)
		}
	}
	fresh := 0
	answers := submitAtOnce(t.Context(), s, list)
	for _, a := range answers {
		if a.err != nil {
			t.Fatal(a.err)
		}
		if !a.out.Repeated {
			fresh++
		}
		if a.out.Position != answers[0].out.Position || a.out.Event != answers[0].out.Event {
			t.Errorf("one call has two outcomes: %+v and %+v", a.out, answers[0].out)
		}
	}
	if fresh != 1 {
		t.Errorf("%d of %d answers say that the call is new, want 1", fresh, len(list))
	}
	Must(t, s, s.Calendar(t, 2027))
	s.collect(t, first.Position.Block, 3)
}

// concurrentConflicts submits pairs of calls at once, of which only one may be
// recorded. It also submits a pair that does not conflict.
func concurrentConflicts(t *testing.T, s *subject) {
	s.begin(t)
	for i := range 4 {
		a, b := s.Member(t, ledger.RoleHolder), s.Member(t, ledger.RoleHolder)
		b.Profile.USCC = a.Profile.USCC
		s.oneOf(t, fmt.Sprintf("credit code, pair %d", i), ledger.ReasonExists, s.Admission(t, a), s.Admission(t, b))
	}
	draft := s.Draft(s.Authority, ledger.FnCalendarSet)
	s.oneOf(t, "call id", ledger.ReasonCallUsed,
		Sign(t, s.Authority.Key, draft, CalendarOf(2026)), Sign(t, s.Authority.Key, draft, CalendarOf(2027)))
	for _, a := range submitAtOnce(t.Context(), s, []string{s.Calendar(t, 2030), s.Calendar(t, 2030)}) {
		if a.err != nil {
			t.Errorf("two lists of one year do not conflict, since the later one replaces the other: %v", a.err)
		}
	}
}

func (s *subject) oneOf(t *testing.T, what string, reason ledger.Reason, list ...string) {
	t.Helper()
	accepted := 0
	for _, a := range submitAtOnce(t.Context(), s, list) {
		if a.err == nil {
			accepted++
			continue
		}
		Refused(t, a.err, ledger.Conflict, reason)
	}
	if accepted != 1 {
		t.Errorf("%s: %d of %d were accepted, want 1", what, accepted, len(list))
	}
}

// faults submits each call again until the answer is not Unavailable. Every call
// must be recorded exactly once.
func faults(t *testing.T, s *subject) {
	first := s.begin(t)
	plan := func(n int64) Fault { return [...]Fault{Mute, Lost, NoFault, Later, Mute, Mute, NoFault}[n%7] }
	f := NewFaulty(s.Ledger, plan)
	const n = 12
	want := map[ledger.ID]bool{}
	for i := range n {
		jws := s.Calendar(t, 2026+i%5)
		want[Parse(t, jws).Call.ID] = true
		if _, err := resubmit(t.Context(), f, jws); err != nil {
			t.Fatal(err)
		}
	}
	if f.Submissions() <= n {
		t.Fatalf("%d submissions of %d calls: no fault came", f.Submissions(), n)
	}
	Must(t, s, s.Calendar(t, 2050))
	for _, c := range calls(s.collect(t, first.Position.Block, n+2))[1 : n+1] {
		if !want[c.Event.Call] {
			t.Errorf("call %s is recorded twice, or was never made", c.Event.Call)
		}
		delete(want, c.Event.Call)
	}
	if len(want) != 0 {
		t.Errorf("acknowledged but not recorded: %v", want)
	}
}

// resubmit is a minimal client: it submits the same call again
// while its outcome is unknown.
func resubmit(ctx context.Context, l ledger.Ledger, jws string) (out ledger.Outcome, err error) {
	for range 10 {
		if out, err = l.Submit(ctx, jws); !errors.Is(err, ledger.Unavailable) {
			return out, err
		}
	}
	return out, err
}
