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

// stall is how long a delivery may send nothing before it is stalled.
const stall = 2 * time.Second

// StartRequest asks to begin a delivery. Receipt is the start receipt, which names
// object, size, offset and length; Limits are the orders or licenses that the delivery
// uses.
type StartRequest struct {
	Receipt ledger.Receipt
	Limits  []LimitScope
}

// Running is a delivery whose start receipt is on disk. The caller must end it exactly
// once, with End.
type Running struct {
	Start  ledger.ID // of the start receipt
	Placed Placed
	live   *live
}

// live is what the store knows in memory about a running delivery.
type live struct {
	receipt ledger.Receipt // the start receipt
	placed  Placed
	scopes  []LimitScope
	touched atomic.Int64 // when it last sent a byte, in Unix milliseconds
}

// ending describes an end receipt to store: asked for by End, or made by the store for
// a delivery that no caller can end anymore.
type ending struct {
	start    ledger.ID
	bytes    int64
	maxBytes int64 // upper bound of the bytes sent; for Interrupted only
	outcome  ledger.DeliveryOutcome
	receipt  *ledger.Receipt // the start receipt; nil if it must be read
}

// Reserve begins a delivery. In one transaction it checks the requested bytes against
// the limits, reserves them and stores the start receipt; when it returns, both are on
// disk. A request that exceeds a limit is Forbidden with ReasonLimit and the Params
// scope, limit, used and asked; then nothing is stored.
//
// A delivery is unfinished when it ended without being complete. A request of the same
// party, scope and object resumes it if it begins at the end of what that delivery
// sent, or at most 16 MiB before the end. Each unfinished delivery can be resumed once,
// and the bytes up to its end are not counted again. A resume that breaks off can be
// resumed too, and its end is never before the end of the delivery it resumed. All
// resumes of the party together may send the object at most once more. If several
// unfinished deliveries match, the one that sent most is resumed, then the oldest. For
// an interrupted delivery the end is its lower bound.
//
// Unavailable means that no delivery runs: if the start was stored after all, the store
// ends it as aborted with 0 bytes.
func (s *Store) Reserve(ctx context.Context, q StartRequest) (Running, error) {
	if err := checkRequest(q); err != nil {
		return Running{}, err
	}
	l := &live{receipt: q.Receipt, scopes: q.Limits}
	giveUp := func() {
		s.forget(q.Receipt.ID)
		s.unsavedEnds = append(s.unsavedEnds, ending{start: q.Receipt.ID, outcome: ledger.Aborted, receipt: &q.Receipt})
	}
	err := s.do(ctx, &request{
		apply: func(ctx context.Context, b *batch) (err error) { l.placed, err = b.start(ctx, q); return err },
		onSettled: func(err error) {
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
		onOrphan: func() { giveUp(); s.queue.wakeUp() },
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
	before := len(b.entries)
	placed, err := b.add(ctx, q.Receipt)
	if err != nil {
		return Placed{}, err
	}
	if len(b.entries) == before { // this start was stored before
		return Placed{}, ledger.Refuse(ledger.Conflict, ledger.ReasonExists).At("id")
	}
	if err := b.exec(ctx, "start", insertRunning, q.Receipt.ID, placed.Index); err != nil {
		return Placed{}, err
	}
	for _, c := range claims {
		if err := b.reserve(ctx, q.Receipt, c); err != nil {
			return Placed{}, err
		}
	}
	return placed, nil
}

// Touch reports that a running delivery just sent bytes. It is cheap.
func (s *Store) Touch(r Running) {
	if r.live != nil {
		r.live.touched.Store(s.now().UnixMilli())
	}
}

// Stalled returns the start ids of the party's running deliveries of the object that sent
// nothing for two seconds and are counted under one of the limits, oldest first. The
// caller must end them itself: when a limit refuses a new delivery, these are ended to
// make room.
func (s *Store) Stalled(party ledger.ID, object string, limits []LimitScope) []ledger.ID {
	before := s.now().Add(-stall).UnixMilli()
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*live
	for _, l := range s.live {
		if l.receipt.Party == party && l.receipt.Object == object && l.touched.Load() <= before &&
			slices.ContainsFunc(l.scopes, func(x LimitScope) bool { return countedUnder(x, limits) }) {
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

// countedUnder reports whether one of the limits has the counters of l.
func countedUnder(l LimitScope, limits []LimitScope) bool {
	return slices.ContainsFunc(limits, func(other LimitScope) bool { return other.key() == l.key() })
}

// Progress stores how many bytes a delivery has written so far. A delivery must call it
// before it writes more than Step past the last stored number. The stored number plus
// Step then bounds what an interrupted delivery can have written.
func (s *Store) Progress(ctx context.Context, r Running, bytes int64) error {
	if r.live == nil || bytes < 0 || bytes > r.live.receipt.Length {
		return ledger.Invalid("bytes", "within_length")
	}
	return s.do(ctx, &request{apply: func(ctx context.Context, b *batch) error {
		res, err := b.stmt(ctx, noteRunning).ExecContext(ctx, bytes, r.Start)
		if err != nil {
			return fmt.Errorf("store progress of %s: %w", r.Start, err)
		}
		if n, err := res.RowsAffected(); err != nil {
			return fmt.Errorf("store progress of %s: %w", r.Start, err)
		} else if n == 0 {
			return notRunning()
		}
		return nil
	}})
}

func notRunning() error { return ledger.Refuse(ledger.Conflict, ledger.ReasonState).At("start") }

// End ends a delivery. In one transaction it replaces the reservation by the bytes
// written and stores the end receipt. Complete requires all requested bytes. Ending a
// delivery that has ended is a Conflict.
//
// End ignores the cancellation of ctx. After Unavailable the store itself tries again
// until it is closed, so the caller must not call End again.
func (s *Store) End(ctx context.Context, r Running, bytes int64, outcome ledger.DeliveryOutcome) (Placed, error) {
	q, placed, err := s.ending(r, bytes, outcome)
	if err != nil {
		return Placed{}, err
	}
	// An end is stored even if its caller is gone.
	if err := s.do(context.WithoutCancel(ctx), q); err != nil {
		return Placed{}, err
	}
	return *placed, nil
}

// EndLater is End, but returns before the end is stored, and then calls settled with the
// outcome, from another goroutine. The end is stored before any request that is made after
// EndLater returned, and the methods that look for receipts wait for it. If the node stops
// before, the next Open ends the delivery as interrupted.
func (s *Store) EndLater(r Running, bytes int64, outcome ledger.DeliveryOutcome, settled func(error)) error {
	q, _, err := s.ending(r, bytes, outcome)
	if err != nil {
		return err
	}
	ended := q.onSettled
	s.unsettled.Add(1)
	q.onSettled = func(err error) {
		ended(err)
		s.unsettled.Add(-1)
		settled(err)
	}
	if !s.queue.add(q) {
		s.unsettled.Add(-1)
		return unavailable(errors.New("the store is closed"))
	}
	return nil
}

// ending returns the request that ends a delivery, and where its receipt will be placed.
func (s *Store) ending(r Running, bytes int64, outcome ledger.DeliveryOutcome) (*request, *Placed, error) {
	if r.live == nil || bytes < 0 || bytes > r.live.receipt.Length {
		return nil, nil, ledger.Invalid("bytes", "within_length")
	}
	if err := ledger.OneOf("outcome", outcome, []ledger.DeliveryOutcome{ledger.Complete, ledger.Partial, ledger.Aborted}); err != nil {
		return nil, nil, err
	}
	if outcome == ledger.Complete && bytes != r.live.receipt.Length {
		return nil, nil, ledger.Invalid("outcome", "complete_is_all")
	}
	e := ending{start: r.Start, bytes: bytes, outcome: outcome, receipt: &r.live.receipt}
	placed := new(Placed)
	return &request{
		apply:     func(ctx context.Context, b *batch) (err error) { *placed, err = b.end(ctx, e); return err },
		onSettled: func(err error) { s.ended(e, err) },
	}, placed, nil
}

// settle waits until every end is stored that EndLater was called for, so that a client that has
// received a content finds its receipts.
func (s *Store) settle(ctx context.Context) error {
	if s.unsettled.Load() == 0 {
		return nil
	}
	return s.do(ctx, &request{apply: func(context.Context, *batch) error { return nil }})
}

// ended removes a delivery from memory; an end that could not be stored is tried again
// later.
func (s *Store) ended(e ending, err error) {
	s.forget(e.start)
	if errors.Is(err, ledger.Unavailable) {
		s.unsavedEnds = append(s.unsavedEnds, e)
	}
}

func (s *Store) forget(start ledger.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.live, start)
}

// end stores the end receipt of a running delivery.
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
		stored, err := b.s.Get(ctx, seq)
		if err != nil {
			return Placed{}, err
		}
		e.receipt = &stored.Receipt
	}
	if err := b.release(ctx, *e.receipt, seq, e.bytes, e.outcome == ledger.Complete); err != nil {
		return Placed{}, err
	}
	r := *e.receipt
	r.Kind, r.ID, r.Time = ledger.ReceiptEnd, ledger.DeriveID("end", string(e.start)), ledger.Millis(b.now.UnixMilli())
	r.Revision, r.Start, r.Bytes, r.BytesMax, r.Outcome = nil, e.start, e.bytes, e.maxBytes, e.outcome
	return b.add(ctx, r)
}

// retryEnds returns a request for each end that no caller waits for. If the end was
// stored after all, the delivery is no longer running and the request does nothing.
func (s *Store) retryEnds() []*request {
	ends := s.unsavedEnds
	s.unsavedEnds = nil
	list := make([]*request, len(ends))
	for i, e := range ends {
		list[i] = &request{
			apply:     func(ctx context.Context, b *batch) error { _, err := b.end(ctx, e); return err },
			onSettled: func(err error) { s.ended(e, err) },
		}
	}
	return list
}

// interrupt ends every delivery that was running when the node stopped, with the lower
// and the upper bound of what it can have written.
func (s *Store) interrupt(ctx context.Context) error {
	open, err := s.running(ctx)
	if err != nil {
		return err
	}
	for group := range slices.Chunk(open, maxBatch) {
		var first error
		list := make([]*request, len(group))
		for i, e := range group {
			list[i] = &request{
				apply:     func(ctx context.Context, b *batch) error { _, err := b.end(ctx, e); return err },
				onSettled: func(err error) { first = cmp.Or(first, err) },
			}
		}
		if s.commit(ctx, list, false); first != nil {
			return fmt.Errorf("open receipts: end what was interrupted: %w", first)
		}
	}
	return nil
}

// running returns the deliveries without an end, oldest first.
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
		stored, err := s.Get(ctx, seq)
		if err != nil {
			return nil, err
		}
		e.start, e.receipt = stored.Receipt.ID, &stored.Receipt
		e.maxBytes = min(e.bytes+Step, stored.Receipt.Length)
		open = append(open, e)
	}
	return open, rows.Err()
}
