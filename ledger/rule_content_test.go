package ledger_test

import (
	"strconv"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

// TestO21RawContent: a file of a resource is delivered in a product only if the resource is
// open and its entry in force, and supplied in any case.
func TestO21RawContent(t *testing.T) {
	raw := "forbidden raw_content O21"
	of := func(change func(*ledger.EntryDetail), names ...string) func(*sale) {
		return func(s *sale) {
			for _, name := range names {
				s.File, _ = s.File.With(ruleID(name))
				s.entry(name, func(e *ledger.EntryDetail) { e.Resource.OpenType = ledger.OpenTypeOpen })
			}
			s.entry(names[0], change)
		}
	}
	same := func(*ledger.EntryDetail) {}
	judged(t, (*sale).deliver, []ruleCase{
		{"no resource", func(s *sale) { s.File = ledger.FileUse{} }, ""},
		{"open", of(same, "bus"), ""},
		{"two open ones", of(same, "bus", "metro"), ""},
		{"of resources that are no sources, more than the list holds", func(s *sale) {
			for i := range ledger.MaxFileResources + 1 {
				s.File, _ = s.File.With(ruleID(strconv.Itoa(i)))
			}
		}, ""},
		{"the first not open", of(func(e *ledger.EntryDetail) { e.Resource.OpenType = "conditional" }, "bus", "metro"), raw},
		{"the second not open", of(func(e *ledger.EntryDetail) { e.Resource.OpenType = "closed" }, "metro", "bus"), raw},
		{"open in no word", of(func(e *ledger.EntryDetail) { e.Resource.OpenType = "" }, "bus"), raw},
		{"a resource that is no source", func(s *sale) { s.File, _ = s.File.With(ruleID("other")) }, ""},
		{"a source beside one that is none", func(s *sale) {
			s.File, _ = s.File.With(ruleID("other"))
			of(func(e *ledger.EntryDetail) { e.Resource.OpenType = "closed" }, "bus")(s)
		}, raw},
	})
	judged(t, (*sale).supply, []ruleCase{{"raw", of(func(e *ledger.EntryDetail) { e.Resource.OpenType = "closed" }, "bus"), ""}})

	s := newSale()
	of(func(e *ledger.EntryDetail) { e.ValidUntil = "2026-10-19" }, "bus")(s)
	if e := ledger.CheckFile(s.File, s.Entries, ruleDay); e == nil || e.Reason != ledger.ReasonRawContent {
		t.Errorf("open, but its entry has ended: %v", e)
	}
	s = newSale()
	for name, u := range map[string]ledger.FileUse{"without an entry": {Resources: []ledger.ID{ruleID("other")}}, "more than the list holds": {More: true}} {
		if e := ledger.CheckFile(u, s.Entries, ruleDay); e == nil || e.Reason != ledger.ReasonRawContent {
			t.Errorf("%s: %v", name, e)
		}
	}
}

// TestFileUseIsBounded: each resource is listed once, and what is beyond the list is known.
func TestFileUseIsBounded(t *testing.T) {
	var u ledger.FileUse
	for i := range ledger.MaxFileResources {
		before := u
		var differs bool
		if u, differs = u.With(ruleID(strconv.Itoa(i))); !differs || len(u.Resources) != i+1 || len(before.Resources) != i || u.More {
			t.Fatalf("after %d resources: %+v, %v", i, u, differs)
		}
	}
	if again, differs := u.With(ruleID("7")); differs || again.More {
		t.Errorf("one of the list once more: %+v, %v", again, differs)
	}
	more, differs := u.With(ruleID("other"))
	if !differs || !more.More || len(more.Resources) != ledger.MaxFileResources {
		t.Errorf("one too many: %+v, %v", more, differs)
	}
	if _, differs := more.With(ruleID("another")); differs {
		t.Error("two too many differ from one too many")
	}
}

func TestB1HasContent(t *testing.T) {
	for n, want := range map[int64]bool{-1: false, 0: false, 1: true, 2: true} {
		if e := ledger.CheckHasContent(ledger.ProductContent{Effective: n}); (e == nil) != want {
			t.Errorf("%d files: %v", n, e)
		}
	}
}
