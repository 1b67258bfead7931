package receipts

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
)

// How long the writing goroutine waits before it works without a request.
const (
	publishEvery = 200 * time.Millisecond // to sign a checkpoint
	retryEvery   = time.Second            // to try again after a failed commit
)

// batch is one transaction that stores all waiting receipts and their effects.
type batch struct {
	s       *Store
	tx      *sql.Tx
	now     time.Time
	first   int64 // the index of the first entry
	entries []tlog.Entry
	stmts   map[string]*sql.Stmt
}

// run is the only goroutine that writes. It takes all waiting requests, commits them in
// one transaction, answers them, and begins again. It does not wait for a batch to
// fill: requests that arrive during a commit form the next batch.
func (s *Store) run(ctx context.Context) {
	defer close(s.stopped)
	defer s.alarm.Stop()
	for {
		list, open := s.queue.take()
		s.commit(ctx, list, !open)
		if !open {
			s.commit(ctx, nil, true) // flushes the repetitions that the last batch counted
			return
		}
		if s.log.Published().Size < s.log.Size() {
			// If the checkpoint can't be stored, the alarm tries again, and the next
			// AnchorState returns the error.
			_, _ = s.log.Publish(ctx)
		}
		s.setAlarm()
	}
}

// commit runs list in one transaction, after the store's own overdue requests, and
// answers every request.
func (s *Store) commit(ctx context.Context, list []*request, last bool) {
	now := s.now()
	all := append(s.retryEnds(), s.dueFlushes(now, last)...)
	for _, r := range list {
		if r.onOrphan == nil || r.state.Load() == waiting {
			all = append(all, r)
		}
	}
	if len(all) == 0 {
		return
	}
	outcome, err := s.transact(ctx, now, all)
	if err != nil {
		s.failures.Add(1)
	}
	for i, r := range all {
		if err != nil {
			r.finish(unavailable(err))
		} else {
			r.finish(outcome[i])
		}
	}
}

// transact returns the outcome of each request, or the error because of which no
// request was stored.
func (s *Store) transact(ctx context.Context, now time.Time, all []*request) ([]error, error) {
	if s.stale {
		if err := s.log.Reload(ctx); err != nil {
			return nil, fmt.Errorf("read the log again: %w", err)
		}
		s.stale = false
	}
	outcome := make([]error, len(all))
	var pending *tlog.Pending
	err := sqldb.InTx(ctx, s.db.W, func(tx *sql.Tx) (err error) {
		b := &batch{s: s, tx: tx, now: now, first: s.log.Size(), stmts: map[string]*sql.Stmt{}}
		if err := b.applyAll(ctx, all, outcome); err != nil || len(b.entries) == 0 {
			return err
		}
		pending, err = s.log.Append(ctx, tx, b.entries)
		return err
	})
	if err == nil && pending != nil {
		err = pending.Commit()
	}
	// A failed commit may have been applied after all: read the log again.
	s.stale = err != nil
	s.announce()
	return outcome, err
}

// announce notifies those who wait for more receipts.
func (s *Store) announce() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.grown)
	s.grown = make(chan struct{})
}

func (b *batch) applyAll(ctx context.Context, all []*request, outcome []error) error {
	for i, r := range all {
		err := r.apply(ctx, b)
		var refusal *ledger.Error
		if err != nil && !errors.As(err, &refusal) {
			return err
		}
		outcome[i] = err
	}
	return ctx.Err()
}

// add appends r to the log and returns its index. An id is stored only once: for the
// same receipt add returns its existing place, for a different receipt with this id a
// Conflict.
func (b *batch) add(ctx context.Context, r ledger.Receipt) (Placed, error) {
	entry, err := encode(r)
	if err != nil {
		return Placed{}, err
	}
	leaf, seq := leafOf(entry), b.first+int64(len(b.entries))
	res, err := b.stmt(ctx, insertReceipt).ExecContext(ctx, indexed(seq, leaf[:], r)...)
	if err != nil {
		return Placed{}, fmt.Errorf("index receipt %s: %w", r.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil {
		return Placed{}, fmt.Errorf("index receipt %s: %w", r.ID, err)
	} else if n == 0 {
		return b.existing(ctx, r, leaf[:])
	}
	b.entries = append(b.entries, tlog.Entry{Data: entry})
	return Placed{Index: seq, Leaf: digest(leaf)}, nil
}

// indexed returns the columns of a receipt in the index.
func indexed(seq int64, leaf []byte, r ledger.Receipt) []any {
	return []any{
		seq, r.ID, leaf, r.Kind, r.Time, r.Party,
		null(r.Order), null(r.License), null(r.Subject), null(r.Content), null(r.SHA256), null(r.Start),
	}
}

func (b *batch) existing(ctx context.Context, r ledger.Receipt, leaf []byte) (Placed, error) {
	p := Placed{Leaf: ledger.Digest(hex.EncodeToString(leaf))}
	err := b.tx.QueryRowContext(ctx, "SELECT seq FROM receipt WHERE id = ? AND leaf = ?", r.ID, leaf).Scan(&p.Index)
	if errors.Is(err, sql.ErrNoRows) {
		return p, ledger.Refuse(ledger.Conflict, ledger.ReasonExists).At("id")
	}
	if err != nil {
		return p, fmt.Errorf("look up receipt %s: %w", r.ID, err)
	}
	return p, nil
}

func null[T ~string](s T) any {
	if s == "" {
		return nil
	}
	return string(s)
}

// setAlarm sets the timer that wakes the writing goroutine for the next overdue work.
func (s *Store) setAlarm() {
	wait := time.Duration(-1)
	wakeIn := func(d time.Duration) {
		if wait < 0 || d < wait {
			wait = d
		}
	}
	if len(s.unsavedEnds) > 0 || s.stale {
		wakeIn(retryEvery)
	}
	if s.log.Published().Size < s.log.Size() {
		wakeIn(publishEvery)
	}
	if len(s.windows) > 0 {
		wakeIn(max(s.nextCheck.Sub(s.now()), publishEvery))
	}
	if wait < 0 {
		s.alarm.Stop()
		return
	}
	s.alarm.Reset(wait)
}
