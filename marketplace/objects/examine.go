package objects

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/datacadastre/cadastre/internal/seal"
)

// ExamineDisk opens the store in an existing folder to check it. Nothing in the folder is
// changed, and nothing may be put or deleted.
func ExamineDisk(dir string, key seal.Key) (*Store, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open objects: %w", err)
	}
	return &Store{blobs: &disk{root: root}, key: key}, nil
}

// ExamineS3 opens a store in a bucket to check it: it only reads.
func ExamineS3(c S3Config, key seal.Key) (*Store, error) {
	b, err := c.connect()
	if err != nil {
		return nil, fmt.Errorf("open objects: %w", err)
	}
	return &Store{blobs: b, key: key}, nil
}

// Check reads the content of which b is the first blob, and returns ErrDamaged if it is not
// what was put there. Parts are read with the content that they were joined to; what is gone
// meanwhile is not damaged.
func (s *Store) Check(ctx context.Context, b Blob) error {
	p, ok := splitPlace(b.Name)
	if !ok || b.Name != place(p.id) {
		return nil
	}
	_, _, err := s.Examine(ctx, p.id, true)
	switch {
	case errors.Is(err, ErrNotExist):
		return nil
	case errors.Is(err, seal.ErrWrongKey): // nobody can read it
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// Examine checks an object: its data key, its end and its size, and if whole is true every
// byte. It returns its size and SHA-256. With an error it also returns the name of what is
// damaged: of the data key or of the content.
func (s *Store) Examine(ctx context.Context, id string, whole bool) (info Info, name string, err error) {
	if err := checkID(id); err != nil {
		return Info{}, id, err
	}
	if _, err := s.dataKey(ctx, id); err != nil {
		return Info{}, keyPlace(id, s.key), err
	}
	if info, err = s.Stat(ctx, id); err != nil || !whole {
		return info, place(id), err
	}
	r, err := s.Open(ctx, id, 0, -1)
	if err != nil {
		return info, place(id), err
	}
	h := sha256.New()
	n, err := io.CopyBuffer(h, struct{ io.Reader }{r}, make([]byte, 256<<10))
	if err = errors.Join(err, r.Close()); err == nil && (n != info.Bytes || hex.EncodeToString(h.Sum(nil)) != info.SHA256) {
		err = damage(id, fmt.Errorf("its content has another hash than its end says: %w", ErrDamaged))
	}
	return info, place(id), err
}
