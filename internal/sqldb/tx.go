package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// Migrate brings the tables of one set up to date. The files are in the root of
// migrations, named like 0001_begin.sql, with goose annotations; each runs once, in its
// own transaction. Each set has its own version table, so several packages can have
// tables in one database. The name of a set consists of lower-case letters and
// underscores.
func (db *DB) Migrate(ctx context.Context, set string, migrations fs.FS) error {
	if !setName(set) {
		return fmt.Errorf("migrate %q: bad name of a migration set %q", db.name, set)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db.W, migrations,
		goose.WithTableName("goose_"+set),
		goose.WithLogger(goose.NopLogger()),
		goose.WithDisableGlobalRegistry(true),
	)
	if err != nil {
		return fmt.Errorf("migrate %q, set %s: %w", db.name, set, err)
	}
	// The provider is never closed: its Close would close the writer.
	if !db.readOnly {
		if _, err := p.Up(ctx); err != nil {
			return fmt.Errorf("migrate %q, set %s: %w", db.name, set, err)
		}
	}
	is, known, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("migrate %q, set %s: %w", db.name, set, err)
	}
	if is > known {
		return fmt.Errorf("%q was written by a newer program (set %s has version %d, this program knows %d): update the program", db.name, set, is, known)
	}
	if is < known {
		return fmt.Errorf("%q was written by an older program (set %s has version %d, this program knows %d): start the node once with this program", db.name, set, is, known)
	}
	return nil
}

func setName(s string) bool {
	for _, r := range s {
		if r != '_' && (r < 'a' || r > 'z') {
			return false
		}
	}
	return s != ""
}

// InTx runs f in a transaction of db. It commits if f returns nil, and rolls back if f
// returns an error or panics. If ctx ends during the commit, the error is that of ctx
// and the outcome is unknown: the caller must check. After any other error nothing of f
// was stored.
func InTx(ctx context.Context, db *sql.DB, f func(*sql.Tx) error) (err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	open := true
	defer func() {
		if open { // f failed or panicked
			if e := tx.Rollback(); e != nil && !errors.Is(e, sql.ErrTxDone) {
				err = errors.Join(err, fmt.Errorf("roll back transaction: %w", e))
			}
		}
	}()
	if err := f(tx); err != nil {
		return cause(ctx, err)
	}
	open = false
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit transaction: %w", cause(ctx, err))
	}
	return nil
}

// cause adds the error of ctx to an err that only says that the transaction is over:
// database/sql itself rolls back when ctx ends, and later uses of the transaction
// return [sql.ErrTxDone].
func cause(ctx context.Context, err error) error {
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}
