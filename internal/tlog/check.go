package tlog

import (
	"bytes"
	"context"

	"golang.org/x/mod/sumdb/tlog"
)

// Check hashes every committed entry again and compares the result with all tiles,
// the root and the last checkpoint. It may run while the log grows, and takes a few
// seconds per million entries.
func (l *Log) Check(ctx context.Context) error {
	committed, last := l.committed(), l.Published()
	e := new(edge)
	signed := e.root() // the root of the first last.Size entries
	for e.size < committed.size {
		entries, err := l.readEntries(ctx, e.size, int(min(tileWidth, committed.size-e.size)))
		if err != nil {
			return err
		}
		var full []tile
		for _, entry := range entries {
			if full = e.add(tlog.RecordHash(entry.Data), full); e.size == last.Size {
				signed = e.root()
			}
		}
		if err := l.compare(ctx, full); err != nil {
			return err
		}
	}
	if err := l.compare(ctx, e.partial(0)); err != nil {
		return err
	}
	if e.root() != committed.root() {
		return l.damaged("the root of its entries differs from the root of its tiles")
	}
	if signed != last.Root {
		return l.damaged("its first %d entries have the root %v, but %v was signed", last.Size, signed, last.Root)
	}
	return nil
}

// compare checks that the table contains these tiles. The last tile of a level may
// have grown since.
func (l *Log) compare(ctx context.Context, tiles []tile) error {
	for _, t := range tiles {
		data, err := readTile(ctx, l.r, t.level, t.n, len(t.data)/tlog.HashSize)
		if err != nil {
			return l.readError(err)
		}
		if t.level == 0 && !bytes.Equal(data, t.data) {
			at := 0
			for data[at] == t.data[at] {
				at++
			}
			return l.damaged("tile 0/%d does not have the hash of entry %d: the entry, or the tile, was changed", t.n, t.n<<height+int64(at/tlog.HashSize))
		}
		if !bytes.Equal(data, t.data) {
			return l.damaged("tile %d/%d does not have the hashes of its entries: one of entries %d to %d, or the tile, was changed",
				t.level, t.n, t.n<<(height*(t.level+1)), (t.n+1)<<(height*(t.level+1))-1)
		}
	}
	return nil
}
