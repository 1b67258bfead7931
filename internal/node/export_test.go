package node

import (
	"context"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace"
	"github.com/datacadastre/cadastre/marketplace/objects"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// Ledger is what the tests record their story on.
func (n *Node) Ledger() ledger.Ledger { return n.ledger }

// Market is what the tests deliver with.
func (n *Node) Market() *marketplace.Market { return n.market }

// Receipts is the receipt log.
func (n *Node) Receipts() *receipts.Store { return n.receipts }

// Applied waits until the read model shows a block.
func (n *Node) Applied(ctx context.Context, block uint64) error { return n.loop.Wait(ctx, block) }

// Sweep deletes uploads older than age that no content record names.
func (n *Node) Sweep(ctx context.Context, age time.Duration) (int, error) { return n.sweep(ctx, age) }

// Objects is the object store.
func (n *Node) Objects() *objects.Store { return n.objects }

// Lag is how the node tells that it is behind.
type Lag struct{ lag }

// Late reports whether one block has been awaited for more than a second.
func (l *Lag) Late(known bool, applied, head uint64, now time.Time) bool {
	return l.late(known, applied, head, now)
}
