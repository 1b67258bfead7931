package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/tlog"
)

// Snapshot is the content of a ledger.db at one moment, read without the node's
// keys: the log and the rows of the state. It checks nothing; that is the task of
// an audit.
type Snapshot struct {
	*tlog.Tables
	db *sqldb.Snapshot
}

// OpenSnapshot opens the ledger.db at path. A node may be writing to it.
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

// Rows calls row for every row of the state.
func (s *Snapshot) Rows(ctx context.Context, row func(key string, value []byte) error) error {
	rows, err := s.db.QueryContext(ctx, "SELECT key, value FROM record")
	return eachRecord(rows, err, row)
}

// eachRecord calls each for the rows of a query for key and value, and closes them.
func eachRecord(rows *sql.Rows, err error, each func(key string, value []byte) error) error {
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
		if err := each(key, value); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Value returns the value of a row of the state, or nil if there is no such row.
func (s *Snapshot) Value(ctx context.Context, key string) ([]byte, error) {
	var value []byte
	err := s.db.QueryRowContext(ctx, "SELECT value FROM record WHERE key = ?", key).Scan(&value)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("read record: %w", err)
	}
	return value, nil
}

// Copy writes the database to w and returns its size in bytes.
func (s *Snapshot) Copy(ctx context.Context, w io.Writer) (int64, error) { return s.db.Copy(ctx, w) }

// CheckIntegrity lets SQLite read the whole database. With Recompute, every page and
// every entry has been checked.
func (s *Snapshot) CheckIntegrity(ctx context.Context) error { return s.db.CheckIntegrity(ctx) }

// Close closes the snapshot.
func (s *Snapshot) Close() error { return s.db.Close() }
