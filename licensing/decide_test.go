package licensing_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/licensing"
	"github.com/datacadastre/cadastre/policies"
)

func TestDecide(t *testing.T) {
	w := newWorld(t)
	w.commit(entry("bus"), entry("late", func(e *ledger.EntryDetail) { e.ValidFrom = "2026-05-02" }),
		entry("gone", func(e *ledger.EntryDetail) { e.State = ledger.EntryRevoked }),
		entry("held", func(e *ledger.EntryDetail) { e.Suspensions = held(true) }),
		entry("core", func(e *ledger.EntryDetail) { e.Resource.Level = ledger.Core }),
		entry("far", func(e *ledger.EntryDetail) { e.Resource.Spatial = "330200" }), license("1"))
	for _, c := range []struct {
		name string
		q    func(*licensing.Question)
		want ledger.Reason
	}{
		{"bus", nil, ""},
		{"bus", func(q *licensing.Question) { q.Purpose = ledger.Purpose{} }, ""},
		{"bus", func(q *licensing.Question) { q.License = id("1") }, ""},
		{"bus", func(q *licensing.Question) { q.License = id("2") }, ledger.ReasonScope},
		{"bus", func(q *licensing.Question) { q.Action = "derive" }, ledger.ReasonScope},
		{"bus", func(q *licensing.Question) { q.Purpose.Code = "x" }, ledger.ReasonPurpose},
		{"bus", func(q *licensing.Question) { q.Party = id("other") }, ledger.ReasonScope},
		{"bus", func(q *licensing.Question) { q.Party = id("nobody") }, ledger.ReasonPartyUnknown},
		{"bus", func(q *licensing.Question) { q.Day = "2028-01-01" }, ledger.ReasonEntry},
		{"late", nil, ledger.ReasonEntry},
		{"gone", nil, ledger.ReasonEntry},
		{"held", nil, ledger.ReasonEntry},
		{"never", nil, ledger.ReasonEntry},
		{"core", nil, ledger.ReasonLevel},
		{"far", nil, ledger.ReasonScope},
		{"bus", func(q *licensing.Question) { q.Facts.Region = "110000" }, ""}, // what the caller says of the resource does not count
	} {
		q := use(c.name)
		if c.q != nil {
			c.q(&q)
		}
		if d := w.decide(q); d.Reason != c.want || d.Allow != (c.want == "") {
			t.Errorf("%s %+v: %v %q, want %q", c.name, q, d.Allow, d.Reason, c.want)
		}
	}
}

func TestUntil(t *testing.T) {
	w := newWorld(t)
	w.commit(entry("bus"), license("1"), license("2", func(l *ledger.License) { l.EndOn = "2026-06-30" }))
	q := use("bus")
	d := w.decide(q)
	if d.Until != policies.EndOf("2027-12-31") {
		t.Errorf("until %d, want the end of the entry", d.Until)
	}
	if d.License != id("1") {
		t.Errorf("license %s, want the one that is valid longer", d.License)
	}
	q.License = id("2")
	if d := w.decide(q); d.Until != policies.EndOf("2026-06-30") {
		t.Errorf("until %d, want the end of the license", d.Until)
	}
	q.Purpose.Code = "x"
	if d := w.decide(q); d.Until != policies.EndOf("2026-05-01") {
		t.Errorf("a denial until %d, want the end of today", d.Until)
	}
}

func TestChanges(t *testing.T) {
	w := newWorld(t)
	w.commit(entry("bus"), license("1"))
	check := func(step string, want ledger.Reason) {
		t.Helper()
		if d := w.decide(use("bus")); d.Reason != want {
			t.Errorf("%s: %q, want %q", step, d.Reason, want)
		}
	}
	check("accepted", "")
	w.commit(license("1", suspended))
	check("suspended", ledger.ReasonSuspended)
	w.commit(license("1"))
	check("resumed", "")
	w.commit(suspendedParty("op", true))
	check("party suspended", ledger.ReasonPartySuspended)
	w.commit(party("op"))
	check("party resumed", "")
	w.commit(entry("bus", func(e *ledger.EntryDetail) { e.Suspensions = held(true) }))
	check("entry suspended", ledger.ReasonEntry)
	w.commit(entry("bus"))
	check("entry resumed", "")
	w.project(license("1", func(l *ledger.License) { l.State = ledger.LicenseTerminated }))
	check("terminated, before Refresh", ledger.ReasonLicense)
}

// TestNewEntryCounts: a resource that was revoked and registered again counts
// by the entry that is effective, whatever the order of their ids.
func TestNewEntryCounts(t *testing.T) {
	for _, names := range [][2]string{{"a", "b"}, {"b", "a"}} {
		w := newWorld(t)
		w.commit(license("1"), entry("bus", func(e *ledger.EntryDetail) { e.ID, e.State = id(names[0]), ledger.EntryRevoked }))
		if d := w.decide(use("bus")); d.Allow {
			t.Error("a revoked entry allows")
		}
		w.commit(entry("bus", func(e *ledger.EntryDetail) { e.ID = id(names[1]) }))
		if d := w.decide(use("bus")); !d.Allow {
			t.Errorf("denied: %s", d.Reason)
		}
	}
}

func TestRevision(t *testing.T) {
	w := newWorld(t)
	w.commit(entry("bus"), license("1"))
	calls := uint64(0)
	moves := func(times uint64) {
		calls = 0
		w.l.UseRevision(func() (ledger.Revision, bool) {
			calls++
			return ledger.Revision{Block: min(calls, times)}, true
		})
	}
	moves(4)
	if d, err := w.l.Decide(t.Context(), use("bus")); err != nil || d.Revision.Block != 4 || !d.Allow {
		t.Errorf("a revision that moved twice: %+v, %v", d, err)
	}
	for name, set := range map[string]func(){
		"moving":   func() { moves(1 << 40) },
		"none yet": func() { w.l.UseRevision(func() (ledger.Revision, bool) { return ledger.Revision{}, false }) },
		"not set":  func() { w.l.UseRevision(nil) },
	} {
		set()
		if d, err := w.l.Decide(t.Context(), use("bus")); !errors.Is(err, ledger.Unavailable) || d.Allow {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
}

func TestBrokenReadModel(t *testing.T) {
	w := newWorld(t)
	w.commit(entry("bus"), license("1"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if d, err := w.l.Decide(ctx, use("bus")); err == nil || d.Allow {
		t.Errorf("got %+v, %v", d, err)
	}
}

func TestExplain(t *testing.T) {
	w := newWorld(t)
	w.commit(entry("bus"), license("1"), license("2", suspended),
		license("3", func(l *ledger.License) { l.Purposes = []ledger.Purpose{{Class: ledger.Welfare}} }),
		license("4", func(l *ledger.License) { l.Assignee = id("other") }),
		license("5", func(l *ledger.License) { l.Excluded = []ledger.ID{id("bus")} }),
		license("6", func(l *ledger.License) { l.State = ledger.LicenseOffered }))
	x, err := w.l.Explain(t.Context(), use("bus"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[ledger.ID]ledger.Reason{}
	for _, a := range x.Licenses {
		got[a.License] = a.Reason
		if a.Covers != (a.Reason == "") {
			t.Errorf("%+v", a)
		}
	}
	want := map[ledger.ID]ledger.Reason{
		id("1"): "", id("2"): ledger.ReasonSuspended, id("3"): ledger.ReasonPurpose,
		id("5"): ledger.ReasonScope, id("6"): ledger.ReasonLicense,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !x.Allow || !x.Active || !x.Entered || x.Entry == nil || x.Entry.Facts.Domain != "transport" || x.Revision.Block == 0 || x.Day != "2026-05-01" {
		t.Errorf("%+v", x)
	}
	q := use("never")
	q.License = id("1")
	x, err = w.l.Explain(t.Context(), q)
	if err != nil || x.Allow || x.Reason != ledger.ReasonEntry || x.Entry != nil || len(x.Licenses) != 1 {
		t.Errorf("%+v, %v", x, err)
	}
}

// TestDecidesWhileBlocksCome: whatever a decision says at a revision, the blocks
// up to that revision say too. From block 3 on, odd blocks suspend the license
// and even ones resume it.
func TestDecidesWhileBlocksCome(t *testing.T) {
	w := newWorld(t)
	w.commit(entry("bus"), license("1"))
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				d, err := w.l.Decide(t.Context(), use("bus"))
				if err != nil && !errors.Is(err, ledger.Unavailable) {
					t.Error(err)
				}
				if err == nil && d.Allow != (d.Revision.Block%2 == 0) {
					t.Errorf("block %d: %v %s", d.Revision.Block, d.Allow, d.Reason)
				}
			}
		})
	}
	for i := range 100 {
		if i%2 == 0 {
			w.commit(license("1", suspended))
		} else {
			w.commit(license("1"))
		}
		if d := w.decide(use("bus")); d.Allow != (i%2 == 1) {
			t.Errorf("after change %d: %v %s", i, d.Allow, d.Reason)
		}
	}
	close(stop)
	wg.Wait()
}

func BenchmarkDecide(b *testing.B) {
	w := newWorld(b)
	w.commit(entry("bus"), license("1"))
	for i := 0; b.Loop(); i++ {
		q := use("bus")
		q.Day = ledger.Date(time.Date(2026, 5, 1+i%300, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
		if d := w.decide(q); !d.Allow {
			b.Fatal(fmt.Sprint(d))
		}
	}
}
