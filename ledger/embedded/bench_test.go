package embedded_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

// BenchmarkSubmit is how many signed calls a ledger records in a second, each
// durable before its answer, by the number of callers that wait at once.
func BenchmarkSubmit(b *testing.B) {
	for _, writers := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			f := newFixture(b)
			calls := make([]string, b.N)
			for i := range calls {
				calls[i] = f.Calendar(b, 2001+i%199)
			}
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range writers {
				wg.Go(func() {
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						if _, err := f.Submit(b.Context(), calls[i-1]); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
		})
	}
}

// BenchmarkBlocks is how fast a projection is fed from the beginning.
func BenchmarkBlocks(b *testing.B) {
	f := newFixture(b)
	const n = 2000
	f.fill(b, n)
	b.ResetTimer()
	for range b.N {
		left := n
		for _, err := range f.Blocks(b.Context(), 1) {
			if err != nil {
				b.Fatal(err)
			}
			if left--; left == 0 {
				break
			}
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "blocks/s")
}
