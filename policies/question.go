package policies

import (
	"slices"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// Question asks whether a party may use a resource for a purpose.
type Question struct {
	Party   ledger.ID
	Facts   ledger.Facts
	Purpose ledger.Purpose // of empty class: any
	Action  string         // one of ledger.Actions, or empty: any
	License ledger.ID      // if given, only this one is asked
	Day     ledger.Date
}

// Decision is the answer to a Question.
type Decision struct {
	Allow    bool
	License  ledger.ID       // that allows it; of several the one that is valid longest, then the lowest id
	Reason   ledger.Reason   // of a denial
	Revision ledger.Revision // of the ledger; the caller of the engine sets it
	// Until is when the answer ends by time alone: after the last day of the
	// license that allows it, or, of a denial, after the day asked for.
	Until ledger.Millis
}

// Why returns the reason for which a license does not cover a question: empty when it
// does, else level, scope, purpose, suspended or license_ended, checked in this order.
// It explains a decision; Casbin makes it.
func Why(l ledger.License, q Question) ledger.Reason {
	switch {
	case q.Facts.Level == ledger.Core:
		return ledger.ReasonLevel
	case !l.Covers(q.Facts, ledger.Purpose{}), q.Action != "" && !slices.Contains(l.Actions, q.Action):
		return ledger.ReasonScope
	case q.Purpose.Class != "" && !l.Allows(q.Purpose):
		return ledger.ReasonPurpose
	case l.Effective(q.Day):
		return ""
	case l.State == ledger.LicenseAccepted && l.StartOn <= q.Day && q.Day <= l.EndOn:
		return ledger.ReasonSuspended
	}
	return ledger.ReasonLicense
}

// nearness orders reasons by how near a license came to covering the question.
func nearness(r ledger.Reason) int {
	return slices.Index([]ledger.Reason{ledger.ReasonScope, ledger.ReasonPurpose, ledger.ReasonLicense, ledger.ReasonSuspended, ledger.ReasonLevel}, r)
}

// EndOf is the moment at which day is over in Asia/Shanghai (UTC+8, no summer
// time since 1991); 0 when day is not a date.
func EndOf(day ledger.Date) ledger.Millis {
	t, err := time.ParseInLocation(time.DateOnly, string(day), shanghai())
	if err != nil {
		return 0
	}
	return ledger.Millis(t.AddDate(0, 0, 1).UnixMilli())
}

// DayOf is the day in Asia/Shanghai at t.
func DayOf(t time.Time) ledger.Date {
	return ledger.Date(t.In(shanghai()).Format(time.DateOnly))
}

func shanghai() *time.Location { return time.FixedZone("CST", 8*60*60) }
