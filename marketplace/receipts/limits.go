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
// before the end of an unfinished delivery a resume may begin: 16 MiB.
const Step = ledger.ResumeStep

// LimitScope is an order or license under which a delivery is counted, with its limits.
// A 0 in Quota means no limit; use is counted anyway. The deliveries and the supplies
// of a license are counted separately, each against its limits.
type LimitScope struct {
	Scope ledger.Ref
	Flow  ledger.Flow
	Quota ledger.Quota
}

// key returns what the counters of the scope are stored by.
func (l LimitScope) key() string {
	if l.Scope.Kind() == ledger.KindLicense {
		return string(l.Scope) + " " + string(l.Flow)
	}
	return string(l.Scope)
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

// Used returns the current usage of an order, or of a license by a flow.
func (s *Store) Used(ctx context.Context, scope LimitScope) (Usage, error) {
	var u Usage
	if err := s.settle(ctx); err != nil {
		return u, err
	}
	err := s.db.R.QueryRowContext(ctx, readUsed, scope.key()).Scan(&u.Uses, &u.Bytes)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return u, fmt.Errorf("read use of %s: %w", scope.Scope, err)
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
	scope   string  // key of a LimitScope
	count   counter // after the start
	used    Usage   // after the start
	covered int64   // first bytes that an earlier delivery already paid for, not counted again

	resumed    bool
	upto, last int64 // end offset and log index of the delivery that it resumes
}

// claim computes what a start would reserve of a scope, and refuses it if it exceeds a
// limit.
func (b *batch) claim(ctx context.Context, r ledger.Receipt, l LimitScope) (claim, error) {
	c := claim{scope: l.key()}
	var err error
	if c.count, c.used, err = b.readCounters(ctx, c.scope, r.Object, r.Size); err != nil {
		return c, err
	}
	if c.count.size != r.Size {
		return c, ledger.Refuse(ledger.Conflict, ledger.ReasonContent).At("size")
	}
	if err := b.findResumed(ctx, r, &c); err != nil {
		return c, err
	}
	uses, bytes := c.count.uses(), r.Length-c.covered
	before := c.used
	c.count.starts++
	c.count.bytes += bytes
	c.used.Uses += c.count.uses() - uses
	c.used.Bytes += bytes
	return c, checkQuota(l, before, c.used)
}

// findResumed finds the unfinished delivery that a start resumes, and the bytes that
// are not counted again because of it. All resumes of a party together send an object
// at most once more under a scope, however its deliveries were cut into ranges.
func (b *batch) findResumed(ctx context.Context, r ledger.Receipt, c *claim) error {
	err := b.stmt(ctx, readUnfinished).QueryRowContext(ctx, c.scope, r.Object, r.Party, r.Offset, Step).Scan(&c.upto, &c.last)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for unfinished delivery: %w", err)
	}
	resent, err := b.resent(ctx, c.scope, r)
	if err != nil {
		return err
	}
	c.resumed, c.covered = true, min(c.upto-r.Offset, r.Length, r.Size-resent)
	return nil
}

// resent returns how many bytes of an object the resumes of a party sent twice under a
// scope. A running resume is counted with all that it may send twice.
func (b *batch) resent(ctx context.Context, scope string, r ledger.Receipt) (n int64, err error) {
	err = b.stmt(ctx, readResent).QueryRowContext(ctx, scope, r.Object, r.Party).Scan(&n)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("read what resumes sent twice: %w", err)
	}
	return n, nil
}

// checkQuota refuses a start that exceeds a limit. A start that adds nothing to a limit
// is not refused because of it.
func checkQuota(l LimitScope, before, after Usage) error {
	for _, q := range []struct {
		name                 string
		limit, before, after int64
	}{{"uses", l.Quota.Uses, before.Uses, after.Uses}, {"bytes", l.Quota.Bytes, before.Bytes, after.Bytes}} {
		if q.limit > 0 && q.after > q.limit && q.after > q.before {
			return ledger.Refuse(ledger.Forbidden, ledger.ReasonLimit).At("limits."+q.name).By("D2").With("scope", string(l.Scope)).
				With("limit", strconv.FormatInt(q.limit, 10)).With("used", strconv.FormatInt(q.before, 10)).
				With("asked", strconv.FormatInt(q.after-q.before, 10))
		}
	}
	return nil
}

// readCounters reads both counters. An object without a counter gets one with the given
// size.
func (b *batch) readCounters(ctx context.Context, scope, object string, size int64) (counter, Usage, error) {
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

func (b *batch) storeCount(ctx context.Context, scope, object string, c counter, u Usage) error {
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
	if c.covered > 0 {
		if err := b.exec(ctx, "reserve", addResent, c.scope, r.Object, r.Party, c.covered); err != nil {
			return err
		}
	}
	return b.exec(ctx, "reserve", insertHeld, r.ID, c.scope, c.covered, c.upto)
}

// release replaces the reservation of the delivery with start receipt r, at index seq,
// by the bytes written. A delivery that ended early may be resumed. If a resume ended
// before the end of the delivery it resumed, that end remains, because the bytes up to
// it are counted already.
func (b *batch) release(ctx context.Context, r ledger.Receipt, seq, written int64, complete bool) error {
	claims, err := b.reservations(ctx, r.ID)
	if err != nil {
		return err
	}
	for _, c := range claims {
		if err := b.releaseClaim(ctx, r, c, seq, written, complete); err != nil {
			return err
		}
	}
	if err := b.exec(ctx, "release", deleteHeld, r.ID); err != nil {
		return err
	}
	return b.exec(ctx, "release", deleteRunning, r.ID)
}

func (b *batch) releaseClaim(ctx context.Context, r ledger.Receipt, c claim, seq, written int64, complete bool) error {
	count, used, err := b.readCounters(ctx, c.scope, r.Object, r.Size)
	if err != nil {
		return err
	}
	uses, less := count.uses(), r.Length-max(written, c.covered)
	count.bytes -= less
	used.Bytes -= less
	used.Uses += count.uses() - uses
	if err := b.storeCount(ctx, c.scope, r.Object, count, used); err != nil {
		return err
	}
	if written < c.covered {
		if err := b.exec(ctx, "release", lessResent, c.covered-written, c.scope, r.Object, r.Party); err != nil {
			return err
		}
	}
	upto := max(r.Offset+written, c.upto)
	if complete || upto == r.Offset {
		return nil
	}
	return b.exec(ctx, "store unfinished delivery", insertUnfinished, c.scope, r.Object, r.Party, upto, seq, r.Offset)
}

// reservations returns what a running delivery reserves.
func (b *batch) reservations(ctx context.Context, start ledger.ID) ([]claim, error) {
	rows, err := b.stmt(ctx, readHeld).QueryContext(ctx, start)
	if err != nil {
		return nil, fmt.Errorf("read reservation of %s: %w", start, err)
	}
	defer rows.Close()
	var claims []claim
	for rows.Next() {
		var c claim
		if err := rows.Scan(&c.scope, &c.covered, &c.upto); err != nil {
			return nil, fmt.Errorf("read reservation of %s: %w", start, err)
		}
		claims = append(claims, c)
	}
	return claims, rows.Err()
}
