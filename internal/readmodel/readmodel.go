// Package readmodel has what every domain needs to read and write its tables of the
// read model: one record, all records of a query, a page of a listing, a row written by
// its key, the migrations.
//
// It promises that every listing has the same limits and the same form of cursor, and
// refuses invalid ones with the same error. A query has only the conditions that are
// set, so that an index can serve it. Walking through the pages of a listing returns
// each record that existed at the start and still passes the filters exactly once, and
// a record added meanwhile at most once. The package does not depend on a domain and
// makes no decisions.
package readmodel

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/ledger"
)

// Querier is a database or a transaction.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Step writes what a domain stores for one event.
type Step = func(ctx context.Context, tx *sql.Tx) error

// Migrations returns the folder "migrations" that a package embeds.
func Migrations(embedded fs.FS) fs.FS {
	sub, err := fs.Sub(embedded, "migrations")
	if err != nil { // the name is valid
		return embedded
	}
	return sub
}

// Migrate brings the tables of one set up to date.
func Migrate(ctx context.Context, db *sqldb.DB, name string, migrations fs.FS) error {
	return db.Migrate(ctx, name, migrations)
}

// CheckBegun refuses a read model that has applied blocks before one of its tables
// existed. Every ledger writes to each of the tables from its first block.
func CheckBegun(ctx context.Context, q Querier, tables ...string) error {
	for _, table := range tables {
		_, err := One[int](ctx, q, Unknown(""), "SELECT 1 FROM "+table+" LIMIT 1")
		if errors.Is(err, ledger.NotFound) {
			return errors.New("read.db was written by an earlier version: delete it, the node rebuilds it from the ledger")
		}
		if err != nil {
			return fmt.Errorf("read table %s: %w", table, err)
		}
	}
	return nil
}

// Unknown returns the error for a missing record.
func Unknown(ref ledger.Ref) *ledger.Error {
	return ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).With("ref", string(ref))
}

// One decodes the single record that a query selects; it returns missing if there is no
// record.
func One[T any](ctx context.Context, q Querier, missing *ledger.Error, query string, args ...any) (T, error) {
	var v T
	var raw []byte
	err := q.QueryRowContext(ctx, query, args...).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return v, missing
	}
	if err != nil {
		return v, fmt.Errorf("read %T: %w", v, err)
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return v, fmt.Errorf("decode %T: %w", v, err)
	}
	return v, nil
}

// List decodes all records that a query selects; the list is never nil.
func List[T any](ctx context.Context, q Querier, query string, args ...any) ([]T, error) {
	list := []T{}
	err := each(ctx, q, query, args, func(rows *sql.Rows) (bool, error) {
		var raw []byte
		if err := rows.Scan(&raw); err != nil {
			return false, err
		}
		v, err := decode[T](raw)
		list = append(list, v)
		return true, err
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// each passes the rows of a query to use until use returns false.
func each(ctx context.Context, q Querier, query string, args []any, use func(*sql.Rows) (bool, error)) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		more, err := use(rows)
		if err != nil {
			return fmt.Errorf("query: %w", err)
		}
		if !more {
			return nil
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("query: %w", err)
	}
	return nil
}

func decode[T any](raw []byte) (T, error) {
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		return v, fmt.Errorf("decode %T: %w", v, err)
	}
	return v, nil
}

// Decode decodes the value of a record.
func Decode[T any](r ledger.Record) (T, error) { return decode[T](r.Value) }
