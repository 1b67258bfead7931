package readmodel

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// Row describes a table whose rows are written as a whole, by their key. Once are the
// columns that never change after the first write, Columns those that may: SQLite
// updates no index of a column that is not set.
type Row struct {
	Table   string
	Key     string
	Once    []string
	Columns []string
}

// Upsert returns the statement that inserts a row or updates its Columns. Its arguments
// are the key, Once, then Columns; for a column in as, the given expression of the
// argument is stored.
func (r Row) Upsert(as ...map[string]string) string {
	columns := append(append([]string{r.Key}, r.Once...), r.Columns...)
	values := make([]string, len(columns))
	for i, c := range columns {
		values[i] = "?"
		for _, m := range as {
			values[i] = cmp.Or(m[c], values[i])
		}
	}
	s := "INSERT INTO " + r.Table + " (" + strings.Join(columns, ", ") + ") VALUES (" + strings.Join(values, ", ") +
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

// Write returns the step that runs one statement.
func Write(query string, args ...any) Step {
	return func(ctx context.Context, tx *sql.Tx) error { return Exec(ctx, tx, query, args...) }
}

// PrepareRecords returns the step that writes the records of events, in order. prepare
// returns nil for a record that does not belong to the domain.
func PrepareRecords(events []ledger.Event, prepare func(ledger.Event, ledger.Record) (Step, error)) (Step, error) {
	type record struct {
		write Step
		event *ledger.Event
		ref   ledger.Ref
	}
	var list []record
	for i, e := range events {
		for _, r := range e.Records {
			step, err := prepare(e, r)
			if err != nil {
				return nil, EventError(e, fmt.Errorf("project %s: %w", r.Ref, err))
			}
			if step != nil {
				list = append(list, record{step, &events[i], r.Ref})
			}
		}
	}
	return func(ctx context.Context, tx *sql.Tx) error {
		for _, r := range list {
			if err := r.write(ctx, tx); err != nil {
				return EventError(*r.event, fmt.Errorf("project %s: %w", r.ref, err))
			}
		}
		return nil
	}, nil
}

// EventError adds the event to an error.
func EventError(e ledger.Event, err error) error {
	return fmt.Errorf("event %s of call %s: %w", e.Name, e.Call, err)
}
