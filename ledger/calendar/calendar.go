// Package calendar counts the working days of mainland China, by which the
// registration of public data is timed, and knows the calendar periods of the
// Civil Code.
//
// It promises that the same lists give the same dates on every machine: it reads
// no clock, no zone database and no file, and it never panics. It holds no list
// of holidays: the State Council's list of a year is a record of the ledger, which
// the caller hands in, and what was counted without one says so.
//
// It follows the Administrative Licensing Law, art. 82 (working days), and the
// Civil Code, art. 201 to 203 (periods).
package calendar

import (
	"fmt"
	"slices"
	"time"
)

// maxListed is the most days that a year's list may name on either side. The
// State Council has never named half as many.
const maxListed = 60

// Year is the State Council's list for one year: the days off work and the
// make-up workdays, which fall on weekends and count (行政许可法 art. 82).
type Year struct {
	Year   int    `json:"year"`
	Off    []Date `json:"off"`
	Work   []Date `json:"work"`
	Source string `json:"source,omitempty"` // where the list was published
}

// Validate checks that every day is a date of the year, in ascending order and
// named once, off or work but not both, and no more than 60 of either.
func (y Year) Validate() error {
	if err := y.validate("off", y.Off); err != nil {
		return err
	}
	if err := y.validate("work", y.Work); err != nil {
		return err
	}
	for _, d := range y.Work {
		if slices.Contains(y.Off, d) {
			return fmt.Errorf("list of %d: %s is both off and work", y.Year, d)
		}
	}
	return nil
}

func (y Year) validate(side string, days []Date) error {
	if len(days) > maxListed {
		return fmt.Errorf("list of %d: %d days in %s, at most %d", y.Year, len(days), side, maxListed)
	}
	for i, s := range days {
		d, err := ParseDate(string(s))
		if err != nil {
			return fmt.Errorf("list of %d, %s: %w", y.Year, side, err)
		}
		if d.Year() != y.Year {
			return fmt.Errorf("list of %d, %s: %s is not in the year", y.Year, side, d)
		}
		if i > 0 && d.Compare(days[i-1]) <= 0 {
			return fmt.Errorf("list of %d, %s: %s does not follow %s", y.Year, side, d, days[i-1])
		}
	}
	return nil
}

// working reports whether d, a day of the year, is worked: as listed, otherwise
// Monday to Friday. The zero Year lists nothing.
func (y Year) working(d Date) bool {
	if slices.Contains(y.Work, d) {
		return true
	}
	if slices.Contains(y.Off, d) {
		return false
	}
	w := d.Weekday()
	return w != time.Saturday && w != time.Sunday
}

// Due is the last day of a period, which runs to its 24:00.
type Due struct {
	Due Date `json:"due"`
	// Provisional says that a year which the count touched has no list yet, so
	// that only its weekends were left out.
	Provisional bool `json:"provisional"`
}

// Later is the later of two counts of one period, since a later list never
// shortens a running one. It is provisional only if both are: a count that rests
// on lists settles the other.
func Later(a, b Due) Due {
	return Due{Due: max(a.Due, b.Due), Provisional: a.Provisional && b.Provisional}
}

// Calendar looks up the list of a year and reports whether there is one. It must
// answer alike for the length of a count; lists are valid by Validate.
type Calendar func(year int) (Year, bool)

// Working reports whether d is a working day. A year without list works from
// Monday to Friday. What is no date is no working day.
func (c Calendar) Working(d Date) bool {
	if _, err := ParseDate(string(d)); err != nil {
		return false
	}
	list, _ := c(d.Year())
	return list.working(d)
}

// Add is the n-th working day after event, whose own day is not counted (Civil
// Code art. 201). For n of 0 or less it is event itself, worked or not. Due is
// empty if event is no date, or the count leaves the year 9999.
func (c Calendar) Add(event Date, n int) Due {
	if n <= 0 {
		return Due{Due: event.AddDays(0)}
	}
	return c.count(event.AddDays(1), n)
}

// NextWorking is d, or the next working day if d is off: the last day of a
// calendar period for an act moves so, that of a validity does not (Civil Code
// art. 203). Due is empty if d is no date.
func (c Calendar) NextWorking(d Date) Due { return c.count(d.AddDays(0), 1) }

// count is the n-th working day from first on, first included. First is a date
// or empty: that is what AddDays makes of anything, by 0 as well.
func (c Calendar) count(first Date, n int) Due {
	var due Due
	var list Year
	for d, year := first, 0; d != ""; d = d.AddDays(1) {
		if y := d.Year(); y != year {
			var known bool
			year = y
			list, known = c(y)
			due.Provisional = due.Provisional || !known
		}
		if list.working(d) {
			n--
		}
		if n == 0 {
			due.Due = d
			return due
		}
	}
	return due
}
