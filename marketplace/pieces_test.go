package marketplace_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/datacadastre/cadastre/marketplace/objects"
)

// meeting is a store whose drafts begin when all callers have come: each of them has
// passed the checks before.
type meeting struct {
	objects.Objects
	missing *sync.WaitGroup
}

func (m meeting) Begin(ctx context.Context) (objects.Draft, error) {
	m.missing.Done()
	m.missing.Wait()
	return m.Objects.Begin(ctx)
}

// TestUploadsThatBeginTogetherAreBounded: those that are refused leave nothing.
func TestUploadsThatBeginTogetherAreBounded(t *testing.T) {
	const all, most, bytes = 100, 64, 100_000
	w := newWorld()
	w.maxUnnamed = 64 << 20
	w.open(t)
	var missing sync.WaitGroup
	missing.Add(all)
	w.market.Objects = meeting{w.store, &missing}
	ended := make(chan error, all)
	for range all {
		go func() { _, err := w.market.BeginUpload(t.Context(), id("operator"), bytes); ended <- err }()
	}
	begun := 0
	for range all {
		switch got := outcome(t, <-ended); got {
		case "":
			begun++
		case "unavailable busy begun_uploads":
		default:
			t.Errorf("an upload began: %s", got)
		}
	}
	if n := len(w.objectsOf()); begun != most || n != most {
		t.Errorf("%d uploads have begun and %d objects are stored, want %d", begun, n, most)
	}
	w.unnamed("operator", most*bytes)
	w.reopen()
	w.unnamed("operator", most*bytes)
}

// TestPiecesAreFew: an upload may have pieces of a byte, but not many more files than others
// of its length.
func TestPiecesAreFew(t *testing.T) {
	w := newWorld()
	w.open(t)
	for _, c := range []struct {
		length int64
		pieces int
	}{{9, 8}, {32<<10 - 1, 8}, {1 << 20, 8 + 32}} {
		u, err := w.market.BeginUpload(t.Context(), id("operator"), c.length)
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.pieces {
			if n, err := w.market.ContinueUpload(t.Context(), id("operator"), u.ID, int64(i), strings.NewReader("x")); err != nil || n != 1 {
				t.Fatalf("piece %d of an upload of %d bytes: %d %v", i+1, c.length, n, err)
			}
		}
		n, err := w.market.ContinueUpload(t.Context(), id("operator"), u.ID, int64(c.pieces), strings.NewReader("x"))
		if got := outcome(t, err); n != 0 || got != "invalid too_large upload_pieces" {
			t.Errorf("piece %d of an upload of %d bytes: %d %s", c.pieces+1, c.length, n, got)
		}
		if p, err := w.market.PendingUpload(t.Context(), id("operator"), u.ID); err != nil || p.Arrived != int64(c.pieces) {
			t.Errorf("after it: %+v %v", p, err)
		}
	}
}
