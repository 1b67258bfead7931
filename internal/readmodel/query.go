package readmodel

import (
	"slices"
	"strconv"
	"strings"
)

// query builds the SQL of a listing. The alias t has the rows. The alias k has the
// columns of the order: it is t, or the table of a filter that leads to t.
type query struct {
	listing *Listing
	values  string // column of the record
	via     string
	all     []string   // conditions of every part
	either  [][]string // conditions of each filter with alternatives
	args    []any
}

// add adds a condition that is set.
func (q *query) add(c Condition) {
	numbers := q.arguments(c.values...)
	alternatives := make([]string, len(c.Alternatives))
	for i, a := range c.Alternatives {
		for k, n := range slices.Backward(numbers) {
			a = strings.ReplaceAll(a, "?"+strconv.Itoa(k+1), "\x00"+n[1:]) // marked, so that it is not replaced again as another number
		}
		alternatives[i] = "(" + strings.ReplaceAll(a, "\x00", "?") + ")"
	}
	if c.Via != "" {
		q.via = c.Via
	}
	if len(alternatives) == 1 {
		q.all = append(q.all, alternatives[0])
		return
	}
	q.either = append(q.either, alternatives)
}

// arguments adds arguments and returns their placeholders in the query.
func (q *query) arguments(values ...any) []string {
	numbers := make([]string, len(values))
	for i, v := range values {
		q.args = append(q.args, v)
		numbers[i] = "?" + strconv.Itoa(len(q.args))
	}
	return numbers
}

// parts returns the selects whose rows the listing merges: one, or one for each
// combination of the filters' alternatives.
func (q *query) parts(bound []string) []string {
	var columns, names []string
	for _, c := range q.listing.Order {
		names = append(names, c.Name)
		columns = append(columns, q.key()+"."+c.Name)
	}
	head := "SELECT " + strings.Join(columns, ", ") + ", t." + q.values + " FROM " + q.from(names) + " WHERE "
	conditions := append([]string{tuple(columns) + " < " + tuple(bound)}, q.all...)
	parts := []string{head + strings.Join(conditions, " AND ")}
	for _, alternatives := range q.either {
		var more []string
		for _, p := range parts {
			for _, a := range alternatives {
				more = append(more, p+" AND "+a)
			}
		}
		parts = more
	}
	return parts
}

// key returns the alias that has the order.
func (q *query) key() string {
	if q.via != "" {
		return "k"
	}
	return "t"
}

func (q *query) from(names []string) string {
	if q.via == "" {
		return q.listing.Table + " t"
	}
	on := make([]string, len(names))
	for i, n := range names {
		on[i] = "t." + n + " = k." + n
	}
	return q.via + " k CROSS JOIN " + q.listing.Table + " t ON " + strings.Join(on, " AND ")
}

func tuple(list []string) string {
	if len(list) == 1 {
		return list[0]
	}
	return "(" + strings.Join(list, ", ") + ")"
}
