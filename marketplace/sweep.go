package marketplace

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/objects"
)

// Sweep deletes uploads, whole or not, that did not change for age and that no content
// record names, and returns how many. current brings the read model up to the ledger's
// head; then Sweep looks up each candidate once more. What it deletes is removed from
// the count of its party.
func (m *Market) Sweep(ctx context.Context, age time.Duration, current func(context.Context) error) (int, error) {
	if err := m.ForgetNamed(ctx); err != nil {
		return 0, fmt.Errorf("sweep uploads: %w", err)
	}
	old, err := m.unnamed.before(ctx, ledger.Millis(m.Now().Add(-age).UnixMilli()))
	swept := 0
	for _, id := range old {
		if err != nil {
			break
		}
		err = m.sweep(ctx, id, current, &swept)
	}
	if err != nil {
		return swept, fmt.Errorf("sweep uploads: %w", err)
	}
	err = m.Objects.List(ctx, func(info objects.Info) error { // what has no row
		if info.Stored.IsZero() || m.Now().Sub(info.Stored) < age {
			return nil
		}
		return m.sweep(ctx, info.ID, current, &swept)
	})
	if err != nil {
		return swept, fmt.Errorf("sweep objects: %w", err)
	}
	return swept, nil
}

// sweep deletes an object, and the row of its upload, unless a content record names it.
func (m *Market) sweep(ctx context.Context, id string, current func(context.Context) error, swept *int) error {
	if named, err := m.named(ctx, id); err != nil || named {
		return err
	}
	if err := current(ctx); err != nil {
		return err
	}
	if named, err := m.named(ctx, id); err != nil || named {
		return err
	}
	if err := m.Objects.Delete(ctx, id); err == nil {
		*swept++
	} else if !errors.Is(err, objects.ErrNotExist) {
		return err
	}
	return m.unnamed.forget(ctx, id)
}

// named reports whether a content record names the object.
func (m *Market) named(ctx context.Context, object string) (named bool, err error) {
	err = m.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM content WHERE object = ?)", object).Scan(&named)
	if err != nil {
		return false, fmt.Errorf("look up object: %w", err)
	}
	return named, nil
}
