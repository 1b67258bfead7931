package receipts_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

// Durable receipts a second: ingests, and whole deliveries (two receipts each).
func BenchmarkReceipts(b *testing.B) {
	for _, writers := range []int{1, 256} {
		b.Run(fmt.Sprintf("ingest/%d", writers), func(b *testing.B) {
			f := newFixture(b)
			share(b, writers, func(int) error { return second(f.Append(b.Context(), f.ingest(party(1), "object"))) })
			b.ReportMetric(float64(f.Size())/b.Elapsed().Seconds(), "receipts/s")
		})
		b.Run(fmt.Sprintf("delivery/%d", writers), func(b *testing.B) {
			f := newFixture(b)
			share(b, writers, func(w int) error {
				r, err := f.Reserve(b.Context(), f.start(party(1), order(int64(w)), "object", 1000, 0, 1000))
				if err != nil {
					return err
				}
				return second(f.End(b.Context(), r, 1000, ledger.Complete))
			})
			b.ReportMetric(float64(f.Size())/b.Elapsed().Seconds(), "receipts/s")
		})
	}
}

func share(b *testing.B, writers int, do func(int) error) {
	b.Helper()
	work := make(chan struct{})
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for range work {
				if err := do(w); err != nil {
					b.Error(err)
				}
			}
		})
	}
	b.ResetTimer()
	for range b.N {
		work <- struct{}{}
	}
	close(work)
	all.Wait()
	b.StopTimer()
}
