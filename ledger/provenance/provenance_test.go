package provenance_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/provenance"
)

type fixture struct {
	*provenance.Table
	db *sqldb.DB
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	db, err := sqldb.Open(t.Context(), filepath.Join(t.TempDir(), "read.db"), sqldb.SyncNormal)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(t.Context(), "provenance", provenance.Migrations()); err != nil {
		t.Fatal(err)
	}
	return fixture{provenance.NewTable(db.R), db}
}

func (f fixture) project(t *testing.T, events ...ledger.Event) {
	t.Helper()
	err := sqldb.InTx(t.Context(), f.db.W, func(tx *sql.Tx) error {
		for _, e := range events {
			if err := f.Project(t.Context(), tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// chain is the way from an order back to the rights it rests on: two products'
// worth of links, one resource behind both.
func chain() []ledger.Link {
	return []ledger.Link{
		{From: "order/1", Rel: "of", To: "product/1"},
		{From: "order/2", Rel: "of", To: "product/2"},
		{From: "product/1", Rel: "from", To: "license/1"},
		{From: "product/1", Rel: "from", To: "license/2"},
		{From: "product/2", Rel: "from", To: "license/2"},
		{From: "license/1", Rel: "on", To: "resource/1"},
		{From: "license/2", Rel: "on", To: "resource/1"},
	}
}

func TestLinks(t *testing.T) {
	f := newFixture(t)
	e := ledger.Event{Links: chain()}
	f.project(t, e, e) // twice: a projection may be made anew over what is there
	got, err := f.Links(t.Context(), "product/1")
	want := []ledger.Link{
		{From: "order/1", Rel: "of", To: "product/1"},
		{From: "product/1", Rel: "from", To: "license/1"},
		{From: "product/1", Rel: "from", To: "license/2"},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("links of product/1 (-want +got), %v:\n%s", err, diff)
	}
	if got, err := f.Links(t.Context(), "product/9"); err != nil || len(got) != 0 {
		t.Errorf("links of nothing: %v, %v", got, err)
	}
}

// TestLinksOfOneKey: two references whose hashes are the same are told apart.
func TestLinksOfOneKey(t *testing.T) {
	f := newFixture(t)
	f.project(t, ledger.Event{Links: chain()})
	if _, err := f.db.W.ExecContext(t.Context(), "INSERT INTO links (from_key, to_key, from_ref, rel, to_ref) "+
		"SELECT from_key, to_key, 'x/1', rel, 'x/2' FROM links"); err != nil {
		t.Fatal(err)
	}
	for _, ref := range []ledger.Ref{"order/1", "product/1", "resource/1"} {
		got, err := f.Links(t.Context(), ref)
		want, _ := fixed(chain()).Links(t.Context(), ref)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("links of %s (-want +got), %v:\n%s", ref, err, diff)
		}
	}
}

// fixed is a source in memory.
type fixed []ledger.Link

func (s fixed) Links(_ context.Context, ref ledger.Ref) ([]ledger.Link, error) {
	var out []ledger.Link
	for _, l := range s {
		if l.From == ref || l.To == ref {
			out = append(out, l)
		}
	}
	return out, nil
}

func TestWalk(t *testing.T) {
	loop := append(chain(), ledger.Link{From: "resource/1", Rel: "renews", To: "license/1"},
		ledger.Link{From: "resource/1", Rel: "is", To: "resource/1"})
	files := fixed{{From: "file/f", Rel: "delivered", To: "order/1"}}
	notParty := func(l ledger.Link) bool { return l.To.Kind() != ledger.KindLicense }
	for _, c := range []struct {
		name    string
		sources []provenance.Source
		start   ledger.Ref
		dir     provenance.Direction
		limit   int
		enter   func(ledger.Link) bool
		refs    []ledger.Ref
		links   int
		cut     bool
	}{
		{
			"back",
			[]provenance.Source{fixed(chain())},
			"order/1", provenance.Back, 100, nil,
			[]ledger.Ref{"order/1", "product/1", "license/1", "license/2", "resource/1"},
			5, false,
		},
		{
			"forward",
			[]provenance.Source{fixed(chain())},
			"license/2", provenance.Forward, 100, nil,
			[]ledger.Ref{"license/2", "product/1", "product/2", "order/1", "order/2"},
			4, false,
		},
		{
			"cycle",
			[]provenance.Source{fixed(loop)},
			"license/1", provenance.Back, 100, nil,
			[]ledger.Ref{"license/1", "resource/1"},
			2, false,
		},
		{
			"two sources",
			[]provenance.Source{files, fixed(chain())},
			"file/f", provenance.Back, 100, nil,
			[]ledger.Ref{"file/f", "order/1", "product/1", "license/1", "license/2", "resource/1"},
			6, false,
		},
		{
			"same source twice",
			[]provenance.Source{files, files},
			"file/f", provenance.Back, 100, nil,
			[]ledger.Ref{"file/f", "order/1"},
			1, false,
		},
		{
			"not through",
			[]provenance.Source{fixed(chain())},
			"order/1", provenance.Back, 100, notParty,
			[]ledger.Ref{"order/1", "product/1"},
			1, false,
		},
		{
			"cut",
			[]provenance.Source{fixed(chain())},
			"order/1", provenance.Back, 3, nil,
			[]ledger.Ref{"order/1", "product/1", "license/1"},
			2, true,
		},
		{
			"just enough",
			[]provenance.Source{fixed(chain())},
			"order/1", provenance.Back, 5, nil,
			[]ledger.Ref{"order/1", "product/1", "license/1", "license/2", "resource/1"},
			5, false,
		},
		{"nothing", nil, "order/9", provenance.Back, 100, nil, []ledger.Ref{"order/9"}, 0, false},
	} {
		g, err := provenance.Walk(t.Context(), c.sources, c.start, c.dir, c.limit, c.enter)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.refs, g.Refs); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if len(g.Links) != c.links || g.Cut != c.cut {
			t.Errorf("%s: %d links, cut %t, want %d, %t", c.name, len(g.Links), g.Cut, c.links, c.cut)
		}
	}
}

func TestWalkTable(t *testing.T) {
	f := newFixture(t)
	f.project(t, ledger.Event{Links: chain()})
	for _, dir := range []provenance.Direction{provenance.Back, provenance.Forward} {
		got, errTable := provenance.Walk(t.Context(), []provenance.Source{f}, "license/2", dir, 100, nil)
		want, errFixed := provenance.Walk(t.Context(), []provenance.Source{fixed(chain())}, "license/2", dir, 100, nil)
		if diff := cmp.Diff(want, got); diff != "" || errTable != nil || errFixed != nil {
			t.Errorf("direction %d (-memory +table), %v, %v:\n%s", dir, errTable, errFixed, diff)
		}
	}
}

type broken struct{ error }

func (b broken) Links(context.Context, ledger.Ref) ([]ledger.Link, error) { return nil, b.error }

func TestWalkSourceFails(t *testing.T) {
	want := errors.New("no such table")
	sources := []provenance.Source{fixed(chain()), broken{want}}
	if _, err := provenance.Walk(t.Context(), sources, "order/1", provenance.Back, 100, nil); !errors.Is(err, want) {
		t.Errorf("a source that fails: %v", err)
	}
}

// TestWalkBothWays: what lies behind a record is exactly what it lies before.
func TestWalkBothWays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ref := rapid.SampledFrom([]ledger.Ref{"a/1", "a/2", "b/1", "b/2", "c/1", "c/2"})
		var links fixed
		for range rapid.IntRange(0, 12).Draw(t, "links") {
			links = append(links, ledger.Link{From: ref.Draw(t, "from"), Rel: "r", To: ref.Draw(t, "to")})
		}
		x, y := ref.Draw(t, "x"), ref.Draw(t, "y")
		reach := func(start ledger.Ref, dir provenance.Direction, to ledger.Ref) bool {
			g, err := provenance.Walk(context.Background(), []provenance.Source{links}, start, dir, 100, nil)
			if err != nil || g.Cut {
				t.Fatalf("walk from %s: %v, cut %t", start, err, g.Cut)
			}
			return slices.Contains(g.Refs, to)
		}
		if back, forward := reach(x, provenance.Back, y), reach(y, provenance.Forward, x); back != forward {
			t.Errorf("%s rests on %s: %t; %s is under %s: %t", x, y, back, y, x, forward)
		}
	})
}
