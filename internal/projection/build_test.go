package projection_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/projection"
	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/ledger"
)

// TestBuildStopsAtARevision: a read model that is built beside another has the blocks up to
// the revision and no more, goes on from there, uses the given salt, and is refused where
// the ledger has another head.
func TestBuildStopsAtARevision(t *testing.T) {
	f := newFixture(t)
	var at []ledger.Revision
	for year := range 6 {
		f.submit(t, f.Calendar(t, 2030+year))
		r, err := f.ledger.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		at = append(at, r)
	}
	db, err := sqldb.Open(t.Context(), filepath.Join(t.TempDir(), "next.db"), sqldb.SyncNormal)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(t.Context(), "projection", projection.Migrations()); err != nil {
		t.Fatal(err)
	}
	built := &fixture{World: f.World, ledger: f.ledger, db: db}
	built.exec(t, "CREATE TABLE journal (n INTEGER PRIMARY KEY, call TEXT NOT NULL)")
	salt, err := projection.Salt(t.Context(), f.db.R)
	if err != nil {
		t.Fatal(err)
	}
	var last uint64
	b := projection.Building{
		DB: db.W, Reads: db.R, Domains: []projection.Domain{new(journal)}, Salt: salt, Now: time.Now,
		Progress: func(block uint64) { last = block },
	}
	for _, i := range []int{1, 1, 4} {
		if err := projection.Build(t.Context(), b, f.ledger, at[i]); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(f.want[:i+2], built.journal(t)); diff != "" || last != at[i].Block {
			t.Errorf("up to block %d, progress %d: %s", at[i].Block, last, diff)
		}
	}
	if got, err := projection.Salt(t.Context(), db.R); err != nil || string(got) != string(salt) {
		t.Errorf("the salt is %x, want %x, %v", got, salt, err)
	}
	wrong := at[5]
	wrong.Head = ledger.DigestOf([]byte("another"))
	if err := projection.Build(t.Context(), b, f.ledger, wrong); err == nil || !strings.Contains(err.Error(), "another head") {
		t.Errorf("with another head: %v", err)
	}
	if diff := cmp.Diff(f.want[:6], built.journal(t)); diff != "" {
		t.Error(diff)
	}
}
