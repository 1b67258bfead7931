package backup

import (
	"context"
	"io"
	"time"
)

func init() { workFactor = 10 } //nolint:gochecknoinits // tests have no time for the real one

// Place lets tests put a place of their own under a target.
type Place = place

// ErrMissing is what a place returns for a missing name.
var ErrMissing = errMissing

// FolderPlace returns the place of a folder.
func FolderPlace(dir string) (Place, error) { return openFolder(dir, true) }

// On begins a target on a place.
func On(ctx context.Context, p Place, now func() time.Time) (*Target, error) {
	return begin(ctx, p, Options{Now: now})
}

// Write writes a file of a place.
func Write(ctx context.Context, p Place, name string, r io.Reader) error {
	return p.write(ctx, name, r, -1)
}

// faulty is a place whose writes fail from a moment on.
type faulty struct {
	Place
	fails func(name string) error
}

// Faulty returns a place that fails to write where fails returns an error. The first half of
// the bytes is read before.
func Faulty(p Place, fails func(name string) error) Place { return faulty{p, fails} }

func (f faulty) write(ctx context.Context, name string, r io.Reader, max int64) error {
	err := f.fails(name)
	if err == nil {
		return f.Place.write(ctx, name, r, max)
	}
	_, _ = io.CopyN(io.Discard, r, 10)
	return err
}

// BucketPlace returns the place of a bucket.
func BucketPlace(ctx context.Context, c Bucket) (Place, error) { return openBucket(ctx, c, false) }
