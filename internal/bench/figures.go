package bench

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Figures are the results of one way of writing; times are in milliseconds.
type Figures struct {
	Count  int     `json:"count"`
	Second float64 `json:"per_second"`
	P50    float64 `json:"p50_ms"`
	P99    float64 `json:"p99_ms"`
}

// sample collects the rounds of one way of writing.
type sample struct {
	took    []time.Duration // of each operation
	elapsed time.Duration
}

func (s *sample) figures() Figures {
	if len(s.took) == 0 {
		return Figures{}
	}
	slices.Sort(s.took)
	at := func(p int) float64 {
		return float64(s.took[(len(s.took)-1)*p/100].Microseconds()) / 1000
	}
	return Figures{Count: len(s.took), Second: s.rate(), P50: at(50), P99: at(99)}
}

func (s *sample) rate() float64 {
	return float64(len(s.took)) / max(s.elapsed.Seconds(), 1e-9)
}

// run performs n operations with concurrent writers and adds their times. The first
// error ends the round.
func (s *sample) run(ctx context.Context, clock func() time.Time, writers, n int, act func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	took := make([]time.Duration, n)
	var next atomic.Int64
	var all sync.WaitGroup
	start := clock()
	for range writers {
		all.Go(func() {
			for i := int(next.Add(1) - 1); i < n && ctx.Err() == nil; i = int(next.Add(1) - 1) {
				begin := clock()
				if err := act(ctx, i); err != nil {
					cancel(err)
					return
				}
				took[i] = clock().Sub(begin)
			}
		})
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	s.elapsed += clock().Sub(start)
	s.took = append(s.took, took...)
	return nil
}
