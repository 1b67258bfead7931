package policies_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/policies"
)

// store is a source that can change, and counts how often it is read. within, if
// set, runs inside each read, after the licenses are taken.
type store struct {
	mu       sync.Mutex
	licenses map[ledger.ID][]ledger.License
	reads    int
	within   func()
	err      error
}

func (s *store) OfAssignee(_ context.Context, party ledger.ID) ([]ledger.License, error) {
	s.mu.Lock()
	s.reads++
	l, err, within := s.licenses[party], s.err, s.within
	s.within = nil
	s.mu.Unlock()
	if within != nil {
		within()
	}
	return l, err
}

func (s *store) set(party ledger.ID, l ...ledger.License) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.licenses == nil {
		s.licenses = map[ledger.ID][]ledger.License{}
	}
	s.licenses[party] = l
}

func whole(id ledger.ID) ledger.License {
	var l ledger.License
	l.ID, l.Mode, l.Region, l.State = id, ledger.Whole, "330100", ledger.LicenseAccepted
	l.Purposes, l.Actions = []ledger.Purpose{{Class: ledger.Industry}}, ledger.Actions()
	l.StartOn, l.EndOn = "2026-01-01", "2028-12-31"
	return l
}

func ask(party ledger.ID) policies.Question {
	return policies.Question{
		Party: party, Day: "2026-05-01", Action: "use", Purpose: ledger.Purpose{Class: ledger.Industry, Code: "x"},
		Facts: ledger.Facts{Resource: "r", Region: "330106", Domain: "transport", Level: ledger.General},
	}
}

func allows(t *testing.T, e *policies.Engine, q policies.Question) bool {
	t.Helper()
	d, err := e.Decide(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return d.Allow
}

func TestInvalidate(t *testing.T) {
	s := &store{}
	s.set("a", whole("1"))
	s.set("b", whole("2"))
	e := engine(t, s, 0)
	for _, p := range []ledger.ID{"a", "a", "b"} {
		if !allows(t, e, ask(p)) {
			t.Fatal("denied", p)
		}
	}
	if s.reads != 2 {
		t.Errorf("%d reads for two parties", s.reads)
	}
	held := whole("1")
	held.Suspensions = []ledger.Suspension{{Role: ledger.RoleRegulator}}
	s.set("a", held)
	e.Invalidate("a")
	if allows(t, e, ask("a")) {
		t.Error("an invalidated party still decides by its old license")
	}
	if !allows(t, e, ask("b")) || s.reads != 3 {
		t.Errorf("the other party was touched: %d reads", s.reads)
	}
}

// TestInvalidateWhileCompiling: what was read before a change is not kept after it.
func TestInvalidateWhileCompiling(t *testing.T) {
	s := &store{}
	s.set("a", whole("1"))
	e := engine(t, s, 0)
	s.within = func() {
		s.set("a")
		e.Invalidate("a")
	}
	_ = allows(t, e, ask("a")) // began before the change: either answer is right
	if allows(t, e, ask("a")) {
		t.Error("licenses read before Invalidate were kept")
	}
}

func TestRetainsTheRecentlyUsed(t *testing.T) {
	s := &store{}
	e := engine(t, s, 3)
	for i := range 4 {
		_ = allows(t, e, ask(ledger.ID(fmt.Sprint(i%4))))
		_ = allows(t, e, ask("0"))
	}
	if e.Parties() != 3 || s.reads != 4 {
		t.Errorf("%d retained after %d reads, want 3 after 4", e.Parties(), s.reads)
	}
	_ = allows(t, e, ask("1")) // was dropped
	if s.reads != 5 {
		t.Errorf("%d reads, want 5", s.reads)
	}
}

func TestErrorDecidesNothing(t *testing.T) {
	s := &store{err: errors.New("disk")}
	e := engine(t, s, 0)
	if d, err := e.Decide(t.Context(), ask("a")); !errors.Is(err, s.err) || d.Allow {
		t.Errorf("got %+v, %v", d, err)
	}
	q := ask("a")
	q.Day = "soon"
	if _, err := e.Decide(t.Context(), q); !errors.Is(err, ledger.InvalidCode) {
		t.Errorf("a day that is none: %v", err)
	}
}

// TestNothingIsRememberedOfAFailure asks again after the source failed, and after the
// context ended while Casbin was asked.
func TestNothingIsRememberedOfAFailure(t *testing.T) {
	s := &store{err: errors.New("disk")}
	s.set("a", whole("1"))
	e := engine(t, s, 0)
	if _, err := e.Decide(t.Context(), ask("a")); !errors.Is(err, s.err) {
		t.Fatalf("got %v, want the error of the source", err)
	}
	s.err = nil
	ctx, cancel := context.WithCancel(t.Context())
	s.within = cancel
	if d, err := e.Decide(ctx, ask("a")); !errors.Is(err, context.Canceled) || d.Allow {
		t.Fatalf("canceled: %+v, %v", d, err)
	}
	if !allows(t, e, ask("a")) {
		t.Error("a canceled decision was remembered")
	}
}

// TestQuestionsAreDistinguished asks questions that differ in one member each, and whose
// members have the same text when they are joined: each has its own answer.
func TestQuestionsAreDistinguished(t *testing.T) {
	s := &store{}
	l := whole("1")
	l.Mode, l.Resources = ledger.Scenario, []ledger.ID{"r"}
	l.Purposes, l.Actions = []ledger.Purpose{{Class: ledger.Industry, Code: "x"}}, []string{"use"}
	s.set("a", l)
	e := engine(t, s, 0)
	for range 2 { // computed, then remembered
		if !allows(t, e, ask("a")) {
			t.Fatal("denied")
		}
		for name, change := range map[string]func(*policies.Question){
			"party":    func(q *policies.Question) { q.Party = "b" },
			"region":   func(q *policies.Question) { q.Facts.Region = "330206" },
			"resource": func(q *policies.Question) { q.Facts.Resource, q.Facts.Domain = "transpor", "t" },
			"level":    func(q *policies.Question) { q.Facts.Level = ledger.Core },
			"class":    func(q *policies.Question) { q.Purpose.Class = ledger.Governance },
			"code":     func(q *policies.Question) { q.Purpose.Code, q.Action = "xu", "se" },
			"action":   func(q *policies.Question) { q.Action = "distribute" },
			"license":  func(q *policies.Question) { q.License = "2" },
			"day":      func(q *policies.Question) { q.Day = "2029-01-01" },
		} {
			q := ask("a")
			if change(&q); allows(t, e, q) {
				t.Errorf("another %s is allowed too", name)
			}
		}
	}
}

// TestLongestLicenseAllows: of several licenses the one that ends last is named, and
// while it is suspended the next.
func TestLongestLicenseAllows(t *testing.T) {
	s := &store{}
	short, long := whole("1"), whole("2")
	short.EndOn = "2026-12-31"
	for _, c := range []struct {
		suspended bool
		want      ledger.ID
	}{{false, "2"}, {true, "1"}} {
		if c.suspended {
			long.Suspensions = []ledger.Suspension{{Role: ledger.RoleRegulator}}
		}
		s.set("a", short, long)
		e := engine(t, s, 0)
		d, err := e.Decide(t.Context(), ask("a"))
		if err != nil || d.License != c.want {
			t.Errorf("suspended %v: %+v, %v", c.suspended, d, err)
		}
	}
}

// TestBounds asks more different questions than are remembered.
func TestBounds(t *testing.T) {
	s := &store{}
	s.set("a", whole("1"))
	e := engine(t, s, 0)
	for i := range 300 {
		q := ask("a")
		q.Facts.Region = ledger.Region(fmt.Sprintf("3301%02d", i%100))
		q.Facts.Domain = fmt.Sprint(i)
		if !allows(t, e, q) {
			t.Fatalf("question %d denied", i)
		}
	}
}

func TestConcurrent(t *testing.T) {
	s := &store{}
	e := engine(t, s, 4)
	for p := range 8 {
		s.set(ledger.ID(fmt.Sprint(p)), whole("1"), whole("2"))
	}
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 60 {
				q := ask(ledger.ID(fmt.Sprint(i % 8)))
				q.Facts.Resource = ledger.ID(fmt.Sprint(w, i))
				if d, err := e.Decide(t.Context(), q); err != nil || !d.Allow {
					t.Errorf("%+v, %v", d, err)
				}
				if i%10 == 0 {
					e.Invalidate(q.Party)
				}
			}
		})
	}
	wg.Wait()
}

func TestDays(t *testing.T) {
	if got := policies.EndOf("2026-02-28"); got != ledger.Millis(time.Date(2026, 2, 28, 16, 0, 0, 0, time.UTC).UnixMilli()) {
		t.Errorf("EndOf: %d", got)
	}
	for _, c := range []struct {
		at   time.Time
		want ledger.Date
	}{
		{time.Date(2026, 2, 28, 15, 59, 59, 0, time.UTC), "2026-02-28"},
		{time.Date(2026, 2, 28, 16, 0, 0, 0, time.UTC), "2026-03-01"},
	} {
		if got := policies.DayOf(c.at); got != c.want {
			t.Errorf("DayOf(%s) = %s", c.at, got)
		}
	}
	if policies.EndOf("2026-02-30") != 0 {
		t.Error("a day that does not exist ends")
	}
}
