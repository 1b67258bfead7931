package objects

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/datacadastre/cadastre/internal/seal"
)

// Rotation is the result of Rotate.
type Rotation struct {
	Keys int // data keys that were sealed again
	// Damaged are the ids of objects whose data keys can't be unsealed. They were
	// unreadable before, and Rotate does not change them.
	Damaged []string
}

// Rotate seals every data key of this store again, with the master key next. It reads
// and writes no content. Afterwards open the store with next: this Store no longer
// finds any object.
//
// A new key is durable before the old one is removed. So, whenever Rotate stops, every
// object can be read with one of the two master keys, and another call continues.
// Nothing may be put meanwhile.
func (s *Store) Rotate(ctx context.Context, next seal.Key) (Rotation, error) {
	var done Rotation
	if next.ID() == s.key.ID() {
		return done, fmt.Errorf("rotate objects: master key %s is that of the store already", next.ID())
	}
	err := s.blobs.list(ctx, "", func(f found) error {
		p, ok := splitPlace(f.name)
		if !ok || p.master != s.key.ID() {
			return ctx.Err()
		}
		err := s.reseal(ctx, p.id, next)
		switch {
		case errors.Is(err, ErrDamaged):
			done.Damaged = append(done.Damaged, p.id)
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
	case err == nil && bytes.Equal(known, key): // left by an interrupted rotation
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
