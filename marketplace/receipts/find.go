package receipts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// Stored is a receipt with its place in the log.
type Stored struct {
	Placed
	Receipt ledger.Receipt `json:"receipt"`
}

// Get returns the receipt at an index, or NotFound.
func (s *Store) Get(ctx context.Context, index int64) (Stored, error) {
	if index < 0 || index >= s.log.Size() {
		return Stored{}, unknown()
	}
	entry, _, err := s.log.Entry(ctx, index)
	if err != nil {
		return Stored{}, fmt.Errorf("read receipt %d: %w", index, err)
	}
	r, err := decode(entry)
	if err != nil {
		return Stored{}, fmt.Errorf("read receipt %d: %w", index, damaged(err))
	}
	return Stored{Placed: Placed{Index: index, Leaf: digest(leafOf(entry))}, Receipt: r}, nil
}

// Entry returns the bytes of the receipt at an index as they are in the log; an
// inclusion proof covers these bytes. It returns NotFound when there is no such
// receipt.
func (s *Store) Entry(ctx context.Context, index int64) ([]byte, error) {
	if index < 0 || index >= s.log.Size() {
		return nil, unknown()
	}
	entry, _, err := s.log.Entry(ctx, index)
	if err != nil {
		return nil, fmt.Errorf("read receipt %d: %w", index, err)
	}
	return entry, nil
}

// damaged reports that a stored entry can't be read. It hides the code of err, so that
// the damage doesn't look like the caller's fault.
func damaged(err error) error {
	return fmt.Errorf("%q is damaged (%s): restore the newest backup", file, err.Error())
}

func unknown() error { return ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("receipt") }

// ByLeaf returns the receipt with a leaf hash, or NotFound.
func (s *Store) ByLeaf(ctx context.Context, leaf ledger.Digest) (Stored, error) {
	return s.findOne(ctx, "SELECT seq FROM receipt WHERE leaf = ?", leafBytes(leaf))
}

// ByID returns the receipt with an id, or NotFound.
func (s *Store) ByID(ctx context.Context, id ledger.ID) (Stored, error) {
	return s.findOne(ctx, "SELECT seq FROM receipt WHERE id = ?", id)
}

func (s *Store) findOne(ctx context.Context, query string, arg any) (Stored, error) {
	var seq int64
	err := s.db.R.QueryRowContext(ctx, query, arg).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return Stored{}, unknown()
	}
	if err != nil {
		return Stored{}, fmt.Errorf("look up receipt: %w", err)
	}
	return s.Get(ctx, seq)
}

// EndsOf returns the end receipts of a start: one, or an empty list while it runs.
func (s *Store) EndsOf(ctx context.Context, start ledger.ID) ([]Stored, error) {
	page, err := s.Find(ctx, Filter{Start: start}, 0, maxPage)
	return page.Items, err
}

// Filter selects receipts; an empty field selects all.
type Filter struct {
	Party   ledger.ID
	Order   ledger.ID
	License ledger.ID
	Subject ledger.Ref
	Content ledger.ID
	SHA256  ledger.Digest
	Start   ledger.ID // the ends of this start
	Kinds   []ledger.ReceiptKind
	From    ledger.Millis // inclusive
	Until   ledger.Millis // exclusive
}

// Page is one page of receipts, newest first.
type Page struct {
	Items []Stored
	// Next is the cursor of the next page; 0 on the last page.
	Next int64
}

// maxPage is the maximum number of receipts on a page.
const maxPage = 500

// Find returns up to limit (1 to 500) receipts, newest first: those with an index below
// cursor, or the newest when cursor is 0. Receipts that are added meanwhile don't move
// the pages.
func (s *Store) Find(ctx context.Context, f Filter, cursor int64, limit int) (Page, error) {
	if err := s.settle(ctx); err != nil {
		return Page{}, err
	}
	size := s.log.Size()
	if cursor <= 0 || cursor > size {
		cursor = size
	}
	limit = min(max(limit, 1), maxPage)
	query, args := f.query(cursor, limit+1)
	found, err := s.indexes(ctx, query, args)
	if err != nil {
		return Page{}, err
	}
	page := Page{Items: []Stored{}}
	if len(found) > limit {
		found = found[:limit]
		page.Next = found[limit-1]
	}
	for _, seq := range found {
		k, err := s.Get(ctx, seq)
		if err != nil {
			return Page{}, err
		}
		page.Items = append(page.Items, k)
	}
	return page, nil
}

func (f Filter) query(below int64, limit int) (string, []any) {
	where, args := f.where()
	return "SELECT seq FROM receipt WHERE seq < ?" + where + " ORDER BY seq DESC LIMIT ?", append(append([]any{below}, args...), limit)
}

// where returns the condition. Fields are tried in order of selectivity: SQLite uses
// the index of the first one that is set; a unary plus prevents it from using the
// others'.
func (f Filter) where() (string, []any) {
	var b strings.Builder
	var args []any
	plus := ""
	and := func(column, rest string, values ...any) {
		b.WriteString(" AND " + plus + column + rest)
		args = append(args, values...)
		plus = "+"
	}
	for _, c := range []struct{ column, value string }{
		{"start", string(f.Start)},
		{"content", string(f.Content)},
		{"order_id", string(f.Order)},
		{"sha256", string(f.SHA256)},
		{"subject", string(f.Subject)},
		{"party", string(f.Party)},
		{"license", string(f.License)},
	} {
		if c.value != "" {
			and(c.column, " = ?", c.value)
		}
	}
	if len(f.Kinds) > 0 {
		kinds := make([]any, len(f.Kinds))
		for i, k := range f.Kinds {
			kinds[i] = string(k)
		}
		and("kind", " IN (?"+strings.Repeat(", ?", len(kinds)-1)+")", kinds...)
	}
	if f.From > 0 {
		and("time", " >= ?", f.From)
	}
	if f.Until > 0 {
		and("time", " < ?", f.Until)
	}
	return b.String(), args
}

func (s *Store) indexes(ctx context.Context, query string, args []any) ([]int64, error) {
	rows, err := s.db.R.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("find receipts: %w", err)
	}
	defer rows.Close()
	var found []int64
	for rows.Next() {
		var seq int64
		if err := rows.Scan(&seq); err != nil {
			return nil, fmt.Errorf("find receipts: %w", err)
		}
		found = append(found, seq)
	}
	return found, rows.Err()
}
