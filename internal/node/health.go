package node

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/ledger"
)

// grace is how long a known block may wait to be applied (protocol §7).
const grace = time.Second

// pulse is what the node knows of the ledger's head, and whether it is behind.
type pulse struct {
	mu        sync.Mutex
	known     bool   // some head was seen
	head      uint64 // the last one seen
	reachable bool   // the last question was answered
	mark      uint64 // a known block that waits to be applied
	since     time.Time
	late      bool // it has waited too long
}

// beat takes in an answer about the head; nil is none. That nobody answers is no
// block that is known and not applied: what was committed still holds, until the
// receipts are anchored too long ago.
func (p *pulse) beat(head *ledger.Revision, applied ledger.Revision, some bool, now time.Time) (late bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reachable = head != nil
	if head != nil {
		p.known, p.head = true, max(p.head, head.Block)
	}
	done := func(block uint64) bool { return !p.known || some && applied.Block >= block }
	switch {
	case done(p.head):
		p.since, p.late = time.Time{}, false
	case p.since.IsZero() || done(p.mark): // what waited is applied: now the next
		p.mark, p.since, p.late = p.head, now, false
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

// rhythm is how often the head is asked for: of a shared ledger it is a request
// to a peer.
func (n *Node) rhythm() time.Duration {
	if n.own == nil {
		return 500 * time.Millisecond
	}
	return 250 * time.Millisecond
}

// watch cuts what runs when a known block stays unapplied for a second, and when the
// ledger turns out to be damaged: this node then no longer knows what is allowed
// (protocol §7).
func (n *Node) watch(ctx context.Context) {
	damaged := false
	tick := time.NewTicker(n.rhythm()) //nolint:forbidigo // a rhythm, not a moment
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
		was := n.pulse.behind()
		head := n.head(ctx)
		applied, some := n.loop.Revision()
		late := n.pulse.beat(head, applied, some, n.opts.Now())
		if late {
			n.market.CutAll()
		}
		if late != was {
			n.opts.Log.WarnContext(ctx, "read model behind the ledger", slog.Bool("behind", late))
		}
	}
}

// head asks for the ledger's head, for a short while.
func (n *Node) head(ctx context.Context) *ledger.Revision {
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	r, err := n.ledger.Head(ctx)
	if err != nil {
		return nil
	}
	return &r
}

// damage is why the node's own ledger stopped: it was changed by someone else.
func (n *Node) damage() error {
	if n.own == nil {
		return nil
	}
	return n.own.Err()
}

// ready says whether new deliveries may begin.
func (n *Node) ready(context.Context) error {
	if n.damage() != nil {
		return ledger.Refuse(ledger.Unavailable, ledger.ReasonInternal)
	}
	if n.loop.Err() != nil || n.pulse.behind() {
		return ledger.Refuse(ledger.Unavailable, ledger.ReasonBehind)
	}
	_, at, _ := n.anchors.state()
	if lag := time.Duration(n.settings.Limits.MaxAnchorLag) * time.Second; n.opts.Now().Sub(at) > lag {
		return ledger.Refuse(ledger.Unavailable, ledger.ReasonAnchorLag)
	}
	return nil
}

// health is what /readyz shows.
func (n *Node) health(ctx context.Context) wire.Health {
	h := wire.Health{Ready: true}
	if e := ledger.AsError(n.ready(ctx)); e != nil {
		h.Ready, h.Reason = false, e.Reason
	}
	n.pulse.mu.Lock()
	h.Ledger = wire.LedgerHealth{Reachable: n.pulse.reachable, Head: n.pulse.head}
	n.pulse.mu.Unlock()
	h.Projected, _ = n.loop.Revision()
	size, at, _ := n.anchors.state()
	h.Receipts = wire.ReceiptsHealth{Size: n.receipts.Size(), Anchored: size}
	if !at.IsZero() {
		h.Receipts.Age = max(0, int64(n.opts.Now().Sub(at)/time.Second))
	}
	return h
}
