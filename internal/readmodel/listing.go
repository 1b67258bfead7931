package readmodel

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Listing describes a listing: the records of a table in a fixed order, last first, and
// the filters for it. It is made by NewListing.
type Listing struct {
	Name  string // package and subject; cursors are bound to it
	Table string
	// Order are the columns of the order. Their values never change, and the last one
	// is unique.
	Order []Column
	// Filters are the possible filters. Each one that is not Residual needs an index on
	// its columns followed by Order.
	Filters []Filter
}

// Column is a column of an order.
type Column struct {
	Name string
	Text bool // not a number
}

// Number returns a column of an order that contains numbers.
func Number(name string) Column { return Column{Name: name} }

// Text returns a column of an order that contains text.
func Text(name string) Column { return Column{name, true} }

// Filter is a condition that a listing may have. At most one of its alternatives is
// true for a row; the listing merges them in its order.
type Filter struct {
	Name string
	// Alternatives are conditions in SQL: t is the table, ?1 to ?9 are the values.
	Alternatives []string
	// Via is a table that has the columns of the order and leads to the rows. The
	// conditions are then on its columns, with the alias k. At most one filter of a
	// listing has a Via.
	Via string
	// Samples are values for the test that explains the query, if a filter does not
	// take a single text.
	Samples []any
	// Residual filters are checked row by row in the listing's order, without an index.
	Residual bool
}

// Equal returns a filter for rows whose column has a value.
func Equal(column string) Filter {
	return Filter{Name: column, Alternatives: []string{"t." + column + " = ?1"}}
}

// Condition is a filter with its values, set or not set.
type Condition struct {
	Filter
	values []any
}

// Is sets the filter to a value; an empty value leaves it unset.
func Is[T ~string](f Filter, value T) Condition {
	if value == "" {
		return Condition{Filter: f}
	}
	return Condition{f, []any{string(value)}}
}

// With sets the filter to values.
func (f Filter) With(values ...any) Condition { return Condition{f, values} }

// registered has all listings of the program, in the order in which they were made.
var registered []*Listing

// NewListing makes a listing and registers it: a test explains the query of each
// registered listing with every combination of its filters. Call it only for package
// variables.
func NewListing(l Listing) *Listing {
	registered = append(registered, &l)
	return &l
}

// Listings returns all listings of this program.
func Listings() []*Listing { return slices.Clone(registered) }

// place has the values of a listing's order at one row.
type place []any

// Start returns the place before every row.
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

// parse reads a cursor; an empty one is the place before every row.
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

// pointers returns the pointers into which the values of a place are read.
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

// Query returns the query of the rows after a place, with the conditions that are set.
// It selects the columns of the order and the record.
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
		order[i] = strconv.Itoa(i+1) + " DESC" // numbers of result columns
	}
	return strings.Join(q.parts(bound), " UNION ALL ") + " ORDER BY " + strings.Join(order, ", "), q.args
}

// walk decodes the records of a listing after a place, in order, until use returns
// false. SQLite reads no further rows, because an index has the order.
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

// ListPage returns one page of a listing and the cursor of the next page, which is
// empty at the end.
func ListPage[T any](ctx context.Context, q Querier, l *Listing, p Page, conditions ...Condition) ([]T, string, error) {
	return FilterPage(ctx, q, l, p, func(T) bool { return true }, conditions...)
}

// FilterPage is like ListPage, with only the records that accept returns true for.
func FilterPage[T any](ctx context.Context, q Querier, l *Listing, p Page, accept func(T) bool, conditions ...Condition) ([]T, string, error) {
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
		if !accept(v) {
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

// All returns the whole listing in reverse order: the first record first.
func All[T any](ctx context.Context, q Querier, l *Listing, conditions ...Condition) ([]T, error) {
	list := []T{}
	err := walk(ctx, q, l, l.Start(), func(_ place, v T) bool {
		list = append(list, v)
		return true
	}, conditions...)
	slices.Reverse(list)
	return list, err
}

// Check refuses a page with an invalid limit, or with a cursor of another listing.
func Check(l *Listing, p Page) error {
	if _, err := p.Size(); err != nil {
		return err
	}
	_, err := l.parse(p.Cursor)
	return err
}
