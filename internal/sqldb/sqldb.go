// Package sqldb opens one SQLite file as every store of a node needs it: write-ahead
// log, foreign keys enforced, one writer and a few readers.
//
// It promises that a transaction on the writer has the write lock from its first
// statement, that readers cannot write, and that a file which is damaged or not a
// database is refused with a sentence that says what to do. It does not lock the folder
// against a second process and does not retry. It has no tables: the owner of a store
// brings its migrations.
//
// Standard: the SQLite database file format, version 3.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

// Sync says how durable a commit is when it returns (PRAGMA synchronous).
type Sync string

const (
	// SyncFull flushes to the disk at every commit: committed data survives a power
	// failure.
	SyncFull Sync = "FULL"
	// SyncNormal flushes only at checkpoints: a power failure may lose the newest
	// commits but never damages the file. Use it for data that can be rebuilt.
	SyncNormal Sync = "NORMAL"
)

// PageSize is the size of a page in bytes. Only a new file gets it; an existing file
// retains its size.
type PageSize int

// SmallPages waste less space after rows of 1 to 8 KB, and a changed row writes fewer
// bytes; SQLite's default is 4096.
const SmallPages PageSize = 2048

// readers is the maximum number of connections that read concurrently.
const readers = 4

// header is the first 16 bytes of every SQLite 3 file.
const header = "SQLite format 3\x00"

// Primary result codes of SQLite that mean "this file is unusable".
const (
	codeCorrupt = 11
	codeNotADB  = 26
)

// DB is an open SQLite file.
type DB struct {
	// W has the only connection that writes. Its transactions take the write lock when
	// they begin.
	W *sql.DB
	// R is a small pool of connections that can only read. Each read sees the last
	// commit before it.
	R *sql.DB

	name     string
	readOnly bool
}

// Open opens the database at path, or creates an empty one if the file is missing; the
// folder must exist. A file that is damaged or not an SQLite database is refused with a
// sentence for its operator, and not changed. A new file has the given page size, or
// the default.
func Open(ctx context.Context, path string, sync Sync, page ...PageSize) (*DB, error) {
	if sync != SyncFull && sync != SyncNormal {
		return nil, fmt.Errorf("open %q: unknown sync level %q", path, sync)
	}
	if err := checkHeader(path); err != nil {
		return nil, err
	}
	if err := restrict(path); err != nil {
		return nil, fmt.Errorf("open %q: %w", filepath.Base(path), err)
	}
	addFunctions()
	db := &DB{name: filepath.Base(path)}
	var err error
	if db.W, err = openPool(db.name, writerDSN(path, sync, page)); err != nil {
		return nil, fmt.Errorf("open %q: %w", db.name, err)
	}
	db.W.SetMaxOpenConns(1)
	if db.R, err = openPool(db.name, readerDSN(path)); err != nil {
		return nil, errors.Join(fmt.Errorf("open %q: %w", db.name, err), db.W.Close())
	}
	db.R.SetMaxOpenConns(readers)
	db.R.SetMaxIdleConns(readers)
	if err := db.touch(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// restrict makes the file one that only its owner may read and write, and creates it if it
// is missing. SQLite gives the files beside it, -wal and -shm, the same mode.
func restrict(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err //nolint:wrapcheck // Open names the file
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

// Close closes the readers, then the writer, which merges the write-ahead log into the
// file.
func (db *DB) Close() error {
	return errors.Join(db.R.Close(), db.W.Close())
}

// CheckIntegrity lets SQLite read the whole file and compare every index with its table
// (PRAGMA integrity_check). The time is proportional to the size of the file.
func (db *DB) CheckIntegrity(ctx context.Context) error {
	var found string
	if err := db.R.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&found); err != nil {
		return db.explain("check", err)
	}
	if found != "ok" {
		return damaged(db.name, errors.New(found))
	}
	return nil
}

// touch makes both pools connect, so that a bad file is found now, and the write-ahead
// log exists before the first reader.
func (db *DB) touch(ctx context.Context) error {
	var mode string
	if err := db.W.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return db.explain("open", err)
	}
	if mode != "wal" {
		return fmt.Errorf("open %q: the file system does not allow a write-ahead log (journal mode is %q): put it on a local disk", db.name, mode)
	}
	var tables int
	if err := db.R.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return db.explain("open", err)
	}
	return nil
}

// explain turns an SQLite error about a bad file into advice.
func (db *DB) explain(what string, err error) error {
	if se, ok := errors.AsType[*sqlite.Error](err); ok {
		switch se.Code() & 0xff {
		case codeCorrupt:
			return damaged(db.name, err)
		case codeNotADB:
			return notADatabase(db.name, err)
		}
	}
	return fmt.Errorf("%s %q: %w", what, db.name, err)
}

// checkHeader reads only the first bytes, before SQLite can change the file.
func checkHeader(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer f.Close()
	var got [len(header)]byte
	switch n, err := io.ReadFull(f, got[:]); {
	case err == io.EOF: // an empty file is an empty database
		return nil
	case err == io.ErrUnexpectedEOF:
		return notADatabase(filepath.Base(path), fmt.Errorf("it has only %d bytes", n))
	case err != nil:
		return fmt.Errorf("read database: %w", err)
	}
	if string(got[:]) != header {
		return notADatabase(filepath.Base(path), errors.New("it begins with other bytes"))
	}
	return nil
}

func damaged(name string, err error) error {
	return fmt.Errorf("%q is damaged (%w): restore it from a backup", name, err)
}

func notADatabase(name string, err error) error {
	return fmt.Errorf("%q is not an SQLite database (%w): restore it from a backup, or move it away if it was put there by mistake", name, err)
}

func writerDSN(path string, sync Sync, page []PageSize) string {
	// The driver sets the wait for locks first, because the other settings may need a
	// lock. It sets the write-ahead log last: that creates the file, and then the page
	// size is set already.
	pragmas := []string{"busy_timeout(5000)", "synchronous(" + string(sync) + ")", "foreign_keys(1)", "temp_store(MEMORY)"}
	for _, size := range page {
		pragmas = append(pragmas, fmt.Sprintf("page_size(%d)", size))
	}
	if sync == SyncNormal {
		// Data that can be rebuilt is rebuilt in large transactions: their pages stay
		// in memory (at most 64 MiB), and the write-ahead log is merged rarely.
		pragmas = append(pragmas, "cache_size(-65536)", "wal_autocheckpoint(8192)")
	}
	return dsn(path, url.Values{"_txlock": {"immediate"}, "_pragma": pragmas, "_journal_mode": {"WAL"}})
}

func readerDSN(path string) string {
	return dsn(path, url.Values{
		"mode":    {"ro"},
		"_pragma": {"busy_timeout(5000)", "query_only(1)", "foreign_keys(1)", "temp_store(MEMORY)"},
	})
}

// dsn returns a file URI, so that '?', '#' and '%' in a path have no special meaning.
func dsn(path string, q url.Values) string {
	u := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: q.Encode()}
	if !filepath.IsAbs(path) {
		return "file:" + (&url.URL{Path: "./" + u.Path}).EscapedPath() + "?" + u.RawQuery
	}
	return u.String()
}
