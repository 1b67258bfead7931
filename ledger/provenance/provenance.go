// Package provenance stores which record depends on which other record, and follows
// these links in both directions: from a file to the right behind it, and from a
// resource to everything that was made of it.
//
// The package owns the table links. It has no knowledge of any domain: the caller says
// which relations to follow. A walk is a single query, whatever its length.
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

// Migrations returns the migrations of the package's tables; the set is named
// "provenance".
func Migrations() fs.FS { return readmodel.Migrations(migrations) }

// Table stores the links of recorded calls.
type Table struct{ db *sql.DB }

// NewTable returns a table that is read from db.
func NewTable(db *sql.DB) *Table { return &Table{db} }

var linkRows = readmodel.NewRows("links", "from_key", "to_key", "from_ref", "rel", "to_ref")

// key returns the index key of a reference: 16 bits of the hash of its kind, so
// that references of a kind are adjacent, and 48 bits of the hash of the whole
// reference. Two references may have the same key, so a lookup must compare the
// reference too. No two kinds of record have the same 16 bits.
func key(ref ledger.Ref) int64 {
	first, _ := keysOf(ref.Kind())
	sum := sha256.Sum256([]byte(ref))
	return first | int64(binary.BigEndian.Uint64(sum[:8])>>kindBits)
}

const kindBits = 16

// keysOf returns the first and the last possible key of references to a kind.
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

// Prepare returns the step that stores the links of events.
func (*Table) Prepare(events []ledger.Event) (readmodel.Step, error) {
	var values []any
	for _, e := range events {
		for _, l := range e.Links {
			values = append(values, key(l.From), key(l.To), string(l.From), l.Rel, string(l.To))
		}
	}
	return linkRows.Write(values), nil
}

// Links returns all links from or to ref, in a stable order and without duplicates.
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

// Way describes how a walk follows the links: which relations it ignores, which it
// follows in the opposite direction, and at which kind of record it stops.
type Way struct {
	Direction Direction
	Without   []string
	Turned    []string
	Before    string // kind of record that is left out; empty: no kind
}

// back and forward are the steps of a walk. ?2 lists the relations that it does not
// follow in this direction, ?3 those that it follows in the opposite direction, and
// ?4 to ?5 is the range of keys of the references that it leaves out.
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

// Reach returns the records that a walk from starts reaches, including starts, at
// most limit, in one query.
func (t *Table) Reach(ctx context.Context, starts []ledger.Ref, w Way, limit int) ([]ledger.Ref, error) {
	step, first, last := back, int64(0), int64(-1) // an empty range, which leaves out no record
	if w.Direction == Forward {
		step = forward
	}
	if w.Before != "" {
		first, last = keysOf(w.Before)
	}
	args, err := jsonLists(withKeys(starts), slices.Concat(w.Turned, w.Without), w.Turned)
	if err != nil {
		return nil, err
	}
	args = append(args, first, last, limit)
	rows, err := t.db.QueryContext(ctx, "WITH RECURSIVE reach (ref, key) AS ("+selectRefs+" UNION "+step+" LIMIT ?6) SELECT ref FROM reach", args...)
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

// Around returns the links that begin at refs, and the links that end at refs and
// begin at a record of one of kinds, at most limit of each, in one query.
func (t *Table) Around(ctx context.Context, refs []ledger.Ref, kinds []string, limit int) ([]ledger.Link, error) {
	parts := []string{"WITH reach (ref, key) AS (" + selectRefs + ") SELECT l.from_ref, l.rel, l.to_ref" + atFrom}
	args, err := jsonLists(withKeys(refs))
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

// selectRefs selects the references and their keys from the JSON list ?1.
const selectRefs = "SELECT value ->> 0, value ->> 1 FROM json_each(?1)"

// withKeys returns each reference with its key.
func withKeys(refs []ledger.Ref) [][]any {
	list := make([][]any, len(refs))
	for i, r := range refs {
		list[i] = []any{r, key(r)}
	}
	return list
}

// jsonLists encodes lists as arguments for json_each. A nil list becomes an empty
// one, since json_each(null) is a row with NULL.
func jsonLists(values ...any) ([]any, error) {
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

// Direction is the direction of a walk.
type Direction int

// Back follows the links to what a record depends on, Forward to what depends on
// it.
const (
	Back Direction = iota
	Forward
)
