package tlog_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	ref "golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/tlog"
)

// checkProofs checks the proofs of entry seq and of the tree of size older in
// the tree of size size with the judge of golang.org/x/mod.
func checkProofs(t rapid.TB, f *fixture, seq, older, size int64) {
	t.Helper()
	ctx := context.Background()
	root, err := ref.TreeHash(size, f.refReader())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := f.RootAt(ctx, size); err != nil || got != root {
		t.Fatalf("root at %d is %v, %v, want %v", size, got, err, root)
	}
	record, err := f.Prove(ctx, seq, size)
	if err != nil {
		t.Fatal(err)
	}
	if err := ref.CheckRecord(record, size, root, seq, f.leaves[seq]); err != nil {
		t.Fatalf("entry %d in %d: %v", seq, size, err)
	}
	if older < 1 {
		return
	}
	oldRoot, err := ref.TreeHash(older, f.refReader())
	if err != nil {
		t.Fatal(err)
	}
	tree, err := f.ProveTree(ctx, older, size)
	if err != nil {
		t.Fatal(err)
	}
	if err := ref.CheckTree(tree, size, root, older, oldRoot); err != nil {
		t.Fatalf("%d in %d: %v", older, size, err)
	}
}

func TestEveryProof(t *testing.T) {
	f := newFixture(t)
	if want := f.refRoot(t, 0); f.Root() != want {
		t.Errorf("empty log has the root %v, want %v", f.Root(), want)
	}
	for size := int64(1); size <= 40; size++ {
		f.add(t, 1)
		for i := range size {
			checkHolds(t, f, i)
			checkProofs(t, f, i, i+1, size)
		}
	}
	f.add(t, 215)
	for f.Size() < 259 {
		f.add(t, 1)
		checkHolds(t, f, f.Size()/2)
		checkHolds(t, f, f.Size()-1)
	}
	f.add(t, 300)
	for _, size := range []int64{255, 256, 257, 511, 512, 513, 559} {
		for i := int64(0); i < size; i += 7 {
			checkProofs(t, f, i, i+1, size)
		}
		checkProofs(t, f, size-1, size, size)
	}
}

// checkHolds holds that the log has the leaf of an entry, and not another.
func checkHolds(t rapid.TB, f *fixture, seq int64) {
	t.Helper()
	if err := f.Holds(context.Background(), seq, f.leaves[seq]); err != nil {
		t.Fatalf("entry %d of %d: %v", seq, f.Size(), err)
	}
	other := f.leaves[seq]
	other[seq%32] ^= 1
	if err := f.Holds(context.Background(), seq, other); !errors.Is(err, tlog.ErrDamaged) {
		t.Fatalf("another entry %d of %d: %v", seq, f.Size(), err)
	}
}

func TestLargeLog(t *testing.T) {
	f := newFixture(t)
	for f.Size() < 66_000 { // three levels of tiles
		f.add(t, 2_000)
	}
	f.add(t, 100)
	f.publish(t)
	f.reopen(t)
	if err := f.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		size := rapid.Int64Range(1, f.Size()).Draw(rt, "size")
		checkHolds(rt, f, size-1)
		checkProofs(rt, f, rapid.Int64Range(0, size-1).Draw(rt, "seq"), rapid.Int64Range(1, size).Draw(rt, "older"), size)
	})
}

func TestAnyBatchesGiveTheSameLog(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		batches := rapid.SliceOfN(rapid.IntRange(1, 600), 1, 4).Draw(rt, "batches")
		f := newFixture(t)
		for _, n := range batches {
			f.add(t, n)
			if rapid.Bool().Draw(rt, "publish") {
				f.publish(t)
			}
			if rapid.Bool().Draw(rt, "reopen") {
				f.reopen(t)
			}
			if got, want := f.Root(), f.refRoot(t, f.Size()); got != want {
				rt.Fatalf("root at %d is %v, want %v", f.Size(), got, want)
			}
		}
		if err := f.Check(t.Context()); err != nil {
			rt.Fatal(err)
		}
		if err := f.db.Close(); err != nil {
			rt.Fatal(err)
		}
	})
}

func TestEntries(t *testing.T) {
	f := newFixture(t)
	long := make([]byte, tlog.MaxEntry)
	want := []tlog.Entry{{Data: []byte("a"), Extra: []byte("set")}, {Data: []byte{}}, {Data: long}}
	f.addEntries(t, []tlog.Entry{want[0], {Data: nil}, want[2]})
	got, err := f.Entries(t.Context(), 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.Transformer("text", func(b []byte) string { return string(b) })); diff != "" {
		t.Error(diff)
	}
	data, extra, err := f.Entry(t.Context(), 0)
	if err != nil || string(data) != "a" || string(extra) != "set" {
		t.Errorf("entry 0 is %q, %q, %v", data, extra, err)
	}
	for _, seq := range []int64{-1, 3} {
		if _, _, err := f.Entry(t.Context(), seq); !errors.Is(err, tlog.ErrRange) {
			t.Errorf("entry %d gives %v, want ErrRange", seq, err)
		}
	}
}

func TestOutOfRange(t *testing.T) {
	f := newFixture(t)
	f.add(t, 3)
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"prove past size":   func() error { _, err := f.Prove(ctx, 2, 2); return err },
		"prove past log":    func() error { _, err := f.Prove(ctx, 2, 4); return err },
		"prove before":      func() error { _, err := f.Prove(ctx, -1, 2); return err },
		"holds past log":    func() error { return f.Holds(ctx, 3, f.leaves[0]) },
		"holds before":      func() error { return f.Holds(ctx, -1, f.leaves[0]) },
		"tree of size 0":    func() error { _, err := f.ProveTree(ctx, 0, 2); return err },
		"tree shrinks":      func() error { _, err := f.ProveTree(ctx, 3, 2); return err },
		"tree past log":     func() error { _, err := f.ProveTree(ctx, 3, 4); return err },
		"root past log":     func() error { _, err := f.RootAt(ctx, 4); return err },
		"root before":       func() error { _, err := f.RootAt(ctx, -1); return err },
		"no entries wanted": func() error { _, err := f.Entries(ctx, 0, 0); return err },
	} {
		if err := call(); !errors.Is(err, tlog.ErrRange) {
			t.Errorf("%s: %v, want ErrRange", name, err)
		}
	}
}

func TestAppendRefuses(t *testing.T) {
	f := newFixture(t)
	for name, entries := range map[string][]tlog.Entry{
		"none":     nil,
		"too long": {{Data: []byte("fits")}, {Data: make([]byte, tlog.MaxEntry+1)}},
	} {
		err := sqldb.InTx(t.Context(), f.db.W, func(tx *sql.Tx) error {
			_, err := f.Append(t.Context(), tx, entries)
			return err
		})
		if err == nil {
			t.Errorf("%s: appended", name)
		}
	}
	f.add(t, 1)
}

func TestRollbackLeavesNothing(t *testing.T) {
	f := newFixture(t)
	f.add(t, 300)
	before := f.Root()
	giveUp := errors.New("give up")
	var dropped *tlog.Pending
	err := sqldb.InTx(t.Context(), f.db.W, func(tx *sql.Tx) (err error) {
		dropped, err = f.Append(t.Context(), tx, []tlog.Entry{{Data: []byte("lost")}})
		return errors.Join(err, giveUp)
	})
	if !errors.Is(err, giveUp) {
		t.Fatal(err)
	}
	if f.Size() != 300 || f.Root() != before {
		t.Errorf("a rollback left size %d", f.Size())
	}
	f.add(t, 300) // other entries at the same place
	if err := dropped.Commit(); !errors.Is(err, tlog.ErrStale) {
		t.Errorf("committing a dropped append gives %v", err)
	}
	f.reopen(t)
	if err := f.Check(t.Context()); err != nil {
		t.Error(err)
	}
	checkProofs(t, f, 300, 300, 600)
}

func TestFailedCommitThenGoodAppend(t *testing.T) {
	f := newFixture(t)
	f.exec(t, "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED); INSERT INTO a VALUES (1)")
	f.add(t, 10)
	err := sqldb.InTx(t.Context(), f.db.W, func(tx *sql.Tx) error {
		_, err1 := f.Append(t.Context(), tx, f.batch(5))
		_, err2 := tx.ExecContext(t.Context(), "INSERT INTO b VALUES (9)")
		if err := errors.Join(err1, err2); err != nil {
			t.Error(err)
		}
		return nil
	})
	if err == nil {
		t.Fatal("the commit did not fail")
	}
	f.add(t, 20)
	if err := errors.Join(f.Reload(t.Context()), f.Check(t.Context())); err != nil {
		t.Error(err)
	}
	if f.Size() != 30 {
		t.Errorf("size is %d, want 30", f.Size())
	}
}

func TestCommitThatWasAppliedAfterAll(t *testing.T) {
	f := newFixture(t)
	f.add(t, 10)
	var p *tlog.Pending
	lost := f.batch(5)
	err := sqldb.InTx(t.Context(), f.db.W, func(tx *sql.Tx) (err error) {
		p, err = f.Append(t.Context(), tx, lost)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// The owner gets the error of this append, so it does not commit p.
	err = sqldb.InTx(t.Context(), f.db.W, func(tx *sql.Tx) error {
		_, err := f.Append(t.Context(), tx, f.batch(1))
		return err
	})
	if err == nil {
		t.Error("appended over entries that are there")
	}
	if err := f.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.follow(t, lost)
	f.add(t, 5)
	if err := p.Commit(); !errors.Is(err, tlog.ErrStale) {
		t.Errorf("commit after reload gives %v, want ErrStale", err)
	}
	checkProofs(t, f, 12, 15, 20)
}

func TestTwoAppendsInOneTransaction(t *testing.T) {
	f := newFixture(t)
	err := sqldb.InTx(t.Context(), f.db.W, func(tx *sql.Tx) error {
		if _, err := f.Append(t.Context(), tx, f.batch(2)); err != nil {
			t.Error(err)
		}
		_, err := f.Append(t.Context(), tx, f.batch(2))
		return err
	})
	if err == nil {
		t.Error("the second append took the place of the first")
	}
}

func BenchmarkAppend(b *testing.B) {
	for name, n := range map[string]int{"1": 1, "256": 256, "2048": 2048} {
		b.Run(name, func(b *testing.B) {
			f := newFixture(b)
			entries := make([]tlog.Entry, n)
			for i := range entries {
				entries[i].Data = make([]byte, 500)
			}
			for b.Loop() {
				var p *tlog.Pending
				err := sqldb.InTx(context.Background(), f.db.W, func(tx *sql.Tx) (err error) {
					p, err = f.Append(context.Background(), tx, entries)
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
				if err := p.Commit(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

func TestReadersWhileTheLogGrows(t *testing.T) {
	f := newFixture(t)
	f.add(t, 200)
	f.publish(t)
	done := make(chan error, 2)
	stop := make(chan struct{})
	go func() {
		h := f.Handler(anyone)
		for {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			size := f.Published().Size
			path := fmt.Sprintf("tile/0/%03d.p/%d", size/256, size%256)
			if w := get(h, "GET", path); size%256 > 0 && w.Code != http.StatusOK {
				done <- fmt.Errorf("%s of %d published: %d", path, size, w.Code)
				return
			}
			if _, err := f.Prove(context.Background(), size/2, size); err != nil {
				done <- err
				return
			}
		}
	}()
	go func() {
		for {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			if _, err := f.PublishNow(context.Background()); err != nil {
				done <- err
				return
			}
		}
	}()
	for range 60 {
		f.add(t, 17)
	}
	close(stop)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if err := f.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
