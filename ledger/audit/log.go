package audit

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	intlog "github.com/datacadastre/cadastre/internal/tlog"
)

// Bundle is the number of entries in one read (C2SP tlog-tiles: an entry bundle).
const Bundle = 256

// Log is a transparency log that is read completely.
type Log interface {
	// Checkpoint returns the newest signed checkpoint (C2SP tlog-checkpoint).
	Checkpoint(ctx context.Context) ([]byte, error)
	// Entries returns n entries, at most Bundle, starting at from, a multiple of
	// Bundle.
	Entries(ctx context.Context, from int64, n int) ([][]byte, error)
}

// part is a bundle of parsed entries with their leaf hashes.
type part[T any] struct {
	items  []T
	hashes []tlog.Hash
	errs   []error // by entry: why it could not be parsed
	err    error   // why the bundle could not be read
}

// scan reads the first size entries of a log, parses them on all cores, and passes
// them on in order. It returns the roots of the tree at the sizes in marks.
func scan[T any](ctx context.Context, log Log, size int64, marks []int64, parse func(entry []byte) (T, error),
	next func(i int64, item T, hash tlog.Hash, err error) error,
) (map[int64]tlog.Hash, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	parts := make(chan chan part[T], 2*runtime.GOMAXPROCS(0))
	go func() {
		defer close(parts)
		for from := int64(0); from < size; from += Bundle {
			done := make(chan part[T], 1)
			select {
			case parts <- done:
			case <-ctx.Done():
				return
			}
			go func() { done <- readPart(ctx, log, from, int(min(Bundle, size-from)), parse) }()
		}
	}()
	spine := new(intlog.Spine)
	roots := map[int64]tlog.Hash{0: spine.Root()}
	for done := range parts {
		p := <-done
		if p.err != nil {
			return nil, p.err
		}
		for i, item := range p.items {
			n := spine.Size()
			if spine.Add(p.hashes[i]); slices.Contains(marks, spine.Size()) {
				roots[spine.Size()] = spine.Root()
			}
			if err := next(n, item, p.hashes[i], p.errs[i]); err != nil {
				return nil, err
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return roots, nil
}

func readPart[T any](ctx context.Context, log Log, from int64, n int, parse func([]byte) (T, error)) (p part[T]) {
	entries, err := log.Entries(ctx, from, n)
	if err != nil {
		p.err = fmt.Errorf("read entries from %d: %w", from, err)
		return p
	}
	if len(entries) != n {
		p.err = fmt.Errorf("read entries from %d: %w", from, errors.New("the log returned a wrong number of entries"))
		return p
	}
	p.items, p.hashes, p.errs = make([]T, n), make([]tlog.Hash, n), make([]error, n)
	for i, e := range entries {
		p.hashes[i] = tlog.RecordHash(e)
		p.items[i], p.errs[i] = parse(e)
	}
	return p
}
