// Package calendar computes the working days of mainland China, in which the periods of
// registration are measured, and the calendar periods of the Civil Code.
//
// The same lists give the same dates on every machine: the package reads no clock, no
// time zone database and no file, and it never panics. It contains no list of holidays:
// the State Council's list of a year is a record of the ledger, which the caller passes.
// A result that was computed without a list is marked as provisional.
//
// It follows the Administrative Licensing Law, art. 82 (working days), and the
// Civil Code, art. 201 to 203 (periods).
package calendar

import (
	"fmt"
	"slices"
	"time"
)

// maxListed is the maximum number of days off, and of make-up workdays, in a year's
// list. The State Council has never listed half as many.
const maxListed = 60

// Year is the State Council's list for one year: the days off, and the make-up
// workdays, which fall on weekends but are working days (行政许可法 art. 82).
type Year struct {
	Year   int    `json:"year"`
	Off    []Date `json:"off"`
	Work   []Date `json:"work"`
	Source string `json:"source,omitempty"` // where the list was published
}

// Validate checks that every day is a date of the year, that the days are in
// ascending order, that no day is in both lists, and that neither list has more
// than 60 days.
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

// working reports whether d, a day of the year, is a working day: as listed,
// otherwise Monday to Friday. The zero Year has an empty list.
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

// Due is the last day of a period. The period ends at 24:00 of that day.
type Due struct {
	Due Date `json:"due"`
	// Provisional says that the list of a year in the period is missing, so that
	// only its weekends were left out.
	Provisional bool `json:"provisional"`
}

// Later returns the later of two results for the same period, since a later list
// never shortens a running period. The result is provisional only if both are,
// because a result that used the lists is final.
func Later(a, b Due) Due {
	return Due{Due: max(a.Due, b.Due), Provisional: a.Provisional && b.Provisional}
}

// Calendar returns the list of a year and whether there is one. It must return the
// same lists during a computation. The lists must be valid (Validate).
type Calendar func(year int) (Year, bool)

// Working reports whether d is a working day. In a year without a list, Monday to
// Friday are working days. It returns false if d is not a date.
func (c Calendar) Working(d Date) bool {
	if _, err := ParseDate(string(d)); err != nil {
		return false
	}
	list, _ := c(d.Year())
	return list.working(d)
}

// Add returns the n-th working day after event; the day of the event itself is not
// included (Civil Code art. 201). For n of 0 or less it returns event, even if that
// is a day off. Due is empty if event is not a date or the result is after the year
// 9999.
func (c Calendar) Add(event Date, n int) Due {
	if n <= 0 {
		return Due{Due: event.AddDays(0)}
	}
	return c.count(event.AddDays(1), n)
}

// NextWorking returns d, or the next working day if d is a day off. The last day of
// a calendar period for an act moves in this way; that of a validity does not
// (Civil Code art. 203). Due is empty if d is not a date.
func (c Calendar) NextWorking(d Date) Due { return c.count(d.AddDays(0), 1) }

// count returns the n-th working day from first on, including first. first must be
// a date or "", which AddDays(0) ensures.
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
