package backup

import (
	"context"
	"io"

	"github.com/datacadastre/cadastre/internal/words"
)

// place is where a target's files are: a folder or a bucket. Names are slash-separated. It
// is safe for concurrent use.
type place interface {
	// write stores the bytes of r under a new name, which appears when all are stored. max
	// is the number of bytes at most; negative if it is not known.
	write(ctx context.Context, name string, r io.Reader, max int64) error
	// sync makes everything durable that was written before.
	sync() error
	// open and remove report a missing name as errMissing.
	open(ctx context.Context, name string) (io.ReadCloser, error)
	remove(ctx context.Context, name string) error
	// list calls each for the names that begin with prefix, which ends with a slash, in
	// order.
	list(ctx context.Context, prefix string, each func(name string, bytes int64) error) error
	// lock excludes other writers and removes what interrupted ones left in tmp/. With
	// force it removes the lock of a writer that may still run.
	lock(ctx context.Context, force bool) (unlock func() error, err error)
	close() error
	String() string
}

var errMissing = words.Errorf("缺失", "missing")
