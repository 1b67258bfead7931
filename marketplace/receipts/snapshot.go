package receipts

import (
	"context"
	"path/filepath"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/tlog"
)

// Snapshot is the receipt log in a node's folder as it was at one moment, read
// without the node's keys, for an audit.
type Snapshot struct {
	*tlog.Tables
	db *sqldb.Snapshot
}

// OpenSnapshot opens the receipts of the node's folder dir, which a node may be
// writing to.
func OpenSnapshot(ctx context.Context, dir string) (*Snapshot, error) {
	db, err := sqldb.OpenSnapshot(ctx, filepath.Join(dir, file))
	if err != nil {
		return nil, err
	}
	return &Snapshot{tlog.ReadTables(db.Tx, nil), db}, nil
}

// Close ends the reading.
func (s *Snapshot) Close() error { return s.db.Close() }
