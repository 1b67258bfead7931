// Package provenance knows what rests on what: every record names what it rests
// on, and this package walks those links both ways, from a file to the right
// behind it and from a resource to all that came of it.
//
// It owns the table links and knows no domain; other indexes, such as that of the receipts, are handed in as sources
// and never copied.
package provenance

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/binary"
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

// Source finds links; the table is one, the receipts' index another.
type Source interface {
	// Links are all links that begin or end at ref, in a stable order.
	Links(ctx context.Context, ref ledger.Ref) ([]ledger.Link, error)
}

// Table is the links of recorded calls.
type Table struct{ db *sql.DB }

// NewTable reads from db.
func NewTable(db *sql.DB) *Table { return &Table{db} }

var linkRows = readmodel.NewRows("links", "from_key", "to_key", "from_ref", "rel", "to_ref")

// key is what the indexes have for a reference. Two may share it: whoever looks one up
// compares the reference too.
func key(ref ledger.Ref) int64 {
	sum := sha256.Sum256([]byte(ref))
	return int64(binary.BigEndian.Uint64(sum[:8]))
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

// Links implements Source; a link that was stored twice is one.
func (t *Table) Links(ctx context.Context, ref ledger.Ref) ([]ledger.Link, error) {
	rows, err := t.db.QueryContext(ctx, "SELECT from_ref, rel, to_ref FROM links WHERE from_key = ?1 AND from_ref = ?2 "+
		"UNION SELECT from_ref, rel, to_ref FROM links WHERE to_key = ?1 AND to_ref = ?2 ORDER BY 1, 2, 3", key(ref), ref)
	if err != nil {
		return nil, fmt.Errorf("links of %s: %w", ref, err)
	}
	defer rows.Close()
	var links []ledger.Link
	for rows.Next() {
		var l ledger.Link
		if err := rows.Scan(&l.From, &l.Rel, &l.To); err != nil {
			return nil, fmt.Errorf("links of %s: %w", ref, err)
		}
		links = append(links, l)
	}
	return links, rows.Err()
}

// Direction is which way a walk goes.
type Direction int

// Back goes to what a record rests on, Forward to what rests on it.
const (
	Back Direction = iota
	Forward
)

// Graph is what a walk found: references in the order they were met, the links
// between them, and whether a limit ended it.
type Graph struct {
	Refs  []ledger.Ref  `json:"refs"`
	Links []ledger.Link `json:"links"`
	Cut   bool          `json:"cut,omitempty"`
}

// Walk follows links from start in one direction, breadth first, at most limit
// references. enter says whether to go on through a reference, so that a walk
// back from an order doesn't fan out through a party; nil goes everywhere.
func Walk(ctx context.Context, sources []Source, start ledger.Ref, dir Direction, limit int, enter func(ledger.Link) bool) (Graph, error) {
	g := Graph{Refs: []ledger.Ref{start}, Links: []ledger.Link{}}
	seen := map[ledger.Ref]bool{start: true}
	for i := 0; i < len(g.Refs); i++ {
		at := g.Refs[i]
		for _, s := range sources {
			links, err := s.Links(ctx, at)
			if err != nil {
				return g, err
			}
			for _, l := range links {
				next := l.To
				if dir == Forward {
					next = l.From
				}
				if next == at || (dir == Back) != (l.From == at) || enter != nil && !enter(l) {
					continue
				}
				if !seen[next] {
					if len(g.Refs) >= limit {
						g.Cut = true
						continue
					}
					seen[next] = true
					g.Refs = append(g.Refs, next)
				}
				g.Links = append(g.Links, l)
			}
		}
	}
	slices.SortStableFunc(g.Links, func(a, b ledger.Link) int {
		return strings.Compare(string(a.From)+a.Rel+string(a.To), string(b.From)+b.Rel+string(b.To))
	})
	g.Links = slices.Compact(g.Links)
	return g, nil
}
