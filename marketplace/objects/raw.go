package objects

import (
	"context"
	"fmt"
	"io"
	"os"
)

// Blob is something that a store has stored: encrypted content or a part of it, or a
// sealed data key.
type Blob struct {
	Name  string // as in doc.go, such as ab/cd/abcd…
	Bytes int64  // stored
	Key   bool   // it is a data key, sealed by a master key
}

// Raw reads the blobs of a store as they are stored, for a backup. It needs no master key,
// changes nothing, and another process may have opened the store. A blob never changes, but
// it may be deleted at any moment.
type Raw struct{ blobs blobs }

// RawDisk reads the store in the folder dir.
func RawDisk(dir string) (*Raw, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("read objects: %w", err)
	}
	return &Raw{&disk{root: root}}, nil
}

// RawS3 reads the store in a bucket.
func RawS3(ctx context.Context, c S3Config) (*Raw, error) {
	b, err := c.connect()
	if err != nil {
		return nil, fmt.Errorf("read objects: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := b.tryList(ctx); err != nil {
		return nil, fmt.Errorf("read objects: %w", c.explain("list", err))
	}
	return &Raw{b}, nil
}

// List calls each for the blobs of all objects, drafts included, in the order of their
// names, and stops at its first error. What was stored when List is called and is not
// deleted meanwhile is listed.
func (r *Raw) List(ctx context.Context, each func(Blob) error) error {
	err := r.blobs.list(ctx, "", func(f found) error {
		p, ok := splitPlace(f.name)
		if !ok {
			return nil
		}
		return each(Blob{f.name, f.size, p.master != ""})
	})
	if err != nil {
		return fmt.Errorf("list objects: %w", err)
	}
	return nil
}

// Open reads a blob that was listed. A blob that is gone is ErrNotExist.
func (r *Raw) Open(ctx context.Context, b Blob) (io.ReadCloser, error) {
	if s, ok := r.blobs.(*s3); ok {
		return s.whole(ctx, b.Name)
	}
	f, err := r.blobs.open(ctx, b.Name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", b.Name, err)
	}
	whole, err := f.section(0, f.stat().size)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", b.Name, err)
	}
	return sectionOf{whole, f}, nil
}

// Close closes the store.
func (r *Raw) Close() error { return r.blobs.close() }

// sectionOf closes the blob with its section.
type sectionOf struct {
	io.Reader
	io.Closer
}

// IsName reports whether a name is one that List may report.
func IsName(name string) bool {
	_, ok := splitPlace(name)
	return ok
}
