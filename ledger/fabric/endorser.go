package fabric

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hyperledger/fabric-sdk-go/pkg/common/providers/fab"

	"github.com/datacadastre/cadastre/ledger"
)

// failurePause is how long a peer that failed is asked after all others.
const failurePause = 2 * time.Second

// catchUpTimeout is how long we wait for a peer that is behind.
const catchUpTimeout = 5 * time.Second

// pollInterval is the pause between questions to a peer that is behind.
const pollInterval = 20 * time.Millisecond

// endorser is a peer with its recent health.
type endorser struct {
	fab.Peer
	mu      sync.Mutex
	failed  time.Time // time of its last failure
	applied uint64    // newest block that it is known to have applied; 0: unknown
	slow    bool      // the last wait for it timed out, and it has not caught up since
}

// hasApplied reports whether the peer is known to have applied a block.
func (e *endorser) hasApplied(block uint64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.applied >= block
}

// markFailed records that the peer did not answer. After a restart it may have
// fewer blocks than before.
func (e *endorser) markFailed(now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.failed, e.applied = now, 0
}

// failedRecently reports whether the peer failed within failurePause.
func (e *endorser) failedRecently(now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return now.Sub(e.failed) < failurePause
}

// awaitBlock waits until the peer has applied a block, that is until asked finds a
// record of that block at the peer. After a timeout the peer is asked only once per
// call, until it has caught up, so that other peers can answer meanwhile.
func (e *endorser) awaitBlock(ctx context.Context, block uint64, asked func(context.Context) error) error {
	if e.hasApplied(block) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, catchUpTimeout)
	defer cancel()
	for {
		err := asked(ctx)
		e.mu.Lock()
		late := e.slow
		if err == nil {
			e.applied, e.slow = max(block, e.applied), false
		}
		e.mu.Unlock()
		if err == nil || ctx.Err() == nil && !errors.Is(err, ledger.NotFound) {
			return err
		}
		if !late {
			wait(ctx, pollInterval)
		}
		if late || ctx.Err() != nil {
			e.mu.Lock()
			e.slow = true
			e.mu.Unlock()
			return fmt.Errorf("peer %s has not applied block %d: %w", e.URL(), block, context.Cause(ctx))
		}
	}
}

// firstOf returns the answer of the first peer that gives one. If a peer refuses
// because of its clock, the next peer is asked.
func firstOf(ctx context.Context, list []*endorser, ask func(context.Context, *endorser) (*answer, error)) (*answer, error) {
	var failures []error
	var clock *ledger.Error
	for _, e := range list {
		a, err := ask(ctx, e)
		if err == nil {
			return a, nil
		}
		switch refused := ledger.AsError(err); {
		case refused != nil && refused.Code != ledger.Unavailable:
			return nil, refused
		case refused != nil && refused.Reason == ledger.ReasonClock:
			clock = refused
		}
		if ctx.Err() != nil {
			return nil, unavailable(context.Cause(ctx))
		}
		failures = append(failures, err)
	}
	if clock != nil {
		return nil, clock
	}
	return nil, unavailable(errors.Join(failures...))
}

// firstFound returns the answer of the first peer that finds what is asked for. It
// returns NotFound if no peer that answers finds it.
func firstFound(ctx context.Context, list []*endorser, ask func(context.Context, *endorser) (*answer, error)) (*answer, error) {
	var missing error
	a, err := firstOf(ctx, list, func(ctx context.Context, e *endorser) (*answer, error) {
		a, err := ask(ctx, e)
		if errors.Is(err, ledger.NotFound) {
			missing = err
			return nil, unavailable(err)
		}
		return a, err
	})
	if err != nil && missing != nil && ctx.Err() == nil {
		return nil, missing
	}
	return a, err
}

// heightTimeout is how long the peers may take to report their heights. It is
// short, since a reader of blocks waits for it.
const heightTimeout = time.Second

// highest asks all peers at once and returns the highest number that they answer.
func highest(ctx context.Context, list []*endorser, ask func(context.Context, *endorser) (uint64, error)) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, heightTimeout)
	defer cancel()
	numbers := make([]uint64, len(list))
	failures := make([]error, len(list))
	var asking sync.WaitGroup
	for i, e := range list {
		asking.Go(func() { numbers[i], failures[i] = ask(ctx, e) })
	}
	asking.Wait()
	answered := false
	var top uint64
	for i, n := range numbers {
		if failures[i] == nil {
			answered, top = true, max(top, n)
		}
	}
	if !answered {
		return 0, unavailable(errors.Join(failures...))
	}
	return top, nil
}
