package readmodel

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// rowsAtOnce is how many rows one statement of Rows adds; more are not faster.
const rowsAtOnce = 32

// Rows adds rows to a table, many per statement. It skips rows that exist already, and
// rows with NULL in a column that forbids it.
type Rows struct {
	columns   int
	one, many string
}

// NewRows returns Rows for the given columns of a table.
func NewRows(table string, columns ...string) Rows {
	// With OR IGNORE, SQLite needs no statement journal, which it writes for a
	// statement of many rows that can fail halfway.
	head := "INSERT OR IGNORE INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES "
	row := "(?" + strings.Repeat(", ?", len(columns)-1) + ")"
	return Rows{len(columns), head + row, head + row + strings.Repeat(", "+row, rowsAtOnce-1)}
}

// Write returns the step that adds rows; values has the columns of all rows in
// sequence.
func (r Rows) Write(values []any) Step {
	return func(ctx context.Context, tx *sql.Tx) error {
		for rest := values; len(rest) > 0; {
			query, n := r.one, r.columns
			if len(rest) >= rowsAtOnce*r.columns {
				query, n = r.many, rowsAtOnce*r.columns
			}
			if err := Exec(ctx, tx, query, rest[:n]...); err != nil {
				return fmt.Errorf("add rows: %w", err)
			}
			rest = rest[n:]
		}
		return nil
	}
}
