package node_test

import (
	"bytes"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/ledger"
)

// wallClock is a time of day that a test sets, beside a time since the start that is real.
type wallClock struct{ ahead atomic.Int64 }

func (c *wallClock) now() time.Time {
	return time.Now().Round(0).Add(time.Duration(c.ahead.Load()))
}

func (c *wallClock) set(ahead time.Duration) { c.ahead.Store(int64(ahead)) }

// runBy runs the node by a clock until stop is called.
func (w *world) runBy(c *wallClock) (stop func()) {
	w.t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(w.t.Context(), "tcp", "127.0.0.1:0")
	w.ok(err)
	w.url = "http://" + listener.Addr().String()
	o := w.options()
	o.Now, o.Elapsed = c.now, elapsed()
	return w.runWith(listener, o)
}

func elapsed() func() time.Duration {
	begun := time.Now()
	return func() time.Duration { return time.Since(begun) }
}

// TestAJumpOfTheClockIsNotRecorded: a clock that jumps ahead while the node runs stops
// calls, anchors, uploads and deliveries, /readyz says why, reads go on, and no entry has
// a time from the jump. When the clock is right again, everything goes on.
func TestAJumpOfTheClockIsNotRecorded(t *testing.T) {
	w := lay(t, limits(nil))
	var c wallClock
	stop := w.runBy(&c)
	defer stop()
	w.admit()
	head := func() uint64 {
		r, err := w.Ledger().Head(t.Context())
		w.ok(err)
		return r.Block
	}
	for _, jump := range []time.Duration{11 * time.Minute, 26 * time.Hour, 400 * 24 * time.Hour} {
		before := head()
		c.set(jump)
		calendar := ledger.CalendarArgs{Year: 2030, Off: []ledger.Date{"2030-01-01"}, Work: []ledger.Date{}, Source: "国办发明电"}
		_, err := w.party["authority"].Call(t.Context(), ledger.FnCalendarSet, calendar)
		if e := ledger.AsError(err); e == nil || e.Code != ledger.Unavailable || e.Reason != ledger.ReasonClock {
			t.Errorf("%v ahead, a call: %v", jump, err)
		}
		if e := ledger.AsError(w.SubmitAnchor(t.Context())); e == nil || e.Reason != ledger.ReasonClock {
			t.Errorf("%v ahead, an anchor: %v", jump, e)
		}
		if h := w.health(); h.Ready || h.Reason != ledger.ReasonClock {
			t.Errorf("%v ahead: %+v", jump, h)
		}
		if resp, err := w.send(http.MethodGet, "/v1/about", nil); err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%v ahead, a read: %v, %v", jump, resp, err)
		} else {
			w.ok(resp.Body.Close())
		}
		if got := head(); got != before {
			t.Errorf("%v ahead: %d entries were recorded", jump, got-before)
		}
		c.set(0)
		if h := w.health(); !h.Ready {
			t.Errorf("right again: %+v", h)
		}
		if _, err := w.party["authority"].Call(t.Context(), ledger.FnCalendarSet, calendar); err != nil && ledger.AsError(err).Reason == ledger.ReasonClock {
			t.Errorf("right again, a call: %v", err)
		}
	}
	c.set(9 * time.Minute)
	if h := w.health(); !h.Ready {
		t.Errorf("nine minutes ahead: %+v", h)
	}
}

// TestTheLedgerItselfHoldsTheClock: a call that passed the node's first look is held
// against the very reading that its entry would have.
func TestTheLedgerItselfHoldsTheClock(t *testing.T) {
	w := lay(t, limits(nil))
	var c wallClock
	stop := w.runBy(&c)
	defer stop()
	w.admit()
	before, err := w.Ledger().Head(t.Context())
	w.ok(err)
	c.set(time.Hour)
	at := ledger.Millis(c.now().UnixMilli())
	jws, err := ledger.SignCall(w.key("authority"), ledger.Call{
		Ledger: w.trust.Ledger, ID: id("late"), Party: id("authority"), Function: ledger.FnCalendarSet, Time: at, Expires: at + 60_000,
	}, ledger.CalendarArgs{Year: 2030, Off: []ledger.Date{"2030-01-01"}, Work: []ledger.Date{}, Source: "国办发明电"})
	w.ok(err)
	_, err = w.Ledger().Submit(t.Context(), jws)
	if e := ledger.AsError(err); e == nil || e.Code != ledger.Unavailable || e.Reason != ledger.ReasonClock {
		t.Errorf("recorded: %v", err)
	}
	if after, err := w.Ledger().Head(t.Context()); err != nil || after != before {
		t.Errorf("the head moved from %+v to %+v, %v", before, after, err)
	}
}

// TestAStartAfterAPause: after a night or a holiday the node starts without a question;
// after more than 31 days only with the operator's word, and then it records; an hour back
// it does not start.
func TestAStartAfterAPause(t *testing.T) {
	w := lay(t, limits(nil))
	w.run()()
	day := 24 * time.Hour
	for _, pause := range []time.Duration{14 * time.Hour, 9 * day, 31*day - time.Hour} {
		var c wallClock
		c.set(pause)
		o := w.options()
		o.Now, o.Elapsed = c.now, elapsed()
		n, err := node.Open(t.Context(), o)
		w.ok(err)
		w.ok(n.Clock())
		w.ok(n.Close(t.Context()))
	}
	var c wallClock
	c.set(32 * day)
	o := w.options()
	o.Now, o.Elapsed = c.now, elapsed()
	receiptsBefore, err := os.ReadFile(filepath.Join(w.dir, "receipts.db"))
	w.ok(err)
	if _, err := node.Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "--accept-clock") || !strings.Contains(err.Error(), "31") {
		t.Fatalf("32 days after the last entry: %v", err)
	}
	if after, err := os.ReadFile(filepath.Join(w.dir, "receipts.db")); err != nil || !bytes.Equal(after, receiptsBefore) {
		t.Errorf("a receipt was written before the question, %v", err)
	}
	o.AcceptClock = true
	n, err := node.Open(t.Context(), o)
	w.ok(err)
	w.ok(n.Clock())
	w.ok(n.Close(t.Context()))
	c.set(-time.Hour)
	if _, err := node.Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "correct the clock") {
		t.Errorf("an hour back: %v", err)
	}
}

// TestFiveCallsRefuteTheClock: a node that starts with a clock two hours ahead asks when
// the first calls of five parties show it, and the log says so.
func TestFiveCallsRefuteTheClock(t *testing.T) {
	w := lay(t, limits(nil))
	stop := w.run()
	w.admit()
	stop()
	lines := make(logged, 100)
	w.log = slog.Handler(lines)
	var c wallClock
	c.set(2 * time.Hour)
	defer w.runBy(&c)()
	said := 0
	for name := range people() {
		if w.Clock() != nil {
			break
		}
		w.speak(name, id(name))
		now := ledger.Millis(time.Now().UnixMilli())
		jws, err := ledger.SignCall(w.key(name), ledger.Call{
			Ledger: w.trust.Ledger, ID: node.NewID(), Party: id(name), Function: ledger.FnCalendarSet, Time: now, Expires: now + 60_000,
		}, ledger.CalendarArgs{Year: 2030, Off: []ledger.Date{"2030-01-01"}, Work: []ledger.Date{}, Source: "国办发明电"})
		w.ok(err)
		_, err = w.Services().Ledger.Submit(t.Context(), jws)
		if e := ledger.AsError(err); e == nil || e.Reason != ledger.ReasonExpired {
			t.Fatalf("%s: %v", name, err)
		}
		said++
	}
	if said != 5 {
		t.Errorf("%d parties were heard", said)
	}
	if h := w.health(); h.Ready || h.Reason != ledger.ReasonClock {
		t.Errorf("%+v", h)
	}
	until(t, "the log says so", func() bool {
		select {
		case line := <-lines:
			return strings.Contains(line, "--accept-clock")
		default:
			return false
		}
	})
}
