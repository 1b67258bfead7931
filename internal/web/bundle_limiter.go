package web

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// bundleLimiter limits how many bundles are made at the same time, because each takes up
// to 30 MB of memory: one for each party, and a few for all parties together.
type bundleLimiter struct {
	timeout time.Duration // how long a request waits
	all     chan struct{} // one element for each bundle that is being made

	mu      sync.Mutex
	parties map[ledger.ID]*partyBundles
}

// partyBundles counts the requests of one party.
type partyBundles struct {
	running  chan struct{} // at most one element
	requests int           // running and waiting
}

// maxWaiting is how many bundles of a party may wait while one is made.
const maxWaiting = 3

func newBundleLimiter(timeout time.Duration) *bundleLimiter {
	return &bundleLimiter{timeout: timeout, all: make(chan struct{}, max(2, runtime.GOMAXPROCS(0))), parties: map[ledger.ID]*partyBundles{}}
}

// acquire waits until a bundle may be made for the party; the caller must call release
// afterwards. It returns ledger.Unavailable if too many requests of the party wait, or
// after the timeout.
func (t *bundleLimiter) acquire(ctx context.Context, party ledger.ID) (release func(), err error) {
	own, ok := t.enter(party)
	if !ok {
		return nil, tooMany()
	}
	ctx, cancel := context.WithTimeoutCause(ctx, t.timeout, tooMany())
	defer cancel()
	for i, slots := range []chan struct{}{own.running, t.all} {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			if i > 0 {
				<-own.running
			}
			t.exit(party)
			return nil, context.Cause(ctx)
		}
	}
	return sync.OnceFunc(func() {
		<-t.all
		<-own.running
		t.exit(party)
	}), nil
}

// enter counts one more request of the party; false if there are too many.
func (t *bundleLimiter) enter(party ledger.ID) (*partyBundles, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	own := t.parties[party]
	if own == nil {
		own = &partyBundles{running: make(chan struct{}, 1)}
		t.parties[party] = own
	}
	if own.requests > maxWaiting {
		return nil, false
	}
	own.requests++
	return own, true
}

// exit counts one request less, and removes a party without requests.
func (t *bundleLimiter) exit(party ledger.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	own := t.parties[party]
	if own.requests--; own.requests == 0 {
		delete(t.parties, party)
	}
}

func tooMany() error {
	return ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy).By("running_bundles")
}
