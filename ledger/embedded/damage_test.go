package embedded_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// TestDamage changes the file of a ledger that is closed. Whatever was changed
// is found by the check, and never handed out: neither in blocks nor as evidence.
func TestDamage(t *testing.T) {
	const swapCalendar = "UPDATE entry SET %s = (SELECT %s FROM entry WHERE seq = 3) WHERE seq = 2"
	for _, c := range []struct {
		name, query string
		open        bool // found at the opening already
		blocks      bool // found when blocks are read
		evidence    bool // found when evidence of call 2 is asked for
	}{
		{"entry", `UPDATE entry SET data = CAST(replace(CAST(data AS TEXT), '"v":2', '"v":1') AS BLOB) WHERE seq = 2`, true, true, true},
		{"old entry", `UPDATE entry SET data = CAST(replace(CAST(data AS TEXT), '"rules":1', '"rules":2') AS BLOB) WHERE seq = 2`, false, true, true},
		{"event", `UPDATE entry SET extra = CAST(replace(CAST(extra AS TEXT), 'calendar/', 'calender/') AS BLOB) WHERE seq = 2`, false, true, true},
		{"write set", `UPDATE entry SET extra = CAST(json_set(CAST(extra AS TEXT), '$.writes[1].key', 'calendar/1999') AS BLOB) WHERE seq = 2`, false, true, true},
		{"no event", `UPDATE entry SET extra = NULL WHERE seq = 2`, false, true, true},
		{"other event", strings.ReplaceAll(swapCalendar, "%s", "extra"), false, true, true},
		{"swapped", strings.ReplaceAll(swapCalendar, "%s", "data"), false, true, true},
		{"missing entry", `DELETE FROM entry WHERE seq = 2`, false, true, true},
		{"last entry", `DELETE FROM entry WHERE seq = (SELECT max(seq) FROM entry)`, true, true, true},
		{"tile", `UPDATE tile SET data = zeroblob(length(data)) WHERE level = 0 AND n = 0`, false, false, true},
		{"record", `UPDATE record SET value = '{}' WHERE key = 'calendar/2199'`, false, false, false},
		{"missing record", `DELETE FROM record WHERE key = 'calendar/2199'`, false, false, false},
		{"foreign record", `INSERT INTO record VALUES ('party/x', '{}', 2)`, false, false, false},
		{"aged record", `UPDATE record SET seq = 1 WHERE key = 'calendar/2199'`, false, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			n := 260 // over a whole tile: what lies before is not read at the opening
			if c.open {
				n = 4
			}
			calls := f.fill(t, n)
			if err := f.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			exec(t, f.cfg.Path, c.query)
			l, err := embedded.Open(t.Context(), f.cfg)
			if c.open {
				wantSentence(t, "open", err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
			call := ledgertest.Parse(t, calls[1]).Call
			if _, err := l.Recorded(t.Context(), call.Party, call.ID); c.evidence {
				wantSentence(t, "evidence", err)
			} else if err != nil {
				t.Error(err)
			}
			if err := read(t.Context(), l, uint64(n)); c.blocks {
				wantSentence(t, "blocks", err)
			} else if err != nil {
				t.Error(err)
			}
			if c.evidence {
				wantStopped(t, l, f.Calendar(t, 2026))
			}
			wantSentence(t, "check", l.Check(t.Context()))
		})
	}
}

// read reads all blocks up to number last.
func read(ctx context.Context, l ledger.Ledger, last uint64) error {
	for b, err := range l.Blocks(ctx, 0) {
		if err != nil || b.Number == last {
			return err
		}
	}
	return ctx.Err()
}

// wantSentence wants an error that says what to do.
func wantSentence(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, tlog.ErrDamaged) || !strings.Contains(err.Error(), "newest backup") {
		t.Errorf("%s: %v, want an error that names damage and backup", what, err)
	}
}

// wantStopped wants a ledger that records nothing more and says why.
func wantStopped(t *testing.T, l *embedded.Ledger, jws string) {
	t.Helper()
	if !errors.Is(l.Err(), tlog.ErrDamaged) {
		t.Errorf("the ledger stopped for %v", l.Err())
	}
	_, err := l.Submit(t.Context(), jws)
	ledgertest.Refused(t, err, ledger.Unavailable, ledger.ReasonInternal)
	_, err = l.Head(t.Context())
	ledgertest.Refused(t, err, ledger.Unavailable, ledger.ReasonInternal)
	wantSentence(t, "head", err)
}

// TestDamageStops changes the file of a ledger that runs: the next checkpoint
// does not fit, nothing is signed, and the ledger stops by itself.
func TestDamageStops(t *testing.T) {
	f := newFixture(t)
	f.fill(t, 5)
	last, _, err := f.Checkpoint(t.Context(), 6)
	if err != nil {
		t.Fatal(err)
	}
	exec(t, f.cfg.Path, "UPDATE tile SET data = zeroblob(length(data))")
	// A call whose tile is written whole again would mend it: the log's edge is
	// right, only its copy in the file is not. So what is read must not fit.
	jws := f.Calendar(t, 2026)
	exec(t, f.cfg.Path, "CREATE TRIGGER t AFTER UPDATE ON tile BEGIN UPDATE tile SET data = zeroblob(length(data)); END")
	_, err = f.Submit(t.Context(), jws)
	if err != nil {
		ledgertest.Refused(t, err, ledger.Unavailable, ledger.ReasonInternal)
	}
	deadline := time.Now().Add(10 * time.Second)
	for f.Err() == nil && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	wantStopped(t, f.Ledger, f.Calendar(t, 2027))
	if _, _, err := f.Checkpoint(t.Context(), 7); err == nil {
		t.Error("a checkpoint was signed over what is damaged")
	}
	if again, size, err := f.Checkpoint(t.Context(), 6); err != nil || size != 6 || string(again) != string(last) {
		t.Errorf("the last good checkpoint is gone: %d entries, %v", size, err)
	}
	if err := f.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}
