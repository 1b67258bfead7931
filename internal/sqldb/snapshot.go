package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Snapshot is a database as it was at one moment, read-only.
type Snapshot struct {
	*sql.Tx
	pool *sql.DB
	db   *DB // its name, for errors
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
	s := &Snapshot{tx, pool, db}
	var tables int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil { // the first read starts the snapshot
		return nil, errors.Join(db.explain("open", err), s.Close())
	}
	return s, nil
}

// CheckIntegrity lets SQLite read the whole snapshot (PRAGMA quick_check, which does not
// compare indexes with tables). The time is proportional to its size.
func (s *Snapshot) CheckIntegrity(ctx context.Context) error {
	var found string
	if err := s.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found); err != nil {
		return s.db.explain("check", err)
	}
	if found != "ok" {
		return damaged(s.db.name, errors.New(found))
	}
	return nil
}

// Copy writes the snapshot to w as a database file, page by page, without a file between.
// It returns the number of bytes.
func (s *Snapshot) Copy(ctx context.Context, w io.Writer) (int64, error) {
	var pages, size int64
	err := s.QueryRowContext(ctx, "SELECT (SELECT page_count FROM pragma_page_count), (SELECT page_size FROM pragma_page_size)").Scan(&pages, &size)
	if err != nil {
		return 0, s.db.explain("copy", err)
	}
	rows, err := s.QueryContext(ctx, "SELECT pgno, data FROM sqlite_dbpage ORDER BY pgno")
	if err != nil {
		return 0, s.db.explain("copy", err)
	}
	defer rows.Close()
	var n int64
	for rows.Next() {
		var page int64
		var data sql.RawBytes
		if err := rows.Scan(&page, &data); err != nil {
			return n * size, s.db.explain("copy", err)
		}
		if n++; page != n || int64(len(data)) != size {
			return n * size, fmt.Errorf("copy %q: page %d of %d bytes follows page %d", s.db.name, page, len(data), n-1)
		}
		if _, err := w.Write(data); err != nil {
			return n * size, fmt.Errorf("copy %q: %w", s.db.name, err)
		}
	}
	if err := rows.Err(); err != nil {
		return n * size, s.db.explain("copy", err)
	}
	if n != pages {
		return n * size, fmt.Errorf("copy %q: %d of %d pages were read", s.db.name, n, pages)
	}
	return n * size, nil
}

// Close ends the transaction and closes the database.
func (s *Snapshot) Close() error { return errors.Join(s.Rollback(), s.pool.Close()) }
