package embedded_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// wantNamed wants a ledger that has stopped for a row that it names.
func wantNamed(t *testing.T, l *embedded.Ledger, key, jws string) {
	t.Helper()
	wantStopped(t, l, jws)
	if err := l.Err(); err == nil || !strings.Contains(err.Error(), "the record "+key) {
		t.Errorf("stopped for %v, want %q in it", err, key)
	}
}

// edits are changes that the operator of the file can make to the calendar of 2001
// and other rows while the ledger runs. If memory is false, a ledger that does not
// know the row finds the change too.
var edits = []struct {
	name, change string
	memory       bool
}{
	{"another value", "UPDATE record SET value = replace(value, '2001', '2002') WHERE key = 'calendar/2001'", false},
	{"a blank more", "UPDATE record SET value = value || ' ' WHERE key = 'calendar/2001'", false},
	{"no bytes", "UPDATE record SET value = x'' WHERE key = 'calendar/2001'", false},
	{"another entry", "UPDATE record SET seq = seq - 1 WHERE key = 'calendar/2001'", false},
	{"an entry that is not there", "UPDATE record SET seq = 1000000 WHERE key = 'calendar/2001'", false},
	{"an entry before the first", "UPDATE record SET seq = -1 WHERE key = 'calendar/2001'", false},
	{"the value of another row", "UPDATE record SET value = (SELECT value FROM record WHERE key = 'calendar/2002'), " +
		"seq = (SELECT seq FROM record WHERE key = 'calendar/2002') WHERE key = 'calendar/2001'", false},
	{"an older value", "UPDATE record SET value = (SELECT value FROM old), seq = (SELECT seq FROM old) WHERE key = 'calendar/2001'", true},
	{"nothing", "DELETE FROM record WHERE key = 'calendar/2001'", true},
}

// TestRowEditedMeanwhile edits a row of a ledger that runs, which has not read it, or
// has read or written it before. The next read, by a caller or by the writer, names the
// row, and nothing more is recorded.
func TestRowEditedMeanwhile(t *testing.T) {
	reads := map[string]func(*fixture) error{
		"a read": func(f *fixture) error { _, err := f.Value(t.Context(), "calendar/2001"); return err },
		"a call": func(f *fixture) error { _, err := f.Submit(t.Context(), f.Calendar(t, 2001)); return err },
	}
	before := map[string]func(*fixture){
		"compared":       func(f *fixture) { f.reopen(t) },
		"forgotten":      func(f *fixture) { f.cfg = f.cfg.Knowing(1); f.reopen(t); f.fill(t, 5) },
		"read before":    func(f *fixture) { f.reopen(t); must(t, reads["a read"](f)) },
		"written before": func(*fixture) {},
	}
	for _, e := range edits {
		for when, prepare := range before {
			for who, read := range reads {
				if e.memory && when == "forgotten" {
					continue
				}
				t.Run(e.name+", "+when+", "+who, func(t *testing.T) {
					f := newFixture(t)
					f.fill(t, 2)
					exec(t, f.cfg.Path, "CREATE TABLE old AS SELECT * FROM record WHERE key = 'calendar/2001'")
					f.fill(t, 3)
					prepare(f)
					later := f.Calendar(t, 2026)
					exec(t, f.cfg.Path, e.change)
					ledgertest.Refused(t, read(f), ledger.Unavailable, ledger.ReasonInternal)
					wantNamed(t, f.Ledger, "calendar/2001", later)
				})
			}
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestRowAndEntryEdited edits a row and its entry alike: the entry is not in the tree.
func TestRowAndEntryEdited(t *testing.T) {
	f := newFixture(t)
	f.fill(t, 5)
	f.cfg = f.cfg.Knowing(1)
	f.reopen(t)
	f.fill(t, 1)
	later := f.Calendar(t, 2026)
	exec(t, f.cfg.Path, "UPDATE entry SET data = (SELECT data FROM entry WHERE seq = 3), extra = (SELECT extra FROM entry WHERE seq = 3) WHERE seq = 2")
	for year := 2001; year < 2006 && f.Err() == nil; year++ {
		_, _ = f.Value(t.Context(), fmt.Sprintf("calendar/%d", year))
	}
	wantNamed(t, f.Ledger, "calendar/", later)
}

// TestRowsAreReadWhileTheyChange has readers read rows that the writer changes all the
// time: what they see is one commit or the next, never damage.
func TestRowsAreReadWhileTheyChange(t *testing.T) {
	for _, sets := range []int{0, 1} {
		f := newFixture(t)
		f.cfg = f.cfg.Knowing(sets)
		f.reopen(t)
		var done atomic.Bool
		var readers, writers sync.WaitGroup
		for r := range 4 {
			readers.Go(func() {
				for i := r; !done.Load(); i++ {
					_, err := f.Value(t.Context(), fmt.Sprintf("calendar/%d", 2001+i%8))
					if err != nil && !errors.Is(err, ledger.NotFound) {
						t.Error(err)
						return
					}
				}
			})
		}
		for range 4 {
			writers.Go(func() {
				for i := range 100 {
					ledgertest.Must(t, f.Ledger, f.Calendar(t, 2001+i%8))
				}
			})
		}
		writers.Wait()
		done.Store(true)
		readers.Wait()
		if err := f.Err(); err != nil {
			t.Error(err)
		}
	}
}

// BenchmarkRowsChecked measures how many calls per second 128 writers record on
// rows that existed when the ledger was opened. Each call is on a different
// resource. It measures with and without the check of rows, in turns: on a ledger
// that knows its rows, because it has compared its state, and on a ledger that must
// check each row by its entry at its first read.
func BenchmarkRowsChecked(b *testing.B) {
	const resources = 1500
	for _, known := range []bool{true, false} {
		b.Run(fmt.Sprintf("known=%v", known), func(b *testing.B) {
			plain, checked := newSuspending(b, resources, -1), newSuspending(b, resources, 0)
			var with, without time.Duration
			for b.Loop() {
				without += plain.round(b, true)
				with += checked.round(b, known)
			}
			n := float64(b.N * resources)
			b.ReportMetric(n/without.Seconds(), "unchecked-calls/s")
			b.ReportMetric(n/with.Seconds(), "checked-calls/s")
			b.ReportMetric(without.Seconds()/with.Seconds(), "checked/unchecked")
		})
	}
}

// suspending is a register whose entries a regulator suspends and resumes.
type suspending struct {
	*register
	regulator *ledgertest.Member
	entries   map[ledger.ID]ledger.Digest // and the last call that wrote each
	suspended bool
}

func newSuspending(b *testing.B, resources, sets int) *suspending {
	b.Helper()
	s := &suspending{register: newRegister(b, nil), entries: map[ledger.ID]ledger.Digest{}}
	s.regulator = s.Admitted(b, s.Ledger, ledger.RoleRegulator)
	s.fill(b, resources)
	head, err := s.Head(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for block, err := range s.Blocks(b.Context(), 0) {
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range block.Calls[0].Event.Records {
			if r.Ref.Kind() == ledger.KindEntry {
				s.entries[ledger.ID(r.Ref.ID())] = block.Calls[0].Event.Payload
			}
		}
		if block.Number == head.Block {
			break
		}
	}
	s.cfg = s.cfg.Knowing(sets)
	return s
}

// round opens the ledger again, makes 128 writers suspend or resume each entry, and
// returns how long they took. If known is false, no row is known at the start.
func (s *suspending) round(b *testing.B, known bool) time.Duration {
	b.Helper()
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	s.Ledger = open(b, s.cfg)
	if <-s.StateCompared(); !known {
		s.Forget()
	}
	fn := ledger.FnEntrySuspend
	if s.suspended {
		fn = ledger.FnEntryResume
	}
	s.suspended = !s.suspended
	type call struct {
		entry ledger.ID
		jws   string
	}
	calls := make(chan call, len(s.entries))
	for entry, last := range s.entries {
		calls <- call{entry, s.Call(b, s.regulator, fn, ledger.TargetArgs{ID: entry, Answers: last, Ground: "security_breach"})}
	}
	close(calls)
	var writers sync.WaitGroup
	var mu sync.Mutex
	begin := time.Now()
	for range 128 {
		writers.Go(func() {
			for c := range calls {
				out, err := s.Submit(b.Context(), c.jws)
				if err != nil {
					b.Error(err)
					return
				}
				mu.Lock()
				s.entries[c.entry] = out.Payload
				mu.Unlock()
			}
		})
	}
	writers.Wait()
	return time.Since(begin)
}
