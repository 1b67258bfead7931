// Package provenance knows what rests on what: every record names what it rests
// on, and this package walks those links both ways, from a file to the right
// behind it and from a resource to all that came of it.
//
// It owns the table links and knows no domain: whoever walks says which words lead on.
// A walk is one query, whatever its length.
package provenance

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the package's tables; the set is named "provenance".
func Migrations() fs.FS { return readmodel.Migrations(migrations) }

// Table is the links of recorded calls.
type Table struct{ db *sql.DB }

// NewTable reads from db.
func NewTable(db *sql.DB) *Table { return &Table{db} }

// Project stores an event's links. Rows one by one are faster than many
// in a statement, for which SQLite keeps a journal to undo it.
func (*Table) Project(ctx context.Context, tx *sql.Tx, e ledger.Event) error {
	for _, l := range e.Links {
		if err := readmodel.Exec(ctx, tx, "INSERT INTO links (from_ref, rel, to_ref) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
			string(l.From), l.Rel, string(l.To)); err != nil {
			return fmt.Errorf("link %s to %s: %w", l.From, l.To, err)
		}
	}
	return nil
}

// Links are all links that begin or end at ref, in a stable order.
func (t *Table) Links(ctx context.Context, ref ledger.Ref) ([]ledger.Link, error) {
	return t.links(ctx, "SELECT from_ref, rel, to_ref FROM links WHERE from_ref = ?1 "+
		"UNION SELECT from_ref, rel, to_ref FROM links WHERE to_ref = ?1 ORDER BY 1, 2, 3", ref)
}

func (t *Table) links(ctx context.Context, query string, args ...any) ([]ledger.Link, error) {
	rows, err := t.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read links: %w", err)
	}
	defer rows.Close()
	var links []ledger.Link
	for rows.Next() {
		var l ledger.Link
		if err := rows.Scan(&l.From, &l.Rel, &l.To); err != nil {
			return nil, fmt.Errorf("read links: %w", err)
		}
		links = append(links, l)
	}
	return links, rows.Err()
}

// Way says how a walk over the table goes: which words it does not follow, which it
// follows the other way round, and past which kind of record it does not go on.
type Way struct {
	Direction Direction
	Without   []string
	Turned    []string
	Before    string // kind of record that is left out; empty: none
}

// back and forward are the steps of a walk: ?2 are the words that it does not follow,
// turned ones among them, ?3 those that it follows the other way round, and ?4 to ?5
// the references that it leaves out.
const (
	back = "SELECT l.to_ref FROM reach r CROSS JOIN links l ON l.from_ref = r.ref WHERE l.rel NOT IN (SELECT value FROM json_each(?2)) " +
		"UNION SELECT l.from_ref FROM reach r CROSS JOIN links l ON l.to_ref = r.ref AND l.rel IN (SELECT value FROM json_each(?3))"
	forward = "SELECT l.from_ref FROM reach r CROSS JOIN links l ON l.to_ref = r.ref AND l.from_ref < ?4 WHERE l.rel NOT IN (SELECT value FROM json_each(?2)) " +
		"UNION SELECT l.from_ref FROM reach r CROSS JOIN links l ON l.to_ref = r.ref AND l.from_ref >= ?5 WHERE l.rel NOT IN (SELECT value FROM json_each(?2)) " +
		"UNION SELECT l.to_ref FROM reach r CROSS JOIN links l ON l.from_ref = r.ref WHERE l.rel IN (SELECT value FROM json_each(?3))"
)

// Reach returns the records that a walk from some reaches, they among them, at most
// limit, in one query.
func (t *Table) Reach(ctx context.Context, starts []ledger.Ref, w Way, limit int) ([]ledger.Ref, error) {
	step, from, to := back, "~", "~"
	if w.Direction == Forward {
		step = forward
	}
	if w.Before != "" {
		from, to = w.Before+"/", w.Before+"0" // 0 is the character after /
	}
	args, err := lists(starts, slices.Concat(w.Turned, w.Without), w.Turned)
	if err != nil {
		return nil, err
	}
	args = append(args, from, to, limit)
	rows, err := t.db.QueryContext(ctx, "WITH RECURSIVE reach (ref) AS (SELECT value FROM json_each(?1) UNION "+step+" LIMIT ?6) SELECT ref FROM reach", args...)
	if err != nil {
		return nil, fmt.Errorf("walk over links: %w", err)
	}
	defer rows.Close()
	var refs []ledger.Ref
	for rows.Next() {
		var r ledger.Ref
		if err := rows.Scan(&r); err != nil {
			return nil, fmt.Errorf("walk over links: %w", err)
		}
		refs = append(refs, r)
	}
	return refs, rows.Err()
}

// Around returns the links that begin at some records, and those that end there and
// begin at a record of one of the kinds, at most limit of each, in one query.
func (t *Table) Around(ctx context.Context, refs []ledger.Ref, kinds []string, limit int) ([]ledger.Link, error) {
	query := "SELECT l.from_ref, l.rel, l.to_ref FROM json_each(?1) r CROSS JOIN links l ON l.from_ref = r.value"
	for _, kind := range kinds {
		query += " UNION SELECT * FROM (SELECT l.from_ref, l.rel, l.to_ref FROM json_each(?1) r CROSS JOIN links l ON l.to_ref = r.value AND l.from_ref >= '" +
			kind + "/' AND l.from_ref < '" + kind + "0' LIMIT ?2)"
	}
	args, err := lists(refs)
	if err != nil {
		return nil, err
	}
	return t.links(ctx, query+" ORDER BY 1, 2, 3", append(args, limit)...)
}

// lists are lists as arguments of json_each, which makes of null a value that is NULL.
func lists(values ...any) ([]any, error) {
	args := make([]any, len(values))
	for i, v := range values {
		b, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("encode references: %w", err)
		}
		if args[i] = string(b); args[i] == "null" {
			args[i] = "[]"
		}
	}
	return args, nil
}

// Direction is which way a walk goes.
type Direction int

// Back goes to what a record rests on, Forward to what rests on it.
const (
	Back Direction = iota
	Forward
)
