package bench_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/bench"
)

func options(t *testing.T, dir string) bench.Options {
	t.Helper()
	return bench.Options{
		Writers: []int{1, 3}, Each: 2, Records: 5, Receipts: 20, Dir: dir, Now: time.Now,
		Report: func(_, en string, args ...any) { t.Logf(en, args...) },
	}
}

// TestRun measures little and holds what the figures speak of.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	s, closed, err := bench.Embedded(t.Context(), dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := closed(); err != nil {
			t.Error(err)
		}
	}()
	var bare atomic.Int64
	s.Bare = func(context.Context, string, []byte) error { bare.Add(1); return nil }
	before, err := s.Ledger.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, err := bench.Run(t.Context(), s, options(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	const calls = 3 * (1 + 3) * 2 // rounds, writers, each
	if n := bare.Load(); n != calls {
		t.Errorf("%d bare writes, want as many as calls, %d", n, calls)
	}
	if len(r.Levels) != 2 || r.Levels[1].Writers != 3 || r.Levels[1].Calls.Count != 18 || r.Levels[1].Bare.Count != 18 || r.Levels[1].Ratio <= 0 {
		t.Errorf("levels: %+v", r.Levels)
	}
	if r.Import.Records != 5 || r.Import.Second <= 0 || r.Receipts.Count != 20 || r.Receipts.Second <= 0 || r.Receipts.Ratio <= 0 {
		t.Errorf("import and receipts: %+v %+v", r.Import, r.Receipts)
	}
	after, err := s.Ledger.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const admitted, imported, lone = 3 + 2, 2 * 5, 3 * 2
	if n := after.Block - before.Block; n < admitted+calls+imported+lone+1 {
		t.Errorf("the ledger grew by %d entries: less than what was measured, and an anchor", n)
	}
}

// TestRunFails: figures of writes that failed would be lies.
func TestRunFails(t *testing.T) {
	dir := t.TempDir()
	s, closed, err := bench.Embedded(t.Context(), dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := closed(); err != nil {
			t.Error(err)
		}
	}()
	broken := errors.New("broken")
	s.Bare = func(context.Context, string, []byte) error { return broken }
	if _, err := bench.Run(t.Context(), s, options(t, dir)); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}
