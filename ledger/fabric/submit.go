package fabric

import (
	"context"
	"sync"

	"github.com/datacadastre/cadastre/ledger"
)

// inFlight is the maximum number of transactions of one lane in progress. A
// transaction spends most of its time waiting for its block, so a single one would
// limit an import to one transaction per block.
const inFlight = 4

// maxBatchBytes limits the size of a transaction, so that a block has room for more
// than one.
const maxBatchBytes = 1 << 20

// Submit sends a signed call to the peers and returns when it is in a block.
func (l *Ledger) Submit(ctx context.Context, jws string) (ledger.Outcome, error) {
	call, err := ledger.ParseCall(jws)
	if err != nil {
		return ledger.Outcome{}, err
	}
	ctx, leave, err := l.startTask(ctx)
	if err != nil {
		return ledger.Outcome{}, err
	}
	defer leave()
	if ledger.Batched(call.Call.Function) {
		r := l.lanes.submit(ctx, call)
		return r.out, r.err
	}
	r := l.flush(ctx, []ledger.Signed{call})[0]
	return r.out, r.err
}

// flush submits calls as one transaction and remembers the newest recorded one.
func (l *Ledger) flush(ctx context.Context, calls []ledger.Signed) []result {
	ctx, cancel := context.WithTimeout(ctx, submitTimeout)
	defer cancel()
	floor := l.seen.newest()
	s := &submission{
		send: l.send, log: l.cfg.Log, locate: l.locate,
		snapshot: func() func(context.Context, []string) bool { return l.snapshotPeers(floor) },
	}
	defer s.forgetAttempts()
	results := s.run(ctx, calls)
	for i, c := range calls {
		if results[i].err == nil {
			l.seen.update(c.Call.Party, c.Call.ID, results[i].out.Position.Block)
		}
	}
	return results
}

// lanes groups calls into transactions, with one lane per party. The calls that
// arrive while transactions are in progress go into the next transaction together.
// No call waits for others to arrive.
type lanes struct {
	flush func(context.Context, []ledger.Signed) []result

	tasks sync.WaitGroup // transactions in progress
	mu    sync.Mutex
	party map[ledger.ID]*lane
}

type lane struct {
	waiting    []*waiting
	inProgress int
}

type waiting struct {
	call   ledger.Signed
	ctx    context.Context //nolint:containedctx // one context per call: a batch goes on after a caller has left
	answer chan result     // buffered, so that sending never waits for a caller that has left
}

// submit returns the result of a call, or Unavailable when ctx ends first. In that
// case the call may still be recorded, and the caller may submit it again.
func (l *lanes) submit(ctx context.Context, call ledger.Signed) result {
	w := &waiting{call: call, ctx: ctx, answer: make(chan result, 1)}
	l.add(w)
	select {
	case r := <-w.answer:
		return r
	case <-ctx.Done():
		return result{err: unavailable(context.Cause(ctx))}
	}
}

func (l *lanes) add(w *waiting) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.party == nil {
		l.party = map[ledger.ID]*lane{}
	}
	id := w.call.Call.Party
	a := l.party[id]
	if a == nil {
		a = &lane{}
		l.party[id] = a
	}
	a.waiting = append(a.waiting, w)
	if a.inProgress < inFlight {
		a.inProgress++
		l.tasks.Go(func() { l.submitWaiting(id, a) })
	}
}

// submitWaiting submits the waiting calls in batches until no call waits.
func (l *lanes) submitWaiting(id ledger.ID, a *lane) {
	for {
		l.mu.Lock()
		batch := a.nextBatch()
		if len(batch) == 0 {
			if a.inProgress--; a.inProgress == 0 && len(a.waiting) == 0 {
				delete(l.party, id)
			}
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		l.submitAll(batch)
	}
}

// nextBatch removes the next batch from the waiting calls, in order and up to the
// limits. If a call is waiting twice, the second copy goes into a later batch and
// gets the result of the first.
func (a *lane) nextBatch() []*waiting {
	var batch, left []*waiting
	ids := map[ledger.ID]bool{}
	size := 0
	for _, w := range a.waiting {
		switch {
		case w.ctx.Err() != nil:
			w.answer <- result{err: unavailable(context.Cause(w.ctx))}
		case len(batch) == ledger.MaxBatch || ids[w.call.Call.ID] || size > 0 && size+len(w.call.Compact) > maxBatchBytes:
			left = append(left, w)
		default:
			ids[w.call.Call.ID] = true
			size += len(w.call.Compact)
			batch = append(batch, w)
		}
	}
	a.waiting = left
	return batch
}

// submitAll submits a batch and answers its callers. It stops when all of them have
// left.
func (l *lanes) submitAll(batch []*waiting) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(batch[0].ctx))
	defer cancel(nil)
	var mu sync.Mutex
	left := len(batch)
	calls := make([]ledger.Signed, len(batch))
	for i, w := range batch {
		calls[i] = w.call
		defer context.AfterFunc(w.ctx, func() {
			mu.Lock()
			defer mu.Unlock()
			if left--; left == 0 {
				cancel(context.Cause(w.ctx))
			}
		})()
	}
	for i, r := range l.flush(ctx, calls) {
		batch[i].answer <- r
	}
}
