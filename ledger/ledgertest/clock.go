package ledgertest

import (
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// simulatedClock moves the clock of a demonstration ahead. From the next call on the
// ledger has the new time, after a restart too.
func simulatedClock(t *testing.T, s *subject) {
	s.begin(t)
	const hour, month = ledger.Millis(time.Hour / time.Millisecond), ledger.Millis(30 * 24 * time.Hour / time.Millisecond)
	for to, now := s.Now()+month, s.Now(); to < now+3*month; to += month {
		move := s.Draft(s.Authority, ledger.FnAdvance)
		move.Time, move.Expires = to-month, to-month+hour
		Must(t, s, Sign(t, s.Authority.Key, move, ledger.AdvanceArgs{To: to}))
		s.refused(t, s.Calendar(t, 2026), ledger.InvalidCode, ledger.ReasonExpired)
		s.reopen(t)
		s.refused(t, s.Calendar(t, 2026), ledger.InvalidCode, ledger.ReasonExpired)
		later := s.Draft(s.Authority, ledger.FnCalendarSet)
		later.Time, later.Expires = to, to+hour
		if out := Must(t, s, Sign(t, s.Authority.Key, later, CalendarOf(2026))); out.Time < to || out.Time > to+hour {
			t.Errorf("a call after the advance to %d was recorded at %d", to, out.Time)
		}
	}
}
