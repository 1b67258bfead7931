package embedded_test

import (
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"
	ref "golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

func TestLedger(t *testing.T) {
	configs := map[ledger.Ledger]embedded.Config{}
	ledgertest.Run(t, ledgertest.Factory{
		Now: time.Now,
		Open: func(t *testing.T, genesis string) ledger.Ledger {
			cfg := newConfig(t, genesis)
			l := open(t, cfg)
			configs[l] = cfg
			t.Cleanup(func() {
				if err := l.Err(); err != nil {
					t.Errorf("the ledger stopped: %v", err)
				}
			})
			return l
		},
		Reopen: func(t *testing.T, l ledger.Ledger) ledger.Ledger {
			if err := l.(*embedded.Ledger).Close(); err != nil {
				t.Fatal(err)
			}
			again := open(t, configs[l])
			configs[again] = configs[l]
			if err := again.Check(t.Context()); err != nil {
				t.Error(err)
			}
			return again
		},
		Proof: func(t *testing.T, l ledger.Ledger, r ledger.Recorded) {
			checkProof(t, l.(*embedded.Ledger), configs[l].Key, r)
		},
	})
}

// checkProof does what a stranger does who has the log's verifier key only.
func checkProof(t *testing.T, l *embedded.Ledger, key *tlog.Key, r ledger.Recorded) {
	t.Helper()
	var proof embedded.Inclusion
	if err := json.Unmarshal(r.Proof.Data, &proof); err != nil || r.Proof.Kind != embedded.ProofKind {
		t.Fatalf("proof %q: %v", r.Proof.Kind, err)
	}
	var e ledger.LogEntry
	if err := ledger.DecodeStrict(proof.Entry, &e); err != nil {
		t.Fatal(err)
	}
	event, err := json.Marshal(r.Event)
	if err != nil {
		t.Fatal(err)
	}
	want := ledger.LogEntry{
		V: ledger.EntryVersion, Seq: r.Position.Block, Time: r.Time, Rules: 1, Call: r.JWS,
		Reads: e.Reads, Writes: ledger.HashWrites(r.Writes), Event: ledger.DigestOf(event),
		State: e.State, // TestEntriesSignTheState
	}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("the entry is not what is recorded (-recorded +entry):\n%s", diff)
	}
	signed, size, err := l.Checkpoint(t.Context(), proof.Size)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(key.VKey())
	if err != nil {
		t.Fatal(err)
	}
	if got, root, err := tlog.ParseCheckpoint(signed, v); err != nil || got != size {
		t.Errorf("checkpoint of %d entries: %d, %v", size, got, err)
	} else if size == proof.Size {
		var path ref.RecordProof
		for _, d := range proof.Path {
			h, err := ref.ParseHash(hash64(t, d))
			if err != nil {
				t.Fatal(err)
			}
			path = append(path, h)
		}
		if err := ref.CheckRecord(path, size, root, int64(e.Seq), ref.RecordHash(proof.Entry)); err != nil {
			t.Errorf("entry %d is not proved: %v", e.Seq, err)
		}
	}
}

func TestHeadOfEveryBlock(t *testing.T) {
	f := newFixture(t)
	f.fill(t, 9)
	for from := range uint64(10) {
		n := from
		for b, err := range f.Blocks(t.Context(), from) {
			if err != nil {
				t.Fatal(err)
			}
			if b.Number != n {
				t.Fatalf("block %d came where %d was due", b.Number, n)
			}
			if n++; n == 10 {
				head, err := f.Head(t.Context())
				if err != nil || b.Head != head.Head || b.Number != head.Block {
					t.Errorf("from %d: the last head is %s, want %+v (%v)", from, b.Head, head, err)
				}
				break
			}
		}
	}
}

func TestClockNeverGoesBack(t *testing.T) {
	var clock atomic.Int64 // read by the goroutine that signs checkpoints, too
	clock.Store(1_800_000_000_000)
	now := func() time.Time { return time.UnixMilli(clock.Load()) }
	back := func() { clock.Add(-(2 * time.Minute).Milliseconds()) }
	w := ledgertest.NewWorld(t, now)
	cfg := newConfig(t, w.Genesis)
	cfg.Now = now
	l := open(t, cfg)
	first := w.Begin(t, l)
	jws := w.Calendar(t, 2026)
	back()
	if out := ledgertest.Must(t, l, jws); out.Time != first.Time {
		t.Errorf("the entry's time is %d, want that of the last one, %d", out.Time, first.Time)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	back() // four minutes behind: within the limit
	if err := open(t, cfg).Close(); err != nil {
		t.Fatal(err)
	}
	back() // six
	_, err := embedded.Open(t.Context(), cfg)
	if err == nil || !strings.Contains(err.Error(), "correct the clock") {
		t.Errorf("a clock six minutes behind: %v", err)
	}
}
