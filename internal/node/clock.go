package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

const (
	// maxJump is how far the clock may be ahead of the time at the start plus the time
	// that has passed since, and how far off the first calls' own times.
	maxJump = 10 * time.Minute
	// maxPause is how long after the last entry a node starts without a question. No
	// holiday is that long.
	maxPause = 31 * 24 * time.Hour
	// witnesses is how many parties' calls are compared with the clock after a start.
	witnesses = 5
)

// clock decides whether the time of day can be trusted with what is recorded. A time that
// was recorded can't be taken back: every later entry is at least as late, and a time
// limit that it ended stays ended.
type clock struct {
	now      func() time.Time
	elapsed  func() time.Duration // since begun, by a clock that nobody sets; nil: by what now reads
	begun    time.Time
	accepted bool // the operator has confirmed the clock

	mu      sync.Mutex
	seen    map[ledger.ID]bool // parties whose first call was compared
	settled bool               // no further call is compared
	refuted bool               // all calls that were compared are far off
	bad     bool               // what was logged last
}

// newClock begins to watch a clock. elapsed may be nil.
func newClock(now func() time.Time, elapsed func() time.Duration, accepted bool) *clock {
	return &clock{now: now, elapsed: elapsed, begun: now(), accepted: accepted, settled: accepted, seen: map[ledger.ID]bool{}}
}

// ahead returns by how much the clock is ahead of its start plus the time since.
func (c *clock) ahead(now time.Time) time.Duration {
	passed := now.Sub(c.begun) // by the monotonic clock, where the readings have it
	if c.elapsed != nil {
		passed = c.elapsed()
	}
	return now.Round(0).Sub(c.begun.Round(0)) - passed
}

// allow returns nil if what happens at this time may be recorded, else Unavailable.
func (c *clock) allow(now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refuted || c.ahead(now) > maxJump {
		return ledger.Refuse(ledger.Unavailable, ledger.ReasonClock)
	}
	return nil
}

// receiptTime returns the time for receipts: the clock's, or after a jump what the clock would
// show without it. A delivery that was running still gets its end.
func (c *clock) receiptTime() time.Time {
	now := c.now()
	if ahead := c.ahead(now); ahead > maxJump {
		return now.Round(0).Add(-ahead)
	}
	return now
}

// compare compares the time of a call with the clock, if it is among the first five of
// different parties whose signatures were proved: the call was recorded, or refused for
// its time only. If all five are more than ten minutes off, the clock is not trusted. One
// that agrees with the clock settles it, so that no single party can stop the node.
func (c *clock) compare(call ledger.Call, out ledger.Outcome, err error) {
	if e := ledger.AsError(err); out.Repeated || err != nil && (e == nil || e.Reason != ledger.ReasonTime && e.Reason != ledger.ReasonExpired) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.settled || c.seen[call.Party] {
		return
	}
	if off := c.now().Sub(time.UnixMilli(int64(call.Time))); off.Abs() <= maxJump {
		c.settled, c.seen = true, nil
		return
	}
	if c.seen[call.Party] = true; len(c.seen) == witnesses {
		c.settled, c.refuted, c.seen = true, true, nil
	}
}

// watch logs when the clock can no longer be trusted, and when it can be again.
func (c *clock) watch(ctx context.Context, log *slog.Logger) {
	now := c.now()
	err := c.allow(now)
	c.mu.Lock()
	changed := c.bad != (err != nil)
	c.bad = err != nil
	refuted := c.refuted
	c.mu.Unlock()
	switch {
	case !changed:
	case err == nil:
		log.InfoContext(ctx, "the clock is right again: the node records again")
	case refuted:
		log.ErrorContext(ctx, "the clock is more than ten minutes off the times of the first calls: nothing is recorded; "+
			"correct the clock and start again, or, if it is right, start with --accept-clock", slog.Time("clock", now))
	default:
		log.ErrorContext(ctx, "the clock has jumped ahead: nothing is recorded; correct the clock, or, if it is right now, start again",
			slog.Time("clock", now), slog.Duration("ahead", c.ahead(now)))
	}
}

// Clock returns nil if the node's clock can be trusted with what is recorded, else
// Unavailable with ReasonClock. Then the node records no call and no anchor, begins no
// delivery and takes no upload; it answers reads.
func (n *Node) Clock() error { return n.clock.allow(n.opts.Now()) }

// checkPause refuses to start a node long after the last entry of its ledger, unless the
// operator has confirmed the clock: it may be wrong by years, as after its battery has
// failed. It comes before anything is written.
func (n *Node) checkPause(ctx context.Context) error {
	if n.opts.AcceptClock {
		return nil
	}
	last, ok, err := n.lastTime(ctx)
	if err != nil || !ok {
		return err
	}
	now := n.opts.Now()
	if now.Sub(last) <= maxPause {
		return nil
	}
	const stamp = "2006-01-02 15:04 MST"
	return words.Errorf("时钟显示 %s，而账本最后一条记录于 %s，相隔超过 31 天：请核对时钟；若时钟无误，请加 --accept-clock 启动一次",
		"the clock shows %s, but the last entry of the ledger was made at %s, more than 31 days before: check the clock; if it is right, start once with --accept-clock",
		now.Format(stamp), last.In(now.Location()).Format(stamp))
}

// lastTime returns when the last call was recorded. On a shared ledger the last blocks
// may have no call; then it returns false.
func (n *Node) lastTime(ctx context.Context) (time.Time, bool, error) {
	head, err := n.ledger.Head(ctx)
	if errors.Is(err, ledger.NotFound) || n.own != nil && n.damage() != nil {
		return time.Time{}, false, nil // what follows reports a damaged ledger
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("read the ledger's head: %w", err)
	}
	const back = 8 // blocks that are looked at
	var last ledger.Millis
	for b, err := range n.ledger.Blocks(ctx, head.Block-min(head.Block, back)) {
		if err != nil {
			return time.Time{}, false, fmt.Errorf("read the last blocks: %w", err)
		}
		for _, c := range b.Calls {
			last = max(last, c.Event.Time)
		}
		if b.Number >= head.Block {
			break
		}
	}
	return time.UnixMilli(int64(last)), last > 0, nil
}
