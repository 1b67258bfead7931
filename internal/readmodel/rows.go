package readmodel

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// rowsAtOnce is how many rows one statement of Rows adds; more make it no faster.
const rowsAtOnce = 32

// Rows adds rows to a table, many in a statement. What would be there twice is left
// out; a column that is NULL where the table forbids it, too.
type Rows struct {
	columns   int
	one, many string
}

// NewRows returns what adds rows of those columns to a table.
func NewRows(table string, columns ...string) Rows {
	// Ignoring lets SQLite do without the journal that it keeps for a statement of
	// many rows which can fail half-way.
	head := "INSERT OR IGNORE INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES "
	row := "(?" + strings.Repeat(", ?", len(columns)-1) + ")"
	return Rows{len(columns), head + row, head + row + strings.Repeat(", "+row, rowsAtOnce-1)}
}

// Write returns the step that adds rows: the values of one behind those of the other.
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
