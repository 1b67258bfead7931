package projection_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/projection"
	"github.com/datacadastre/cadastre/ledger"
)

// TestWriter asks for every key of the ledger which call wrote it last before every
// position, and finds what the calls themselves say; and of every record which calls wrote it.
func TestWriter(t *testing.T) {
	f := newFixture(t)
	var d journal
	loop, stop := f.start(t, f.ledger, &d, ignore)
	var last uint64
	for i := range 6 {
		last = f.submit(t, f.Calendar(t, 2026+i%3)).Position.Block
	}
	f.wait(t, loop, last)
	wrote := map[string]ledger.Position{}
	acts := map[ledger.Ref][]projection.Act{}
	calls := 0
	for b, err := range f.ledger.Blocks(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		for key, want := range wrote {
			at, ok, err := loop.Writer(t.Context(), key, b.Calls[0].Position)
			if err != nil || !ok || at != want {
				t.Errorf("%s before %d: %+v, %v, %v; want %+v", key, b.Number, at, ok, err, want)
			}
		}
		for _, c := range b.Calls {
			calls++
			for _, w := range c.Writes {
				if !ledger.IsCallKey(w.Key) {
					wrote[w.Key] = c.Position
				}
			}
			for _, r := range c.Event.Records {
				e := c.Event
				acts[r.Ref] = append(acts[r.Ref], projection.Act{Time: e.Time, Name: e.Name, Party: e.Party, Call: e.Call, Payload: e.Payload})
			}
			party, call, err := loop.CallAt(t.Context(), c.Position)
			if err != nil || party != c.Event.Party || call != c.Event.Call {
				t.Errorf("call at %+v: %s of %s, %v", c.Position, call, party, err)
			}
		}
		if b.Number == last {
			break
		}
	}
	if len(wrote) < 8 || calls != 7 {
		t.Errorf("%d calls wrote %d keys", calls, len(wrote))
	}
	several := 0
	all, err := loop.Acts(t.Context(), slices.Collect(maps.Keys(acts))...)
	if err != nil || len(all) != len(acts) {
		t.Errorf("acts on all records: %d, %v", len(all), err)
	}
	for ref, want := range acts {
		if got, err := loop.Acts(t.Context(), ref); err != nil || !slices.Equal(got[ref], want) || !slices.Equal(all[ref], want) {
			t.Errorf("acts on %s: %+v, %v; want %+v", ref, got, err, want)
		}
		if len(want) > 1 {
			several++
		}
	}
	if got, err := loop.Acts(t.Context(), "order/nobody"); err != nil || len(got) > 0 || several == 0 {
		t.Errorf("acts on what nobody wrote: %+v, %v; %d records were written more than once", got, err, several)
	}
	if _, ok, err := loop.Writer(t.Context(), "order/nobody", ledger.Position{Block: last + 1}); ok || err != nil {
		t.Errorf("a key that nobody wrote: %v, %v", ok, err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// TestReadModelBeforeWriters is refused, since evidence would lack what came before.
func TestReadModelBeforeWriters(t *testing.T) {
	f := newFixture(t)
	var d journal
	loop, stop := f.start(t, f.ledger, &d, ignore)
	f.wait(t, loop, 0)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	f.exec(t, "DELETE FROM writer")
	_, err := projection.New(t.Context(), f.db.W, f.db.R, f.ledger, nil, ignore, time.Now)
	if err == nil || !strings.Contains(err.Error(), "read.db") {
		t.Errorf("it was opened: %v", err)
	}
}
