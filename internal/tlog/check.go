package tlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Check hashes every committed entry again and compares the result with all tiles,
// the root and the last checkpoint. It may run while the log grows, and takes a few
// seconds per million entries.
func (l *Log) Check(ctx context.Context) error {
	committed, last := l.committed(), l.Published()
	root, err := recompute(ctx, l.r, l.codec, committed.size, last)
	if d := (damage{}); errors.As(err, &d) {
		return l.damaged("%w", d.what)
	}
	if err != nil {
		return err
	}
	if root != committed.root() {
		return l.damaged("the root of its entries differs from the root of its tiles")
	}
	return nil
}

// Recompute hashes every entry of the tables again, compares the result with all tiles and
// the last checkpoint, and returns size and root of the log. A difference is ErrDamaged. It
// does not check the checkpoint's signature: that needs the log's key.
func (t *Tables) Recompute(ctx context.Context) (size int64, root tlog.Hash, err error) {
	if size, err = t.Size(ctx); err != nil {
		return 0, root, fmt.Errorf("read log: %w", err)
	}
	last, err := readSigned(ctx, t.q)
	if err != nil {
		return 0, root, err
	}
	var hashed int64
	if err := t.q.QueryRowContext(ctx, "SELECT coalesce(sum(length(data)), 0) FROM tile WHERE level = 0").Scan(&hashed); err != nil {
		return 0, root, fmt.Errorf("read log: %w", err)
	}
	if hashed != size*tlog.HashSize {
		return 0, root, wrong("it contains %d entries but its tiles are those of another number", size)
	}
	root, err = recompute(ctx, t.q, t.codec, size, last)
	return size, root, err
}

// recompute returns the root of the first size entries, and compares all tiles and a
// signed checkpoint with it.
func recompute(ctx context.Context, q rowsQuerier, codec Codec, size int64, last Checkpoint) (root tlog.Hash, err error) {
	if last.Size > size {
		return root, wrong("it contains %d entries but its last signed checkpoint covers %d", size, last.Size)
	}
	e := new(edge)
	signed := e.root() // the root of the first last.Size entries
	for e.size < size {
		entries, err := readEntries(ctx, q, codec, e.size, int(min(tileWidth, size-e.size)))
		if err != nil {
			return root, err
		}
		var full []tile
		for _, entry := range entries {
			if full = e.add(tlog.RecordHash(entry.Data), full); e.size == last.Size {
				signed = e.root()
			}
		}
		if err := compare(ctx, q, full); err != nil {
			return root, err
		}
	}
	if err := compare(ctx, q, e.partial(0)); err != nil {
		return root, err
	}
	if signed != last.Root {
		return root, wrong("its first %d entries have the root %v, but %v was signed", last.Size, signed, last.Root)
	}
	return e.root(), nil
}

// compare checks that the table contains these tiles. The last tile of a level may
// have grown since.
func compare(ctx context.Context, q querier, tiles []tile) error {
	for _, t := range tiles {
		data, err := readTile(ctx, q, t.level, t.n, len(t.data)/tlog.HashSize)
		if errors.Is(err, errRead) {
			return err
		}
		if err != nil {
			return wrong("its tiles do not match its root: %w", err)
		}
		if t.level == 0 && !bytes.Equal(data, t.data) {
			at := 0
			for data[at] == t.data[at] {
				at++
			}
			return wrong("tile 0/%d does not have the hash of entry %d: the entry, or the tile, was changed", t.n, t.n<<height+int64(at/tlog.HashSize))
		}
		if !bytes.Equal(data, t.data) {
			return wrong("tile %d/%d does not have the hashes of its entries: one of entries %d to %d, or the tile, was changed",
				t.level, t.n, t.n<<(height*(t.level+1)), (t.n+1)<<(height*(t.level+1))-1)
		}
	}
	return nil
}

// wrong returns the damage of a log whose name is not known here.
func wrong(format string, args ...any) error { return damage{what: fmt.Errorf(format, args...)} }
