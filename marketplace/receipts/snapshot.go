package receipts

import (
	"context"
	"io"
	"path/filepath"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/tlog"
)

// Snapshot is the receipt log of a node as it was at one moment. It is opened without
// the node's keys, for an audit.
type Snapshot struct {
	*tlog.Tables
	db *sqldb.Snapshot
}

// OpenSnapshot opens the receipts in the node's folder dir. A running node may write to
// it meanwhile.
func OpenSnapshot(ctx context.Context, dir string) (*Snapshot, error) {
	db, err := sqldb.OpenSnapshot(ctx, filepath.Join(dir, file))
	if err != nil {
		return nil, err
	}
	return &Snapshot{tlog.ReadTables(db.Tx, nil), db}, nil
}

// Copy writes the database to w and returns its size in bytes.
func (s *Snapshot) Copy(ctx context.Context, w io.Writer) (int64, error) { return s.db.Copy(ctx, w) }

// CheckIntegrity lets SQLite read the whole database. With Recompute, every page and
// every entry has been checked.
func (s *Snapshot) CheckIntegrity(ctx context.Context) error { return s.db.CheckIntegrity(ctx) }

// Close closes the snapshot.
func (s *Snapshot) Close() error { return s.db.Close() }
