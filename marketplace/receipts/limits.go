package receipts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/datacadastre/cadastre/ledger"
)

// Step is how many bytes a delivery may write past what Progress noted, and how
// far back a resume may begin (protocol §7): 16 MiB.
const Step = ledger.ResumeStep

// LimitScope is an order or license under which a delivery counts, with its
// limits; of a Quota, 0 is no limit, and what is used is counted all the same.
type LimitScope struct {
	Scope ledger.Ref
	Quota ledger.Quota
}

// Usage is what counts under one order or license: the uses of all its objects
// together, and their bytes; running deliveries with all that they asked for.
//
// The uses of one object are max(1, ⌈Σ bytes ÷ object size⌉) from its first
// start on, so that sixteen ranged segments are one use; of an empty object, its
// starts.
type Usage struct {
	Uses  int64 `json:"uses"`
	Bytes int64 `json:"bytes"`
}

// Used is what counts now under an order or license.
func (s *Store) Used(ctx context.Context, scope ledger.Ref) (Usage, error) {
	var u Usage
	err := s.db.R.QueryRowContext(ctx, readUsed, scope).Scan(&u.Uses, &u.Bytes)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return u, fmt.Errorf("read use of %s: %w", scope, err)
	}
	return u, nil
}

// counter is what counts of one object under one scope.
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

// claim is what a start takes of one scope.
type claim struct {
	scope ledger.Ref
	count counter // after it
	used  Usage   // after it
	known int64   // bytes not counted again
	again int64   // those of the deliveries that it goes on from

	resumed    bool
	upto, last int64 // of the delivery that it resumes: end and index
}

// claim reads what a start would take of a scope, and refuses it where that goes
// past a limit.
func (b *batch) claim(ctx context.Context, r ledger.Receipt, l LimitScope) (claim, error) {
	c := claim{scope: l.Scope}
	var err error
	if c.count, c.used, err = b.counted(ctx, l.Scope, r.Object, r.Size); err != nil {
		return c, err
	}
	if c.count.size != r.Size {
		return c, ledger.Refuse(ledger.Conflict, ledger.ReasonContent).At("size")
	}
	err = b.stmt(ctx, readUnfinished).QueryRowContext(ctx, l.Scope, r.Object, r.Party, r.Offset, Step).Scan(&c.upto, &c.last, &c.again)
	switch {
	case err == nil:
		c.resumed, c.known = true, c.upto-r.Offset
		if c.known > r.Size-c.again { // had as often as the object is long: it begins anew
			c.known, c.again = 0, 0
		}
	case !errors.Is(err, sql.ErrNoRows):
		return c, fmt.Errorf("look for unfinished delivery: %w", err)
	}
	uses, bytes := c.count.uses(), max(0, r.Length-c.known)
	before := c.used
	c.count.starts++
	c.count.bytes += bytes
	c.used.Uses += c.count.uses() - uses
	c.used.Bytes += bytes
	return c, within(l, before, c.used)
}

// within refuses what goes past a limit. A start that adds nothing to a limit is
// not refused for it.
func within(l LimitScope, before, after Usage) error {
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

// counted reads both counters; of an object not seen before it has this size.
func (b *batch) counted(ctx context.Context, scope ledger.Ref, object string, size int64) (counter, Usage, error) {
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

func (b *batch) keepCount(ctx context.Context, scope ledger.Ref, object string, c counter, u Usage) error {
	if err := b.exec(ctx, "count", setCounter, scope, object, c.size, c.starts, c.bytes); err != nil {
		return err
	}
	return b.exec(ctx, "count", setUsed, scope, u.Uses, u.Bytes)
}

// hold writes a claim for the delivery of the start receipt r.
func (b *batch) hold(ctx context.Context, r ledger.Receipt, c claim) error {
	if err := b.keepCount(ctx, c.scope, r.Object, c.count, c.used); err != nil {
		return err
	}
	if c.resumed { // once
		if err := b.exec(ctx, "take up unfinished delivery", deleteUnfinished, c.scope, r.Object, r.Party, c.upto, c.last); err != nil {
			return err
		}
	}
	return b.exec(ctx, "reserve", insertHeld, r.ID, c.scope, c.known, c.again)
}

// release replaces what the delivery of start receipt r, at index seq, holds by
// the bytes that it wrote. One that ended short may be resumed, and so may a
// resume that did not come as far as what it resumed: what is counted already
// stays so. All resumes that go on from one delivery are given no more bytes
// again than the object has.
func (b *batch) release(ctx context.Context, r ledger.Receipt, seq, written int64, complete bool) error {
	held, err := b.heldBy(ctx, r.ID)
	if err != nil {
		return err
	}
	for _, c := range held {
		count, used, err := b.counted(ctx, c.scope, r.Object, r.Size)
		if err != nil {
			return err
		}
		uses, less := count.uses(), max(0, r.Length-c.known)-max(0, written-c.known)
		count.bytes -= less
		used.Bytes -= less
		used.Uses += count.uses() - uses
		if err := b.keepCount(ctx, c.scope, r.Object, count, used); err != nil {
			return err
		}
		reach := max(written, c.known)
		if complete || reach == 0 {
			continue
		}
		if err := b.exec(ctx, "note unfinished delivery", insertUnfinished, c.scope, r.Object, r.Party,
			r.Offset+reach, seq, r.Offset, c.again+min(written, c.known)); err != nil {
			return err
		}
	}
	if err := b.exec(ctx, "release", deleteHeld, r.ID); err != nil {
		return err
	}
	return b.exec(ctx, "release", deleteRunning, r.ID)
}

func (b *batch) heldBy(ctx context.Context, start ledger.ID) ([]claim, error) {
	rows, err := b.stmt(ctx, readHeld).QueryContext(ctx, start)
	if err != nil {
		return nil, fmt.Errorf("read reservation of %s: %w", start, err)
	}
	defer rows.Close()
	var held []claim
	for rows.Next() {
		var c claim
		if err := rows.Scan(&c.scope, &c.known, &c.again); err != nil {
			return nil, fmt.Errorf("read reservation of %s: %w", start, err)
		}
		held = append(held, c)
	}
	return held, rows.Err()
}
