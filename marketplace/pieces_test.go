package marketplace_test

import (
	"context"
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
