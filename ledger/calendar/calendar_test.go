package calendar_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/ledger/calendar"
)

func TestValidate(t *testing.T) {
	var many []calendar.Date
	for d := calendar.Date("2026-01-01"); len(many) < 61; d = d.AddDays(1) {
		many = append(many, d)
	}
	for _, c := range []struct {
		name string
		list calendar.Year
		want string // in the error; empty: valid
	}{
		{"nothing listed", calendar.Year{Year: 2026}, ""},
		{"sixty", calendar.Year{Year: 2026, Off: many[:60]}, ""},
		{"both sides", calendar.Year{Year: 2026, Off: many[:2], Work: many[2:4]}, ""},
		{"sixty-one", calendar.Year{Year: 2026, Off: many}, "at most 60"},
		{"another year", calendar.Year{Year: 2026, Work: []calendar.Date{"2027-01-02"}}, "not in the year"},
		{"no date", calendar.Year{Year: 2026, Off: []calendar.Date{"2026-02-30"}}, "parse date"},
		{"out of order", calendar.Year{Year: 2026, Off: []calendar.Date{"2026-01-02", "2026-01-01"}}, "does not follow"},
		{"twice", calendar.Year{Year: 2026, Work: []calendar.Date{"2026-01-02", "2026-01-02"}}, "does not follow"},
		{"off and work", calendar.Year{Year: 2026, Off: many[:3], Work: many[2:3]}, "both off and work"},
	} {
		err := c.list.Validate()
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: refused: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

func TestYearJSON(t *testing.T) {
	want := `{"year":2026,"off":["2026-01-01"],"work":["2026-01-04"]}`
	var y calendar.Year
	if err := json.Unmarshal([]byte(want), &y); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(y)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("encoded again: -want +got\n%s", diff)
	}
}

// anyCalendar draws a calendar with valid lists for some years.
func anyCalendar() *rapid.Generator[calendar.Calendar] {
	return rapid.Custom(func(t *rapid.T) calendar.Calendar {
		off := rapid.SliceOfNDistinct(rapid.IntRange(0, 364), 0, 60, rapid.ID).Draw(t, "off")
		work := rapid.SliceOfNDistinct(rapid.IntRange(0, 364), 0, 60, rapid.ID).Draw(t, "work")
		parity := rapid.IntRange(0, 2).Draw(t, "years with a list")
		work = slices.DeleteFunc(work, func(n int) bool { return slices.Contains(off, n) })
		slices.Sort(off)
		slices.Sort(work)
		return func(year int) (calendar.Year, bool) {
			if year%2 == parity {
				return calendar.Year{}, false
			}
			y, first := calendar.Year{Year: year}, calendar.Date(fmt.Sprintf("%04d-01-01", year))
			for _, n := range off {
				y.Off = append(y.Off, first.AddDays(n))
			}
			for _, n := range work {
				y.Work = append(y.Work, first.AddDays(n))
			}
			return y, true
		}
	})
}

func TestAdd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, event := anyCalendar().Draw(t, "calendar"), anyDate().Draw(t, "event")
		n := rapid.IntRange(1, 80).Draw(t, "n")
		due := c.Add(event, n)
		if !c.Working(due.Due) {
			t.Fatalf("%s + %d = %s, which is off", event, n, due.Due)
		}
		if more := c.Add(event, n+1); more.Due <= due.Due || (due.Provisional && !more.Provisional) {
			t.Fatalf("%s + %d = %v, + %d = %v", event, n, due, n+1, more)
		}
		if later := c.Add(event.AddDays(1), n); later.Due < due.Due {
			t.Fatalf("%s + %d = %s, a day later %s", event, n, due.Due, later.Due)
		}
		counted := 0
		for d := event.AddDays(1); d <= due.Due; d = d.AddDays(1) {
			if c.Working(d) {
				counted++
			}
		}
		if counted != n {
			t.Fatalf("%s to %s: %d working days, want %d", event, due.Due, counted, n)
		}
		if zero := c.Add(event, 0); zero != (calendar.Due{Due: event}) {
			t.Fatalf("%s + 0 = %v", event, zero)
		}
	})
}

func TestNextWorkingIsNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, d := anyCalendar().Draw(t, "calendar"), anyDate().Draw(t, "date")
		got := c.NextWorking(d).Due
		if !c.Working(got) || got < d {
			t.Fatalf("next working day from %s: %s", d, got)
		}
		for ; d < got; d = d.AddDays(1) {
			if c.Working(d) {
				t.Fatalf("%s is worked and nearer than %s", d, got)
			}
		}
	})
}

// published is a year in the format of the collectors of the State Council's
// notices.
type published struct {
	Days []publishedDay `json:"days"`
}

type publishedDay struct {
	Date calendar.Date `json:"date"`
	Off  bool          `json:"isOffDay"`
}

// TestPublishedYears compares every day of the years whose real lists lie beside
// the repository.
func TestPublishedYears(t *testing.T) {
	days := readPublished(t)
	lists := map[int]calendar.Year{}
	for _, d := range days.Days {
		y := lists[d.Date.Year()]
		y.Year = d.Date.Year()
		if d.Off {
			y.Off = append(y.Off, d.Date)
		} else {
			y.Work = append(y.Work, d.Date)
		}
		lists[y.Year] = y
	}
	c := calendar.Calendar(func(year int) (calendar.Year, bool) {
		y, ok := lists[year]
		return y, ok
	})
	for year, y := range lists {
		if err := y.Validate(); err != nil {
			t.Errorf("real list refused: %v", err)
		}
		for d := calendar.Date(fmt.Sprintf("%d-01-01", year)); d.Year() == year; d = d.AddDays(1) {
			want := d.Weekday() >= 1 && d.Weekday() <= 5
			for _, p := range days.Days {
				if p.Date == d {
					want = !p.Off
				}
			}
			if got := c.Working(d); got != want {
				t.Errorf("%s is worked: %t, want %t", d, got, want)
			}
		}
	}
	if _, ok := lists[2025]; ok { // operations older than the measures had 30 days, to 14 April
		if got := c.Add("2025-03-01", 30); got != (calendar.Due{Due: "2025-04-14"}) {
			t.Errorf("30 working days from 2025-03-01: %v", got)
		}
	}
	if real, ok := lists[2026]; ok {
		ours, _ := autumn(2026)
		since := func(days []calendar.Date) []calendar.Date {
			return slices.DeleteFunc(slices.Clone(days), func(d calendar.Date) bool { return d < "2026-09-01" })
		}
		real.Off, real.Work = since(real.Off), since(real.Work)
		if diff := cmp.Diff(real, ours); diff != "" {
			t.Errorf("the worked example's list: -published +ours\n%s", diff)
		}
	}
}

// readPublished reads all lists in shared/data, beside the repository or above
// it, sorted by date.
func readPublished(t *testing.T) published {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for len(files) == 0 && dir != filepath.Dir(dir) {
		files, _ = filepath.Glob(filepath.Join(dir, "shared", "data", "holiday-cn-*.json"))
		dir = filepath.Dir(dir)
	}
	if len(files) == 0 {
		t.Skip("no shared/data/holiday-cn-*.json beside the repository: the published years are not compared")
	}
	var all published
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var p published
		if err := json.Unmarshal(text, &p); err != nil {
			t.Fatalf("%s: %v", filepath.Base(f), err)
		}
		all.Days = append(all.Days, p.Days...)
	}
	slices.SortFunc(all.Days, func(a, b publishedDay) int { return a.Date.Compare(b.Date) })
	return all
}
