package readmodel

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// Row describes a table whose rows are written whole, by their key. Once are the
// columns that never change after the first write, Columns those that may: SQLite
// touches no index of a column that is not set.
type Row struct {
	Table   string
	Key     string
	Once    []string
	Columns []string
}

// Upsert is the statement that adds a row or replaces what may change of it. It
// takes the key, Once, then Columns.
func (r Row) Upsert() string {
	columns := append(append([]string{r.Key}, r.Once...), r.Columns...)
	s := "INSERT INTO " + r.Table + " (" + strings.Join(columns, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(columns)-1) +
		") ON CONFLICT (" + r.Key + ") DO "
	if len(r.Columns) == 0 {
		return s + "NOTHING"
	}
	set := make([]string, len(r.Columns))
	for i, c := range r.Columns {
		set[i] = c + " = excluded." + c
	}
	return s + "UPDATE SET " + strings.Join(set, ", ")
}

// Exec runs a statement that writes.
func Exec(ctx context.Context, tx *sql.Tx, query string, args ...any) error {
	if _, err := tx.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// Write is the step that runs one statement.
func Write(query string, args ...any) Step {
	return func(ctx context.Context, tx *sql.Tx) error { return Exec(ctx, tx, query, args...) }
}

// PrepareRecords returns what writes the records of an event, in order; prepare
// returns nil for a record that is not the domain's.
func PrepareRecords(e ledger.Event, prepare func(ledger.Record) (Step, error)) (Step, error) {
	var steps []Step
	var refs []ledger.Ref
	for _, r := range e.Records {
		step, err := prepare(r)
		if err != nil {
			return nil, fmt.Errorf("project %s: %w", r.Ref, err)
		}
		if step != nil {
			steps, refs = append(steps, step), append(refs, r.Ref)
		}
	}
	return func(ctx context.Context, tx *sql.Tx) error {
		for i, step := range steps {
			if err := step(ctx, tx); err != nil {
				return fmt.Errorf("project %s: %w", refs[i], err)
			}
		}
		return nil
	}, nil
}
