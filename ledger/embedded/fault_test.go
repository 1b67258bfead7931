package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// exec changes the file behind the ledger's back.
func exec(t testing.TB, path string, queries ...string) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), path, sqldb.SyncFull)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range queries {
		if _, err := db.W.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

// TestStoreFails makes the transaction fail in the middle, and at its commit after
// everything was applied. Nothing may be stored, the caller gets Unavailable, and
// the same call is recorded once when the store works again.
func TestStoreFails(t *testing.T) {
	for _, c := range []struct {
		name         string
		harm, repair []string
	}{
		{
			"write",
			[]string{"CREATE TRIGGER t BEFORE INSERT ON entry BEGIN SELECT RAISE(ABORT, 'no'); END"},
			[]string{"DROP TRIGGER t"},
		},
		{
			"commit",
			[]string{
				"CREATE TABLE p (id INTEGER PRIMARY KEY)",
				"CREATE TABLE c (id INTEGER REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED)",
				"CREATE TRIGGER t AFTER INSERT ON entry BEGIN INSERT INTO c VALUES (1); END",
			},
			[]string{"DROP TRIGGER t", "DROP TABLE c", "DROP TABLE p"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			f.fill(t, 3)
			before, err := f.Head(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			exec(t, f.cfg.Path, c.harm...)
			jws := f.Calendar(t, 2026)
			for range 3 {
				_, err := f.Submit(t.Context(), jws)
				ledgertest.Refused(t, err, ledger.Unavailable, ledger.ReasonBusy)
			}
			if after, err := f.Head(t.Context()); err != nil || after != before {
				t.Errorf("head is %+v (%v), before the failure %+v", after, err, before)
			}
			exec(t, f.cfg.Path, c.repair...)
			if out := ledgertest.Must(t, f.Ledger, jws); out.Repeated || out.Position.Block != before.Block+1 {
				t.Errorf("after the failure the call is recorded at %+v", out)
			}
			f.reopen(t)
			if err := f.Check(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDiskFull(t *testing.T) {
	f := newFixture(t)
	var pages int
	if err := f.Writer().QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	limit := func(pages int) {
		t.Helper()
		if _, err := f.Writer().ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
			t.Fatal(err)
		}
	}
	limit(pages)
	var refused string
	recorded := 0
	for refused == "" && recorded < 100 {
		jws := f.Admission(t, f.Member(t, ledger.RoleHolder))
		if _, err := f.Submit(t.Context(), jws); err == nil {
			recorded++
		} else if refused = jws; !errors.Is(err, ledger.Unavailable) {
			t.Fatalf("a full disk: %v", err)
		}
	}
	if refused == "" {
		t.Fatal("the disk never was full")
	}
	if f.Err() != nil {
		t.Errorf("a full disk stopped the ledger: %v", f.Err())
	}
	limit(1 << 20)
	if out := ledgertest.Must(t, f.Ledger, refused); out.Repeated || out.Position.Block != uint64(recorded)+1 {
		t.Errorf("with room again the call is recorded at %+v after %d others", out, recorded)
	}
	f.reopen(t)
	if err := f.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestTwoOpeners has two ledgers on one file, which the folder's lock prevents
// in a node. What holds: no entry is lost, doubled or overwritten, and the file
// stays whole. A call may come back as unavailable, and a ledger that sees the
// other write while it reads may take that for damage and stop.
func TestTwoOpeners(t *testing.T) {
	f := newFixture(t)
	pair := [2]*embedded.Ledger{f.Ledger, open(t, f.cfg)}
	var calls [2][]string
	var acknowledged [2]int
	var wg sync.WaitGroup
	for i, l := range pair {
		for range 30 {
			calls[i] = append(calls[i], f.Calendar(t, 2026+i))
		}
		wg.Go(func() {
			for _, jws := range calls[i] {
				if err := insist(t.Context(), l, jws); err != nil {
					if !errors.Is(l.Err(), tlog.ErrDamaged) {
						t.Error(err)
					}
					return
				}
				acknowledged[i]++
			}
		})
	}
	wg.Wait()
	// One of them may lag behind what the other has published, and says so.
	_, _ = pair[0].Close(), pair[1].Close()
	f.Ledger = open(t, f.cfg)
	if err := f.Check(t.Context()); err != nil {
		t.Error(err)
	}
	for i := range pair {
		for n, jws := range calls[i] {
			if out := ledgertest.Must(t, f.Ledger, jws); n < acknowledged[i] && !out.Repeated {
				t.Errorf("an acknowledged call was not there: %+v", out)
			}
		}
	}
	if head, err := f.Head(t.Context()); err != nil || head.Block != 60 {
		t.Errorf("head is %+v (%v) after 60 calls", head, err)
	}
}

// insist submits a call until its outcome is known or the ledger has stopped.
func insist(ctx context.Context, l *embedded.Ledger, jws string) error {
	var err error
	for l.Err() == nil {
		if _, err = l.Submit(ctx, jws); !errors.Is(err, ledger.Unavailable) {
			return err
		}
	}
	return err
}

func TestClose(t *testing.T) {
	f := newFixture(t)
	calls := make([]string, 40)
	for i := range calls {
		calls[i] = f.Calendar(t, 2001+i)
	}
	answers := make([]error, len(calls))
	var wg, began sync.WaitGroup
	for i, jws := range calls {
		began.Add(1)
		wg.Go(func() {
			began.Done()
			_, answers[i] = f.Submit(t.Context(), jws)
		})
	}
	blocks := make(chan error)
	go func() {
		for _, err := range f.Blocks(t.Context(), 1000) {
			blocks <- err
			return
		}
		blocks <- nil
	}()
	began.Wait()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	ledgertest.Refused(t, <-blocks, ledger.Unavailable, ledger.ReasonBusy)
	wg.Wait()
	if err := f.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
	_, err := f.Submit(t.Context(), calls[0])
	ledgertest.Refused(t, err, ledger.Unavailable, ledger.ReasonBusy)

	l := open(t, f.cfg)
	if err := l.Check(t.Context()); err != nil {
		t.Error(err)
	}
	for i, err := range answers {
		call := ledgertest.Parse(t, calls[i]).Call
		switch _, found := l.Recorded(t.Context(), call.Party, call.ID); {
		case err == nil && found != nil:
			t.Errorf("call %d was acknowledged and is gone: %v", i, found)
		case err != nil && !errors.Is(err, ledger.Unavailable):
			t.Errorf("call %d: %v", i, err)
		}
	}
}

func TestCloseSignsWhatIsThere(t *testing.T) {
	f := newFixture(t)
	f.fill(t, 5)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sqldb.Open(t.Context(), f.cfg.Path, sqldb.SyncFull)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var size int
	if err := db.R.QueryRowContext(t.Context(), "SELECT size FROM signed").Scan(&size); err != nil || size != 6 {
		t.Errorf("the last checkpoint covers %d of 6 entries: %v", size, err)
	}
}

// TestCallerGone cancels callers while their calls are being recorded. Whatever
// result the caller got, the same call again has one outcome.
func TestCallerGone(t *testing.T) {
	f := newFixture(t)
	var wg sync.WaitGroup
	for i := range 50 {
		jws := f.Calendar(t, 2001+i)
		ctx, cancel := context.WithCancel(t.Context())
		wg.Go(func() {
			out, err := f.Submit(ctx, jws)
			if err != nil && !errors.Is(err, ledger.Unavailable) {
				t.Error(err)
			}
			again, errAgain := f.Submit(t.Context(), jws)
			if errAgain != nil || err == nil && (!again.Repeated || again.Position != out.Position) {
				t.Errorf("first %+v, %v; again %+v, %v", out, err, again, errAgain)
			}
		})
		wg.Go(cancel)
	}
	wg.Wait()
	if head, err := f.Head(t.Context()); err != nil || head.Block != 50 {
		t.Errorf("head is %+v (%v) after 50 calls", head, err)
	}
}

func TestRefusesWrongFile(t *testing.T) {
	f := newFixture(t)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	cfg := f.cfg
	cfg.Key = newLogKey(t)
	_, err := embedded.Open(t.Context(), cfg)
	if err == nil || !strings.Contains(err.Error(), "not signed by the key of this log") {
		t.Errorf("opened with another key: %v", err)
	}
}
