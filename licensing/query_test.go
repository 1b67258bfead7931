package licensing_test

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/licensing"
)

func TestRecordsComeBackWhole(t *testing.T) {
	w := newWorld(t)
	want := terms("1", suspended, func(l *ledger.License) { l.Environments = []ledger.ID{id("env")} })
	w.commit(record(ledger.KindLicense, want.ID, terms("1")), record(ledger.KindLicense, want.ID, want))
	got, err := w.l.License(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := w.l.License(t.Context(), id("none")); !errors.Is(err, ledger.NotFound) {
		t.Errorf("an unknown license: %v", err)
	}
}

func TestEnvironment(t *testing.T) {
	w := newWorld(t)
	env := ledger.Environment{ID: id("env"), Operator: id("op"), Region: "330100", Kid: "first"}
	w.commit(record(ledger.KindEnvironment, env.ID, env))
	env.Kid = "second"
	w.commit(record(ledger.KindEnvironment, env.ID, env))
	for name, find := range map[string]func() (ledger.Environment, error){
		"by id":  func() (ledger.Environment, error) { return w.l.Environment(t.Context(), env.ID) },
		"by kid": func() (ledger.Environment, error) { return w.l.EnvironmentByKid(t.Context(), "second") },
	} {
		got, err := find()
		if err != nil {
			t.Fatal(name, err)
		}
		if diff := cmp.Diff(env, got); diff != "" {
			t.Error(name, diff)
		}
	}
	if _, err := w.l.EnvironmentByKid(t.Context(), "first"); !errors.Is(err, ledger.NotFound) {
		t.Errorf("a key that was replaced: %v", err)
	}
}

func TestList(t *testing.T) {
	w := newWorld(t)
	w.commit(entry("bus"), entry("core", func(e *ledger.EntryDetail) { e.Resource.Level = ledger.Core }))
	for i := range 5 {
		w.commit(license(fmt.Sprint(i)))
	}
	w.commit(license("other", func(l *ledger.License) { l.Assignee, l.Assigner = id("other"), id("county") }),
		license("out", func(l *ledger.License) { l.Excluded = []ledger.ID{id("bus")} }),
		license("offer", func(l *ledger.License) { l.State = ledger.LicenseOffered }))
	all := []string{"0", "1", "2", "3", "4", "other", "out", "offer"}
	for _, c := range []struct {
		name string
		f    licensing.Filter
		want []ledger.ID
	}{
		{"all", licensing.Filter{}, sorted(all...)},
		{"assignee", licensing.Filter{Assignee: id("other")}, sorted("other")},
		{"assigner", licensing.Filter{Assigner: id("county")}, sorted("other")},
		{"state", licensing.Filter{State: ledger.LicenseOffered}, sorted("offer")},
		{"resource", licensing.Filter{Resource: id("bus"), Assigner: id("city")}, sorted("0", "1", "2", "3", "4", "offer")},
		{"core", licensing.Filter{Resource: id("core")}, sorted()},
		{"unregistered", licensing.Filter{Resource: id("never")}, sorted()},
	} {
		slices.Reverse(c.want)
		for _, limit := range []int{0, 1, 3, 8} {
			got := []ledger.ID{}
			for cursor, pages := "", 0; ; pages++ {
				page, next, err := w.l.List(t.Context(), c.f, cursor, limit)
				if err != nil || pages > 10 {
					t.Fatal(c.name, pages, err)
				}
				got = append(got, ids(page)...)
				if next == "" {
					break
				}
				cursor = next
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s by %d (-want +got)\n%s", c.name, limit, diff)
			}
		}
	}
	if _, _, err := w.l.List(t.Context(), licensing.Filter{}, "' OR 1", 0); !errors.Is(err, ledger.InvalidCode) {
		t.Errorf("a bad cursor: %v", err)
	}
}

func TestFacts(t *testing.T) {
	w := newWorld(t)
	w.commit(entry("bus"))
	want := ledger.Facts{Resource: id("bus"), Holder: id("holder"), Region: "330106", Domain: "transport", Level: ledger.General}
	for day, effective := range map[ledger.Date]bool{"2025-12-31": false, "2026-01-01": true, "2027-12-31": true, "2028-01-01": false} {
		got, ok, err := w.l.Facts(t.Context(), id("bus"), day)
		if err != nil || ok != effective || got != want {
			t.Errorf("%s: %+v, %v, %v", day, got, ok, err)
		}
	}
	if _, ok, err := w.l.Facts(t.Context(), id("never"), "2026-01-01"); ok || !errors.Is(err, ledger.NotFound) {
		t.Errorf("never registered: %v, %v", ok, err)
	}
}

// TestCoveringIsCovers compares the query with the license's own answer.
func TestCoveringIsCovers(t *testing.T) {
	w := newWorld(t)
	regions := []ledger.Region{"330000", "330100", "330106", "330200", "110000"}
	domains := []string{"transport", "health"}
	resources := []ledger.ID{id("r0"), id("r1"), id("r2")}
	round, found := 0, 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		pick := rapid.SliceOfNDistinct(rapid.SampledFrom(resources), 0, 2, rapid.ID[ledger.ID])
		var records []ledger.Record
		var mine []ledger.License
		for i := range rapid.IntRange(1, 3).Draw(r, "n") {
			l := terms(fmt.Sprint(round, " ", i), func(l *ledger.License) {
				l.Mode = rapid.SampledFrom(ledger.Modes()).Draw(r, "mode")
				l.Region = rapid.SampledFrom(regions).Draw(r, "region")
				l.Domains = []string{rapid.SampledFrom(domains).Draw(r, "domain")}
				l.Resources, l.Excluded = pick.Draw(r, "resources"), pick.Draw(r, "excluded")
				l.Assigner = id(fmt.Sprint("round", round))
			})
			mine, records = append(mine, l), append(records, record(ledger.KindLicense, l.ID, l))
		}
		facts := map[ledger.ID]ledger.Facts{}
		for i := range resources {
			e := ledger.EntryDetail{}
			records = append(records, entry(fmt.Sprint("r", i), func(v *ledger.EntryDetail) {
				v.Resource.Spatial = rapid.SampledFrom(regions).Draw(r, "in")
				v.Resource.Domain = rapid.SampledFrom(domains).Draw(r, "of")
				v.Resource.Level = rapid.SampledFrom(ledger.Levels()).Draw(r, "level")
				e = *v
			}))
			facts[e.Subject] = e.Facts()
		}
		w.commit(records...)
		for resource, f := range facts {
			want := []ledger.ID{}
			for _, l := range mine {
				if l.Covers(f, ledger.Purpose{}) {
					want = append(want, l.ID)
				}
			}
			slices.Sort(want)
			found += len(want)
			page, _, err := w.l.List(t.Context(), licensing.Filter{Resource: resource, Assigner: mine[0].Assigner}, "", 0)
			if err != nil {
				r.Fatal(err)
			}
			got := ids(page)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				r.Fatalf("%+v (-covers +query)\n%s", f, diff)
			}
			covering, err := w.l.Covering(t.Context(), resource)
			if err != nil {
				r.Fatal(err)
			}
			for _, l := range covering {
				if !l.Covers(f, ledger.Purpose{}) {
					r.Fatalf("%+v does not cover %+v", l, f)
				}
			}
		}
	})
	if found == 0 {
		t.Error("nothing was ever covered: nothing was tested")
	}
}

func TestTouched(t *testing.T) {
	w := newWorld(t)
	e := ledger.Event{Records: []ledger.Record{
		license("1"), license("2"), entry("bus"), party("other"),
		license("3", func(l *ledger.License) { l.Assignee = id("other") }),
	}}
	if diff := cmp.Diff([]ledger.ID{id("op"), id("other")}, w.l.Touched(e)); diff != "" {
		t.Error(diff)
	}
}

func TestProjectRefusesNonsense(t *testing.T) {
	w := newWorld(t)
	for _, kind := range []string{ledger.KindLicense, ledger.KindEntry, ledger.KindParty, ledger.KindEnvironment} {
		e := ledger.Event{Records: []ledger.Record{{Ref: ledger.RefTo(kind, "x"), Value: []byte("[")}}}
		err := sqldb.InTx(t.Context(), w.db.W, func(tx *sql.Tx) error { return w.l.Project(t.Context(), tx, e) })
		if err == nil {
			t.Errorf("%s: nonsense was kept", kind)
		}
	}
	w.commit(ledger.Record{Ref: ledger.RefTo(ledger.KindOrder, "x"), Value: []byte("[")}) // a kind of another package
}
