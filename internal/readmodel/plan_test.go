package readmodel_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/internal/readmodel/readmodeltest"
	"github.com/datacadastre/cadastre/internal/records"
	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/ledger/provenance"
	"github.com/datacadastre/cadastre/licensing"
	"github.com/datacadastre/cadastre/marketplace"
	"github.com/datacadastre/cadastre/registry"
)

// open makes an empty read model with the tables of all domains.
func open(t testing.TB) *sqldb.DB {
	t.Helper()
	return readmodeltest.Open(t, map[string]fs.FS{
		"registry": registry.Migrations(), "licensing": licensing.Migrations(),
		"marketplace": marketplace.Migrations(), "provenance": provenance.Migrations(), "records": records.Migrations(),
	})
}

// plan is what SQLite says it will do for a query, a step a line.
func plan(t testing.TB, db *sqldb.DB, query string, args ...any) []string {
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
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}

// faults are the steps by which a query reads a whole table or sorts what an
// index should have in order.
func faults(steps []string) []string {
	var found []string
	for _, s := range steps {
		if strings.HasPrefix(s, "SCAN ") && s != "SCAN CONSTANT ROW" || strings.Contains(s, "TEMP B-TREE FOR ORDER BY") {
			found = append(found, s)
		}
	}
	return found
}

// sample sets a filter to some values.
func sample(f readmodel.Filter) readmodel.Condition {
	if f.Samples != nil {
		return f.With(f.Samples...)
	}
	return f.With("x")
}

// TestListingsUseIndexes explains every listing of the program with every
// combination of its filters, on the first page and on a later one.
func TestListingsUseIndexes(t *testing.T) {
	db := open(t)
	for _, l := range readmodel.Listings() {
		for set := range 1 << len(l.Filters) {
			var conditions []readmodel.Condition
			var names []string
			for i, f := range l.Filters {
				if set&(1<<i) != 0 {
					conditions, names = append(conditions, sample(f)), append(names, f.Name)
				}
			}
			query, args := l.Query(l.Start(), conditions...)
			steps := plan(t, db, query, args...)
			if bad := faults(steps); bad != nil {
				t.Errorf("%s by %v: %q\n%s", l.Name, names, bad, query)
			}
			if len(conditions) == 1 && !conditions[0].Residual && !sought(steps) {
				t.Errorf("%s by %v alone is not sought by an index, and is not said to be residual: %q", l.Name, names, steps)
			}
		}
	}
}

// sought reports whether each table is entered by an equality.
func sought(steps []string) bool {
	for _, s := range steps {
		if strings.HasPrefix(s, "SEARCH") && !strings.Contains(s, "=?") {
			return false
		}
	}
	return true
}

// TestFaultsAreFound plants what the test above looks for.
func TestFaultsAreFound(t *testing.T) {
	db := open(t)
	for query, want := range map[string]int{
		"SELECT value FROM orders WHERE (?1 = '' OR buyer = ?1) ORDER BY placed_at DESC": 1, // a scan
		"SELECT value FROM orders WHERE buyer = ?1 ORDER BY state":                       1, // a sort
		"SELECT value FROM orders WHERE value = ?1 ORDER BY value":                       1,
		"SELECT value FROM orders WHERE buyer = ?1 ORDER BY placed_at DESC, id DESC":     0,
		"SELECT value FROM orders WHERE buyer = ?1 OR operator = ?1 ORDER BY placed_at":  1,
	} {
		if got := faults(plan(t, db, query, "x")); len(got) != want {
			t.Errorf("%s: %q, want %d faults", query, got, want)
		}
	}
}

// TestEveryListingIsRegistered holds that the packages above are all that have
// listings: one of another package would not be explained.
func TestEveryListingIsRegistered(t *testing.T) {
	made := 0
	for _, dir := range []string{"../../registry", "../../licensing", "../../marketplace", "../../ledger", "../../internal", "../../policies", "../../cmd"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			b, err := os.ReadFile(path)
			made += strings.Count(string(b), "readmodel.NewListing(")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := len(readmodel.Listings()); n != made || n == 0 {
		t.Errorf("%d listings are registered here, the sources make %d: import the package that is missing", n, made)
	}
}
