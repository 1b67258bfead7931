package node

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/ledger"
)

// grace is how long a known block may wait until it is applied.
const grace = time.Second

// pulse tracks the ledger's head, and whether the read model is behind it.
type pulse struct {
	mu        sync.Mutex
	known     bool   // a head was read
	head      uint64 // last block that was read
	reachable bool   // the ledger answered the last question
	waiting   uint64 // a known block that is not applied yet
	since     time.Time
	late      bool // waiting has waited too long
}

// beat records an answer about the head, nil if the ledger did not answer, and reports
// whether a known block has waited too long. A ledger that does not answer makes no block
// late: what was committed stays valid until receipts have no anchor for too long.
func (p *pulse) beat(head *ledger.Revision, applied ledger.Revision, hasRevision bool, now time.Time) (late bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reachable = head != nil
	if head != nil {
		p.known, p.head = true, max(p.head, head.Block)
	}
	done := func(block uint64) bool { return !p.known || hasRevision && applied.Block >= block }
	switch {
	case done(p.head):
		p.since, p.late = time.Time{}, false
	case p.since.IsZero() || done(p.waiting): // the waiting block is applied: watch the next one
		p.waiting, p.since, p.late = p.head, now, false
	default:
		p.late = now.Sub(p.since) > grace
	}
	return p.late
}

// behind reports whether a known block has waited too long to be applied.
func (p *pulse) behind() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.late
}

// answers reports whether the ledger answered the last question.
func (p *pulse) answers() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reachable
}

// waited returns how long a known block has waited to be applied.
func (p *pulse) waited(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.since.IsZero() {
		return 0
	}
	return max(0, now.Sub(p.since))
}

// headInterval returns how often the head is read. For a shared ledger each read is a
// request to a peer.
func (n *Node) headInterval() time.Duration {
	if n.own == nil {
		return 500 * time.Millisecond
	}
	return 250 * time.Millisecond
}

// watchHead cuts all running deliveries when a known block is not applied within a second,
// and when the ledger is damaged: the node then no longer knows what is allowed. It asks at
// intervals, since what it watches for gives no signal: a block that does not arrive.
func (n *Node) watchHead(ctx context.Context) {
	damaged := false
	tick := time.NewTicker(n.headInterval()) //nolint:forbidigo // an interval, not the time of day
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if err := n.damage(); err != nil && !damaged {
			damaged = true
			n.market.CutAll()
			n.opts.Log.ErrorContext(ctx, "the ledger is damaged", slog.String("error", err.Error()))
		}
		n.disk.watch(ctx, n.opts.Log)
		n.clock.watch(ctx, n.opts.Log)
		was := n.pulse.behind()
		head := n.head(ctx)
		applied, hasRevision := n.loop.Revision()
		late := n.pulse.beat(head, applied, hasRevision, n.opts.Now())
		if late {
			n.market.CutAll()
		}
		if late != was {
			n.opts.Log.WarnContext(ctx, "read model behind the ledger", slog.Bool("behind", late))
		}
	}
}

// head reads the ledger's head; it returns nil if there is no answer within grace.
func (n *Node) head(ctx context.Context) *ledger.Revision {
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	r, err := n.watched().Head(ctx)
	if err != nil {
		return nil
	}
	return &r
}

// damage returns why the embedded ledger stopped, or nil: its file was changed by another
// program.
func (n *Node) damage() error {
	if n.own == nil {
		return nil
	}
	return n.own.Err()
}

// ready returns nil if new deliveries may begin, else Unavailable with the reason. A
// delivery needs room for its receipts.
func (n *Node) ready(context.Context) error {
	if n.damage() != nil {
		return ledger.Refuse(ledger.Unavailable, ledger.ReasonInternal)
	}
	if err := n.roomForCalls(); err != nil {
		return err
	}
	if n.loop.Err() != nil || n.pulse.behind() {
		return ledger.Refuse(ledger.Unavailable, ledger.ReasonBehind)
	}
	if n.anchorsLate() {
		return ledger.Refuse(ledger.Unavailable, ledger.ReasonAnchorLag)
	}
	return nil
}

// reasonOf returns the reason of a refusal; a fault has ReasonInternal.
func reasonOf(err error) ledger.Reason {
	if e := ledger.AsError(err); e != nil {
		return e.Reason
	}
	return ledger.ReasonInternal
}

// parts asks each part of the node whether it works.
func (n *Node) parts(ctx context.Context) []wire.PartHealth {
	refuse := func(failed bool, reason ledger.Reason) error {
		if failed {
			return ledger.Refuse(ledger.Unavailable, reason)
		}
		return nil
	}
	err := n.damage()
	if err == nil {
		err = refuse(!n.pulse.answers(), ledger.ReasonLedgerAway)
	}
	disk := n.disk.forUploads()
	list := []struct {
		name string
		err  error
	}{
		{"ledger", err},
		{"projection", refuse(n.loop.Err() != nil || n.pulse.behind(), ledger.ReasonBehind)},
		{"anchors", refuse(n.anchorsLate(), ledger.ReasonAnchorLag)},
		{"objects", refuse(disk == nil && n.probe.err(ctx) != nil, ledger.ReasonStoreAway)},
		{"disk", disk},
		{"clock", n.Clock()},
	}
	parts := make([]wire.PartHealth, len(list))
	for i, p := range list {
		parts[i] = wire.PartHealth{Part: p.name, Ready: p.err == nil}
		if p.err != nil {
			parts[i].Reason = reasonOf(p.err)
		}
	}
	return parts
}

// anchorsLate reports whether receipts have not been anchored for too long.
func (n *Node) anchorsLate() bool {
	lag := time.Duration(n.settings.Limits.MaxAnchorLag) * time.Second
	age, ever := n.anchors.age(n.opts.Now())
	return !ever || age > lag
}

// health returns the answer of /readyz.
func (n *Node) health(ctx context.Context) wire.Health {
	h := wire.Health{Ready: true, Parts: n.parts(ctx)}
	err := n.ready(ctx)
	if err == nil {
		err = n.roomForUploads()
	}
	if err != nil {
		h.Ready, h.Reason = false, reasonOf(err)
	}
	for _, p := range h.Parts {
		// A ledger that does not answer alone is no reason: deliveries continue from what
		// was committed until the anchors are too old.
		if h.Ready && !p.Ready && p.Reason != ledger.ReasonLedgerAway {
			h.Ready, h.Reason = false, p.Reason
		}
	}
	n.pulse.mu.Lock()
	h.Ledger = wire.LedgerHealth{Reachable: n.pulse.reachable, Head: n.pulse.head}
	n.pulse.mu.Unlock()
	h.Projected, _ = n.loop.Revision()
	age, _ := n.anchors.age(n.opts.Now())
	h.Receipts = wire.ReceiptsHealth{Size: n.receipts.Size(), Anchored: n.anchored(), Age: int64(age / time.Second)}
	return h
}
