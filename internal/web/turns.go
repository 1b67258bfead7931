package web

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// turns bounds the making of bundles, each of which takes up to 30 MB of memory: of
// one party one at a time, of all parties a few.
type turns struct {
	patience time.Duration // of who waits
	all      chan struct{} // one for each that runs

	mu      sync.Mutex
	parties map[ledger.ID]*turn
}

// turn is one party's.
type turn struct {
	runs chan struct{} // of one
	here int           // that run or wait
}

// maxWaiting are the bundles of a party that may wait while one is made.
const maxWaiting = 3

func newTurns(patience time.Duration) *turns {
	return &turns{patience: patience, all: make(chan struct{}, max(2, runtime.GOMAXPROCS(0))), parties: map[ledger.ID]*turn{}}
}

// take waits for the party's turn. It is over when leave is called.
// Unavailable where too many of the party wait, and after a time.
func (t *turns) take(ctx context.Context, party ledger.ID) (leave func(), err error) {
	mine, ok := t.come(party)
	if !ok {
		return nil, tooMany()
	}
	ctx, cancel := context.WithTimeoutCause(ctx, t.patience, tooMany())
	defer cancel()
	for i, slots := range []chan struct{}{mine.runs, t.all} {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			if i > 0 {
				<-mine.runs
			}
			t.part(party)
			return nil, context.Cause(ctx)
		}
	}
	return sync.OnceFunc(func() {
		<-t.all
		<-mine.runs
		t.part(party)
	}), nil
}

// come counts one more of the party. False where there are too many.
func (t *turns) come(party ledger.ID) (*turn, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	mine := t.parties[party]
	if mine == nil {
		mine = &turn{runs: make(chan struct{}, 1)}
		t.parties[party] = mine
	}
	if mine.here > maxWaiting {
		return nil, false
	}
	mine.here++
	return mine, true
}

// part counts one fewer, and forgets the party with the last.
func (t *turns) part(party ledger.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	mine := t.parties[party]
	if mine.here--; mine.here == 0 {
		delete(t.parties, party)
	}
}

func tooMany() error {
	return ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy).By("running_bundles")
}
