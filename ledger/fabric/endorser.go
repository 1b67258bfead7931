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

// rest is how long a peer that failed is asked last.
const rest = 2 * time.Second

// lag is how long a peer that is behind is waited for.
const lag = 5 * time.Second

// step is how often it is asked meanwhile.
const step = 20 * time.Millisecond

// endorser is a peer, and how it did of late.
type endorser struct {
	fab.Peer
	mu      sync.Mutex
	failed  time.Time // when it last did
	applied uint64    // a block that it is known to have applied; 0: none
	late    bool      // it was waited for in vain, and has not caught up since
}

// has reports whether the peer is known to have applied a block.
func (e *endorser) has(block uint64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.applied >= block
}

// fail notes that the peer gave no answer. It may come back with less than it had.
func (e *endorser) fail(now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.failed, e.applied = now, 0
}

// ill reports whether the peer failed just now.
func (e *endorser) ill(now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return now.Sub(e.failed) < rest
}

// await waits until the peer has applied a block: until asked, which asks it for
// what the block holds, finds it. One that was waited for in vain is asked once
// only, until it has caught up: others answer meanwhile.
func (e *endorser) await(ctx context.Context, block uint64, asked func(context.Context) error) error {
	if e.has(block) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lag)
	defer cancel()
	for {
		err := asked(ctx)
		e.mu.Lock()
		late := e.late
		if err == nil {
			e.applied, e.late = max(block, e.applied), false
		}
		e.mu.Unlock()
		if err == nil || ctx.Err() == nil && !errors.Is(err, ledger.NotFound) {
			return err
		}
		if !late {
			wait(ctx, step)
		}
		if late || ctx.Err() != nil {
			e.mu.Lock()
			e.late = true
			e.mu.Unlock()
			return fmt.Errorf("peer %s has not applied block %d: %w", e.URL(), block, context.Cause(ctx))
		}
	}
}

// firstOf is the answer of the first peer that gives one. What one refuses for
// its clock, another may answer.
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

// anyOf is the answer of a peer that has what is asked for; NotFound where none of
// those that answer has it.
func anyOf(ctx context.Context, list []*endorser, ask func(context.Context, *endorser) (*answer, error)) (*answer, error) {
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

// glance is how long peers may take to say how high they are: whoever asks has a
// stream to read.
const glance = time.Second

// highest is the highest of the numbers that peers answer, all asked at once.
func highest(ctx context.Context, list []*endorser, ask func(context.Context, *endorser) (uint64, error)) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	numbers := make([]uint64, len(list))
	failures := make([]error, len(list))
	var asking sync.WaitGroup
	for i, e := range list {
		asking.Go(func() { numbers[i], failures[i] = ask(ctx, e) })
	}
	asking.Wait()
	some := false
	var top uint64
	for i, n := range numbers {
		if failures[i] == nil {
			some, top = true, max(top, n)
		}
	}
	if !some {
		return 0, unavailable(errors.Join(failures...))
	}
	return top, nil
}
