package embedded

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// maxBatch is how many calls share one commit at most.
const maxBatch = 2048

// publishEvery is the rhythm of checkpoints (protocol §1).
const publishEvery = 200 * time.Millisecond

type request struct {
	call   contract.Verified
	answer chan answer // buffered: the sequencer never waits for a caller
}

type answer struct {
	out ledger.Outcome
	err error
}

// Submit checks the call's form and signature in the caller's goroutine, then
// waits for the sequencer. When ctx ends first the outcome is unknown: the same
// call may be submitted again and returns its first result.
func (l *Ledger) Submit(ctx context.Context, compact string) (ledger.Outcome, error) {
	signed, err := contract.Parse(compact)
	if err != nil {
		return ledger.Outcome{}, err
	}
	key, err := contract.FindKey(readState{ctx, l}, signed)
	if err != nil {
		return ledger.Outcome{}, err
	}
	v, err := contract.Verify(l.cfg.Algorithms, signed, key)
	if err != nil {
		return ledger.Outcome{}, err
	}
	r := &request{call: v, answer: make(chan answer, 1)}
	select {
	case l.queue <- r:
	case <-ctx.Done():
		return ledger.Outcome{}, unavailable(ctx.Err())
	case <-l.done:
		return ledger.Outcome{}, unavailable(errors.New("the ledger is closed"))
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
			return ledger.Outcome{}, unavailable(errors.New("the ledger is closed"))
		}
	}
}

func unavailable(err error) error {
	return errors.Join(ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy), err)
}

// sequence is the one goroutine that writes: it takes all that waits, commits
// it in one transaction, answers all, and repeats. No timer (trials: the log).
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

// commit applies a batch in one transaction. Any failure of the store rolls all
// of it back; the log is opened anew, since the commit may have taken effect.
func (l *Ledger) commit(ctx context.Context, batch []*request) {
	answers := make([]answer, len(batch))
	err := l.apply(ctx, batch, answers)
	if err != nil {
		reload := errors.Join(l.log.Reload(ctx), l.loadTime(ctx))
		l.announce()
		for i := range answers {
			answers[i] = answer{err: unavailable(errors.Join(err, reload))}
		}
	}
	for i, r := range batch {
		r.answer <- answers[i]
	}
}

func (l *Ledger) apply(ctx context.Context, batch []*request, answers []answer) error {
	log := l.log
	now := max(ledger.Millis(l.cfg.Now().UnixMilli()), l.last)
	calls := make([]contract.Verified, len(batch))
	for i, r := range batch {
		calls[i] = r.call
	}
	var pending *tlog.Pending
	err := sqldb.InTx(ctx, l.db.W, func(tx *sql.Tx) error {
		state := txState{ctx, tx}
		env := contract.Env{Time: now, Rules: contract.Rules, Genesis: l.cfg.Genesis}
		results := contract.Batch(env, l.cfg.Algorithms, state, calls)
		w, err := l.write(ctx, tx, log.Size(), calls, results, answers)
		if err != nil || len(w.entries) == 0 {
			return err
		}
		pending, err = log.Append(ctx, tx, w.entries)
		return err
	})
	if err != nil || pending == nil {
		return err
	}
	if err := pending.Commit(); err != nil {
		return err
	}
	l.last = now
	l.announce()
	return nil
}

// announce wakes whoever waits for new blocks.
func (l *Ledger) announce() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.changed)
	l.changed = make(chan struct{})
}

// publish signs a checkpoint, at most every 200 ms, when there is something new.
func (l *Ledger) publish(ctx context.Context) {
	tick := time.NewTicker(publishEvery) //nolint:forbidigo // a rhythm, not a moment
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			// A failure shows at the next evidence or checkpoint asked for, and is tried again.
			_, _ = l.log.Publish(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// writing gathers the entries of a batch and where each new call stands.
type writing struct {
	entries []tlog.Entry
	seqs    map[string]int64
}

func (l *Ledger) write(ctx context.Context, tx *sql.Tx, size int64, calls []contract.Verified, results []contract.Result,
	answers []answer,
) (writing, error) {
	w := writing{seqs: map[string]int64{}}
	for i, r := range results {
		own := ledger.CallKey(calls[i].Call.Party, calls[i].Call.ID)
		if r.Err != nil {
			if ledger.AsError(r.Err) == nil {
				return w, r.Err
			}
			answers[i].err = r.Err
			continue
		}
		out := ledger.Outcome{Time: r.Record.Time, Payload: r.Record.Payload, Event: r.Record.Event, Repeated: r.Repeated}
		seq, err := w.place(ctx, tx, size, own, calls[i].Compact, r)
		if err != nil {
			return w, err
		}
		out.Position = ledger.Position{Block: uint64(seq)}
		answers[i].out = out
	}
	return w, nil
}

// place writes an accepted call's records and entry, or finds the place of one
// that was recorded before.
func (w *writing) place(ctx context.Context, tx *sql.Tx, size int64, own, compact string, r contract.Result) (int64, error) {
	if r.Repeated {
		if seq, ok := w.seqs[own]; ok {
			return seq, nil
		}
		var seq int64
		if err := tx.QueryRowContext(ctx, "SELECT seq FROM record WHERE key = ?", own).Scan(&seq); err != nil {
			return 0, fmt.Errorf("find %s: %w", own, err)
		}
		return seq, nil
	}
	seq := size + int64(len(w.entries))
	e := ledger.LogEntry{V: 1, Seq: uint64(seq), Time: r.Record.Time, Rules: contract.Rules, Call: compact,
		Writes: r.Record.Writes, Event: r.Record.Event}
	data, err := json.Marshal(e)
	if err != nil {
		return 0, fmt.Errorf("encode entry: %w", err)
	}
	extra, err := json.Marshal(stored{Event: r.Event, Writes: r.Writes})
	if err != nil {
		return 0, fmt.Errorf("encode entry: %w", err)
	}
	for _, rec := range r.Writes {
		if err := put(ctx, tx, rec, seq); err != nil {
			return 0, err
		}
	}
	w.entries = append(w.entries, tlog.Entry{Data: data, Extra: extra})
	w.seqs[own] = seq
	return seq, nil
}

func put(ctx context.Context, tx *sql.Tx, w ledger.Write, seq int64) error {
	var err error
	if w.Value == nil {
		_, err = tx.ExecContext(ctx, "DELETE FROM record WHERE key = ?", w.Key)
	} else {
		_, err = tx.ExecContext(ctx, "INSERT INTO record (key, value, seq) VALUES (?, ?, ?) "+
			"ON CONFLICT (key) DO UPDATE SET value = excluded.value, seq = excluded.seq", w.Key, w.Value, seq)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", w.Key, err)
	}
	return nil
}

// txState is the committed state inside the writing transaction: the contract's
// batch keeps its own writes in an overlay.
type txState struct {
	ctx context.Context //nolint:containedctx // one batch, one context
	tx  *sql.Tx
}

// Get reads one key.
func (s txState) Get(key string) ([]byte, bool, error) {
	var v []byte
	err := s.tx.QueryRowContext(s.ctx, "SELECT value FROM record WHERE key = ?", key).Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return v, err == nil, err
}

// readState is the committed state outside a transaction.
type readState struct {
	ctx context.Context //nolint:containedctx // one look-up, one context
	l   *Ledger
}

// Get reads one key.
func (s readState) Get(key string) ([]byte, bool, error) {
	v, err := s.l.Value(s.ctx, key)
	if errors.Is(err, ledger.NotFound) {
		return nil, false, nil
	}
	return v, err == nil, err
}
