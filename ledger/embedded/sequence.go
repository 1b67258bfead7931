package embedded

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// maxBatch is the maximum number of calls in one commit.
const maxBatch = 2048

// publishEvery is the minimum time between two checkpoints.
const publishEvery = 200 * time.Millisecond

type request struct {
	call   contract.Verified
	answer chan answer // buffered: the sequencer never waits for a caller
}

type answer struct {
	out ledger.Outcome
	err error
}

// Submit checks the form and the signature of the call in the caller's goroutine,
// then waits for the sequencer. If ctx ends first, the outcome is unknown: the same
// call may be submitted again and returns its first result.
func (l *Ledger) Submit(ctx context.Context, compact string) (ledger.Outcome, error) {
	v, err := l.verify(ctx, compact)
	if err != nil {
		return ledger.Outcome{}, err
	}
	if l.beginsOwn(v.Call) {
		return ledger.Outcome{}, ledger.Refuse(ledger.Conflict, ledger.ReasonLogOpen).At("function")
	}
	r := &request{call: v, answer: make(chan answer, 1)}
	select {
	case l.queue <- r:
	case <-ctx.Done():
		return ledger.Outcome{}, unavailable(ctx.Err())
	case <-l.done:
		return ledger.Outcome{}, unavailable(errClosed)
	}
	select {
	case a := <-r.answer:
		return a.out, a.err
	case <-ctx.Done():
		return ledger.Outcome{}, unavailable(ctx.Err())
	case <-l.done:
		select {
		case a := <-r.answer:
			return a.out, a.err
		default:
			return ledger.Outcome{}, unavailable(errClosed)
		}
	}
}

// verify makes the checks that do not depend on the order of calls. A failure of
// the store is not a refusal.
func (l *Ledger) verify(ctx context.Context, compact string) (contract.Verified, error) {
	signed, err := contract.Parse(compact)
	if err != nil {
		return contract.Verified{}, err
	}
	key, err := contract.FindKey(readState{ctx, l}, signed)
	if err != nil && ledger.AsError(err) == nil {
		return contract.Verified{}, unavailable(err)
	}
	if err != nil {
		return contract.Verified{}, err
	}
	return contract.Verify(l.cfg.Algorithms, signed, key)
}

var errClosed = errors.New("the ledger is closed")

// unavailable returns an Unavailable error: the outcome is unknown. If the ledger
// is damaged, the error says that a retry will not help.
func unavailable(err error) error {
	reason := ledger.ReasonBusy
	if errors.Is(err, tlog.ErrDamaged) {
		reason = ledger.ReasonInternal
	}
	return errors.Join(ledger.Refuse(ledger.Unavailable, reason), err)
}

// sequence is the only goroutine that writes. It takes all waiting calls, commits
// them in one transaction, answers them, and repeats. It uses no timer (trials: the
// log).
func (l *Ledger) sequence(ctx context.Context) {
	defer close(l.done)
	for {
		select {
		case r := <-l.queue:
			l.commit(context.WithoutCancel(ctx), l.gather(r))
		case <-ctx.Done():
			for len(l.queue) > 0 {
				l.commit(context.WithoutCancel(ctx), l.gather(<-l.queue))
			}
			return
		}
	}
}

// Waiting returns how many calls wait to be recorded.
func (l *Ledger) Waiting() int { return len(l.queue) }

func (l *Ledger) gather(first *request) []*request {
	batch := []*request{first}
	for len(batch) < maxBatch {
		select {
		case r := <-l.queue:
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

// commit applies a batch in one transaction. If the store fails, the transaction is
// rolled back and the log is reloaded, since the commit may have taken effect.
func (l *Ledger) commit(ctx context.Context, requests []*request) {
	l.writing.Lock()
	defer l.writing.Unlock()
	answers := make([]answer, len(requests))
	err := l.Err()
	if err == nil {
		if err = l.apply(ctx, requests, answers); err != nil {
			err = errors.Join(l.stopIfDamaged(err), l.stopIfDamaged(l.log.Reload(ctx)), l.stopIfDamaged(l.loadLast(ctx)))
			l.announce()
		}
	}
	for i, r := range requests {
		if err != nil {
			answers[i] = answer{err: unavailable(err)}
		}
		r.answer <- answers[i]
	}
}

func (l *Ledger) apply(ctx context.Context, requests []*request, answers []answer) error {
	now := l.cfg.Now()
	if err := l.allowed(now); err != nil {
		for i := range answers {
			answers[i] = answer{err: err}
		}
		return nil
	}
	env := l.env(now)
	calls := make([]contract.Verified, len(requests))
	for i, r := range requests {
		calls[i] = r.call
	}
	var pending *tlog.Pending
	var sum ledger.StateSum
	var dirty map[string]row
	var ahead ledger.Millis
	err := sqldb.InTx(ctx, l.db.W, func(tx *sql.Tx) error {
		b := l.begin(ctx, tx)
		results := contract.Batch(env, l.cfg.Algorithms, b, calls)
		if err := b.record(calls, results, answers); err != nil || len(b.entries) == 0 {
			return err
		}
		if err := b.flush(); err != nil {
			return err
		}
		var err error
		sum, dirty = b.sum, b.dirty
		if ahead, err = b.ahead(); err != nil {
			return err
		}
		pending, err = l.log.Append(ctx, tx, b.entries)
		return err
	})
	if err != nil || pending == nil {
		return err
	}
	l.rememberWritten(dirty)
	if err := pending.Commit(); err != nil {
		return err
	}
	l.last, l.sum, l.ahead = env.Time, sum, ahead
	l.announce()
	return nil
}

// env returns what the rules know of the next batch.
func (l *Ledger) env(now time.Time) contract.Env {
	return contract.Env{
		Time: max(ledger.Millis(now.UnixMilli())+l.ahead, l.last), Rules: contract.Rules, Genesis: l.cfg.Genesis,
	}
}

// announce notifies the readers that wait for new blocks.
func (l *Ledger) announce() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.changed)
	l.changed = make(chan struct{})
}

// publish signs a checkpoint when there are new entries, at most one every 200 ms.
// After a failure it tries again, and requests for evidence or checkpoints get the
// error. A damaged log stops the ledger.
func (l *Ledger) publish(ctx context.Context) {
	defer close(l.publishDone)
	for {
		if _, err := l.awaitSize(ctx, l.log.Published().Size); err != nil {
			return
		}
		if _, err := l.log.Publish(ctx); l.stopIfDamaged(err) != nil && l.Err() != nil {
			return
		}
		select {
		case <-time.After(publishEvery): //nolint:forbidigo // an interval, not a time of day
		case <-ctx.Done():
			return
		}
	}
}
