package provenance_test

import (
	cmpstd "cmp"
	"context"
	"io/fs"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/internal/readmodel/readmodeltest"
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
	db := readmodeltest.Open(t, map[string]fs.FS{"provenance": provenance.Migrations()})
	return fixture{provenance.NewTable(db.R), db}
}

func (f fixture) project(t *testing.T, events ...ledger.Event) {
	t.Helper()
	readmodeltest.Project(t, f.db, []*provenance.Table{f.Table}, events...)
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
	f.project(t, e, e) // twice: a projection may be repeated over existing rows
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

// TestLinksOfOneKey: two references with equal hashes are distinguished.
func TestLinksOfOneKey(t *testing.T) {
	f := newFixture(t)
	f.project(t, ledger.Event{Links: chain()})
	if _, err := f.db.W.ExecContext(t.Context(), "INSERT INTO links (from_key, to_key, from_ref, rel, to_ref) "+
		"SELECT from_key, to_key, 'x/1', rel, 'x/2' FROM links"); err != nil {
		t.Fatal(err)
	}
	for _, ref := range []ledger.Ref{"order/1", "product/1", "resource/1"} {
		got, err := f.Links(t.Context(), ref)
		var want []ledger.Link
		for _, l := range chain() {
			if l.From == ref || l.To == ref {
				want = append(want, l)
			}
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("links of %s (-want +got), %v:\n%s", ref, err, diff)
		}
	}
}

// TestKeysOfKinds: no two kinds share their keys, so that leaving out one leaves out
// no other.
func TestKeysOfKinds(t *testing.T) {
	taken := map[int64]string{}
	kinds := slices.Concat(slices.Collect(maps.Keys(ledger.Kinds())), []string{ledger.KindFile, ledger.KindReceipt, "a", "b", "c", "d"})
	for _, kind := range kinds {
		first, last := provenance.KeysOf(kind)
		if other := taken[first]; other != "" && other != kind {
			t.Errorf("%s and %s have the same keys", kind, other)
		}
		taken[first] = kind
		if k := provenance.Key(ledger.RefTo(kind, "1")); k < first || k > last {
			t.Errorf("the key %d of a %s is not within %d to %d", k, kind, first, last)
		}
	}
}

// walked is a walk in memory over links, as Reach does it in the table.
func walked(links []ledger.Link, starts []ledger.Ref, w provenance.Way) []ledger.Ref {
	found := slices.Clone(starts)
	for i := 0; i < len(found); i++ {
		for _, l := range links {
			from, to := l.From, l.To
			switch turned := slices.Contains(w.Turned, l.Rel); {
			case slices.Contains(w.Without, l.Rel):
				continue
			case turned != (w.Direction == provenance.Forward):
				from, to = to, from
			}
			left := w.Direction == provenance.Forward && !slices.Contains(w.Turned, l.Rel) && w.Before != "" && l.From.Kind() == w.Before
			if from == found[i] && !left && !slices.Contains(found, to) {
				found = append(found, to)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// TestReach holds the walk in one query to the walk in memory, over random links, both
// ways, with words that are left out or turned and a kind that is left out.
func TestReach(t *testing.T) {
	f := newFixture(t)
	rapid.Check(t, func(rt *rapid.T) {
		if _, err := f.db.W.ExecContext(context.Background(), "DELETE FROM links"); err != nil {
			rt.Fatal(err)
		}
		ref := rapid.SampledFrom([]ledger.Ref{"a/1", "a/2", "b/1", "b/2", "c/1", "c/2", "d/1"})
		word := rapid.SampledFrom([]string{"r", "s", "t"})
		var links []ledger.Link
		for range rapid.IntRange(0, 14).Draw(rt, "links") {
			links = append(links, ledger.Link{From: ref.Draw(rt, "from"), Rel: word.Draw(rt, "word"), To: ref.Draw(rt, "to")})
		}
		f.project(t, ledger.Event{Links: links})
		w := provenance.Way{
			Direction: rapid.SampledFrom([]provenance.Direction{provenance.Back, provenance.Forward}).Draw(rt, "direction"),
			Without:   rapid.SampledFrom([][]string{nil, {"s"}, {"r", "s"}}).Draw(rt, "without"),
			Turned:    rapid.SampledFrom([][]string{nil, {"t"}}).Draw(rt, "turned"),
		}
		if w.Direction == provenance.Forward {
			w.Before = rapid.SampledFrom([]string{"", "b"}).Draw(rt, "before")
		}
		starts := []ledger.Ref{ref.Draw(rt, "start"), ref.Draw(rt, "other start")}
		got, err := f.Reach(t.Context(), starts, w, 100)
		slices.Sort(got)
		if want := walked(links, starts, w); err != nil || !slices.Equal(got, want) {
			rt.Fatalf("%+v from %v over %v reaches %v (%v), want %v", w, starts, links, got, err, want)
		}
		if got, err := f.Reach(t.Context(), starts, w, 2); err != nil || len(got) > 2 {
			rt.Fatalf("at most two: %v, %v", got, err)
		}
		around, err := f.Around(t.Context(), starts, []string{"b"}, 100)
		var want []ledger.Link
		for _, l := range links {
			if slices.Contains(starts, l.From) || slices.Contains(starts, l.To) && l.From.Kind() == "b" {
				want = append(want, l)
			}
		}
		slices.SortFunc(want, func(a, b ledger.Link) int {
			return cmpstd.Or(cmpstd.Compare(a.From, b.From), cmpstd.Compare(a.Rel, b.Rel), cmpstd.Compare(a.To, b.To))
		})
		if want = slices.Compact(want); err != nil || !slices.Equal(around, want) {
			rt.Fatalf("around %v of %v: %v (%v), want %v", starts, links, around, err, want)
		}
	})
}
