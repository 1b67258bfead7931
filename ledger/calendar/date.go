package calendar

import (
	"cmp"
	"fmt"
	"time"
)

const (
	layout = "2006-01-02"
	// beijingOffset is the offset of Beijing time from UTC. China has had one time
	// zone and no summer time since 1991, so no time zone database is needed.
	beijingOffset = 8 * time.Hour
)

// Date is a day in Asia/Shanghai in ISO 8601 form: 2026-10-15. Only values that
// ParseDate accepts are dates. For any other value every method returns the zero
// value of its result; a date outside the years 1 to 9999 is "".
type Date string

// ParseDate parses a date of exactly the form 2026-10-15. It refuses days that do
// not exist, such as 02-30.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(layout, s)
	if err != nil || dateOf(t) != Date(s) {
		return "", fmt.Errorf("parse date %q: want a day of the form 2006-01-02", s)
	}
	return Date(s), nil
}

// Of returns the date in Asia/Shanghai at a time in Unix milliseconds.
func Of(ms int64) Date { return dateOf(time.UnixMilli(ms).UTC().Add(beijingOffset)) }

// StartMS returns the date's 0:00 in Asia/Shanghai, in Unix milliseconds.
func (d Date) StartMS() int64 {
	t, ok := d.time()
	if !ok {
		return 0
	}
	return t.Add(-beijingOffset).UnixMilli()
}

// EndMS returns the date's 24:00 in Asia/Shanghai, in Unix milliseconds: the first
// moment after the day. A last day ends at 24:00, not at a closing hour (Civil Code
// art. 203).
func (d Date) EndMS() int64 {
	t, ok := d.time()
	if !ok {
		return 0
	}
	return t.Add(24*time.Hour - beijingOffset).UnixMilli()
}

// Compare returns -1 if d is before e, 1 if it is after, and 0 if they are the same
// day.
func (d Date) Compare(e Date) int { return cmp.Compare(d, e) }

// Year returns the date's year.
func (d Date) Year() int {
	t, ok := d.time()
	if !ok {
		return 0
	}
	return t.Year()
}

// Weekday returns the date's day of the week.
func (d Date) Weekday() time.Weekday {
	t, _ := d.time()
	return t.Weekday()
}

// AddDays returns the date n calendar days later, or earlier if n is negative.
func (d Date) AddDays(n int) Date {
	t, ok := d.time()
	if !ok || n > maxDays || n < -maxDays {
		return ""
	}
	return dateOf(t.AddDate(0, 0, n))
}

// AddMonths returns the same day n months later, or the last day of that month if
// it has no such day (Civil Code art. 202).
func (d Date) AddMonths(n int) Date {
	t, ok := d.time()
	if !ok || n > maxDays || n < -maxDays {
		return ""
	}
	first := time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, n, 0)
	last := first.AddDate(0, 1, -1).Day()
	return dateOf(first.AddDate(0, 0, min(t.Day(), last)-1))
}

// AddYears returns the same day n years later, or the last day of that month if it
// has no such day: 29 February becomes the 28th (Civil Code art. 202).
func (d Date) AddYears(n int) Date {
	if n > maxDays/12 || n < -maxDays/12 {
		return ""
	}
	return d.AddMonths(12 * n)
}

// TermEnd returns the last day of a term of n years whose first day is d: the day
// before the same day n years later. If there is no such day, as after 29 February,
// it is the last day of that month.
func (d Date) TermEnd(n int) Date {
	end := d.AddYears(n)
	if t, ok := d.time(); ok && t.AddDate(n, 0, 0).Day() != t.Day() {
		return end
	}
	return end.AddDays(-1)
}

// maxDays is larger than the number of days between the first and the last date.
const maxDays = 10000 * 366

func (d Date) time() (time.Time, bool) {
	t, err := time.Parse(layout, string(d))
	if err != nil || t.Year() < 1 {
		return time.Time{}, false
	}
	return t, true
}

func dateOf(t time.Time) Date {
	if t.Year() < 1 || t.Year() > 9999 {
		return ""
	}
	return Date(t.Format(layout))
}
