package readmodel

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Difference is a table whose rows differ between two read models of the same revision.
type Difference struct {
	Table string
	Row   string // first value of a row that only one of them has; empty if the table itself is missing
}

// Compare compares two read models table by table, as sets of rows, and returns the tables
// that differ. Tables that say when migrations ran are left out. The index of words is
// compared by its words and their places, since its own tables depend on how rows were
// grouped when they were written. It reads every row, with bounded memory.
func Compare(ctx context.Context, a, b *sql.DB) ([]Difference, error) {
	tables, err := tablesOf(ctx, a)
	if err != nil {
		return nil, err
	}
	others, err := tablesOf(ctx, b)
	if err != nil {
		return nil, err
	}
	var found []Difference
	for _, t := range others {
		if !slices.Contains(tables, t) {
			found = append(found, Difference{Table: t.name})
		}
	}
	for _, t := range tables {
		if !slices.Contains(others, t) {
			found = append(found, Difference{Table: t.name})
			continue
		}
		row, differs, err := t.compare(ctx, a, b)
		if err != nil {
			return nil, fmt.Errorf("compare the table %s: %w", t.name, err)
		}
		if differs {
			found = append(found, Difference{Table: t.name, Row: row})
		}
	}
	return found, nil
}

// table is a table that is compared.
type table struct {
	name, sql string
}

func tablesOf(ctx context.Context, db *sql.DB) ([]table, error) {
	rows, err := db.QueryContext(ctx, "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'goose\\_%' ESCAPE '\\' ORDER BY name")
	if err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	defer rows.Close()
	var tables []table
	for rows.Next() {
		var t table
		if err := rows.Scan(&t.name, &t.sql); err != nil {
			return nil, fmt.Errorf("list the tables: %w", err)
		}
		tables = append(tables, t)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	var words []string
	for _, t := range tables {
		if t.words() {
			words = append(words, t.name+"_")
		}
	}
	return slices.DeleteFunc(tables, func(t table) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(t.name, w) })
	}), nil
}

// words reports whether the table is an index of words.
func (t table) words() bool { return strings.HasPrefix(t.sql, "CREATE VIRTUAL TABLE") }

// rows calls each for every row, with its first value and the digest of all of them.
func (t table) rows(ctx context.Context, db *sql.DB, each func(first string, row digest)) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	query := "SELECT * FROM " + t.name //nolint:gosec // the name is of a table of the database itself
	if t.words() {
		query = "SELECT term, doc, col, offset FROM temp.words_of_" + t.name
		if err := t.makeWords(ctx, c); err != nil {
			return err
		}
	}
	rows, err := c.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values, to := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		to[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(to...); err != nil {
			return err
		}
		each(text(values[0]), digestOf(values))
	}
	return rows.Err()
}

// makeWords makes the temporary table that lists the words of the index. Readers may not
// even write temporary tables, but for this one.
func (t table) makeWords(ctx context.Context, c *sql.Conn) error {
	for _, query := range []string{
		"PRAGMA query_only(0)",
		"CREATE VIRTUAL TABLE IF NOT EXISTS temp.words_of_" + t.name + " USING fts5vocab('main', '" + t.name + "', 'instance')",
		"PRAGMA query_only(1)",
	} {
		if _, err := c.ExecContext(ctx, query); err != nil {
			return err
		}
	}
	return nil
}

// text returns a value as text, cut after 80 bytes.
func text(v any) string {
	s := fmt.Sprint(v)
	if b, ok := v.([]byte); ok {
		s = hex.EncodeToString(b)
	}
	return s[:min(len(s), 80)]
}

// digest is the SHA-256 of a row.
type digest [sha256.Size]byte

func digestOf(values []any) (d digest) {
	h := sha256.New()
	for _, v := range values {
		s := fmt.Sprint(v)
		if b, ok := v.([]byte); ok {
			s = string(b)
		}
		fmt.Fprintf(h, "%T %d ", v, len(s))
		_, _ = io.WriteString(h, s) // a hash takes everything
	}
	h.Sum(d[:0])
	return d
}

// bucket returns which sum a row belongs to.
func (d digest) bucket() uint16 { return binary.BigEndian.Uint16(d[:]) }

// sums are the sums of the digests of rows, whatever their order, in 65,536 buckets.
type sums [1 << 16][4]uint64

func (t table) sums(ctx context.Context, db *sql.DB) (*sums, error) {
	s := new(sums)
	err := t.rows(ctx, db, func(_ string, row digest) {
		sum := &s[row.bucket()]
		for i := range sum {
			sum[i] += binary.BigEndian.Uint64(row[8*i:])
		}
	})
	return s, err
}

// compare compares a table, and finds a row that only one database has: it reads again the
// rows of one bucket that differs.
func (t table) compare(ctx context.Context, a, b *sql.DB) (row string, differs bool, err error) {
	x, err := t.sums(ctx, a)
	if err != nil {
		return "", false, err
	}
	y, err := t.sums(ctx, b)
	if err != nil || *x == *y {
		return "", false, err
	}
	bucket := 0
	for x[bucket] == y[bucket] {
		bucket++
	}
	counts, names := map[digest]int{}, map[digest]string{}
	for db, n := range map[*sql.DB]int{a: 1, b: -1} {
		err := t.rows(ctx, db, func(first string, row digest) {
			if int(row.bucket()) == bucket {
				counts[row] += n
				names[row] = first
			}
		})
		if err != nil {
			return "", true, err
		}
	}
	for d, n := range counts {
		if n != 0 {
			return names[d], true, nil
		}
	}
	return "", true, nil
}
