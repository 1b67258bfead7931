package node

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestProbe: a store is asked at most every ten seconds, by one caller for all, and a store
// that does not answer is known to be broken after three.
func TestProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		var answer atomic.Pointer[error]
		set := func(err error) { answer.Store(&err) }
		set(nil)
		wait := make(chan struct{})
		p := newProbe(func(ctx context.Context) error {
			asked.Add(1)
			if err := *answer.Load(); !errors.Is(err, context.Canceled) {
				return err
			}
			<-wait // and ignores ctx, like a disk that hangs
			return nil
		}, time.Now, slog.New(slog.DiscardHandler))
		see := func(want error, times int64) {
			t.Helper()
			results := make(chan error, 50)
			for range cap(results) {
				go func() { results <- p.err(t.Context()) }()
			}
			for range cap(results) {
				if err := <-results; !errors.Is(err, want) {
					t.Errorf("the result is %v, want %v", err, want)
				}
			}
			if n := asked.Load(); n != times {
				t.Errorf("the store was asked %d times, want %d", n, times)
			}
		}
		see(nil, 1)
		broken := errors.New("broken")
		set(broken)
		time.Sleep(probeAge - 1)
		see(nil, 1)
		time.Sleep(time.Nanosecond)
		see(broken, 2)
		set(context.Canceled)
		time.Sleep(probeAge)
		start := time.Now()
		see(context.DeadlineExceeded, 3)
		if took := time.Since(start); took != probeTime {
			t.Errorf("a store that hangs is known after %v", took)
		}
		time.Sleep(time.Hour)
		see(context.DeadlineExceeded, 3) // at once, and without another question
		if took := time.Since(start); took != probeTime+time.Hour {
			t.Errorf("a store that hangs was waited for again: %v", took)
		}
		set(nil)
		close(wait)
		synctest.Wait()
		see(nil, 4)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		time.Sleep(probeAge)
		_ = p.err(gone) // one who has gone does not spoil the answer for the others
		synctest.Wait()
		see(nil, 5)
		p.close()
		time.Sleep(probeAge)
		see(nil, 5)
	})
}
