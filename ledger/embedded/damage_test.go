package embedded_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// TestDamage changes the file of a ledger that is closed. Whatever was changed
// is found by the check, and never handed out: neither in blocks nor as evidence.
func TestDamage(t *testing.T) {
	for _, c := range []struct {
		name     string
		change   func(t *testing.T, path string)
		open     bool // found at the opening already
		blocks   bool // found when blocks are read
		evidence bool // found when evidence of call 2 is asked for
	}{
		{"entry", rowTwo(inData(`"v":2`, `"v":1`)), true, true, true},
		{"old entry", rowTwo(inData(`"rules":1`, `"rules":2`)), false, true, true},
		{"call", rowTwo(inData(`"call":"e`, `"call":"f`)), false, true, true},
		{"event", rowTwo(inStored(func(event []byte, writes []ledger.Write) ([]byte, []ledger.Write) {
			return bytes.Replace(event, []byte("calendar/"), []byte("calender/"), 1), writes
		})), false, true, true},
		{"write set", rowTwo(inStored(func(event []byte, writes []ledger.Write) ([]byte, []ledger.Write) {
			writes[1].Key = "calendar/1999"
			return event, writes
		})), false, true, true},
		{"value of write and event", rowTwo(func(t *testing.T, e *tlog.Entry, _ tlog.Entry) {
			e.Extra = replaced(t, e.Extra, `"year":2002`, `"year":1999`)
		}), false, true, true},
		{"no event", rowTwo(func(_ *testing.T, e *tlog.Entry, _ tlog.Entry) { e.Extra = nil }), false, true, true},
		{"other event", rowTwo(func(_ *testing.T, e *tlog.Entry, next tlog.Entry) { e.Extra = next.Extra }), false, true, true},
		{"swapped", rowTwo(func(_ *testing.T, e *tlog.Entry, next tlog.Entry) { e.Data = next.Data }), false, true, true},
		{"other row", query("UPDATE entry SET data = (SELECT data FROM entry WHERE seq = 3) WHERE seq = 2"), false, true, true},
		{"no row", query("UPDATE entry SET data = x'' WHERE seq = 2"), false, true, true},
		{"no row at the end", query("UPDATE entry SET data = x'' WHERE seq = 2"), true, true, true},
		{"first byte of the row", flipped(0), false, true, true},
		{"byte of the row", flipped(0.5), false, true, true},
		{"last byte of the row", flipped(1), true, true, true},
		{"missing entry", query("DELETE FROM entry WHERE seq = 2"), false, true, true},
		{"last entry", query("DELETE FROM entry WHERE seq = (SELECT max(seq) FROM entry)"), true, true, true},
		{"tile", query("UPDATE tile SET data = zeroblob(length(data)) WHERE level = 0 AND n = 0"), false, false, true},
		{"record", query("UPDATE record SET value = '{}' WHERE key = 'calendar/2199'"), false, false, false},
		{"missing record", query("DELETE FROM record WHERE key = 'calendar/2199'"), false, false, false},
		{"foreign record", query("INSERT INTO record VALUES ('party/x', '{}', 2)"), false, false, false},
		{"aged record", query("UPDATE record SET seq = 1 WHERE key = 'calendar/2199'"), false, false, false},
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
			c.change(t, f.cfg.Path)
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

// query changes a file by SQL.
func query(q string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		exec(t, path, q)
	}
}

// rowTwo changes the content of the row of entry 2 and writes it as a valid row.
// change also gets entry 3.
func rowTwo(change func(t *testing.T, e *tlog.Entry, next tlog.Entry)) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		codec := newRows(t)
		var both [2]tlog.Entry
		for i, row := range readRows(t, path)[2:4] {
			var err error
			if both[i], err = codec.Decode(row); err != nil {
				t.Fatal(err)
			}
		}
		change(t, &both[0], both[1])
		row, err := codec.Encode(both[0])
		if err != nil {
			t.Fatal(err)
		}
		exec(t, path, fmt.Sprintf("UPDATE entry SET data = x'%x' WHERE seq = 2", row))
	}
}

// readRows reads the rows of the entries from a file.
func readRows(t *testing.T, path string) [][]byte {
	t.Helper()
	db, err := sqldb.Open(t.Context(), path, sqldb.SyncFull)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.R.QueryContext(t.Context(), "SELECT data FROM entry ORDER BY seq")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all [][]byte
	for rows.Next() {
		var row []byte
		if err := rows.Scan(&row); err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// flipped changes a byte of the row of entry 2, at a part of its length.
func flipped(part float64) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		row := readRows(t, path)[2]
		row[int(part*float64(len(row)-1))] ^= 0xff
		exec(t, path, fmt.Sprintf("UPDATE entry SET data = x'%x' WHERE seq = 2", row))
	}
}

// inData replaces text in the entry.
func inData(from, to string) func(*testing.T, *tlog.Entry, tlog.Entry) {
	return func(t *testing.T, e *tlog.Entry, _ tlog.Entry) {
		t.Helper()
		e.Data = replaced(t, e.Data, from, to)
	}
}

// inStored changes event and write set.
func inStored(change func([]byte, []ledger.Write) ([]byte, []ledger.Write)) func(*testing.T, *tlog.Entry, tlog.Entry) {
	return func(t *testing.T, e *tlog.Entry, _ tlog.Entry) {
		t.Helper()
		event, writes, err := embedded.DecodeStored(e.Extra)
		if err != nil {
			t.Fatal(err)
		}
		before := bytes.Clone(e.Extra)
		if e.Extra = embedded.EncodeStored(change(event, writes)); bytes.Equal(e.Extra, before) {
			t.Fatal("nothing was changed")
		}
	}
}

func replaced(t *testing.T, data []byte, from, to string) []byte {
	t.Helper()
	if !bytes.Contains(data, []byte(from)) {
		t.Fatalf("%q has no %q", data, from)
	}
	return bytes.ReplaceAll(data, []byte(from), []byte(to))
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
	// A call that completes the tile would repair it, since the log's edge in memory
	// is correct and only the copy in the file is damaged. So the damage must be
	// found by reading.
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
