package readmodel

import (
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// Scope is which records of a kind a reader may list: all, or those that name the
// party and those that lie in the region. The zero scope has no records.
type Scope struct {
	All    bool
	Party  ledger.ID
	Region ledger.Region
}

// Everything is the scope of all records.
func Everything() Scope { return Scope{All: true} }

// Readers lets through what lies in a reader's scope: the rows that name the party in
// one of the columns, and those whose column region lies in the region. It is set by
// Within.
func Readers(columns ...string) Filter {
	var alternatives, before []string
	for _, c := range columns {
		alternatives = append(alternatives, strings.Join(append([]string{"t." + c + " = ?1"}, before...), " AND "))
		before = append(before, "t."+c+" <> ?1")
	}
	for i, part := range regionParts {
		at := "?" + string(rune('2'+i))
		alternatives = append(alternatives, strings.Join(append([]string{strings.ReplaceAll(part, "region", "t.region") + " = " + at}, before...), " AND "))
	}
	return Filter{Name: "readers", Alternatives: alternatives, Samples: []any{"x", "43", "-", "-"}}
}

// regionParts are what a region is compared with: the province, the city and the
// whole code of a row's region, each with an index of its own. A region is one of them.
var regionParts = []string{"substr(region, 1, 2)", "substr(region, 1, 4)", "region"}

// Within sets a filter made by Readers.
func Within(f Filter, s Scope) Condition {
	if s.All {
		return Condition{Filter: f}
	}
	values := []any{"-", "-", "-", "-"} // what no row has
	if s.Party != "" {
		values[0] = string(s.Party)
	}
	if prefix := s.Region.Prefix(); prefix != "" {
		values[len(prefix)/2] = prefix
	}
	return f.With(values...)
}
