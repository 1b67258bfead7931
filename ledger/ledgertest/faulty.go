package ledgertest

import (
	"context"
	"sync/atomic"

	"github.com/datacadastre/cadastre/ledger"
)

// Fault is what happens to a submitted call.
type Fault int

// The faults of a ledger. The client gets Unavailable for all of them and cannot
// distinguish them.
const (
	NoFault Fault = iota
	Lost          // nothing is applied
	Mute          // it is applied, but the answer is lost
	Later         // nothing is applied now; the call arrives again after the next one
)

// Faulty is a ledger whose submissions fail by plan. Reads are not changed.
type Faulty struct {
	ledger.Ledger
	plan  func(n int64) Fault
	count atomic.Int64
	late  atomic.Pointer[string]
}

// NewFaulty wraps l. plan returns what happens to the n-th submission, starting at
// 1.
func NewFaulty(l ledger.Ledger, plan func(n int64) Fault) *Faulty {
	return &Faulty{Ledger: l, plan: plan}
}

// Always returns a plan with the same fault for every submission.
func Always(f Fault) func(int64) Fault { return func(int64) Fault { return f } }

// At returns a plan with a fault for the n-th submission only.
func At(n int64, f Fault) func(int64) Fault {
	return func(i int64) Fault {
		if i == n {
			return f
		}
		return NoFault
	}
}

// Submissions returns the number of submitted calls, including those that failed.
func (f *Faulty) Submissions() int64 { return f.count.Load() }

// Submit submits according to the plan.
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
	case NoFault:
	}
	return f.Ledger.Submit(ctx, jws)
}
