package node

import (
	"context"
	"io"

	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/internal/trace/follow"
	"github.com/datacadastre/cadastre/internal/trace/prove"
	"github.com/datacadastre/cadastre/ledger"
)

// follower returns the follower of traces over the stores of the node.
func (n *Node) follower() *follow.Follower {
	return follow.New(follow.Config{
		Links: n.links, Sight: n.sight, Receipts: n.receipts, Acts: n.actsOn, Orders: n.market.OrdersOf,
		Covering: n.licenses.Covering, Entry: n.registry.EntryByCode, Others: n.others, Anchored: n.anchored, Origin: n.settings.Origin,
	})
}

// Start finds the records that q names.
func (n *Node) Start(ctx context.Context, q trace.Question) ([]ledger.Ref, error) {
	return n.follower().Start(ctx, q)
}

// Trace goes from a record back to the rights it depends on, or forward to every use of
// it, as far as the reader may see. A nil reader is anonymous.
func (n *Node) Trace(ctx context.Context, reader *ledger.Party, from ledger.Ref, forward bool) (trace.Trace, error) {
	return n.follower().Trace(ctx, reader, from, forward)
}

// Evidence makes the bundle about a record for a reader who may have it, with at most that
// many of the newest deliveries; older reports that there are more.
func (n *Node) Evidence(ctx context.Context, reader *ledger.Party, about ledger.Ref, deliveries int) (b io.WriterTo, older bool, err error) {
	c := prove.Config{
		Ledger: n.ledger, Loop: n.loop, Links: n.links, Sight: n.sight, Receipts: n.receipts, Trust: n.trust,
		Checkers: n.opts.Checkers, Anchored: n.Anchored, LastAnchor: n.recordedAnchor,
	}
	if n.own != nil {
		c.Cosigned = n.own.Cosigned
	}
	return prove.New(c).Evidence(ctx, reader, about, deliveries)
}

// actsOn returns the calls that wrote records.
func (n *Node) actsOn(ctx context.Context, refs []ledger.Ref) (map[ledger.Ref][]trace.Act, error) {
	found, err := n.loop.Acts(ctx, refs...)
	acts := make(map[ledger.Ref][]trace.Act, len(found))
	for ref, list := range found {
		for _, a := range list {
			acts[ref] = append(acts[ref], trace.Act{Ref: ref, Time: a.Time, Name: a.Name, Party: a.Party, Call: a.Call, Payload: a.Payload})
		}
	}
	return acts, err
}

// anchored returns how many receipts the last anchor covers.
func (n *Node) anchored() int64 {
	n.anchors.mu.Lock()
	defer n.anchors.mu.Unlock()
	return n.anchors.size
}
