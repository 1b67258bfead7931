package fabric

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// TestCallerEnds answers at once when the caller goes, and the call can be
// submitted again.
func TestCallerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		l := &lanes{flush: f.submit2}
		calls := many(t, 2)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		begun := time.Now()
		wantErr(t, l.submit(ctx, calls[0]).err, ledger.Unavailable, ledger.ReasonBusy)
		if took := time.Since(begun); took != 50*time.Millisecond {
			t.Errorf("answered after %s", took)
		}
		for _, c := range calls {
			if r := l.submit(t.Context(), c); r.err != nil {
				t.Error(r.err)
			}
		}
		l.tasks.Wait()
		if len(l.party) != 0 {
			t.Errorf("%d lanes are left", len(l.party))
		}
	})
}

func (f *fake) submit2(ctx context.Context, calls []ledger.Signed) []result {
	return f.submit(ctx, calls...)
}

// TestLanes submits many calls of one party at once. They share transactions, few
// transactions are in progress at a time, and no call waits for others to arrive.
func TestLanes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		l := &lanes{flush: f.submit2}
		calls := many(t, 1000)
		begun := time.Now()
		if r := l.submit(t.Context(), calls[0]); r.err != nil || time.Since(begun) != 200*time.Millisecond {
			t.Errorf("a lone call: %v after %s", r.err, time.Since(begun))
		}
		var all sync.WaitGroup
		for _, c := range append(calls[1:], calls[1]) {
			all.Go(func() {
				if r := l.submit(t.Context(), c); r.err != nil {
					t.Error(r.err)
				}
			})
		}
		all.Wait()
		l.tasks.Wait()
		if len(f.recorded) != len(calls) {
			t.Errorf("%d calls recorded, want %d", len(f.recorded), len(calls))
		}
		if f.most > inFlight || slices.Max(f.sizes) != ledger.MaxBatch || len(f.sizes) > 15 {
			t.Errorf("%d transactions at once, of %v calls", f.most, f.sizes)
		}
	})
}

// TestLaneLimits checks that a batch is cut at its limits and that the order is
// preserved.
func TestLaneLimits(t *testing.T) {
	call := func(id string, bytes int) *waiting {
		return &waiting{call: ledger.Signed{Call: ledger.Call{ID: ledger.ID(id)}, Compact: strings.Repeat("x", bytes)}, ctx: t.Context(), answer: make(chan result, 1)}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	left := call("gone", 1)
	left.ctx = gone
	a := &lane{waiting: []*waiting{call("a", 10), left, call("b", maxBatchBytes-11), call("a", 1), call("c", 2), call("d", 1)}}
	ids := func(list []*waiting) string {
		var s []string
		for _, w := range list {
			s = append(s, string(w.call.Call.ID))
		}
		return strings.Join(s, " ")
	}
	if got := ids(a.nextBatch()); got != "a b d" {
		t.Errorf("first batch %q", got)
	}
	if got := ids(a.nextBatch()); got != "a c" {
		t.Errorf("second batch %q", got)
	}
	wantErr(t, (<-left.answer).err, ledger.Unavailable, ledger.ReasonBusy)
	a.waiting = []*waiting{call("large", 2*maxBatchBytes), call("e", 1)}
	if got := ids(a.nextBatch()); got != "large" {
		t.Errorf("a call over the limit goes as %q", got)
	}
}
