package embedded_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
)

// TestEntriesSignTheState adds up the write sets of all entries, recorded one by one
// and many in a batch, and compares each entry's state with that of the rows so far.
func TestEntriesSignTheState(t *testing.T) {
	r := newRegister(t, nil)
	r.fill(t, 20)
	head, err := r.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	state := map[string][]byte{}
	deleted := 0
	for b, err := range r.Blocks(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		c := b.Calls[0]
		for _, w := range c.Writes {
			if state[w.Key] = w.Value; w.Value == nil {
				delete(state, w.Key)
				deleted++
			}
		}
		var sum ledger.StateSum
		for key, value := range state {
			sum.Add(key, value)
		}
		if e := entryOf(t, r.Ledger, c); e.State != sum.Digest() {
			t.Fatalf("entry %d says %s of the state, its rows have %s", b.Number, e.State, sum.Digest())
		}
		if b.Number == head.Block {
			break
		}
	}
	if len(state) < 200 {
		t.Errorf("only %d rows, %d deleted", len(state), deleted)
	}
}

func entryOf(t *testing.T, l *embedded.Ledger, c ledger.Committed) (e ledger.LogEntry) {
	t.Helper()
	r, err := l.Recorded(t.Context(), c.Event.Party, c.Event.Call)
	if err != nil {
		t.Fatal(err)
	}
	var proof embedded.Inclusion
	if err := json.Unmarshal(r.Proof.Data, &proof); err != nil {
		t.Fatal(err)
	}
	if err := ledger.DecodeStrict(proof.Entry, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestStateChangedAtRest changes rows of a closed ledger, as the operator of the
// file can. The next start finds the change, at once or in the background: the
// error names the row, and nothing more is recorded.
func TestStateChangedAtRest(t *testing.T) {
	for _, c := range []struct{ name, change, names string }{
		{"changed", "UPDATE record SET value = replace(value, '2100', '2101') WHERE key = 'calendar/2100'", "calendar/2100"},
		{"a blank added", "UPDATE record SET value = value || ' ' WHERE key = 'calendar/2100'", "calendar/2100"},
		{
			"rolled back to what an older call wrote",
			"UPDATE record SET value = (SELECT value FROM old), seq = (SELECT seq FROM old) WHERE key = 'calendar/2001'", "calendar/2001",
		},
		{"deleted", "DELETE FROM record WHERE key = 'calendar/2100'", "calendar/2100"},
		{"added", "INSERT INTO record VALUES ('party/x', '{}', 2)", "party/x"},
		{"one exchanged for another", "UPDATE record SET key = 'calendar/2999' WHERE key = 'calendar/2100'", "calendar/2100"},
		{"a call forgotten", "DELETE FROM record WHERE key LIKE 'call/%' AND seq = 5", "call/"},
	} {
		for _, beside := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, beside the work %v", c.name, beside), func(t *testing.T) {
				f := newFixture(t)
				f.fill(t, 100)
				exec(t, f.cfg.Path, "CREATE TABLE old AS SELECT * FROM record WHERE key = 'calendar/2001'")
				f.fill(t, 1)
				if err := f.Close(); err != nil {
					t.Fatal(err)
				}
				exec(t, f.cfg.Path, c.change)
				if beside {
					f.cfg = f.cfg.Comparing()
				}
				l := open(t, f.cfg)
				<-l.StateCompared()
				wantStopped(t, l, f.Calendar(t, 2026))
				if err := l.Err(); err == nil || !strings.Contains(err.Error(), c.names) {
					t.Errorf("stopped for %v, want %q in it", err, c.names)
				}
			})
		}
	}
}

// TestStateComparedInTheBackground: a ledger that is whole goes on while it is compared.
func TestStateComparedInTheBackground(t *testing.T) {
	f := newFixture(t)
	f.fill(t, 300)
	f.cfg = f.cfg.Comparing()
	for range 3 {
		f.reopen(t)
		f.fill(t, 20)
		<-f.StateCompared()
		if err := f.Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestSumOfTheStateIsTheLastEntrys: a ledger whose stored sum is another is not opened.
func TestSumOfTheStateIsTheLastEntrys(t *testing.T) {
	for _, change := range []string{
		"UPDATE state_sum SET sum = zeroblob(2048)", "UPDATE state_sum SET sum = x'00'", "DELETE FROM state_sum",
	} {
		f := newFixture(t)
		f.fill(t, 2)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		exec(t, f.cfg.Path, change)
		_, err := embedded.Open(t.Context(), f.cfg)
		wantSentence(t, change, err)
	}
}

// BenchmarkStateCompared is how long a start compares the state, by resources of 11
// rows each.
func BenchmarkStateCompared(b *testing.B) {
	r := newRegister(b, nil)
	const resources = 2000
	r.fill(b, resources)
	var rows int64
	if err := r.Writer().QueryRowContext(b.Context(), "SELECT count(*) FROM record").Scan(&rows); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := r.CompareState(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(rows)/resources, "rows/resource")
}
