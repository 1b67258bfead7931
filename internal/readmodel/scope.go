package readmodel

import (
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// Scope says which records of a kind a reader may list: all, or those that name Party
// and those in Region. The zero scope selects no records.
type Scope struct {
	All    bool
	Party  ledger.ID
	Region ledger.Region
}

// Everything returns the scope of all records.
func Everything() Scope { return Scope{All: true} }

// Readers returns the filter for a reader's scope: rows that name the party in one of
// the columns, and rows whose column region is inside the region. Within sets it.
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

// regionParts are the expressions that a region is compared with: the province, the
// city and the whole code of a row's region. Each has its own index.
var regionParts = []string{"substr(region, 1, 2)", "substr(region, 1, 4)", "region"}

// Within sets a filter made by Readers.
func Within(f Filter, s Scope) Condition {
	if s.All {
		return Condition{Filter: f}
	}
	values := []any{"-", "-", "-", "-"} // values that no row has
	if s.Party != "" {
		values[0] = string(s.Party)
	}
	if prefix := s.Region.Prefix(); prefix != "" {
		values[len(prefix)/2] = prefix
	}
	return f.With(values...)
}
