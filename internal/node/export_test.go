package node

import (
	"context"
	"database/sql"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/marketplace"
	"github.com/datacadastre/cadastre/marketplace/objects"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// On has a node stand on a ledger that is open already, whatever its settings say.
func (o Options) On(l ledger.Ledger) Options {
	o.open = handed(l)
	return o
}

func handed(l ledger.Ledger) opener {
	return func(context.Context, folder, Settings, keys, *slog.Logger, func() time.Time) (opened, error) {
		return opened{Ledger: l}, nil
	}
}

// BeginOn is Begin on a ledger that is open already.
func BeginOn(ctx context.Context, l ledger.Ledger, dir, genesis string, fabric json.RawMessage, now func() time.Time) (evidence.Trust, error) {
	return begin(ctx, folder(dir), genesis, fabric, now, handed(l))
}

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

// Quorum is how many organizations a node in dir has sign a proof.
func Quorum(dir string) (int, error) { return folder(dir).quorum() }

// Validate checks limits as node.json has them.
func (l Limits) Validate() error { return l.validate() }

// Room asks for uploads and for calls whether a disk of 100 GiB, half of it free, with
// these inodes has room.
func Room(freeFiles, files int64) (uploads, calls error) {
	d := disk{folders: []string{""}, limits: DefaultLimits(), space: func(string) (space, error) {
		return space{free: 50 << 30, size: 100 << 30, freeFiles: freeFiles, files: files}, nil
	}}
	return d.forUploads(), d.forCalls()
}

// SubmitAnchor submits an anchor that no contract would accept, as the node's party.
func (n *Node) SubmitAnchor(ctx context.Context) error {
	return n.submit(ctx, ledger.FnAnchor, ledger.AnchorArgs{})
}

// ReadModel is the writer of read.db.
func (n *Node) ReadModel() *sql.DB { return n.read.W }
