package objects

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/datacadastre/cadastre/internal/seal"
)

// Rotation is what Rotate did.
type Rotation struct {
	Keys int // data keys that were sealed anew
	// Damaged are the objects whose data keys do not open: they could not be
	// read before either, and are left as they are.
	Damaged []string
}

// Rotate seals every data key that this store's master key sealed anew, by
// next; no content is read or written. After it, open the store with next: this
// one finds nothing any more.
//
// A new key is durable before the old one is removed, so that every object can
// be read with one of the two master keys whenever Rotate ends, and calling it
// again goes on. Nothing may be put meanwhile.
func (s *Store) Rotate(ctx context.Context, next seal.Key) (Rotation, error) {
	var done Rotation
	if next.ID() == s.key.ID() {
		return done, fmt.Errorf("rotate objects: master key %s is that of the store already", next.ID())
	}
	err := s.blobs.list(ctx, "", func(f found) error {
		id, master, ok := splitPlace(f.name)
		if !ok || master != s.key.ID() {
			return ctx.Err()
		}
		err := s.reseal(ctx, id, next)
		switch {
		case errors.Is(err, ErrDamaged):
			done.Damaged = append(done.Damaged, id)
			return nil
		case err != nil:
			return err
		}
		done.Keys++
		return ctx.Err()
	})
	if err != nil {
		return done, fmt.Errorf("rotate objects: %w", err)
	}
	return done, nil
}

func (s *Store) reseal(ctx context.Context, id string, next seal.Key) error {
	key, err := s.unseal(ctx, id)
	if err != nil {
		return err
	}
	after := &Store{blobs: s.blobs, key: next}
	known, err := after.unseal(ctx, id)
	switch {
	case err == nil && bytes.Equal(known, key): // of an interrupted rotation
	case err == nil || errors.Is(err, ErrDamaged):
		if err := s.blobs.remove(ctx, keyPlace(id, next)); err != nil {
			return fmt.Errorf("object %s: %w", id, err)
		}
		fallthrough
	case errors.Is(err, ErrNotExist):
		sealed, err := next.Seal(key, sealedFor(id))
		if err != nil {
			return fmt.Errorf("object %s: %w", id, err)
		}
		if err := s.writeKey(ctx, keyPlace(id, next), sealed); err != nil {
			return fmt.Errorf("object %s: %w", id, err)
		}
	default:
		return err
	}
	if err := s.blobs.remove(ctx, keyPlace(id, s.key)); err != nil {
		return fmt.Errorf("object %s: %w", id, err)
	}
	return nil
}
