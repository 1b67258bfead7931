package web

import (
	"context"
	"errors"

	"github.com/datacadastre/cadastre/ledger"
)

// idFilter is a filter of a list by the id of a record that everyone may read.
type idFilter struct {
	name string // of the query parameter
	id   ledger.ID
	find func(context.Context, ledger.ID) error
}

func filterBy[T any](name string, id ledger.ID, find func(context.Context, ledger.ID) (T, error)) idFilter {
	return idFilter{name, id, func(ctx context.Context, id ledger.ID) error {
		_, err := find(ctx, id)
		return err
	}}
}

// unlessUnknown returns a list. If it is empty because a filter names a record that does
// not exist, it is NotFound: a mistyped id must not look like one that has nothing. A
// record that not everyone may read is answered like one that does not exist.
func unlessUnknown[T any](ctx context.Context, found pageOf[T], err error, filters ...idFilter) (pageOf[T], error) {
	if err != nil || len(found.Items) > 0 {
		return found, err
	}
	return found, unknown(ctx, filters...)
}

// unknown returns NotFound if a filter names a record that does not exist.
func unknown(ctx context.Context, filters ...idFilter) error {
	for _, f := range filters {
		if f.id == "" {
			continue
		}
		if err := f.find(ctx, f.id); errors.Is(err, ledger.NotFound) {
			return ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("query." + f.name)
		} else if err != nil {
			return err
		}
	}
	return nil
}
