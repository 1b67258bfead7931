package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Snapshot is a database as it was at one moment, read-only.
type Snapshot struct {
	*sql.Tx
	pool *sql.DB
}

// OpenSnapshot opens the database at path, which must exist. Another process may be
// writing to it; the snapshot has the state at this call.
func OpenSnapshot(ctx context.Context, path string) (*Snapshot, error) {
	db := &DB{name: filepath.Base(path)}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open %q: %w", db.name, err)
	}
	if err := checkHeader(path); err != nil {
		return nil, err
	}
	addFunctions()
	pool, err := openPool(filepath.Base(path), readerDSN(path))
	if err != nil {
		return nil, fmt.Errorf("open %q: %w", db.name, err)
	}
	tx, err := pool.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, errors.Join(db.explain("open", err), pool.Close())
	}
	s := &Snapshot{tx, pool}
	var tables int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil { // the first read starts the snapshot
		return nil, errors.Join(db.explain("open", err), s.Close())
	}
	return s, nil
}

// Close ends the transaction and closes the database.
func (s *Snapshot) Close() error { return errors.Join(s.Rollback(), s.pool.Close()) }
