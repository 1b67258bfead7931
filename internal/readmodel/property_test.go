package readmodel_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
)

// choice is the values of the filters of one question; empty ones are not set.
type choice map[string]string

// rec is a record as the naive scan sees it.
type rec struct {
	id string
	// key orders the records of an answer, the greatest first.
	key   func(choice) string
	match func(filter, value string) bool
	// hidden says that the listing never shows it, whatever the filters.
	hidden bool
}

// subject is a listing of a domain with what a naive scan needs to know of it.
type subject struct {
	listing string              // the registered listing that it reads
	filters map[string][]string // values of each filter
	add     func(rt *rapid.T) rec
	change  func(rt *rapid.T) // changes a record that may be filtered by what changes; nil: no change
	page    func(c choice, p readmodel.Page) (ids []string, next string, err error)
}

const most = 250 // records of a subject

// scan is the naive answer: every record that matches, in order.
func scan(records []rec, c choice) []string {
	var found []rec
	for _, r := range records {
		fits := !r.hidden
		for filter, value := range c {
			fits = fits && (value == "" || r.match(filter, value))
		}
		if fits {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b rec) int { return strings.Compare(b.key(c), a.key(c)) })
	ids := make([]string, len(found))
	for i, r := range found {
		ids[i] = r.id
	}
	return ids
}

// TestPagesAgainstScan walks every listing, and the search, with random filters
// and limits while records are added and changed between the pages. It checks the
// promise of the package: every record that matched from the first page to the last is
// returned exactly once, no record twice, and no record that never matched, in the
// listing's order. If nothing changed, the result equals the scan.
func TestPagesAgainstScan(t *testing.T) {
	for name, s := range subjects(t) {
		t.Run(name, func(t *testing.T) {
			var records []rec
			filled := 0
			rapid.Check(t, func(rt *rapid.T) {
				for range rapid.IntRange(0, 12).Draw(rt, "records") {
					if len(records) < most {
						records = append(records, s.add(rt))
					}
				}
				c := choice{}
				for filter, values := range s.filters {
					c[filter] = rapid.SampledFrom(append([]string{""}, values...)).Draw(rt, filter)
				}
				if walkPages(rt, s, &records, c) > 0 {
					filled++
				}
			})
			if filled == 0 {
				t.Error("no walk met a record: nothing was tested")
			}
		})
	}
}

// walkPages walks once and returns how many records it met.
func walkPages(rt *rapid.T, s subject, records *[]rec, c choice) int {
	limit := rapid.IntRange(1, 40).Draw(rt, "limit")
	moves := rapid.Bool().Draw(rt, "changes meanwhile")
	var got []string
	always, ever := scan(*records, c), map[string]bool{}
	for p := (readmodel.Page{Limit: limit}); ; {
		now := scan(*records, c)
		for _, id := range now {
			ever[id] = true
		}
		always = slices.DeleteFunc(always, func(id string) bool { return !slices.Contains(now, id) })
		ids, next, err := s.page(c, p)
		if err != nil {
			rt.Fatalf("%v: %v", c, err)
		}
		if len(ids) > limit || next != "" && len(ids) < limit {
			rt.Fatalf("%v: %d records on a page of %d, next %q", c, len(ids), limit, next)
		}
		if got = append(got, ids...); len(got) > 2*most {
			rt.Fatalf("%v: the pages don't end", c)
		}
		if p.Cursor = next; next == "" {
			break
		}
		for range rapid.IntRange(0, 2).Draw(rt, "meanwhile") {
			if moves && len(*records) < most {
				*records = append(*records, s.add(rt))
			}
			if moves && s.change != nil {
				s.change(rt)
			}
		}
	}
	seen := map[string]bool{}
	for _, id := range got {
		if seen[id] || !ever[id] {
			rt.Fatalf("%v: %s twice (%v), or never a match (%v)", c, id, seen[id], !ever[id])
		}
		seen[id] = true
	}
	if kept := slices.DeleteFunc(slices.Clone(got), func(id string) bool { return !slices.Contains(always, id) }); !slices.Equal(kept, always) {
		rt.Fatalf("%v by %d: of those that always matched\n got %v\nwant %v", c, limit, kept, always)
	}
	if !moves && !slices.Equal(got, scan(*records, c)) {
		rt.Fatalf("%v by %d: got %v, a scan finds %v", c, limit, got, scan(*records, c))
	}
	return len(got)
}

// TestEveryListingIsWalked holds that the subjects are all listings and filters.
func TestEveryListingIsWalked(t *testing.T) {
	walked := map[string]map[string]bool{}
	for _, s := range subjects(t) {
		if walked[s.listing] == nil {
			walked[s.listing] = map[string]bool{}
		}
		for f := range s.filters {
			walked[s.listing][f] = true
		}
	}
	for _, l := range readmodel.Listings() {
		for _, f := range l.Filters {
			if !walked[l.Name][f.Name] {
				t.Errorf("no subject walks %s by %s", l.Name, f.Name)
			}
		}
	}
}

// TestRefusalsAreAlike checks that every listing refuses in the same way a limit and a
// cursor that it did not give.
func TestRefusalsAreAlike(t *testing.T) {
	all := subjects(t)
	cursors := map[string]string{}
	rapid.Check(t, func(rt *rapid.T) {
		for name, s := range all {
			if cursors[name] != "" {
				continue
			}
			for range 3 {
				s.add(rt)
			}
			_, next, err := s.page(choice{}, readmodel.Page{Limit: 1})
			if err != nil || next == "" {
				t.Fatalf("%s: %q, %v", name, next, err)
			}
			cursors[name] = next
		}
	})
	for name, s := range all {
		bad := []readmodel.Page{{Limit: -1}, {Limit: 501}, {Cursor: "%"}, {Cursor: "AAAA"}, {Cursor: cursors[name] + "A"}, {Cursor: strings.Repeat("A", 500)}}
		own := cursors[name]
		for i := range own { // any change of one character
			c := byte('A')
			if own[i] == c {
				c = 'B'
			}
			bad = append(bad, readmodel.Page{Cursor: own[:i] + string(c) + own[i+1:]})
		}
		for other, cursor := range cursors {
			if all[other].listing != s.listing {
				bad = append(bad, readmodel.Page{Cursor: cursor})
			}
		}
		for _, p := range bad {
			_, _, err := s.page(choice{}, p)
			e := ledger.AsError(err)
			field, rule := "cursor", "as_given"
			if p.Limit != 0 {
				field, rule = "limit", "1_to_500"
			}
			if e == nil || !errors.Is(err, ledger.InvalidCode) || e.Field != field || e.Rule != rule || e.Param("value") == "" || e.Param("allowed") == "" {
				t.Errorf("%s, page %+v: %v with %+v", name, p, err, e)
			}
		}
		if _, _, err := s.page(choice{}, readmodel.Page{Limit: 500, Cursor: own}); err != nil {
			t.Errorf("%s: the largest page: %v", name, err)
		}
	}
}
