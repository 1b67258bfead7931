package ledgertest

import (
	"context"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// patience is the longest wait of the suite. A ledger of several organizations
// needs time, but a test must end.
const patience = 30 * time.Second

// Factory opens ledgers to be tested.
type Factory struct {
	// Now is the clock of the ledgers.
	Now func() time.Time
	// Open returns a new, empty ledger that accepts only the given genesis. It
	// registers everything that must be closed with t.Cleanup.
	Open func(t *testing.T, genesis string) ledger.Ledger
	// Reopen closes a ledger from Open and opens it again, as a restart would; nil
	// if the backend cannot do this.
	Reopen func(t *testing.T, l ledger.Ledger) ledger.Ledger
	// Claimed says that a call's time is claimed by its client, so that calls
	// submitted at once may be recorded in another order than that of their times.
	Claimed bool
	// Proof checks the backend's proof of a recorded call; may be nil.
	Proof func(t *testing.T, l ledger.Ledger, r ledger.Recorded)
}

// Run checks that the ledgers of open behave as ledger.Ledger requires. Each test
// uses a separate ledger.
func Run(t *testing.T, open Factory) {
	t.Helper()
	for _, c := range []struct {
		name string
		f    func(*testing.T, *subject)
	}{
		{"GenesisFirst", genesisFirst},
		{"GenesisOnce", genesisOnce},
		{"Repeated", repeated},
		{"CallIDUsed", callIDUsed},
		{"Form", form},
		{"Largest", largest},
		{"Times", times},
		{"Keys", keys},
		{"Codes", codes},
		{"RefusedWritesNothing", refusedWritesNothing},
		{"CommittedReads", committedReads},
		{"BlocksInOrder", blocksInOrder},
		{"BlocksResume", blocksResume},
		{"BlocksWait", blocksWait},
		{"BlocksEnd", blocksEnd},
		{"Recorded", recorded},
		{"Replay", replay},
		{"CallerGone", callerGone},
		{"Concurrent", concurrent},
		{"ConcurrentRepeats", concurrentRepeats},
		{"ConcurrentConflicts", concurrentConflicts},
		{"Faults", faults},
		{"SimulatedClock", simulatedClock},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := NewWorld(t, open.Now)
			c.f(t, &subject{World: w, Ledger: open.Open(t, w.Genesis), factory: open})
		})
	}
}

// subject is the ledger of one test, with its fixtures.
type subject struct {
	*World
	ledger.Ledger
	factory Factory
}

// begin submits the genesis and returns its outcome.
func (s *subject) begin(t *testing.T) ledger.Outcome {
	t.Helper()
	return s.Begin(t, s.Ledger)
}

// reopen closes and opens the ledger. It returns false if the backend cannot do
// this.
func (s *subject) reopen(t *testing.T) bool {
	t.Helper()
	if s.factory.Reopen == nil {
		return false
	}
	s.Ledger = s.factory.Reopen(t, s.Ledger)
	return true
}

// refused submits a call that must be refused.
func (s *subject) refused(t *testing.T, jws string, code ledger.Code, reason ledger.Reason) {
	t.Helper()
	_, err := s.Submit(t.Context(), jws)
	Refused(t, err, code, reason)
}

// checkOrdered checks the order of the calls in blocks, which may have been
// submitted at once.
func (s *subject) checkOrdered(t *testing.T, blocks []ledger.Block) {
	t.Helper()
	checkOrder(t, blocks)
	if !s.factory.Claimed {
		checkTimes(t, blocks)
	}
}

// head returns the last committed block.
func (s *subject) head(t *testing.T) ledger.Revision {
	t.Helper()
	r, err := s.Head(t.Context())
	if err != nil {
		t.Fatalf("head: %v", err)
	}
	return r
}

// collect reads blocks from number from on until they contain n calls.
func (s *subject) collect(t *testing.T, from uint64, n int) []ledger.Block {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var blocks []ledger.Block
	calls := 0
	if n == 0 {
		return nil
	}
	for b, err := range s.Blocks(ctx, from) {
		if err != nil {
			t.Fatalf("blocks from %d: %v", from, err)
		}
		blocks = append(blocks, b)
		if calls += len(b.Calls); calls >= n {
			break
		}
	}
	if calls != n {
		t.Fatalf("blocks from %d hold %d calls, want %d", from, calls, n)
	}
	return blocks
}

// calls returns the calls of blocks in order.
func calls(blocks []ledger.Block) []ledger.Committed {
	var all []ledger.Committed
	for _, b := range blocks {
		all = append(all, b.Calls...)
	}
	return all
}
