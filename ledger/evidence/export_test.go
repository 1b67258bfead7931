package evidence

import (
	"context"

	"github.com/datacadastre/cadastre/ledger"
)

// Lenient gathers as a dishonest node does: whatever comes of the calls.
func Lenient(ctx context.Context, src Source, about ledger.Ref, trust Trust, checkers map[string]Checker) (Bundle, error) {
	return gather(ctx, src, about, trust, ledger.Standard(), checkers, MaxCalls, true)
}

// AtMost gathers a bundle of at most so many calls.
func AtMost(ctx context.Context, src Source, about ledger.Ref, trust Trust, checkers map[string]Checker, calls int) (Bundle, error) {
	return gather(ctx, src, about, trust, ledger.Standard(), checkers, calls, false)
}
