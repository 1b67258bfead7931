package receipts

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// stall is how long a delivery may take no byte before it counts as stalled.
const stall = 2 * time.Second

// StartRequest asks to begin a delivery: the start receipt, which names object,
// size, offset and length, and the orders or licenses under which it counts.
type StartRequest struct {
	Receipt ledger.Receipt
	Limits  []LimitScope
}

// Running is a delivery that has its durable start receipt. It must be ended
// once, by End.
type Running struct {
	Start  ledger.ID // of the start receipt
	Placed Placed
	live   *live
}

// live is what is known in memory of a running delivery.
type live struct {
	receipt ledger.Receipt // the start receipt
	placed  Placed
	scopes  []LimitScope
	touched atomic.Int64 // when it last took a byte, in ms
}

// ending is an end that is to be kept: by End, or by the store for a delivery
// that nobody can end anymore.
type ending struct {
	start   ledger.ID
	bytes   int64
	most    int64 // of interrupted
	outcome ledger.DeliveryOutcome
	receipt *ledger.Receipt // the start receipt where it is at hand
}

// Reserve begins a delivery: in one transaction it holds the limits against all
// that was asked for, reserves that, and keeps the start receipt; when it
// returns, both are durable. What goes past a limit is Forbidden with
// ReasonQuota, its Params scope, limit, used and asked; then nothing was kept.
//
// A request that begins within the last 16 MiB, or at the end, of what an
// unfinished delivery (ended, not complete) of the same party, scope and object
// wrote is its resume, once: the bytes up to that end are not counted again. A
// resume that breaks off is resumed in its turn, and then ends no earlier than
// what it resumed; all of one delivery together are given the object once more
// at most. Of several it is the one that wrote farthest, then the oldest; an interrupted
// one ends at its least number of bytes.
//
// Unavailable means that no delivery runs: should the start have been kept after
// all, the store ends it as aborted with 0 bytes.
func (s *Store) Reserve(ctx context.Context, q StartRequest) (Running, error) {
	if err := checkRequest(q); err != nil {
		return Running{}, err
	}
	l := &live{receipt: q.Receipt, scopes: q.Limits}
	giveUp := func() {
		s.forget(q.Receipt.ID)
		s.owed = append(s.owed, ending{start: q.Receipt.ID, outcome: ledger.Aborted, receipt: &q.Receipt})
	}
	err := s.do(ctx, &request{
		apply: func(ctx context.Context, b *batch) (err error) { l.placed, err = b.start(ctx, q); return err },
		settle: func(err error) {
			switch {
			case err == nil:
				l.touched.Store(s.now().UnixMilli())
				s.mu.Lock()
				defer s.mu.Unlock()
				s.live[q.Receipt.ID] = l
			case errors.Is(err, ledger.Unavailable):
				giveUp()
			}
		},
		orphan: func() { giveUp(); s.queue.rouse() },
	})
	if err != nil {
		return Running{}, err
	}
	return Running{Start: q.Receipt.ID, Placed: l.placed, live: l}, nil
}

func checkRequest(q StartRequest) error {
	if q.Receipt.Kind != ledger.ReceiptStart {
		return ledger.Invalid("receipt_kind", "start")
	}
	if err := check(q.Receipt); err != nil {
		return err
	}
	for i, l := range q.Limits {
		if err := l.Scope.Validate("limits.scope", ledger.KindOrder, ledger.KindLicense); err != nil {
			return err
		}
		for _, before := range q.Limits[:i] {
			if before.Scope == l.Scope {
				return ledger.Invalid("limits.scope", "not_twice")
			}
		}
	}
	return nil
}

func (b *batch) start(ctx context.Context, q StartRequest) (Placed, error) {
	claims := make([]claim, len(q.Limits))
	for i, l := range q.Limits {
		var err error
		if claims[i], err = b.claim(ctx, q.Receipt, l); err != nil {
			return Placed{}, err
		}
	}
	had := len(b.entries)
	placed, err := b.add(ctx, q.Receipt)
	if err != nil {
		return Placed{}, err
	}
	if len(b.entries) == had { // this very start was kept before
		return Placed{}, ledger.Refuse(ledger.Conflict, ledger.ReasonExists).At("id")
	}
	if err := b.exec(ctx, "start", insertRunning, q.Receipt.ID, placed.Index); err != nil {
		return Placed{}, err
	}
	for _, c := range claims {
		if err := b.hold(ctx, q.Receipt, c); err != nil {
			return Placed{}, err
		}
	}
	return placed, nil
}

// Touch tells that a running delivery just took bytes. It is cheap.
func (s *Store) Touch(r Running) {
	if r.live != nil {
		r.live.touched.Store(s.now().UnixMilli())
	}
}

// Stalled are the start ids of the party's running deliveries of the object
// under the scope that took no byte for two seconds, oldest first. To end them
// is the caller's: where a limit refuses, these go first.
func (s *Store) Stalled(party ledger.ID, object string, scope ledger.Ref) []ledger.ID {
	before := s.now().Add(-stall).UnixMilli()
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*live
	for _, l := range s.live {
		if l.receipt.Party == party && l.receipt.Object == object && l.touched.Load() <= before &&
			slices.ContainsFunc(l.scopes, func(x LimitScope) bool { return x.Scope == scope }) {
			found = append(found, l)
		}
	}
	slices.SortFunc(found, func(a, b *live) int { return cmp.Compare(a.placed.Index, b.placed.Index) })
	ids := make([]ledger.ID, len(found))
	for i, l := range found {
		ids[i] = l.receipt.ID
	}
	return ids
}

// Progress notes durably that bytes were written so far. A delivery must be
// noted before it goes more than Step past what was noted last, so that an
// interruption knows the most that can have been written.
func (s *Store) Progress(ctx context.Context, r Running, bytes int64) error {
	if r.live == nil || bytes < 0 || bytes > r.live.receipt.Length {
		return ledger.Invalid("bytes", "within_length")
	}
	return s.do(ctx, &request{apply: func(ctx context.Context, b *batch) error {
		res, err := b.stmt(ctx, noteRunning).ExecContext(ctx, bytes, r.Start)
		if err != nil {
			return fmt.Errorf("note progress of %s: %w", r.Start, err)
		}
		if n, err := res.RowsAffected(); err != nil {
			return fmt.Errorf("note progress of %s: %w", r.Start, err)
		} else if n == 0 {
			return notRunning()
		}
		return nil
	}})
}

func notRunning() error { return ledger.Refuse(ledger.Conflict, ledger.ReasonState).At("start") }

// End ends a delivery: in one transaction it replaces the reservation by the
// bytes written and keeps the end receipt. Complete is all that was asked for;
// a delivery that has ended is a Conflict.
//
// An end does not heed that ctx is cancelled. After Unavailable the store goes
// on trying to keep it by itself until it is closed: the caller must not end it
// again.
func (s *Store) End(ctx context.Context, r Running, bytes int64, outcome ledger.DeliveryOutcome) (Placed, error) {
	if r.live == nil || bytes < 0 || bytes > r.live.receipt.Length {
		return Placed{}, ledger.Invalid("bytes", "within_length")
	}
	if err := ledger.OneOf("outcome", outcome, []ledger.DeliveryOutcome{ledger.Complete, ledger.Partial, ledger.Aborted}); err != nil {
		return Placed{}, err
	}
	if outcome == ledger.Complete && bytes != r.live.receipt.Length {
		return Placed{}, ledger.Invalid("outcome", "complete_is_all")
	}
	e := ending{start: r.Start, bytes: bytes, outcome: outcome, receipt: &r.live.receipt}
	var placed Placed
	// An end is kept even for a caller who went.
	err := s.do(context.WithoutCancel(ctx), &request{
		apply:  func(ctx context.Context, b *batch) (err error) { placed, err = b.end(ctx, e); return err },
		settle: func(err error) { s.ended(e, err) },
	})
	if err != nil {
		return Placed{}, err
	}
	return placed, nil
}

// ended forgets a delivery; an end that could not be kept is owed.
func (s *Store) ended(e ending, err error) {
	s.forget(e.start)
	if errors.Is(err, ledger.Unavailable) {
		s.owed = append(s.owed, e)
	}
}

func (s *Store) forget(start ledger.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.live, start)
}

// end keeps the end receipt of a running delivery.
func (b *batch) end(ctx context.Context, e ending) (Placed, error) {
	var seq int64
	err := b.stmt(ctx, readRunning).QueryRowContext(ctx, e.start).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return Placed{}, notRunning()
	}
	if err != nil {
		return Placed{}, fmt.Errorf("look up running delivery %s: %w", e.start, err)
	}
	if e.receipt == nil {
		kept, err := b.s.Get(ctx, seq)
		if err != nil {
			return Placed{}, err
		}
		e.receipt = &kept.Receipt
	}
	if err := b.release(ctx, *e.receipt, seq, e.bytes, e.outcome == ledger.Complete); err != nil {
		return Placed{}, err
	}
	r := *e.receipt
	r.Kind, r.ID, r.Time = ledger.ReceiptEnd, ledger.DeriveID("end", string(e.start)), ledger.Millis(b.now.UnixMilli())
	r.Revision, r.Start, r.Bytes, r.BytesMax, r.Outcome = nil, e.start, e.bytes, e.most, e.outcome
	return b.add(ctx, r)
}

// settleOwed are the requests for ends that nobody waits for. One that was kept
// after all is no longer running, and done.
func (s *Store) settleOwed() []*request {
	owed := s.owed
	s.owed = nil
	list := make([]*request, len(owed))
	for i, e := range owed {
		list[i] = &request{
			apply:  func(ctx context.Context, b *batch) error { _, err := b.end(ctx, e); return err },
			settle: func(err error) { s.ended(e, err) },
		}
	}
	return list
}

// interrupt ends every delivery that was running when the node stopped, with
// the least and the most that it can have written.
func (s *Store) interrupt(ctx context.Context) error {
	open, err := s.running(ctx)
	if err != nil {
		return err
	}
	for group := range slices.Chunk(open, most) {
		var first error
		list := make([]*request, len(group))
		for i, e := range group {
			list[i] = &request{
				apply:  func(ctx context.Context, b *batch) error { _, err := b.end(ctx, e); return err },
				settle: func(err error) { first = cmp.Or(first, err) },
			}
		}
		if s.commit(ctx, list, false); first != nil {
			return fmt.Errorf("open receipts: end what was interrupted: %w", first)
		}
	}
	return nil
}

// running lists the deliveries without end, oldest first.
func (s *Store) running(ctx context.Context) ([]ending, error) {
	rows, err := s.db.R.QueryContext(ctx, "SELECT seq, noted FROM running ORDER BY seq")
	if err != nil {
		return nil, fmt.Errorf("open receipts: list running deliveries: %w", err)
	}
	defer rows.Close()
	var open []ending
	for rows.Next() {
		var seq int64
		e := ending{outcome: ledger.Interrupted}
		if err := rows.Scan(&seq, &e.bytes); err != nil {
			return nil, fmt.Errorf("open receipts: list running deliveries: %w", err)
		}
		kept, err := s.Get(ctx, seq)
		if err != nil {
			return nil, err
		}
		e.start, e.receipt = kept.Receipt.ID, &kept.Receipt
		e.most = min(e.bytes+Step, kept.Receipt.Length)
		open = append(open, e)
	}
	return open, rows.Err()
}
