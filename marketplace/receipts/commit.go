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

// How long the writing goroutine waits for work of its own.
const (
	publishEvery = 200 * time.Millisecond // protocol §1
	retryEvery   = time.Second            // after a failed commit
)

// batch is one transaction: receipts and what they change, for all that waited.
type batch struct {
	s       *Store
	tx      *sql.Tx
	now     time.Time
	first   int64 // the index of the first entry
	entries []tlog.Entry
	stmts   map[string]*sql.Stmt
}

// run is the one goroutine that writes: it takes all that waits, keeps it in one
// transaction, answers all, and begins again. There is no wait for more: what
// comes during a commit is the next batch.
func (s *Store) run(ctx context.Context) {
	defer close(s.stopped)
	defer s.alarm.Stop()
	for {
		list, open := s.queue.take()
		s.commit(ctx, list, !open)
		if !open {
			s.commit(ctx, nil, true) // what the last batch counted
			return
		}
		if s.log.Published().Size < s.log.Size() {
			// A checkpoint that could not be kept is tried again by the
			// alarm, and its error is that of the next AnchorState.
			_, _ = s.log.Publish(ctx)
		}
		s.setAlarm()
	}
}

// commit does list in one transaction, after what the store itself owes, and
// answers all.
func (s *Store) commit(ctx context.Context, list []*request, last bool) {
	now := s.now()
	all := append(s.settleOwed(), s.due(now, last)...)
	for _, r := range list {
		if r.orphan == nil || r.state.Load() == waiting {
			all = append(all, r)
		}
	}
	if len(all) == 0 {
		return
	}
	outcome, err := s.transact(ctx, now, all)
	for i, r := range all {
		if err != nil {
			r.finish(unavailable(err))
		} else {
			r.finish(outcome[i])
		}
	}
}

// transact returns what became of each request, or why nothing of all was kept.
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
	// Whether a failed commit was applied after all, only the tables know.
	s.stale = err != nil
	return outcome, err
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

// add puts r at the end of the log, with its index. An id is kept once: the same
// receipt again is found at its first place, another is a conflict.
func (b *batch) add(ctx context.Context, r ledger.Receipt) (Placed, error) {
	entry, err := encode(r)
	if err != nil {
		return Placed{}, err
	}
	leaf, seq := leafOf(entry), b.first+int64(len(b.entries))
	res, err := b.stmt(ctx, insertReceipt).ExecContext(ctx, seq, r.ID, leaf[:], r.Kind, r.Time, r.Party,
		null(r.Order), null(r.License), null(r.Subject), null(r.Content), null(r.SHA256), null(r.Start))
	if err != nil {
		return Placed{}, fmt.Errorf("index receipt %s: %w", r.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil {
		return Placed{}, fmt.Errorf("index receipt %s: %w", r.ID, err)
	} else if n == 0 {
		return b.again(ctx, r, leaf[:])
	}
	b.entries = append(b.entries, tlog.Entry{Data: entry})
	return Placed{Index: seq, Leaf: digest(leaf)}, nil
}

func (b *batch) again(ctx context.Context, r ledger.Receipt, leaf []byte) (Placed, error) {
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

// setAlarm wakes the writing goroutine for what is due next.
func (s *Store) setAlarm() {
	wait := time.Duration(-1)
	sooner := func(d time.Duration) {
		if wait < 0 || d < wait {
			wait = d
		}
	}
	if len(s.owed) > 0 || s.stale {
		sooner(retryEvery)
	}
	if s.log.Published().Size < s.log.Size() {
		sooner(publishEvery)
	}
	if len(s.windows) > 0 {
		sooner(max(s.look.Sub(s.now()), publishEvery))
	}
	if wait < 0 {
		s.alarm.Stop()
		return
	}
	s.alarm.Reset(wait)
}
