package embedded

import (
	"context"
	"fmt"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/tlog"
)

// Snapshot is a ledger.db as it was at one moment, read without the node's keys: its
// log, and the rows of its state. It checks nothing; that is for an audit.
type Snapshot struct {
	*tlog.Tables
	db *sqldb.Snapshot
}

// OpenSnapshot opens the ledger.db at path, which a node may be writing to.
func OpenSnapshot(ctx context.Context, path string) (*Snapshot, error) {
	codec, err := newRows()
	if err != nil {
		return nil, err
	}
	db, err := sqldb.OpenSnapshot(ctx, path)
	if err != nil {
		return nil, err
	}
	return &Snapshot{tlog.ReadTables(db.Tx, codec), db}, nil
}

// Rows hands over every row of the state.
func (s *Snapshot) Rows(ctx context.Context, row func(key string, value []byte) error) error {
	rows, err := s.db.QueryContext(ctx, "SELECT key, value FROM record")
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		var value []byte
		if err := rows.Scan(&key, &value); err != nil {
			return fmt.Errorf("read record: %w", err)
		}
		if err := row(key, value); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Close ends the reading.
func (s *Snapshot) Close() error { return s.db.Close() }
