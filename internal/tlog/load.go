package tlog

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// loadEdge reads the right edge from the tables and checks it: the last tile of
// each level has the right width for the number of entries, a complete tile has the
// hash in its parent, and the newest entries have the hashes in their tile.
func (l *Log) loadEdge(ctx context.Context) (*edge, error) {
	var first, last, top sql.NullInt64
	err := l.r.QueryRowContext(ctx, `SELECT (SELECT min(seq) FROM entry),
		(SELECT max(seq) FROM entry), (SELECT max(level) FROM tile)`).Scan(&first, &last, &top)
	if err != nil {
		return nil, fmt.Errorf("read log %q: %w", l.key.Origin(), err)
	}
	e := new(edge)
	if last.Valid {
		e.size = last.Int64 + 1
	}
	levels := 0
	for hashes(e.size, levels) > 0 {
		levels++
	}
	switch {
	case first.Int64 != 0:
		return nil, l.damaged("entry 0 is missing")
	case top.Valid != (levels > 0) || top.Valid && top.Int64 != int64(levels-1):
		return nil, l.damaged("it contains %d entries but its tiles are those of another number", e.size)
	}
	e.tiles = make([][]byte, levels)
	above := []byte(nil)
	for level := levels - 1; level >= 0; level-- {
		if above, err = l.loadLast(ctx, e, level, above); err != nil {
			return nil, err
		}
	}
	e.restack()
	if err := l.rehashTail(ctx, e.size, above); err != nil {
		return nil, err
	}
	return e, nil
}

// loadLast reads the last tile of a level into e, and returns its hashes.
func (l *Log) loadLast(ctx context.Context, e *edge, level int, above []byte) ([]byte, error) {
	count := hashes(e.size, level)
	want := (count - 1) >> height
	var n int64
	var data []byte
	err := l.r.QueryRowContext(ctx, "SELECT n, data FROM tile WHERE level = ? ORDER BY n DESC LIMIT 1", level).Scan(&n, &data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, l.damaged("tile %d/%d is missing", level, want)
	}
	if err != nil {
		return nil, fmt.Errorf("read log %q: %w", l.key.Origin(), err)
	}
	if n != want || len(data) != width(e.size, level, want)*tlog.HashSize {
		return nil, l.damaged("it contains %d entries but the last tile of level %d is that of another number: an entry or a tile is missing", e.size, level)
	}
	if len(data) < tileBytes {
		e.tiles[level] = data
		return data, nil
	}
	if h := subtree(data); !bytes.HasSuffix(above, h[:]) {
		return nil, l.damaged("tile %d/%d does not have the recorded hash", level, n)
	}
	return data, nil
}

// rehashTail checks the entries of the last tile, whose hashes are data.
func (l *Log) rehashTail(ctx context.Context, size int64, data []byte) error {
	if size == 0 {
		return nil
	}
	first := (size - 1) >> height << height
	entries, err := l.readEntries(ctx, first, int(size-first))
	if err != nil {
		return err
	}
	for i, e := range entries {
		if h := tlog.RecordHash(e.Data); !bytes.Equal(h[:], data[i*tlog.HashSize:][:tlog.HashSize]) {
			return l.damaged("entry %d does not have the recorded hash", first+int64(i))
		}
	}
	return nil
}

// loadSigned reads the last checkpoint and checks that the log continues it. It
// returns the zero Checkpoint for a new log without entries.
func (l *Log) loadSigned(ctx context.Context, e *edge) (Checkpoint, error) {
	last, err := readSigned(ctx, l.r)
	if errors.Is(err, sql.ErrNoRows) {
		if e.size > 0 {
			return Checkpoint{}, l.damaged("it contains %d entries but its last signed checkpoint is missing", e.size)
		}
		return Checkpoint{}, nil
	}
	if err != nil {
		return Checkpoint{}, err
	}
	size, root, err := ParseCheckpoint(last.Note, l.key.verifier)
	if err != nil {
		return Checkpoint{}, l.damaged("its last signed checkpoint was not signed by the key of this log: %w", err)
	}
	if size != last.Size || root != last.Root {
		return Checkpoint{}, l.damaged("its last signed checkpoint has another size or root than its row")
	}
	return last, l.checkContinues(ctx, l.r, e, last.Size, last.Root, true)
}
