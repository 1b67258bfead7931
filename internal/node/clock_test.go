package node

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/ledger"
)

// watched is a clock whose time of day and time since the start a test sets.
type watched struct {
	*clock
	wall   time.Time
	passed time.Duration
}

func watch(accepted bool) *watched {
	w := &watched{wall: time.Date(2030, 3, 1, 8, 0, 0, 0, time.UTC)}
	w.clock = newClock(func() time.Time { return w.wall }, func() time.Duration { return w.passed }, accepted)
	return w
}

// TestAJumpIsNotAllowed: whatever the two clocks do, a time is allowed if it is at most
// ten minutes ahead of the start plus what has passed; receipts never get a later one.
func TestAJumpIsNotAllowed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := watch(rapid.Bool().Draw(t, "accepted"))
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			passed := time.Duration(rapid.Int64Range(0, int64(48*time.Hour)).Draw(t, "passed"))
			w.passed += passed
			w.wall = w.wall.Add(passed + time.Duration(rapid.Int64Range(-int64(time.Hour), int64(time.Hour)).Draw(t, "set by")))
			right := w.begun.Add(w.passed)
			ahead := w.wall.Sub(right)
			err := w.allow(w.wall)
			if (err == nil) != (ahead <= 10*time.Minute) {
				t.Fatalf("%v ahead: %v", ahead, err)
			}
			if err != nil && ledger.AsError(err).Reason != ledger.ReasonClock {
				t.Fatalf("refused for another reason: %v", err)
			}
			if got := w.receiptTime(); got.After(right.Add(10*time.Minute)) || err == nil && !got.Equal(w.wall) || err != nil && !got.Equal(right) {
				t.Fatalf("%v ahead: receipts have %v, the right time is %v", ahead, got, right)
			}
		}
	})
}

// TestTheMonotonicReadingsAreUsed: without another clock, a jump of the time of day does
// not hide behind the readings of time.Now, and a time without them has no jump.
func TestTheMonotonicReadingsAreUsed(t *testing.T) {
	now := time.Now()
	c := newClock(func() time.Time { return now }, nil, false)
	now = now.Add(3 * time.Hour) // moves both readings
	if err := c.allow(now); err != nil {
		t.Errorf("three hours passed: %v", err)
	}
	if ahead := c.ahead(now); ahead != 0 {
		t.Errorf("ahead by %v", ahead)
	}
	bare := newClock(time.Now, nil, false)
	bare.begun = bare.begun.Round(0).Add(-time.Hour) // no monotonic reading: an hour passed
	if err := bare.allow(time.Now()); err != nil {
		t.Errorf("without monotonic readings: %v", err)
	}
}

// TestFiveWitnesses: the clock is refuted by the first five calls of different parties if
// all are more than ten minutes off, whichever way, and by nothing less.
func TestFiveWitnesses(t *testing.T) {
	for _, off := range []time.Duration{11 * time.Minute, -11 * time.Minute, 400 * 24 * time.Hour} {
		for wrong := range 7 { // calls that disagree before one that agrees
			w := watch(false)
			for i := range wrong {
				w.compare(w.callOf(i, off), ledger.Outcome{}, ledger.Refuse(ledger.InvalidCode, ledger.ReasonExpired).At("expires"))
			}
			w.compare(w.callOf(99, 9*time.Minute), ledger.Outcome{}, nil)
			for i := range 10 {
				w.compare(w.callOf(i+20, off), ledger.Outcome{}, ledger.Refuse(ledger.InvalidCode, ledger.ReasonTime).At("time"))
			}
			if err := w.allow(w.wall); (err != nil) != (wrong >= 5) {
				t.Errorf("%d calls %v off, then one that agrees: %v", wrong, off, err)
			}
		}
	}
}

func (w *watched) callOf(party int, off time.Duration) ledger.Call {
	return ledger.Call{Party: ledger.ID(fmt.Sprint(party)), Time: ledger.Millis(w.wall.Add(off).UnixMilli())}
}

// TestWhatIsNoWitness: one party's many calls, calls whose signatures are not proved, calls
// that were recorded long ago and are sent again, and any call once the operator has
// accepted the clock.
func TestWhatIsNoWitness(t *testing.T) {
	for name, send := range map[string]func(w *watched, i int){
		"one party": func(w *watched, _ int) { w.compare(w.callOf(1, time.Hour), ledger.Outcome{}, nil) },
		"unproved": func(w *watched, i int) {
			w.compare(w.callOf(i, time.Hour), ledger.Outcome{}, ledger.Refuse(ledger.Forbidden, ledger.ReasonSignature))
		},
		"no answer":  func(w *watched, i int) { w.compare(w.callOf(i, time.Hour), ledger.Outcome{}, fmt.Errorf("disk")) },
		"sent again": func(w *watched, i int) { w.compare(w.callOf(i, time.Hour), ledger.Outcome{Repeated: true}, nil) },
	} {
		w := watch(false)
		for i := range 20 {
			send(w, i)
		}
		if err := w.allow(w.wall); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	w := watch(true)
	for i := range 20 {
		w.compare(w.callOf(i, time.Hour), ledger.Outcome{}, nil)
	}
	if err := w.allow(w.wall); err != nil {
		t.Errorf("accepted: %v", err)
	}
}
