package calendar_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/ledger/calendar"
)

func TestParseDate(t *testing.T) {
	for _, s := range []string{"2026-10-15", "2028-02-29", "0001-01-01", "9999-12-31"} {
		if d, err := calendar.ParseDate(s); err != nil || d != calendar.Date(s) {
			t.Errorf("%q: got %q, %v", s, d, err)
		}
	}
	for _, s := range []string{
		"", "2026-2-3", "2026-02-30", "2027-02-29", "2026-13-01", "2026-00-10", "2026-10-00", "0000-01-01",
		"20261015", "2026/10/15", " 2026-10-15", "2026-10-15 ", "2026-10-15T00:00:00Z", "+2026-10-15",
		"12026-10-15", "２０２６-10-15", "2026-10-1５", "2026-10-15\x00",
	} {
		if d, err := calendar.ParseDate(s); err == nil {
			t.Errorf("%q: accepted as %q", s, d)
		}
	}
}

// FuzzParseDate holds that what is accepted is one day, written in one way.
func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2026-10-15", "2028-02-29", "2027-02-29", "0000-00-00", "2026-1-1", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := calendar.ParseDate(s)
		if err != nil {
			if d != "" {
				t.Fatalf("%q refused, yet %q given", s, d)
			}
			return
		}
		if string(d) != s {
			t.Fatalf("%q read as %q", s, d)
		}
		if again := calendar.Of(d.StartMS()); again != d {
			t.Fatalf("%q starts on %q", d, again)
		}
		if last := calendar.Of(d.EndMS() - 1); last != d {
			t.Fatalf("%q ends on %q", d, last)
		}
	})
}

func TestOf(t *testing.T) {
	midnight := time.Date(2026, 10, 14, 16, 0, 0, 0, time.UTC).UnixMilli() // 0:00 in Shanghai
	for ms, want := range map[int64]calendar.Date{
		midnight:              "2026-10-15",
		midnight - 1:          "2026-10-14",
		midnight + 86_400_000: "2026-10-16",
		0:                     "1970-01-01",
		-8*3_600_000 - 1:      "1969-12-31",
		math.MaxInt64:         "",
		math.MinInt64:         "",
	} {
		if got := calendar.Of(ms); got != want {
			t.Errorf("%d: got %q, want %q", ms, got, want)
		}
	}
	if d := calendar.Date("2026-10-15"); d.StartMS() != midnight || d.EndMS() != midnight+86_400_000 {
		t.Errorf("%s runs from %d to %d", d, d.StartMS(), d.EndMS())
	}
}

func TestMonthsEnd(t *testing.T) {
	for _, c := range []struct {
		from   calendar.Date
		months int
		want   calendar.Date
	}{
		{"2026-01-31", 1, "2026-02-28"},
		{"2028-01-31", 1, "2028-02-29"},
		{"2026-08-31", 1, "2026-09-30"},
		{"2026-02-28", 1, "2026-03-28"}, // the corresponding day, not the end
		{"2028-02-29", 12, "2029-02-28"},
		{"2028-02-29", 48, "2032-02-29"},
		{"2026-10-15", 36, "2029-10-15"},
		{"2026-03-31", -1, "2026-02-28"},
		{"2026-12-31", 2, "2027-02-28"},
		{"9999-12-01", 1, ""},
		{"0001-01-31", -1, ""},
		{"2026-02-30", 1, ""},
		{"2026-01-01", math.MaxInt, ""},
		{"2026-01-01", math.MinInt, ""},
	} {
		if got := c.from.AddMonths(c.months); got != c.want {
			t.Errorf("%s and %d months: got %q, want %q", c.from, c.months, got, c.want)
		}
	}
	if got := calendar.Date("2026-01-01").AddYears(math.MaxInt); got != "" {
		t.Errorf("past the last year: got %q", got)
	}
	if got := calendar.Date("2028-02-29").AddYears(1); got != "2029-02-28" {
		t.Errorf("a year from a leap day: got %q", got)
	}
}

// TestTermEnd: a term ends the day before the same day, or on the month's end if
// there is no such day.
func TestTermEnd(t *testing.T) {
	for _, c := range []struct {
		first calendar.Date
		years int
		want  calendar.Date
	}{
		{"2026-10-15", 3, "2029-10-14"},
		{"2026-01-01", 3, "2028-12-31"},
		{"2026-03-01", 2, "2028-02-29"},
		{"2027-03-01", 3, "2030-02-28"},
		{"2028-02-29", 3, "2031-02-28"},
		{"2028-02-29", 4, "2032-02-28"},
		{"2028-02-28", 3, "2031-02-27"},
		{"9998-01-01", 3, ""},
		{"2026-02-30", 3, ""},
	} {
		if got := c.first.TermEnd(c.years); got != c.want {
			t.Errorf("%d years from %s end on %q, want %q", c.years, c.first, got, c.want)
		}
	}
}

func TestNoDate(t *testing.T) {
	d := calendar.Date("2026-02-30")
	if d.StartMS() != 0 || d.EndMS() != 0 || d.Year() != 0 || d.AddDays(1) != "" || d.AddYears(1) != "" {
		t.Errorf("%q is accepted as a date", d)
	}
	if calendar.Calendar(autumn).Working("0000-00-00") {
		t.Error("what is no date is worked")
	}
}

// anyDate draws a date of the years 2000 to 2199.
func anyDate() *rapid.Generator[calendar.Date] {
	return rapid.Custom(func(t *rapid.T) calendar.Date {
		return calendar.Date("2000-01-01").AddDays(rapid.IntRange(0, 73_000).Draw(t, "day"))
	})
}

func TestDateArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, n := anyDate().Draw(t, "date"), rapid.IntRange(-20_000, 20_000).Draw(t, "days")
		e := d.AddDays(n)
		if back := e.AddDays(-n); back != d {
			t.Fatalf("%s and %d days back is %s", d, n, back)
		}
		if got := (e.StartMS() - d.StartMS()) / 86_400_000; got != int64(n) {
			t.Fatalf("%s to %s are %d days, want %d", d, e, got, n)
		}
		if want := min(max(n, -1), 1); e.Compare(d) != want {
			t.Fatalf("%s compared with %s: %d, want %d", e, d, e.Compare(d), want)
		}
		if want := (int(d.Weekday()) + n%7 + 7) % 7; int(e.Weekday()) != want {
			t.Fatalf("%s is a %s", e, e.Weekday())
		}
	})
}
