package receipts_test

import (
	"context"
	"errors"
	"testing"
)

// TestWaitForMore ends when a receipt is stored that is beyond the size, at once if one
// is stored already, and with the context.
func TestWaitForMore(t *testing.T) {
	f := newFixture(t)
	ended := make(chan error)
	for _, size := range []int64{0, 1} {
		go func() { ended <- f.WaitForMore(t.Context(), size) }()
		f.append(t, f.ingest(party(1), "object"))
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if err := f.WaitForMore(t.Context(), 1); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.WaitForMore(ctx, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("beyond what is stored: %v", err)
	}
}
