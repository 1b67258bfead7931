package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// submitTimeout is how long the node waits until its own call is recorded.
const submitTimeout = 40 * time.Second

// anchors remembers how far the receipt log is anchored.
type anchors struct {
	mu    sync.Mutex
	size  int64         // number of anchored receipts
	at    time.Time     // when all receipts were last anchored
	idle  bool          // all receipts are anchored still
	known bool          // size is what the ledger has: no anchor call is in flight or lost
	grown chan struct{} // closed and renewed when size is set
}

func (a *anchors) state() (size int64, known bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.size, a.known
}

// age returns how long ago all receipts were anchored; ever is false if they never were.
func (a *anchors) age(now time.Time) (age time.Duration, ever bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.idle || a.at.IsZero() {
		return 0, a.idle
	}
	return max(0, now.Sub(a.at)), true
}

// setIdle notes that all receipts are anchored until now, or that one was just stored
// that is not.
func (a *anchors) setIdle(idle bool, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.idle, a.at = idle, now
}

func (a *anchors) set(size int64, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.size, a.at, a.known = size, at, true
	if a.grown != nil {
		close(a.grown)
		a.grown = nil
	}
}

// next returns a channel that is closed when size is set again, or nil if at least
// size receipts are anchored.
func (a *anchors) next(size int64) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.size >= size {
		return nil
	}
	if a.grown == nil {
		a.grown = make(chan struct{})
	}
	return a.grown
}

// wait waits until size receipts are anchored, at most five seconds.
func (a *anchors) wait(ctx context.Context, size int64) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for grown := a.next(size); grown != nil; grown = a.next(size) {
		select {
		case <-grown:
		case <-ctx.Done():
			return ledger.Refuse(ledger.Unavailable, ledger.ReasonAnchorLag)
		}
	}
	return nil
}

// doubt marks size as uncertain: the ledger must be asked again.
func (a *anchors) doubt() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known = false
}

// lastAnchor returns what the next anchor must continue: the last anchor or, without
// Cite, the tree with which the log began after a restore; nil if there is neither.
func (n *Node) lastAnchor(ctx context.Context) (*ledger.Anchor, error) {
	a, err := n.recordedAnchor(ctx)
	if b := n.log.Begun; err == nil && a == nil && b != nil {
		return &ledger.Anchor{Log: n.log.Origin, Size: b.Old.Size, Root: b.Old.Root, Time: b.Time}, nil
	}
	return a, err
}

// recordedAnchor returns the last anchor of the receipt log, or nil.
func (n *Node) recordedAnchor(ctx context.Context) (*ledger.Anchor, error) {
	a, err := value[ledger.Anchor](ctx, n.ledger, ledger.RefTo(ledger.KindAnchor, n.log.Origin))
	if errors.Is(err, ledger.NotFound) {
		return nil, nil //nolint:nilnil // a missing first anchor is not an error
	}
	if err != nil {
		return nil, fmt.Errorf("read anchor: %w", err)
	}
	return &a, nil
}

// anchor records the root of the receipt log on the ledger, with the proof that the log
// extends the last anchored one, if there are new receipts. Only this node anchors its
// log, so it asks the ledger for the last anchor only after the outcome of a call was lost.
func (n *Node) anchor(ctx context.Context) error {
	grown, err := n.receipts.AnchorState(ctx)
	if err != nil {
		return fmt.Errorf("receipt log: %w", err)
	}
	from, known := n.anchors.state()
	first := false // no anchor has the name of this log yet
	if !known {
		last, err := n.lastAnchor(ctx)
		if err != nil {
			return err
		}
		if from, first = 0, last != nil && last.Cite.Call == ""; last != nil {
			from = last.Size
		}
	}
	if grown.Size > from || first && grown.Size > 0 {
		args := ledger.AnchorArgs{Log: n.receipts.Origin(), Size: grown.Size, Root: grown.Root, Proof: []ledger.Digest{}}
		if from > 0 {
			if args.Proof, err = n.receipts.Consistency(ctx, from, grown.Size); err != nil {
				return fmt.Errorf("receipt log: %w", err)
			}
		}
		n.anchors.doubt()
		if err := n.submit(ctx, ledger.FnAnchor, args); err != nil {
			return fmt.Errorf("anchor: %w", err)
		}
	}
	n.anchors.set(grown.Size, n.opts.Now())
	return nil
}

// submit signs a call as the node party, records it and waits until the read model has
// applied it.
func (n *Node) submit(ctx context.Context, fn ledger.Function, args any) error {
	if err := n.Clock(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, submitTimeout)
	defer cancel()
	now := ledger.Millis(n.opts.Now().UnixMilli())
	jws, err := ledger.SignCall(n.keys.platform, ledger.Call{
		Ledger: n.settings.Ledger, ID: NewID(), Party: n.settings.Platform,
		Function: fn, Time: now, Expires: now + ledger.MaxExpiry,
	}, args)
	if err != nil {
		return err
	}
	out, err := n.watched().Submit(ctx, jws)
	if err != nil {
		return err
	}
	return n.loop.Wait(ctx, out.Position.Block)
}

// How long the node waits with an anchor: briefly before it, so that it covers receipts
// that are stored together, and then until the next may follow. So a receipt waits a
// second at most, and there is at most one anchor each second.
const (
	gatherReceipts = 250 * time.Millisecond
	betweenAnchors = 750 * time.Millisecond
)

// anchorNew anchors receipts as they are stored. It tries again after a failure.
func (n *Node) anchorNew(ctx context.Context) {
	for sleep(ctx, betweenAnchors) && n.awaitReceipts(ctx) && sleep(ctx, gatherReceipts) {
		if err := n.anchor(ctx); err != nil && ctx.Err() == nil {
			n.opts.Log.WarnContext(ctx, "receipts not anchored", slog.String("error", err.Error()))
		}
	}
}

// awaitReceipts waits until there is something to anchor; it returns false if ctx ends
// first.
func (n *Node) awaitReceipts(ctx context.Context) bool {
	size, known := n.anchors.state()
	if !known || n.receipts.Size() > size {
		return ctx.Err() == nil
	}
	n.anchors.setIdle(true, n.opts.Now())
	err := n.receipts.WaitForMore(ctx, size)
	n.anchors.setIdle(false, n.opts.Now())
	return err == nil
}

// sleep waits for d; it returns false if ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d): //nolint:forbidigo // an interval, not the time of day
		return true
	case <-ctx.Done():
		return false
	}
}

// Anchored waits until the receipt log is anchored up to size, at most five
// seconds.
func (n *Node) Anchored(ctx context.Context, size int64) error { return n.anchors.wait(ctx, size) }
