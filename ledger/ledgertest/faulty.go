package ledgertest

import (
	"context"
	"sync/atomic"

	"github.com/datacadastre/cadastre/ledger"
)

// Fault is what happens to one submitted call.
type Fault int

// The faults of a ledger that a client can't tell apart: it is told unavailable.
const (
	None  Fault = iota
	Lost        // nothing is applied
	Mute        // it is applied, but the answer is lost
	Later       // nothing is applied now; the call arrives again after the next one
)

// Faulty is a ledger whose submissions fail by plan. Reads go through.
type Faulty struct {
	ledger.Ledger
	plan  func(n int64) Fault
	count atomic.Int64
	late  atomic.Pointer[string]
}

// NewFaulty wraps l; plan says what happens to the n-th submission, from 1 on.
func NewFaulty(l ledger.Ledger, plan func(n int64) Fault) *Faulty {
	return &Faulty{Ledger: l, plan: plan}
}

// Always plans the same fault for every submission.
func Always(f Fault) func(int64) Fault { return func(int64) Fault { return f } }

// At plans a fault for the n-th submission only.
func At(n int64, f Fault) func(int64) Fault {
	return func(i int64) Fault {
		if i == n {
			return f
		}
		return None
	}
}

// Submissions is how many calls were submitted, those that failed included.
func (f *Faulty) Submissions() int64 { return f.count.Load() }

// Submit submits as the plan says.
func (f *Faulty) Submit(ctx context.Context, jws string) (ledger.Outcome, error) {
	fault := f.plan(f.count.Add(1))
	if late := f.late.Swap(nil); late != nil {
		defer f.Ledger.Submit(ctx, *late) //nolint:errcheck // nobody waits for a late call
	}
	lost := ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy)
	switch fault {
	case Lost:
		return ledger.Outcome{}, lost
	case Later:
		f.late.Store(&jws)
		return ledger.Outcome{}, lost
	case Mute:
		_, _ = f.Ledger.Submit(ctx, jws) // a refusal is lost too
		return ledger.Outcome{}, lost
	case None:
	}
	return f.Ledger.Submit(ctx, jws)
}
