package node

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	probeAge  = 10 * time.Second // how long the result of a probe is used
	probeTime = 3 * time.Second  // after which a probe has failed
)

// probe asks a store whether it works, at most every ten seconds however often it is asked
// itself: anybody may ask /readyz at any rate. At most one question is open, also to a
// store that never answers.
type probe struct {
	ask func(context.Context) error
	now func() time.Time
	log *slog.Logger

	mu      sync.Mutex
	closed  bool
	at      time.Time     // when the last question was put
	open    chan struct{} // closed when the running question is answered or has taken too long; nil: no question is open
	asking  bool          // a question has no answer yet, perhaps long ago
	failed  error         // the last answer
	running sync.WaitGroup
}

func newProbe(ask func(context.Context) error, now func() time.Time, log *slog.Logger) *probe {
	return &probe{ask: ask, now: now, log: log}
}

// err returns the result of the last probe, after a new one if that is old. It returns
// after probeTime at the latest, or when ctx ends.
func (p *probe) err(ctx context.Context) error {
	p.mu.Lock()
	if !p.closed && !p.asking && (p.at.IsZero() || p.now().Sub(p.at) >= probeAge) {
		p.begin(ctx)
	}
	open := p.open
	p.mu.Unlock()
	if open != nil {
		select {
		case <-open:
		case <-ctx.Done():
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed
}

// begin puts a question. The caller holds the lock. What it asks is not the caller's alone,
// so it goes on when the caller has gone.
func (p *probe) begin(ctx context.Context) {
	p.at, p.asking, p.open = p.now(), true, make(chan struct{})
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTime)
	late := time.AfterFunc(probeTime, func() { p.answer(ctx, context.DeadlineExceeded) })
	p.running.Go(func() {
		defer cancel()
		err := p.ask(ctx)
		late.Stop()
		p.answer(ctx, err)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.asking = false
	})
}

// answer stores the answer to the open question, and logs it if it has changed.
func (p *probe) answer(ctx context.Context, err error) {
	p.mu.Lock()
	was := p.failed
	p.failed = err
	if p.open != nil {
		close(p.open)
		p.open = nil
	}
	p.mu.Unlock()
	switch {
	case err != nil && was == nil:
		p.log.WarnContext(ctx, "the store of content does not work", slog.String("error", err.Error()))
	case err == nil && was != nil:
		p.log.InfoContext(ctx, "the store of content works again")
	}
}

// close waits for the open question. No further one is put.
func (p *probe) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.running.Wait()
}
