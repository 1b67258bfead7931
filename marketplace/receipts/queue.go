package receipts

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/datacadastre/cadastre/ledger"
)

// most is how many requests one transaction takes.
const most = 2_048

// What becomes of a request: answered, or its caller went before.
const (
	waiting int32 = iota
	answered
	abandoned
)

// request is one thing to be done in a transaction with others.
type request struct {
	// apply does it. A *ledger.Error refuses this request alone, and then
	// nothing was written for it; any other error fails the transaction.
	apply func(context.Context, *batch) error
	// settle, if set, is told the outcome by the writing goroutine, before
	// the caller: after a commit nil or the refusal, else why all failed.
	settle func(error)
	// orphan, if set, is called when it was done but its caller had gone. A
	// request with an orphan is not begun once the caller went.
	orphan func()

	state atomic.Int32
	err   error
	done  chan struct{}
}

// queue is what waits for the writing goroutine.
type queue struct {
	mu     sync.Mutex
	list   []*request
	closed bool
	wake   chan struct{}
}

func newQueue() *queue { return &queue{wake: make(chan struct{}, 1)} }

func (q *queue) rouse() {
	select {
	case q.wake <- struct{}{}:
	default: // it will look anyway
	}
}

func (q *queue) add(r *request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.list = append(q.list, r)
	q.rouse()
	return true
}

// close lets nothing more in, and reports whether it was open.
func (q *queue) close() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	was := !q.closed
	q.closed = true
	q.rouse()
	return was
}

// take waits for requests, an alarm or the close, and says whether there may
// be more to come.
func (q *queue) take() (batch []*request, open bool) {
	<-q.wake
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.list), most)
	batch, q.list = q.list[:n:n], q.list[n:]
	if len(q.list) > 0 || q.closed {
		q.rouse()
	}
	return batch, !q.closed || len(q.list) > 0
}

// do waits until r is done. When ctx ends first the outcome is unknown: the
// error is both ctx's and Unavailable.
func (s *Store) do(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	r.done = make(chan struct{})
	if !s.queue.add(r) {
		return unavailable(errors.New("the store is closed"))
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		if r.state.CompareAndSwap(waiting, abandoned) {
			return unavailable(ctx.Err())
		}
		<-r.done
		return r.err
	}
}

// finish tells the outcome to whoever waits.
func (r *request) finish(err error) {
	if r.settle != nil {
		r.settle(err)
	}
	r.err = err
	if r.state.CompareAndSwap(waiting, answered) {
		if r.done != nil {
			close(r.done)
		}
		return
	}
	if r.orphan != nil && err == nil {
		r.orphan()
	}
}

func unavailable(err error) error {
	return fmt.Errorf("keep receipt: %w: %w", ledger.Refuse(ledger.Unavailable, ledger.ReasonInternal), err)
}
