package objects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/minio/minio-go/v7"
)

// Bucket is the part of a bucket below a prefix, for files that are not objects of a
// Store, such as a backup. It encrypts nothing.
type Bucket struct{ s *s3 }

// OpenBucket tries every operation that a Bucket needs; if it will only be read, it lists
// it. Unlike a Store, it accepts a bucket that retains old versions.
func OpenBucket(ctx context.Context, c S3Config, readOnly bool) (*Bucket, error) {
	s, err := c.connect()
	if err != nil {
		return nil, fmt.Errorf("open bucket: %w", err)
	}
	start, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	type step struct {
		right string
		try   func(context.Context) error
	}
	steps := []step{
		{"list", s.tryList},
		{"read", s.removeProbe},
		{"write", func(ctx context.Context) error { return s.put(ctx, probe, []byte(probe)) }},
		{"read", s.tryRead},
		{"overwrite", s.tryOverwrite},
		{"upload parts", s.tryParts},
		{"delete", func(ctx context.Context) error { return s.remove(ctx, probe) }},
	}
	if readOnly {
		steps = steps[:1]
	}
	for _, step := range steps {
		if err := step.try(start); err != nil {
			return nil, fmt.Errorf("open bucket: %w", errors.Join(c.explain(step.right, err), s.close()))
		}
	}
	return &Bucket{s}, nil
}

// Sweep aborts the uploads that interrupted writes left. Nothing may be written meanwhile.
func (b *Bucket) Sweep(ctx context.Context) error {
	return b.s.list(ctx, folderTmp+"/", func(f found) error {
		if _, err := b.s.abortAll(ctx, strings.TrimPrefix(f.name, folderTmp+"/")); err != nil {
			return err
		}
		return b.s.remove(ctx, f.name)
	})
}

// Write stores the bytes of r under a name, which appears when all are stored. If maxBytes
// is negative, the size is not known. Fewer than 16 MiB replace a file of that name; more
// are refused if there is one. A mark in tmp/ remembers an upload in parts while it runs.
func (b *Bucket) Write(ctx context.Context, name string, r io.Reader, maxBytes int64) error {
	overwrite := *b.s
	overwrite.createOnly = false
	mark := folderTmp + "/" + name
	if maxBytes >= 0 && maxBytes < partBytes {
		return overwrite.upload(ctx, name, r, maxBytes)
	}
	if err := overwrite.put(ctx, mark, nil); err != nil {
		return err
	}
	if err := overwrite.upload(ctx, name, r, maxBytes); err != nil {
		return err // the mark remains, and Sweep looks for parts
	}
	return b.s.remove(ctx, mark)
}

// Create stores a small file, and returns ErrExist if the name exists. If the store can't
// refuse that itself, another writer at the same moment is not noticed.
func (b *Bucket) Create(ctx context.Context, name string, data []byte) error {
	there, err := b.s.has(ctx, name)
	if err == nil && !there {
		err = b.s.put(ctx, name, data)
	}
	if there || code(err) == string(minio.PreconditionFailed) {
		return fmt.Errorf("create %s: %w", name, ErrExist)
	}
	return err
}

// ErrExist reports that a name exists in a Bucket.
var ErrExist = errors.New("the name exists already")

// Open reads a file; a missing one is ErrNotExist.
func (b *Bucket) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	return b.s.whole(ctx, name)
}

// List calls each for the names that begin with prefix, in order, with size.
func (b *Bucket) List(ctx context.Context, prefix string, each func(name string, size int64) error) error {
	return b.s.list(ctx, prefix, func(f found) error { return each(f.name, f.size) })
}

// Remove deletes a file; a missing one is ErrNotExist.
func (b *Bucket) Remove(ctx context.Context, name string) error { return b.s.remove(ctx, name) }

// Close closes the connections.
func (b *Bucket) Close() error { return b.s.close() }

// whole reads a blob with one request.
func (s *s3) whole(ctx context.Context, name string) (io.ReadCloser, error) {
	body, _, _, err := s.api.GetObject(ctx, s.bucket, s.prefix+name, minio.GetObjectOptions{})
	if err != nil {
		return nil, s.readError(name, err)
	}
	return storeBody{body}, nil
}
