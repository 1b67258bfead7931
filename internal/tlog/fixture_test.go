package tlog_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	ref "golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/tlog"
)

const origin = "example.org/log"

// fixture is a log with the tree that golang.org/x/mod makes of its entries.
type fixture struct {
	*tlog.Log
	db     *sqldb.DB
	path   string
	key    *tlog.Key
	codec  tlog.Codec
	clock  time.Time
	leaves []ref.Hash
	stored []ref.Hash
}

func newKey(t testing.TB) *tlog.Key {
	t.Helper()
	skey, vkey, err := tlog.NewKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	key, err := tlog.ParseKey(skey)
	if err != nil {
		t.Fatal(err)
	}
	if key.VKey() != vkey {
		t.Fatalf("the key gives %q, its maker gave %q", key.VKey(), vkey)
	}
	return key
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{path: filepath.Join(t.TempDir(), "log.db"), key: newKey(t), clock: time.UnixMilli(1_700_000_000_000)}
	f.openDB(t)
	t.Cleanup(func() { _ = f.db.Close() })
	if err := f.db.Migrate(context.Background(), "tlog", tlog.Migrations()); err != nil {
		t.Fatal(err)
	}
	if err := f.openLog(); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) openDB(t testing.TB) {
	t.Helper()
	db, err := sqldb.Open(context.Background(), f.path, sqldb.SyncFull)
	if err != nil {
		t.Fatal(err)
	}
	f.db = db
}

func (f *fixture) openLog() error {
	l, err := tlog.Open(context.Background(), f.db.W, f.db.R, f.key, f.codec, func() time.Time { return f.clock })
	f.Log = l
	return err
}

// reopen closes the file and opens it as the next process would.
func (f *fixture) reopen(t testing.TB) {
	t.Helper()
	if err := f.db.Close(); err != nil {
		t.Fatal(err)
	}
	f.openDB(t)
	if err := f.openLog(); err != nil {
		t.Fatal(err)
	}
}

// content is entry i, of a length that differs from its neighbors'.
func content(i int64) []byte { return fmt.Appendf(nil, "entry %0*d", i%7, i) }

// batch is the next n entries.
func (f *fixture) batch(n int) []tlog.Entry {
	entries := make([]tlog.Entry, n)
	for i := range entries {
		entries[i] = tlog.Entry{Data: content(int64(len(f.leaves) + i))}
	}
	return entries
}

// add appends the next n entries in one transaction.
func (f *fixture) add(t testing.TB, n int) {
	t.Helper()
	f.addEntries(t, f.batch(n))
}

func (f *fixture) addEntries(t testing.TB, entries []tlog.Entry) {
	t.Helper()
	var p *tlog.Pending
	err := sqldb.InTx(context.Background(), f.db.W, func(tx *sql.Tx) (err error) {
		p, err = f.Append(context.Background(), tx, entries)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if p.First != int64(len(f.leaves)) || p.Size != p.First+int64(len(entries)) {
		t.Fatalf("append gave [%d, %d), want it to begin at %d", p.First, p.Size, len(f.leaves))
	}
	if f.Size() != p.First {
		t.Fatalf("size is %d before the commit of entries from %d", f.Size(), p.First)
	}
	if err := p.Commit(); err != nil {
		t.Fatal(err)
	}
	f.follow(t, entries)
	if p.Root != f.Root() {
		t.Fatalf("the append said %v, the log says %v", p.Root, f.Root())
	}
}

// follow gives the entries to the reference too.
func (f *fixture) follow(t testing.TB, entries []tlog.Entry) {
	t.Helper()
	for _, e := range entries {
		n := int64(len(f.leaves))
		hashes, err := ref.StoredHashes(n, e.Data, f.refReader())
		if err != nil {
			t.Fatal(err)
		}
		f.leaves = append(f.leaves, ref.RecordHash(e.Data))
		f.stored = append(f.stored, hashes...)
	}
}

func (f *fixture) refReader() ref.HashReader {
	return ref.HashReaderFunc(func(indexes []int64) ([]ref.Hash, error) {
		out := make([]ref.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = f.stored[x]
		}
		return out, nil
	})
}

func (f *fixture) refRoot(t testing.TB, size int64) ref.Hash {
	t.Helper()
	h, err := ref.TreeHash(size, f.refReader())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (f *fixture) publish(t testing.TB) tlog.Checkpoint {
	t.Helper()
	cp, err := f.PublishNow(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return cp
}

func (f *fixture) exec(t testing.TB, query string, args ...any) {
	t.Helper()
	res, err := f.db.W.ExecContext(context.Background(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%s changed nothing: %v", query, err)
	}
}

func parse(t testing.TB, msg []byte, v note.Verifier) (int64, ref.Hash) {
	t.Helper()
	size, root, err := tlog.ParseCheckpoint(msg, v)
	if err != nil {
		t.Fatal(err)
	}
	return size, root
}
