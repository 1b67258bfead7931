package readmodel

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Listing describes one listing: the records of a table in one order, the last
// first, and what may narrow it. It is made by NewListing.
type Listing struct {
	Name  string // package and what is listed; cursors are bound to it
	Table string
	// Order are the columns of the order. They never change, and the last one
	// differs in all rows.
	Order []Column
	// Filters are what may narrow the listing. Each that is not Residual needs an
	// index that begins with it and goes on with Order.
	Filters []Filter
}

// Column is a column of an order.
type Column struct {
	Name string
	Text bool // not a number
}

// Number and Text name columns of an order.
func Number(name string) Column { return Column{Name: name} }

// Text names a column of an order that holds text.
func Text(name string) Column { return Column{name, true} }

// Filter is a condition that a listing may have. Of its alternatives at most one
// holds for a row; the listing merges them in its order.
type Filter struct {
	Name string
	// Alternatives are conditions in SQL: t is the table, ?1 to ?9 are the values.
	Alternatives []string
	// Via is a table that has the columns of the order and leads to the rows: the
	// condition is on its columns, called k. At most one filter of a listing has
	// one.
	Via string
	// Samples are values for the test that explains the listing, where they are
	// not one text.
	Samples []any
	// Residual is checked row by row in the listing's order, without an index.
	Residual bool
}

// Equal lets through the rows whose column has the value.
func Equal(column string) Filter {
	return Filter{Name: column, Alternatives: []string{"t." + column + " = ?1"}}
}

// Condition is a filter with its values, set or not.
type Condition struct {
	Filter
	values []any
}

// Is sets the filter to a value; the empty value does not set it.
func Is[T ~string](f Filter, value T) Condition {
	if value == "" {
		return Condition{Filter: f}
	}
	return Condition{f, []any{string(value)}}
}

// With sets the filter to values.
func (f Filter) With(values ...any) Condition { return Condition{f, values} }

// registered are all listings of the program, in the order of their making.
var registered []*Listing

// NewListing makes a listing and registers it: a test explains the query of each
// registered listing with every combination of its filters. It is called for
// package variables only.
func NewListing(l Listing) *Listing {
	registered = append(registered, &l)
	return &l
}

// Listings are all listings that packages of this program have made.
func Listings() []*Listing { return slices.Clone(registered) }

// place is the values of a listing's order at one row.
type place []any

// Start is the place before every row.
func (l *Listing) Start() []any {
	p := make(place, len(l.Order))
	for i, c := range l.Order {
		p[i] = int64(math.MaxInt64)
		if c.Text {
			p[i] = "\U0010FFFF"
		}
	}
	return p
}

// parse reads a cursor; an empty one is before every row.
func (l *Listing) parse(cursor string) (place, error) {
	if cursor == "" {
		return l.Start(), nil
	}
	into := l.pointers()
	if err := ParseCursor(l.Name, cursor, into...); err != nil {
		return nil, err
	}
	return l.read(into), nil
}

// pointers are where the values of a place are read into.
func (l *Listing) pointers() []any {
	into := make([]any, len(l.Order))
	for i, c := range l.Order {
		if c.Text {
			into[i] = new(string)
		} else {
			into[i] = new(int64)
		}
	}
	return into
}

func (l *Listing) read(from []any) place {
	p := make(place, len(from))
	for i, v := range from {
		switch v := v.(type) {
		case *string:
			p[i] = *v
		case *int64:
			p[i] = *v
		}
	}
	return p
}

// Query writes the query of the rows after a place, which selects the columns of
// the order and the record, with the conditions that are set.
func (l *Listing) Query(after []any, conditions ...Condition) (string, []any) {
	q := query{listing: l, values: "value"}
	for _, c := range conditions {
		if len(c.values) == 0 {
			continue
		}
		q.add(c)
	}
	bound := q.arguments(after...)
	order := make([]string, len(l.Order))
	for i := range l.Order {
		order[i] = strconv.Itoa(i+1) + " DESC" // the result's columns
	}
	return strings.Join(q.parts(bound), " UNION ALL ") + " ORDER BY " + strings.Join(order, ", "), q.args
}

// walk decodes the records of a listing after a place, in its order, until use
// returns false: SQLite reads no row beyond, since an index has the order.
func walk[T any](ctx context.Context, q Querier, l *Listing, after place, use func(at place, v T) bool, conditions ...Condition) error {
	text, args := l.Query(after, conditions...)
	into := l.pointers()
	var raw []byte
	targets := append(slices.Clone(into), &raw)
	return each(ctx, q, text, args, func(rows *sql.Rows) (bool, error) {
		if err := rows.Scan(targets...); err != nil {
			return false, err
		}
		v, err := decode[T](raw)
		if err != nil {
			return false, err
		}
		return use(l.read(into), v), nil
	})
}

// ListPage returns one page of a listing and the cursor of the next, which is empty
// at the end.
func ListPage[T any](ctx context.Context, q Querier, l *Listing, p Page, conditions ...Condition) ([]T, string, error) {
	return FilterPage(ctx, q, l, p, func(T) bool { return true }, conditions...)
}

// FilterPage is ListPage of the records that keep lets through.
func FilterPage[T any](ctx context.Context, q Querier, l *Listing, p Page, keep func(T) bool, conditions ...Condition) ([]T, string, error) {
	size, err := p.Size()
	if err != nil {
		return nil, "", err
	}
	after, err := l.parse(p.Cursor)
	if err != nil {
		return nil, "", err
	}
	found, next, more := []T{}, after, false
	err = walk(ctx, q, l, after, func(at place, v T) bool {
		if !keep(v) {
			return true
		}
		if len(found) == size {
			more = true
			return false
		}
		found, next = append(found, v), at
		return true
	}, conditions...)
	if err != nil || !more {
		return found, "", err
	}
	cursor, err := MakeCursor(l.Name, next...)
	return found, cursor, err
}

// All returns the whole listing, in reverse of its order: the first first.
func All[T any](ctx context.Context, q Querier, l *Listing, conditions ...Condition) ([]T, error) {
	list := []T{}
	err := walk(ctx, q, l, l.Start(), func(_ place, v T) bool {
		list = append(list, v)
		return true
	}, conditions...)
	slices.Reverse(list)
	return list, err
}

// Check refuses a page that no listing has, or that is not of this one.
func Check(l *Listing, p Page) error {
	if _, err := p.Size(); err != nil {
		return err
	}
	_, err := l.parse(p.Cursor)
	return err
}
