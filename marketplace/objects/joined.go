package objects

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// list reads what parts a joined object has, from its content b. It checks that all of
// them are in the store with their sizes.
func (s *Store) list(ctx context.Context, id string, key []byte, b blob) (contents, error) {
	size, err := clearSize(b.stat().size)
	if err != nil {
		return contents{}, err
	}
	if size > maxContents {
		return contents{}, fmt.Errorf("a list of %d bytes: %w", size, ErrDamaged)
	}
	listKey, err := derive(key, "list")
	if err != nil {
		return contents{}, err
	}
	if _, err := readTail(b, listKey, size); err != nil {
		return contents{}, err
	}
	r, err := decrypt(b, listKey, 0, size)
	if err != nil {
		return contents{}, err
	}
	clear := make([]byte, size)
	_, err = io.ReadFull(r, clear)
	if err = errors.Join(err, r.Close()); err != nil {
		return contents{}, err
	}
	c, err := decodeContents(clear)
	if err == nil && len(c.sha256) != sha256.Size {
		err = ErrDamaged
	}
	if err != nil {
		return contents{}, err
	}
	return c, s.checkParts(ctx, id, c)
}

func (s *Store) checkParts(ctx context.Context, id string, c contents) error {
	stored := map[string]int64{}
	err := s.blobs.list(ctx, place(id)+partMark, func(f found) error {
		stored[f.name] = f.size
		return nil
	})
	if err != nil {
		return err
	}
	for i, p := range c.parts {
		if size, ok := stored[partPlace(id, p)]; !ok || size != storedSize(p.bytes) {
			return fmt.Errorf("part %d of %d is missing or cut short: %w", i+1, len(c.parts), ErrDamaged)
		}
	}
	return nil
}

// joined describes a joined object.
func (o *object) joined(c contents) {
	o.parts = c.parts
	o.info.Bytes, o.info.SHA256 = c.bytes(), hex.EncodeToString(c.sha256)
}

// partReader reads clear text from offset on, part by part. It opens a part when the one
// before it was read.
type partReader struct {
	s      *Store
	ctx    context.Context //nolint:containedctx // the reader's: it ends its requests
	id     string
	key    []byte
	parts  []part // the next ones
	offset int64  // in the next part
	end    int64  // how many bytes of the next parts are wanted at most, from their beginning
	now    io.ReadCloser
	left   int64 // bytes of the open part
}

// Read returns io.EOF after the last part.
func (r *partReader) Read(b []byte) (int, error) {
	for r.left == 0 {
		if err := r.Close(); err != nil {
			return 0, err
		}
		if len(r.parts) == 0 {
			return 0, io.EOF
		}
		if err := r.open(); err != nil {
			return 0, err
		}
	}
	n, err := r.now.Read(b[:min(int64(len(b)), r.left)])
	switch r.left -= int64(n); {
	case r.left == 0:
		err = nil
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

type openPart struct {
	io.ReadCloser
	blob blob
}

func (p openPart) Close() error { return errors.Join(p.ReadCloser.Close(), p.blob.Close()) }

// open opens the next part that has bytes after offset.
func (r *partReader) open() error {
	p := r.parts[0]
	r.parts = r.parts[1:]
	if r.offset >= p.bytes {
		r.offset, r.end = r.offset-p.bytes, r.end-p.bytes
		return nil
	}
	key, err := derive(r.key, "part "+p.text())
	if err != nil {
		return err
	}
	b, err := r.s.blobs.open(r.ctx, partPlace(r.id, p))
	if errors.Is(err, ErrNotExist) {
		err = fmt.Errorf("a part is gone: %w", ErrDamaged)
	}
	if err != nil {
		return err
	}
	if b.stat().size != storedSize(p.bytes) {
		return errors.Join(fmt.Errorf("a part was cut short: %w", ErrDamaged), b.Close())
	}
	clear, err := decrypt(b, key, r.offset, min(r.end, p.bytes))
	if err != nil {
		return errors.Join(err, b.Close())
	}
	r.now, r.left = openPart{clear, b}, p.bytes-r.offset
	r.offset, r.end = 0, r.end-p.bytes
	return nil
}

// Close closes the open part.
func (r *partReader) Close() error {
	if r.now == nil {
		return nil
	}
	err := r.now.Close()
	r.now = nil
	return err
}
