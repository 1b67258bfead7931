package objects

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// Probe finds out whether the store works now: it writes a small blob, reads it and removes
// it. One call must end before the next begins. The blob is not an object, and the next
// Probe or opening removes what an interrupted one left.
func (s *Store) Probe(ctx context.Context) error {
	if err := s.dropProbe(ctx); err != nil {
		return err
	}
	if err := s.blobs.write(ctx, probe, bytes.NewReader([]byte(probe)), int64(len(probe))); err != nil {
		return fmt.Errorf("probe: write: %w", err)
	}
	if err := s.readProbe(ctx); err != nil {
		return errors.Join(err, s.dropProbe(ctx))
	}
	return s.dropProbe(ctx)
}

func (s *Store) readProbe(ctx context.Context) error {
	b, err := s.blobs.open(ctx, probe)
	if err != nil {
		return fmt.Errorf("probe: open: %w", err)
	}
	defer b.Close()
	r, err := b.section(0, b.stat().size)
	if err != nil {
		return fmt.Errorf("probe: read: %w", err)
	}
	defer r.Close()
	got, err := io.ReadAll(io.LimitReader(r, maxKeySize))
	if err != nil {
		return fmt.Errorf("probe: read: %w", err)
	}
	if string(got) != probe {
		return errors.New("probe: the store returns other bytes than were written")
	}
	return nil
}

func (s *Store) dropProbe(ctx context.Context) error {
	if err := s.blobs.remove(ctx, probe); err != nil && !errors.Is(err, ErrNotExist) {
		return fmt.Errorf("probe: remove: %w", err)
	}
	return nil
}
