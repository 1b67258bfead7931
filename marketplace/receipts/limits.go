package receipts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/datacadastre/cadastre/ledger"
)

// Step is how many bytes a delivery may write after the last Progress, and how far
// before the end of an unfinished delivery a resume may begin (protocol §7): 16 MiB.
const Step = ledger.ResumeStep

// LimitScope is an order or license under which a delivery is counted, with its limits.
// A 0 in Quota means no limit; use is counted anyway.
type LimitScope struct {
	Scope ledger.Ref
	Quota ledger.Quota
}

// Usage is the use of one order or license: the uses of all its objects, and the bytes
// sent. A running delivery is counted with all bytes it requested.
//
// The number of uses of one object is max(1, ⌈Σ bytes ÷ object size⌉) from its first
// start on, so sixteen ranges of one file are one use. For an empty object it is the
// number of starts.
type Usage struct {
	Uses  int64 `json:"uses"`
	Bytes int64 `json:"bytes"`
}

// Used returns the current usage of an order or license.
func (s *Store) Used(ctx context.Context, scope ledger.Ref) (Usage, error) {
	var u Usage
	err := s.db.R.QueryRowContext(ctx, readUsed, scope).Scan(&u.Uses, &u.Bytes)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return u, fmt.Errorf("read use of %s: %w", scope, err)
	}
	return u, nil
}

// counter is what was counted for one object under one scope.
type counter struct{ size, starts, bytes int64 }

func (c counter) uses() int64 {
	switch {
	case c.size == 0 || c.starts == 0:
		return c.starts
	case c.bytes == 0:
		return 1
	}
	return (c.bytes-1)/c.size + 1
}

// claim is what a start reserves of one scope.
type claim struct {
	scope    ledger.Ref
	count    counter // after the start
	used     Usage   // after the start
	covered  int64   // first bytes that an earlier delivery already paid for, not counted again
	repeated int64   // bytes that the earlier deliveries in this chain of resumes sent twice

	resumed    bool
	upto, last int64 // end offset and log index of the delivery that it resumes
}

// claim computes what a start would reserve of a scope, and refuses it if it exceeds a
// limit.
func (b *batch) claim(ctx context.Context, r ledger.Receipt, l LimitScope) (claim, error) {
	c := claim{scope: l.Scope}
	var err error
	if c.count, c.used, err = b.readCounters(ctx, l.Scope, r.Object, r.Size); err != nil {
		return c, err
	}
	if c.count.size != r.Size {
		return c, ledger.Refuse(ledger.Conflict, ledger.ReasonContent).At("size")
	}
	err = b.stmt(ctx, readUnfinished).QueryRowContext(ctx, l.Scope, r.Object, r.Party, r.Offset, Step).Scan(&c.upto, &c.last, &c.repeated)
	switch {
	case err == nil:
		c.resumed, c.covered = true, c.upto-r.Offset
		if c.covered > r.Size-c.repeated { // the object's size was sent twice already: count from scratch
			c.covered, c.repeated = 0, 0
		}
	case !errors.Is(err, sql.ErrNoRows):
		return c, fmt.Errorf("look for unfinished delivery: %w", err)
	}
	uses, bytes := c.count.uses(), max(0, r.Length-c.covered)
	before := c.used
	c.count.starts++
	c.count.bytes += bytes
	c.used.Uses += c.count.uses() - uses
	c.used.Bytes += bytes
	return c, checkQuota(l, before, c.used)
}

// checkQuota refuses a start that exceeds a limit. A start that adds nothing to a limit
// is not refused because of it.
func checkQuota(l LimitScope, before, after Usage) error {
	for _, q := range []struct {
		name                 string
		limit, before, after int64
	}{{"uses", l.Quota.Uses, before.Uses, after.Uses}, {"bytes", l.Quota.Bytes, before.Bytes, after.Bytes}} {
		if q.limit > 0 && q.after > q.limit && q.after > q.before {
			return ledger.Refuse(ledger.Forbidden, ledger.ReasonQuota).At("limits."+q.name).By("D2").With("scope", string(l.Scope)).
				With("limit", strconv.FormatInt(q.limit, 10)).With("used", strconv.FormatInt(q.before, 10)).
				With("asked", strconv.FormatInt(q.after-q.before, 10))
		}
	}
	return nil
}

// readCounters reads both counters. An object without a counter gets one with the given
// size.
func (b *batch) readCounters(ctx context.Context, scope ledger.Ref, object string, size int64) (counter, Usage, error) {
	c, u := counter{size: size}, Usage{}
	err := b.stmt(ctx, readCounter).QueryRowContext(ctx, scope, object).Scan(&c.size, &c.starts, &c.bytes)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return c, u, fmt.Errorf("read counter of %s: %w", scope, err)
	}
	err = b.stmt(ctx, readUsed).QueryRowContext(ctx, scope).Scan(&u.Uses, &u.Bytes)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return c, u, fmt.Errorf("read use of %s: %w", scope, err)
	}
	return c, u, nil
}

func (b *batch) storeCount(ctx context.Context, scope ledger.Ref, object string, c counter, u Usage) error {
	if err := b.exec(ctx, "count", setCounter, scope, object, c.size, c.starts, c.bytes); err != nil {
		return err
	}
	return b.exec(ctx, "count", setUsed, scope, u.Uses, u.Bytes)
}

// reserve stores a claim for the delivery with start receipt r.
func (b *batch) reserve(ctx context.Context, r ledger.Receipt, c claim) error {
	if err := b.storeCount(ctx, c.scope, r.Object, c.count, c.used); err != nil {
		return err
	}
	if c.resumed { // a delivery can be resumed only once
		if err := b.exec(ctx, "resume unfinished delivery", deleteUnfinished, c.scope, r.Object, r.Party, c.upto, c.last); err != nil {
			return err
		}
	}
	return b.exec(ctx, "reserve", insertHeld, r.ID, c.scope, c.covered, c.repeated)
}

// release replaces the reservation of the delivery with start receipt r, at index seq,
// by the bytes written. A delivery that ended early may be resumed. A resume that ended
// before the end of the delivery it resumed keeps that end, because those bytes are
// counted already. All resumes of one delivery together may repeat at most as many
// bytes as the object has.
func (b *batch) release(ctx context.Context, r ledger.Receipt, seq, written int64, complete bool) error {
	claims, err := b.reservations(ctx, r.ID)
	if err != nil {
		return err
	}
	for _, c := range claims {
		count, used, err := b.readCounters(ctx, c.scope, r.Object, r.Size)
		if err != nil {
			return err
		}
		uses, less := count.uses(), max(0, r.Length-c.covered)-max(0, written-c.covered)
		count.bytes -= less
		used.Bytes -= less
		used.Uses += count.uses() - uses
		if err := b.storeCount(ctx, c.scope, r.Object, count, used); err != nil {
			return err
		}
		reach := max(written, c.covered)
		if complete || reach == 0 {
			continue
		}
		if err := b.exec(ctx, "store unfinished delivery", insertUnfinished, c.scope, r.Object, r.Party,
			r.Offset+reach, seq, r.Offset, c.repeated+min(written, c.covered)); err != nil {
			return err
		}
	}
	if err := b.exec(ctx, "release", deleteHeld, r.ID); err != nil {
		return err
	}
	return b.exec(ctx, "release", deleteRunning, r.ID)
}

func (b *batch) reservations(ctx context.Context, start ledger.ID) ([]claim, error) {
	rows, err := b.stmt(ctx, readHeld).QueryContext(ctx, start)
	if err != nil {
		return nil, fmt.Errorf("read reservation of %s: %w", start, err)
	}
	defer rows.Close()
	var claims []claim
	for rows.Next() {
		var c claim
		if err := rows.Scan(&c.scope, &c.covered, &c.repeated); err != nil {
			return nil, fmt.Errorf("read reservation of %s: %w", start, err)
		}
		claims = append(claims, c)
	}
	return claims, rows.Err()
}
