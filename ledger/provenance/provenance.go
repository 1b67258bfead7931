// Package provenance knows what rests on what: every record names what it rests
// on, and this package walks those links both ways, from a file to the right
// behind it and from a resource to all that came of it.
//
// It owns the table links and knows no domain: whoever walks says which words lead on.
// A walk is one query, whatever its length.
package provenance

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"

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

var linkRows = readmodel.NewRows("links", "from_key", "to_key", "from_ref", "rel", "to_ref")

// key is what the indexes have for a reference: 16 bits of the hash of its kind, so
// that those of a kind lie together, and 48 bits of its own. Two may share it: whoever
// looks one up compares the reference too. No two kinds of the ledger share theirs.
func key(ref ledger.Ref) int64 {
	first, _ := keysOf(ref.Kind())
	sum := sha256.Sum256([]byte(ref))
	return first | int64(binary.BigEndian.Uint64(sum[:8])>>kindBits)
}

const kindBits = 16

// keysOf returns the first and the last key that a reference to a kind may have.
func keysOf(kind string) (first, last int64) {
	sum := sha256.Sum256([]byte(kind))
	first = int64(uint64(binary.BigEndian.Uint16(sum[:2])) << (64 - kindBits))
	return first, first | (1<<(64-kindBits) - 1)
}

// Project stores an event's links.
func (t *Table) Project(ctx context.Context, tx *sql.Tx, e ledger.Event) error {
	write, err := t.Prepare([]ledger.Event{e})
	if err != nil {
		return err
	}
	return write(ctx, tx)
}

// Prepare returns what stores the links of events.
func (*Table) Prepare(events []ledger.Event) (readmodel.Step, error) {
	var values []any
	for _, e := range events {
		for _, l := range e.Links {
			values = append(values, key(l.From), key(l.To), string(l.From), l.Rel, string(l.To))
		}
	}
	return linkRows.Write(values), nil
}

// Links are all links that begin or end at ref, in a stable order; a link that was
// stored twice is one.
func (t *Table) Links(ctx context.Context, ref ledger.Ref) ([]ledger.Link, error) {
	return t.links(ctx, "SELECT from_ref, rel, to_ref FROM links WHERE from_key = ?1 AND from_ref = ?2 "+
		"UNION SELECT from_ref, rel, to_ref FROM links WHERE to_key = ?1 AND to_ref = ?2 ORDER BY 1, 2, 3", key(ref), ref)
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
// the keys of the references that it leaves out.
const (
	atFrom    = " FROM reach r CROSS JOIN links l ON l.from_key = r.key AND l.from_ref = r.ref "
	atTo      = " FROM reach r CROSS JOIN links l ON l.to_key = r.key AND l.to_ref = r.ref "
	notWords  = "WHERE l.rel NOT IN (SELECT value FROM json_each(?2))"
	turnWords = "WHERE l.rel IN (SELECT value FROM json_each(?3))"

	back    = "SELECT l.to_ref, l.to_key" + atFrom + notWords + " UNION SELECT l.from_ref, l.from_key" + atTo + turnWords
	forward = "SELECT l.from_ref, l.from_key" + atTo + "AND l.from_key < ?4 " + notWords +
		" UNION SELECT l.from_ref, l.from_key" + atTo + "AND l.from_key > ?5 " + notWords +
		" UNION SELECT l.to_ref, l.to_key" + atFrom + turnWords
)

// Reach returns the records that a walk from some reaches, they among them, at most
// limit, in one query.
func (t *Table) Reach(ctx context.Context, starts []ledger.Ref, w Way, limit int) ([]ledger.Ref, error) {
	step, first, last := back, int64(0), int64(-1) // which leaves out none
	if w.Direction == Forward {
		step = forward
	}
	if w.Before != "" {
		first, last = keysOf(w.Before)
	}
	args, err := lists(keyed(starts), slices.Concat(w.Turned, w.Without), w.Turned)
	if err != nil {
		return nil, err
	}
	args = append(args, first, last, limit)
	rows, err := t.db.QueryContext(ctx, "WITH RECURSIVE reach (ref, key) AS ("+asked+" UNION "+step+" LIMIT ?6) SELECT ref FROM reach", args...)
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
	parts := []string{"WITH reach (ref, key) AS (" + asked + ") SELECT l.from_ref, l.rel, l.to_ref" + atFrom}
	args, err := lists(keyed(refs))
	if err != nil {
		return nil, err
	}
	args = append(args, limit)
	for _, kind := range kinds {
		parts = append(parts, fmt.Sprintf("SELECT * FROM (SELECT l.from_ref, l.rel, l.to_ref"+atTo+"AND l.from_key BETWEEN ?%d AND ?%d LIMIT ?2)",
			len(args)+1, len(args)+2))
		first, last := keysOf(kind)
		args = append(args, first, last)
	}
	return t.links(ctx, strings.Join(parts, " UNION ")+" ORDER BY 1, 2, 3", args...)
}

// asked selects references with their keys from the list ?1.
const asked = "SELECT value ->> 0, value ->> 1 FROM json_each(?1)"

// keyed are references, each with its key.
func keyed(refs []ledger.Ref) [][]any {
	list := make([][]any, len(refs))
	for i, r := range refs {
		list[i] = []any{r, key(r)}
	}
	return list
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
