package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	ref "golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/internal/backup"
	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// snapshots are the databases of a folder, each as it was at one moment.
type snapshots struct {
	ledger   *embedded.Snapshot // nil if the ledger is shared
	receipts *receipts.Snapshot
	db       *sqldb.Snapshot // node.db
}

// snapshot opens the databases in an order in which each is at least as new as those
// before it refer to.
func (d folder) snapshot(ctx context.Context, s Settings) (*snapshots, error) {
	var err error
	o := new(snapshots)
	if !s.Backend.Shared() {
		if o.ledger, err = embedded.OpenSnapshot(ctx, d.path("ledger.db")); err != nil {
			return nil, err
		}
	}
	if o.receipts, err = receipts.OpenSnapshot(ctx, string(d)); errors.Is(err, fs.ErrNotExist) {
		err = words.Errorf("%s 缺少 receipts.db：该节点从未运行过，或应恢复备份", "%s has no receipts.db: its node never ran, or must be restored", d)
	}
	if err != nil {
		return nil, errors.Join(err, o.Close())
	}
	if o.db, err = sqldb.OpenSnapshot(ctx, d.path("node.db")); err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return o, nil
}

// Close closes the databases.
func (o *snapshots) Close() error {
	var errs []error
	if o.ledger != nil {
		errs = append(errs, o.ledger.Close())
	}
	if o.receipts != nil {
		errs = append(errs, o.receipts.Close())
	}
	if o.db != nil {
		errs = append(errs, o.db.Close())
	}
	return errors.Join(errs...)
}

// consistent opens databases that fit together. The receipts are read a moment after the
// ledger, so a receipt may follow a call that came between; then they are opened again.
func (d folder) consistent(ctx context.Context, s Settings) (*snapshots, error) {
	const tries = 100
	for range tries {
		o, err := d.snapshot(ctx, s)
		if err != nil {
			return nil, err
		}
		fits, err := o.fit(ctx)
		if err == nil && fits {
			return o, nil
		}
		if err = errors.Join(err, o.Close()); err != nil {
			return nil, err
		}
	}
	return nil, words.Errorf("账本与回执不断变化，未能取得同一时刻的两者：请稍后再备份", "ledger and receipts change so fast that they could not be read together: back up again later")
}

// newest is how many of the last receipts are compared with the ledger: more than are
// stored while two files are opened.
const newest = 256

// fit reports whether no receipt names an entry that the ledger does not have.
func (o *snapshots) fit(ctx context.Context) (bool, error) {
	if o.ledger == nil {
		return true, nil
	}
	entries, err := o.ledger.Size(ctx)
	if err != nil {
		return false, fmt.Errorf("read ledger: %w", err)
	}
	size, err := o.receipts.Size(ctx)
	if err != nil {
		return false, fmt.Errorf("read receipts: %w", err)
	}
	from := max(0, size-newest)
	if size == from {
		return true, nil
	}
	list, err := o.receipts.Entries(ctx, from, int(size-from))
	if err != nil {
		return false, err
	}
	for _, text := range list {
		var r struct {
			Revision *ledger.Revision `json:"policy_revision"`
		}
		if err := json.Unmarshal(text, &r); err != nil {
			return false, fmt.Errorf("read receipt: %w", err)
		}
		if r.Revision != nil && r.Revision.Block >= uint64(entries) {
			return false, nil
		}
	}
	return true, nil
}

// heads checks the databases whole and returns the heads of the logs. That of a shared
// ledger is nil.
func (o *snapshots) heads(ctx context.Context) (own *ledger.TreeHead, log ledger.TreeHead, err error) {
	if err := errors.Join(o.receipts.CheckIntegrity(ctx), o.db.CheckIntegrity(ctx)); err != nil {
		return nil, log, err
	}
	if log, err = headOf(ctx, "receipts.db", o.receipts); err != nil || o.ledger == nil {
		return nil, log, err
	}
	if err := o.ledger.CheckIntegrity(ctx); err != nil {
		return nil, log, err
	}
	head, err := headOf(ctx, "ledger.db", o.ledger)
	if err != nil {
		return nil, log, err
	}
	if n, err := o.anchored(ctx); err != nil || n > log.Size {
		return nil, log, errors.Join(err, words.Errorf("receipts.db 有 %d 条回执，而账本已锚定 %d 条：请恢复最新备份", "receipts.db has %d receipts, but the ledger anchors %d: restore the newest backup", log.Size, n))
	}
	return &head, log, nil
}

// anchored returns how many receipts the ledger anchors of the log that the node continues.
// Its name is in its checkpoint: after a restore it may be another than at first.
func (o *snapshots) anchored(ctx context.Context) (int64, error) {
	msg, err := o.receipts.Checkpoint(ctx)
	if err != nil {
		return 0, err
	}
	name, _, _ := strings.Cut(string(msg), "\n")
	text, err := o.ledger.Value(ctx, ledger.RecordKey(ledger.RefTo(ledger.KindAnchor, name)))
	if err != nil || text == nil {
		return 0, err
	}
	var a ledger.Anchor
	if err := json.Unmarshal(text, &a); err != nil {
		return 0, fmt.Errorf("read anchor: %w", err)
	}
	return a.Size, nil
}

// recomputed is a log whose tree is computed from its entries.
type recomputed interface {
	Recompute(ctx context.Context) (int64, ref.Hash, error)
}

func headOf(ctx context.Context, file string, log recomputed) (ledger.TreeHead, error) {
	size, root, err := log.Recompute(ctx)
	if err != nil {
		return ledger.TreeHead{}, fmt.Errorf("%s: %w", file, err)
	}
	return ledger.TreeHead{Size: size, Root: ledger.Digest(fmt.Sprintf("%x", root[:]))}, nil
}

// copyDatabases checks the databases and copies them.
func (d folder) copyDatabases(ctx context.Context, s Settings, c *backup.Copy, m *backup.Manifest) (err error) {
	o, err := d.consistent(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.Close()) }()
	if m.Log, m.Receipts, err = o.heads(ctx); err != nil {
		return err
	}
	type database struct {
		name string
		copy func(context.Context, io.Writer) (int64, error)
	}
	list := []database{{"receipts.db", o.receipts.Copy}, {"node.db", o.db.Copy}}
	if o.ledger != nil {
		list = append(list, database{"ledger.db", o.ledger.Copy})
	}
	for _, db := range list {
		if err := c.Folder(ctx, db.name, func(w io.Writer) error {
			_, err := db.copy(ctx, w)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}
