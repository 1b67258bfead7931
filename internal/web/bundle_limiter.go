package web

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// bundleLimiter bounds the making of bundles, each of which takes up to 30 MB of memory: of
// one party one at a time, of all parties a few.
type bundleLimiter struct {
	patience time.Duration // how long a request waits
	all      chan struct{} // one element for each bundle in the making

	mu      sync.Mutex
	parties map[ledger.ID]*partyBundles
}

// partyBundles are one party's requests.
type partyBundles struct {
	running  chan struct{} // at most one element
	requests int           // that run or wait
}

// maxWaiting are the bundles of a party that may wait while one is made.
const maxWaiting = 3

func newBundleLimiter(patience time.Duration) *bundleLimiter {
	return &bundleLimiter{patience: patience, all: make(chan struct{}, max(2, runtime.GOMAXPROCS(0))), parties: map[ledger.ID]*partyBundles{}}
}

// acquire waits until the party may have a bundle made; release ends that. It returns
// ledger.Unavailable where too many of the party wait, and when patience is over.
func (t *bundleLimiter) acquire(ctx context.Context, party ledger.ID) (release func(), err error) {
	mine, ok := t.enter(party)
	if !ok {
		return nil, tooMany()
	}
	ctx, cancel := context.WithTimeoutCause(ctx, t.patience, tooMany())
	defer cancel()
	for i, slots := range []chan struct{}{mine.running, t.all} {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			if i > 0 {
				<-mine.running
			}
			t.exit(party)
			return nil, context.Cause(ctx)
		}
	}
	return sync.OnceFunc(func() {
		<-t.all
		<-mine.running
		t.exit(party)
	}), nil
}

// enter counts one more request of the party, and returns false where there are too many.
func (t *bundleLimiter) enter(party ledger.ID) (*partyBundles, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	mine := t.parties[party]
	if mine == nil {
		mine = &partyBundles{running: make(chan struct{}, 1)}
		t.parties[party] = mine
	}
	if mine.requests > maxWaiting {
		return nil, false
	}
	mine.requests++
	return mine, true
}

// exit counts one request fewer, and forgets the party with the last.
func (t *bundleLimiter) exit(party ledger.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	mine := t.parties[party]
	if mine.requests--; mine.requests == 0 {
		delete(t.parties, party)
	}
}

func tooMany() error {
	return ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy).By("running_bundles")
}
