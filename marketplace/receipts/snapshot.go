package receipts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/tlog"
)

// Snapshot is the receipt log in a node's folder as it was at one moment, read
// without the node's keys, for an audit.
type Snapshot struct {
	*tlog.Tables
	db *sql.DB
	tx *sql.Tx
}

// OpenSnapshot opens the receipts of the node's folder dir, which a node may be
// writing to.
func OpenSnapshot(ctx context.Context, dir string) (*Snapshot, error) {
	db, err := sqldb.OpenReader(ctx, filepath.Join(dir, file))
	if err != nil {
		return nil, err
	}
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read receipts: %w", err), db.Close())
	}
	s := &Snapshot{Tables: tlog.ReadTables(tx, nil), db: db, tx: tx}
	if _, err := s.Size(ctx); err != nil { // the first read fixes the moment
		return nil, errors.Join(fmt.Errorf("read receipts: %w", err), s.Close())
	}
	return s, nil
}

// Close ends the reading.
func (s *Snapshot) Close() error { return errors.Join(s.tx.Rollback(), s.db.Close()) }
