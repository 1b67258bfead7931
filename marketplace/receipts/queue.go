package receipts

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/datacadastre/cadastre/ledger"
)

// maxBatch is the maximum number of requests in one transaction.
const maxBatch = 2_048

// States of a request: waiting, answered, or abandoned because its caller left before
// it began.
const (
	waiting int32 = iota
	answered
	abandoned
)

// request is one change to make in a transaction together with others.
type request struct {
	// apply makes the change. A *ledger.Error refuses this request only, and then apply
	// wrote nothing; any other error fails the transaction.
	apply func(context.Context, *batch) error
	// onSettled, if set, receives the outcome on the writing goroutine, before the caller
	// does: nil or the refusal after a commit, else the error of the transaction.
	onSettled func(error)
	// onOrphan, if set, is called when the change was made but the caller has left. A
	// request with onOrphan is not begun once its caller left.
	onOrphan func()

	state atomic.Int32
	err   error
	done  chan struct{}
}

// queue collects the requests for the writing goroutine.
type queue struct {
	mu     sync.Mutex
	list   []*request
	closed bool
	wake   chan struct{}
}

func newQueue() *queue { return &queue{wake: make(chan struct{}, 1)} }

func (q *queue) wakeUp() {
	select {
	case q.wake <- struct{}{}:
	default: // a wake-up is pending already
	}
}

func (q *queue) add(r *request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.list = append(q.list, r)
	q.wakeUp()
	return true
}

// close makes the queue refuse more requests, and reports whether it was open.
func (q *queue) close() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	was := !q.closed
	q.closed = true
	q.wakeUp()
	return was
}

// take waits for requests, an alarm or the close. open is false when no more requests
// will come.
func (q *queue) take() (batch []*request, open bool) {
	<-q.wake
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.list), maxBatch)
	batch, q.list = q.list[:n:n], q.list[n:]
	if len(q.list) > 0 || q.closed {
		q.wakeUp()
	}
	return batch, !q.closed || len(q.list) > 0
}

// Waiting returns how many requests wait to be stored.
func (s *Store) Waiting() int {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	return len(s.queue.list)
}

// Failures returns how many transactions failed since the store was opened.
func (s *Store) Failures() int64 { return s.failures.Load() }

// do waits until r is done. When ctx ends first, the outcome is unknown: the error is
// both ctx's and Unavailable.
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

// finish passes the outcome to the waiting caller.
func (r *request) finish(err error) {
	if r.onSettled != nil {
		r.onSettled(err)
	}
	r.err = err
	if r.state.CompareAndSwap(waiting, answered) {
		if r.done != nil {
			close(r.done)
		}
		return
	}
	if r.onOrphan != nil && err == nil {
		r.onOrphan()
	}
}

func unavailable(err error) error {
	return fmt.Errorf("store receipt: %w: %w", ledger.Refuse(ledger.Unavailable, ledger.ReasonInternal), err)
}
