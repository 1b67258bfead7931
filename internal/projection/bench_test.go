//go:build unix

package projection_test

import (
	"context"
	"io/fs"
	"iter"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/projection"
	"github.com/datacadastre/cadastre/internal/records"
	"github.com/datacadastre/cadastre/internal/sight"
	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
	"github.com/datacadastre/cadastre/ledger/provenance"
	"github.com/datacadastre/cadastre/licensing"
	"github.com/datacadastre/cadastre/marketplace"
	"github.com/datacadastre/cadastre/registry"
)

// town is an embedded ledger with resources that are registered to their codes,
// five calls each.
type town struct {
	*ledgertest.World
	ledger       *embedded.Ledger
	holder, body *ledgertest.Member
}

func newTown(b testing.TB) *town {
	b.Helper()
	w := ledgertest.NewWorld(b, time.Now)
	w.Args.Limits = ledger.Limits{}
	w.Genesis = w.Call(b, w.Authority, ledger.FnGenesis, w.Args)
	skey, _, err := tlog.NewKey(ledger.LedgerLog("node.example.org"))
	if err != nil {
		b.Fatal(err)
	}
	key, err := tlog.ParseKey(skey)
	if err != nil {
		b.Fatal(err)
	}
	l, err := embedded.Open(b.Context(), embedded.Config{
		Path: filepath.Join(b.TempDir(), "ledger.db"), Key: key, Algorithms: ledger.Standard(), Now: time.Now,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	w.Begin(b, l)
	return &town{
		World: w, ledger: l, holder: w.Admitted(b, l, ledger.RoleHolder), body: w.Admitted(b, l, ledger.RoleRegistryBody),
	}
}

// grow registers n resources, many at once.
func (w *town) grow(b testing.TB, n int) {
	b.Helper()
	var all sync.WaitGroup
	for k := range 64 {
		all.Go(func() {
			for i := k; i < n; i += 64 {
				if err := w.Register(b, w.ledger, w.holder, w.body, uint64(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if b.Failed() {
		b.FailNow()
	}
}

// inMemory hands out blocks that were read before.
type inMemory struct {
	ledger.Ledger
	blocks []ledger.Block
}

func (m inMemory) Blocks(ctx context.Context, from uint64) iter.Seq2[ledger.Block, error] {
	return func(yield func(ledger.Block, error) bool) {
		for _, b := range m.blocks[from:] {
			if !yield(b, nil) {
				return
			}
		}
		<-ctx.Done()
	}
}

// rebuild rebuilds a read model and returns how long it took.
func rebuild(b testing.TB, l ledger.Ledger, last uint64, change ...func(*projection.Loop)) time.Duration {
	b.Helper()
	db := openRead(b)
	defer db.Close()
	return fillRead(b, db, l, last, change...)
}

// openRead makes an empty read model.
func openRead(b testing.TB) *sqldb.DB {
	b.Helper()
	db, err := sqldb.Open(b.Context(), filepath.Join(b.TempDir(), "read.db"), sqldb.SyncNormal, sqldb.SmallPages)
	if err != nil {
		b.Fatal(err)
	}
	for name, m := range tables {
		if err := db.Migrate(b.Context(), name, m()); err != nil {
			b.Fatal(err)
		}
	}
	return db
}

// fillRead applies the blocks of a ledger up to the last one to a read model, and
// returns how long it took.
func fillRead(b testing.TB, db *sqldb.DB, l ledger.Ledger, last uint64, change ...func(*projection.Loop)) time.Duration {
	b.Helper()
	licenses, err := licensing.New(db.R, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	domains := []projection.Domain{
		registry.New(db.R, time.Now), licenses, marketplace.New(marketplace.Config{DB: db.R, Now: time.Now}), provenance.NewTable(db.R),
		sight.New(sight.Config{DB: db.R}), records.New(db.R),
	}
	loop, err := projection.New(b.Context(), db.W, db.R, l, domains, ignore, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range change {
		c(loop)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	begin := time.Now()
	go func() { done <- loop.Run(ctx) }()
	if err := loop.Wait(ctx, last); err != nil {
		b.Fatal(err)
	}
	took := time.Since(begin)
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	return took
}

// BenchmarkRebuild makes read.db again from a ledger of registrations: from the
// file of an embedded ledger, and from blocks in memory, where only the
// projection's own work is left. Batches compares many blocks in a transaction
// with one.
func BenchmarkRebuild(b *testing.B) {
	w := newTown(b)
	w.grow(b, 1000)
	head, err := w.ledger.Head(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	var read inMemory
	begin := time.Now()
	for block, err := range w.ledger.Blocks(b.Context(), 0) {
		if err != nil {
			b.Fatal(err)
		}
		read.blocks = append(read.blocks, block)
		if block.Number == head.Block {
			break
		}
	}
	b.Logf("reading alone: %.0f entries/s", float64(len(read.blocks))/time.Since(begin).Seconds())
	b.Run("batches", func(b *testing.B) {
		whole := inMemory{blocks: slices.Clone(read.blocks)} // each block its own group, as when they come one by one
		for i := range whole.blocks {
			whole.blocks[i].Head = head.Head
		}
		var one, many time.Duration
		for range b.N {
			one += rebuild(b, whole, head.Block, projection.OneByOne)
			many += rebuild(b, whole, head.Block)
		}
		n := float64(len(whole.blocks) * b.N)
		b.ReportMetric(n/one.Seconds(), "one-by-one/s")
		b.ReportMetric(n/many.Seconds(), "batched/s")
		b.ReportMetric(one.Seconds()/many.Seconds(), "batched/one-by-one")
	})
	for name, l := range map[string]ledger.Ledger{"embedded": w.ledger, "memory": read} {
		b.Run(name, func(b *testing.B) {
			var took time.Duration
			begin := cpu(b)
			for range b.N {
				took += rebuild(b, l, head.Block)
			}
			n := float64(len(read.blocks) * b.N)
			b.ReportMetric(n/took.Seconds(), "entries/s")
			b.ReportMetric(float64((cpu(b)-begin).Microseconds())/n, "cpu-µs/entry")
		})
	}
}

var tables = map[string]func() fs.FS{
	"projection": projection.Migrations, "provenance": provenance.Migrations, "registry": registry.Migrations,
	"licensing": licensing.Migrations, "sight": sight.Migrations, "records": records.Migrations, "marketplace": marketplace.Migrations,
}

// cpu is the time that this process has had of all processors: on a machine that
// is shared it says more than the clock.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
