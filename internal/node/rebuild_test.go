package node_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/ledger"
)

// copied copies a file of the folder, so that it can be compared later.
func (w *world) copied(name string) string {
	w.t.Helper()
	b, err := os.ReadFile(filepath.Join(w.dir, name))
	w.ok(err)
	path := filepath.Join(w.t.TempDir(), name)
	w.ok(os.WriteFile(path, b, 0o600))
	return path
}

// differences compares two read models.
func differences(t *testing.T, a, b string) []readmodel.Difference {
	t.Helper()
	var dbs [2]*sqldb.DB
	for i, path := range []string{a, b} {
		db, err := sqldb.Open(t.Context(), path, sqldb.SyncNormal)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		dbs[i] = db
	}
	found, err := readmodel.Compare(t.Context(), dbs[0].R, dbs[1].R)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// plant executes a query on a file of a folder whose node does not run.
func plant(t *testing.T, file, query string) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), file, sqldb.SyncFull)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.W.ExecContext(t.Context(), query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// toldAndStopped is the folder of the whole story, whose node was stopped.
func toldAndStopped(t *testing.T) *world {
	t.Helper()
	w := lay(t, limits(nil))
	stop := w.run()
	w.admit()
	s := &story{world: w}
	s.tell()
	stop()
	w.run()() // its start brings the read model to the last anchor, which the stop may have made
	return w
}

// TestARebuiltReadModelIsEqual: the read model that grew with the story, call by call, and
// the one rebuilt from the ledger have equal tables, in a folder that is not served and in
// one that is; what was planted in the tables is found and gone.
func TestARebuiltReadModelIsEqual(t *testing.T) {
	w := toldAndStopped(t)
	grown := w.copied("read.db")
	path := filepath.Join(w.dir, "read.db")
	for _, planted := range []struct{ query, table string }{
		{"UPDATE registry_party SET name = name || '!' WHERE n = 2", "registry_party"},
		{"DELETE FROM links WHERE rowid = 1", "links"},
		{"INSERT INTO links (from_key, to_key, from_ref, rel, to_ref) SELECT from_key, to_key, from_ref, rel, to_ref FROM links LIMIT 1", "links"},
		{"UPDATE place SET time = time + 1 WHERE block = 3", "place"},
		{"DELETE FROM writer WHERE block = 4", "writer"},
		{"DELETE FROM registry_found WHERE rowid = 1", "registry_found"},
	} {
		plant(t, path, planted.query)
		found := differences(t, grown, w.copied("read.db"))
		named := false
		for _, d := range found {
			named = named || d.Table == planted.table
		}
		if !named {
			t.Errorf("%s: found %v", planted.query, found)
		}
		var done, total uint64
		n, err := node.Rebuild(t.Context(), w.options(), func(d, all uint64) { done, total = d, all })
		w.ok(err)
		if done != n || total != n || n < 20 {
			t.Errorf("rebuilt %d entries, progress %d of %d", n, done, total)
		}
		if diff := cmp.Diff([]readmodel.Difference(nil), differences(t, grown, w.copied("read.db"))); diff != "" {
			t.Errorf("after %s: %s", planted.query, diff)
		}
	}
	leftovers(t, w.dir)
	w.run()()
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// leftovers checks that a rebuild left nothing behind.
func leftovers(t *testing.T, dir string) {
	t.Helper()
	for _, pattern := range []string{"*.next*", "rebuild.*", "*.tmp"} {
		if found, err := filepath.Glob(filepath.Join(dir, pattern)); err != nil || len(found) > 0 {
			t.Errorf("left: %v, %v", found, err)
		}
	}
}

// TestARunningNodeRebuildsItsReadModel: while it rebuilds on request, reads are answered,
// calls are recorded and shown, and the damage in a table is gone at the end.
func TestARunningNodeRebuildsItsReadModel(t *testing.T) {
	s := told(t)
	_, err := s.ReadModel().ExecContext(t.Context(), "UPDATE registry_party SET name = 'planted' WHERE id = ?", string(id("buyer")))
	s.ok(err)
	name := func() string {
		var p struct {
			Name string `json:"name"`
		}
		s.ok(s.party["authority"].Get(t.Context(), "/v1/parties/"+string(id("holder")), &p))
		return p.Name
	}
	holder := name()
	ctx, stop := context.WithCancel(t.Context())
	var reads, calls atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for year := 2031; ctx.Err() == nil; year++ {
			resp, err := s.send(http.MethodGet, "/v1/parties/"+string(id("holder")), nil)
			if err == nil {
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				reads.Add(1)
			}
			if err != nil || resp.StatusCode >= http.StatusInternalServerError {
				t.Errorf("a read failed: %v, %v", resp, err)
			}
			if year < 2099 {
				_, err = s.party["authority"].Call(t.Context(), ledger.FnCalendarSet, ledger.CalendarArgs{
					Year: year, Off: []ledger.Date{ledger.Date(fmt.Sprintf("%d-01-01", year))}, Work: []ledger.Date{}, Source: "国办发明电",
				})
				if err == nil {
					calls.Add(1)
				}
			}
		}
	}()
	n, err := node.Rebuild(t.Context(), s.options(), func(uint64, uint64) {})
	stop()
	<-ended
	s.ok(err)
	if n < 20 || reads.Load() == 0 || calls.Load() == 0 {
		t.Errorf("rebuilt %d entries during %d reads and %d calls", n, reads.Load(), calls.Load())
	}
	if got := name(); got != holder {
		t.Errorf("the holder is called %q, was %q", got, holder)
	}
	if h := s.health(); !h.Ready || h.Projected.Block < h.Ledger.Head {
		t.Errorf("%+v", h)
	}
	grown, err := sqldb.OpenSnapshot(t.Context(), filepath.Join(s.dir, "read.db"))
	s.ok(err)
	defer grown.Close()
	var planted int
	s.ok(grown.QueryRowContext(t.Context(), "SELECT count(*) FROM registry_party WHERE name = 'planted'").Scan(&planted))
	if planted != 0 {
		t.Error("the planted name is still there")
	}
	leftovers(t, s.dir)
	s.deliver("rival order", "rival")
}

// TestARebuildRefusesADamagedLedger: the old read model remains.
func TestARebuildRefusesADamagedLedger(t *testing.T) {
	w := toldAndStopped(t)
	plant(t, filepath.Join(w.dir, "ledger.db"), "DELETE FROM entry WHERE seq = 2")
	before := read(t, filepath.Join(w.dir, "read.db"))
	if _, err := node.Rebuild(t.Context(), w.options(), func(uint64, uint64) {}); err == nil {
		t.Error("rebuilt from a ledger that lacks an entry")
	}
	if string(before) != string(read(t, filepath.Join(w.dir, "read.db"))) {
		t.Error("the old read model was changed")
	}
	leftovers(t, w.dir)
}
