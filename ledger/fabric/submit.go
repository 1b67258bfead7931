package fabric

import (
	"context"
	"sync"

	"github.com/datacadastre/cadastre/ledger"
)

// inFlight is how many transactions of one lane are on their way at most. A
// transaction waits for its block most of its time: with one alone an import
// would be as slow as blocks are.
const inFlight = 4

// maxBatchBytes bounds a transaction's calls, so that a block isn't one of them alone.
const maxBatchBytes = 1 << 20

// Submit gives a signed call to the peers and returns when it is in a block.
func (l *Ledger) Submit(ctx context.Context, jws string) (ledger.Outcome, error) {
	call, err := ledger.ParseCall(jws)
	if err != nil {
		return ledger.Outcome{}, err
	}
	ctx, leave, err := l.enter(ctx)
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

// flush submits calls as one transaction and notes the newest that is recorded.
func (l *Ledger) flush(ctx context.Context, calls []ledger.Signed) []result {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	floor := l.seen.newest()
	s := &submission{
		send: l.send, log: l.cfg.Log, locate: l.locate,
		look: func() func(context.Context, []string) bool { return l.look(floor) },
	}
	defer s.end()
	results := s.run(ctx, calls)
	for i, c := range calls {
		if results[i].err == nil {
			l.seen.note(c.Call.Party, c.Call.ID, results[i].out.Position.Block)
		}
	}
	return results
}

// lanes gather calls into transactions, a lane for each party: those that wait
// while transactions are on their way go together into the next. No call waits
// for others to come.
type lanes struct {
	flush func(context.Context, []ledger.Signed) []result

	tasks sync.WaitGroup // transactions on their way
	mu    sync.Mutex
	party map[ledger.ID]*lane
}

type lane struct {
	waiting []*waiting
	flying  int
}

type waiting struct {
	call   ledger.Signed
	ctx    context.Context //nolint:containedctx // one call, one context: a batch outlives the callers that go
	answer chan result     // buffered: nobody waits for a caller that is gone
}

// submit waits for its call's result, or until ctx ends. The call goes on then:
// its outcome is unknown to the caller, who may submit it again.
func (l *lanes) submit(ctx context.Context, call ledger.Signed) result {
	w := &waiting{call: call, ctx: ctx, answer: make(chan result, 1)}
	l.join(w)
	select {
	case r := <-w.answer:
		return r
	case <-ctx.Done():
		return result{err: unavailable(context.Cause(ctx))}
	}
}

func (l *lanes) join(w *waiting) {
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
	if a.flying < inFlight {
		a.flying++
		l.tasks.Go(func() { l.fly(id, a) })
	}
}

// fly submits what waits, again and again, until nothing does.
func (l *lanes) fly(id ledger.ID, a *lane) {
	for {
		l.mu.Lock()
		batch := a.take()
		if len(batch) == 0 {
			if a.flying--; a.flying == 0 && len(a.waiting) == 0 {
				delete(l.party, id)
			}
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		l.submitAll(batch)
	}
}

// take is the next batch: what waits, in order, up to the limits. A call that is
// there twice goes by itself the second time, and finds the first one's result.
func (a *lane) take() []*waiting {
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

// submitAll answers the calls of a batch. It goes on as long as one of their
// callers waits.
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
