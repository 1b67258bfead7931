package backup

import (
	"context"
	"sync"
)

// pool runs functions, at most some at once. After the first error it runs no more.
type pool struct {
	ctx     context.Context //nolint:containedctx // ends with the pool
	fail    context.CancelCauseFunc
	free    chan struct{}
	running sync.WaitGroup
}

func newPool(ctx context.Context, n int) *pool {
	p := &pool{free: make(chan struct{}, n)}
	p.ctx, p.fail = context.WithCancelCause(ctx)
	return p
}

// run starts f when one of the others has ended.
func (p *pool) run(f func(context.Context) error) error {
	select {
	case p.free <- struct{}{}:
	case <-p.ctx.Done():
		return context.Cause(p.ctx)
	}
	p.running.Go(func() {
		defer func() { <-p.free }()
		if err := f(p.ctx); err != nil {
			p.fail(err)
		}
	})
	return nil
}

// wait waits for all functions and returns the first error, or the caller's.
func (p *pool) wait(err error) error {
	p.running.Wait()
	if cause := context.Cause(p.ctx); cause != nil {
		return cause
	}
	p.fail(nil)
	return err
}
