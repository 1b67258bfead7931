package embedded_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

func logKeyOf(t testing.TB, origin string) *tlog.Key {
	t.Helper()
	skey, _, err := tlog.NewKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	key, err := tlog.ParseKey(skey)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// restoredLedger is a ledger that is put back from a copy, with a later checkpoint that
// someone holds.
func restoredLedger(t *testing.T) (f *fixture, held string) {
	t.Helper()
	w := ledgertest.NewWorld(t, time.Now)
	w.Args.Limits = ledger.Limits{}
	key := logKeyOf(t, ledger.LedgerLog(w.Args.Origin))
	w.Args.LedgerKey = key.VKey()
	w.Genesis = w.Call(t, w.Authority, ledger.FnGenesis, w.Args)
	f = &fixture{World: w, cfg: newConfig(t, w.Genesis)}
	f.cfg.Key = key
	f.Ledger = open(t, f.cfg)
	w.Begin(t, f.Ledger)
	f.fill(t, 5)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(f.cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	f.Ledger = open(t, f.cfg)
	f.fill(t, 3)
	msg, size, err := f.Checkpoint(t.Context(), 9)
	if err != nil || size != 9 {
		t.Fatalf("checkpoint of %d: %v", size, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.cfg.Path, kept, 0o600); err != nil {
		t.Fatal(err)
	}
	return f, string(msg)
}

// TestBeginAgain: what is signed must be for exactly the entries of the copy and for the
// key of the folder, else nothing changes; then the log has the new key only.
func TestBeginAgain(t *testing.T) {
	f, held := restoredLedger(t)
	have, err := embedded.Head(t.Context(), f.cfg)
	if err != nil || have.Size != 6 {
		t.Fatalf("%+v: %v", have, err)
	}
	old := ledger.LedgerLog(f.Args.Origin)
	next := logKeyOf(t, ledger.NextLog(old))
	good := ledger.LogBeginArgs{
		Origin: next.Origin(), Key: next.VKey(), Old: ledger.LogHead{Origin: old, Size: have.Size, Root: have.Root}, Held: held,
	}
	for want, spoil := range map[string]func(*ledger.LogBeginArgs){
		"make the request again": func(a *ledger.LogBeginArgs) { a.Old.Size = 5 },
		"with the root":          func(a *ledger.LogBeginArgs) { a.Old.Root = ledger.DigestOf(nil) },
		"another key":            func(a *ledger.LogBeginArgs) { a.Key = logKeyOf(t, next.Origin()).VKey() },
		"later_checkpoint":       func(a *ledger.LogBeginArgs) { a.Old.Size, a.Held = have.Size, firstOf(t, f) },
	} {
		args := good
		spoil(&args)
		err := embedded.BeginAgain(t.Context(), f.cfg, next, f.Call(t, f.Authority, ledger.FnLogBegin, args))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := embedded.BeginAgain(t.Context(), f.cfg, next, f.Calendar(t, 2090)); err == nil {
		t.Error("a log begins again by another call")
	}
	if now, err := embedded.Head(t.Context(), f.cfg); err != nil || now != have {
		t.Fatalf("what was refused has changed the ledger: %+v, %v", now, err)
	}
	if err := embedded.BeginAgain(t.Context(), f.cfg, next, f.Call(t, f.Authority, ledger.FnLogBegin, good)); err != nil {
		t.Fatal(err)
	}
	if _, err := embedded.Open(t.Context(), f.cfg); err == nil {
		t.Error("the old key still signs")
	}
	f.cfg.Key = next
	f.Ledger = open(t, f.cfg)
	f.fill(t, 2)
	if msg, size, err := f.Checkpoint(t.Context(), 9); err != nil || size != 9 || !strings.HasPrefix(string(msg), next.Origin()+"\n") {
		t.Errorf("checkpoint of %d: %v\n%s", size, err, msg)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// firstOf is a checkpoint of no more than the copy.
func firstOf(t *testing.T, f *fixture) string {
	t.Helper()
	s, err := embedded.OpenSnapshot(t.Context(), f.cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := s.Checkpoint(t.Context())
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	return string(msg)
}

// TestALogDoesNotBeginAgainWhileItRuns: neither log of the ledger's own node does.
func TestALogDoesNotBeginAgainWhileItRuns(t *testing.T) {
	f := newFixture(t)
	f.fill(t, 2)
	node := "node.example.org" // of the key
	for _, old := range []string{ledger.LedgerLog(node), ledger.ReceiptLog(node)} {
		next := logKeyOf(t, ledger.NextLog(old))
		_, err := f.Submit(t.Context(), f.Call(t, f.Authority, ledger.FnLogBegin, ledger.LogBeginArgs{
			Origin: next.Origin(), Key: next.VKey(), Old: ledger.LogHead{Origin: old, Size: 3, Root: ledger.DigestOf(nil)},
		}))
		if e := ledger.AsError(err); e == nil || e.Reason != ledger.ReasonLogOpen {
			t.Errorf("%s: %v", old, err)
		}
	}
}
