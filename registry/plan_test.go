package registry

import (
	"context"
	"io/fs"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/readmodel/readmodeltest"
	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/ledger"
)

// TestSearchUsesIndexes explains the search with every combination of filters,
// in every tier: no table is read whole, nothing is sorted.
func TestSearchUsesIndexes(t *testing.T) {
	db := readmodeltest.Open(t, map[string]fs.FS{"registry": Migrations()})
	for set := range 16 {
		s := search{day: "2026-10-20", match: `"公共"`}
		if set&1 != 0 {
			s.Holder = "holder"
		}
		if set&2 != 0 {
			s.Domain = "transport"
		}
		if set&4 != 0 {
			s.Region, s.from, s.to = ledger.Region("430000"), "43", "43:"
		}
		if set&8 != 0 {
			s.State = StatusExpired
		}
		for tier := tierAll; tier <= tierRest; tier++ {
			query, args := s.query(place{tier, end})
			for _, step := range explain(t, db, query, args...) {
				if strings.HasPrefix(step, "SCAN") && !strings.Contains(step, "VIRTUAL TABLE") || strings.Contains(step, "TEMP B-TREE") {
					t.Errorf("tier %d, filters %04b: %s", tier, set, step)
				}
			}
		}
	}
	for _, query := range []string{waiting} {
		for _, step := range explain(t, db, query) {
			if strings.HasPrefix(step, "SCAN") || strings.Contains(step, "TEMP B-TREE FOR ORDER BY") {
				t.Errorf("%s: %s", query, step)
			}
		}
	}
}

func explain(t *testing.T, db *sqldb.DB, query string, args ...any) []string {
	t.Helper()
	rows, err := db.R.QueryContext(context.Background(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, detail)
	}
	return steps
}
