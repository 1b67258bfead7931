package embedded_test

import (
	"encoding/base64"
	"encoding/hex"
	"path/filepath"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// fixture is a ledger in a file, with the keys to open it again.
type fixture struct {
	*ledgertest.World
	*embedded.Ledger
	cfg embedded.Config
}

func newLogKey(t testing.TB) *tlog.Key {
	t.Helper()
	skey, _, err := tlog.NewKey(ledger.LedgerLog("node.example.org"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := tlog.ParseKey(skey)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newConfig(t testing.TB, genesis string) embedded.Config {
	t.Helper()
	return embedded.Config{
		Path: filepath.Join(t.TempDir(), "ledger.db"), Key: newLogKey(t), Algorithms: ledger.Standard(),
		Genesis: ledger.DigestOf([]byte(genesis)), Now: time.Now,
	}
}

func open(t testing.TB, cfg embedded.Config) *embedded.Ledger {
	t.Helper()
	l, err := embedded.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// newFixture is a ledger that has begun.
func newFixture(t testing.TB) *fixture {
	t.Helper()
	w := ledgertest.NewWorld(t, time.Now)
	f := &fixture{World: w, cfg: newConfig(t, w.Genesis)}
	f.Ledger = open(t, f.cfg)
	w.Begin(t, f.Ledger)
	return f
}

// reopen closes the file and opens it as the next process would.
func (f *fixture) reopen(t testing.TB) {
	t.Helper()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f.Ledger = open(t, f.cfg)
}

// fill records calls, each a call about another year.
func (f *fixture) fill(t testing.TB, n int) []string {
	t.Helper()
	calls := make([]string, n)
	for i := range calls {
		calls[i] = f.Calendar(t, 2001+i%199)
		ledgertest.Must(t, f.Ledger, calls[i])
	}
	return calls
}

// hash64 is a digest in the form that ParseHash reads.
func hash64(t testing.TB, d ledger.Digest) string {
	t.Helper()
	b, err := hex.DecodeString(string(d))
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b)
}
