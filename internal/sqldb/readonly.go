package sqldb

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
)

// OpenReadOnly opens the database at path, which must exist, without a right to write: W
// can only read too, and Migrate only compares versions. If still is true, nobody writes to
// the file and it has no write-ahead log; then SQLite creates no file beside it.
func OpenReadOnly(ctx context.Context, path string, still bool) (*DB, error) {
	db := &DB{name: filepath.Base(path), readOnly: true}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open %q: %w", db.name, err)
	}
	if err := checkHeader(path); err != nil {
		return nil, err
	}
	addFunctions()
	from := readerDSN(path)
	if still {
		from = dsn(path, url.Values{"mode": {"ro"}, "immutable": {"1"}, "_pragma": {"query_only(1)", "temp_store(MEMORY)"}})
	}
	var err error
	if db.W, err = openPool(db.name, from); err != nil {
		return nil, fmt.Errorf("open %q: %w", db.name, err)
	}
	if db.R, err = openPool(db.name, from); err != nil {
		return nil, errors.Join(fmt.Errorf("open %q: %w", db.name, err), db.W.Close())
	}
	db.W.SetMaxOpenConns(1)
	db.R.SetMaxOpenConns(readers)
	db.R.SetMaxIdleConns(readers)
	var tables int
	if err := db.R.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return nil, errors.Join(db.explain("open", err), db.Close())
	}
	return db, nil
}
