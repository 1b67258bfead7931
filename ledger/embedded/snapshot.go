package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/tlog"
)

// Snapshot is a ledger.db as it was at one moment, read without the node's keys: its
// log, and the rows of its state. It checks nothing; that is for an audit.
type Snapshot struct {
	*tlog.Tables
	db *sql.DB
	tx *sql.Tx
}

// OpenSnapshot opens the ledger.db at path, which a node may be writing to.
func OpenSnapshot(ctx context.Context, path string) (*Snapshot, error) {
	db, err := sqldb.OpenReader(ctx, path)
	if err != nil {
		return nil, err
	}
	s := &Snapshot{db: db}
	codec, err := newRows()
	if err == nil {
		s.tx, err = db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read ledger: %w", err), db.Close())
	}
	s.Tables = tlog.ReadTables(s.tx, codec)
	if _, err := s.Size(ctx); err != nil { // the first read fixes the moment
		return nil, errors.Join(fmt.Errorf("read ledger: %w", err), s.Close())
	}
	return s, nil
}

// Rows hands over every row of the state.
func (s *Snapshot) Rows(ctx context.Context, row func(key string, value []byte) error) error {
	rows, err := s.tx.QueryContext(ctx, "SELECT key, value FROM record")
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
func (s *Snapshot) Close() error { return errors.Join(s.tx.Rollback(), s.db.Close()) }
