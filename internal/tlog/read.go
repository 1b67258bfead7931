package tlog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// querier is what *sql.DB and *sql.Tx have in common for reading.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Entry returns the committed entry at position seq.
func (l *Log) Entry(ctx context.Context, seq int64) (data, extra []byte, err error) {
	entries, err := l.Entries(ctx, seq, 1)
	if err != nil {
		return nil, nil, err
	}
	return entries[0].Data, entries[0].Extra, nil
}

// Entries returns up to n committed entries from position from: fewer at the
// end of the log, and an error with ErrRange if there is none.
func (l *Log) Entries(ctx context.Context, from int64, n int) ([]Entry, error) {
	size := l.Size()
	if from < 0 || from >= size || n < 1 {
		return nil, fmt.Errorf("read %d entries from %d of %d: %w", n, from, size, ErrRange)
	}
	return l.readEntries(ctx, from, int(min(int64(n), size-from)))
}

// readEntries returns exactly n entries, which must be there.
func (l *Log) readEntries(ctx context.Context, from int64, n int) ([]Entry, error) {
	entries, err := readEntries(ctx, l.r, l.codec, from, n)
	if d := (damage{}); errors.As(err, &d) {
		return nil, l.damaged("%w", d.what)
	}
	return entries, err
}

// rowsQuerier is what *sql.DB and *sql.Tx have in common for reading many rows.
type rowsQuerier interface {
	querier
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// readEntries returns exactly n entries of the tables, or says what is damaged.
func readEntries(ctx context.Context, q rowsQuerier, codec Codec, from int64, n int) ([]Entry, error) {
	rows, err := q.QueryContext(ctx, "SELECT seq, data, extra FROM entry WHERE seq >= ? AND seq < ? ORDER BY seq", from, from+int64(n))
	if err != nil {
		return nil, fmt.Errorf("read entries from %d: %w", from, err)
	}
	defer rows.Close()
	var entries []Entry
	for next := from; rows.Next(); next++ {
		var seq int64
		var e Entry
		if err := rows.Scan(&seq, &e.Data, &e.Extra); err != nil {
			return nil, fmt.Errorf("read entry %d: %w", next, err)
		}
		if seq != next {
			return nil, missing(next)
		}
		if codec != nil {
			if e, err = codec.Decode(e.Data); err != nil {
				return nil, damage{what: fmt.Errorf("entry %d can't be read: %w", seq, err)}
			}
		}
		entries = append(entries, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read entries from %d: %w", from, err)
	}
	if len(entries) != n {
		return nil, missing(from + int64(len(entries)))
	}
	return entries, nil
}

func missing(seq int64) error { return damage{what: fmt.Errorf("entry %d is missing", seq)} }

// Tables are the tables of a log that are read without its key, for an audit.
// Nothing of them is checked here.
type Tables struct {
	q     rowsQuerier
	codec Codec
}

// ReadTables reads a log from a transaction, with rows in the form of codec, or with
// data as it is if it is nil.
func ReadTables(tx *sql.Tx, codec Codec) *Tables { return &Tables{tx, codec} }

// Checkpoint returns the last checkpoint signed.
func (t *Tables) Checkpoint(ctx context.Context) ([]byte, error) {
	c, err := readSigned(ctx, t.q)
	return c.Note, err
}

// Size returns the number of entries.
func (t *Tables) Size(ctx context.Context) (size int64, err error) {
	err = t.q.QueryRowContext(ctx, "SELECT coalesce(max(seq) + 1, 0) FROM entry").Scan(&size)
	return size, err
}

// Entries returns what is hashed of n entries from a position on.
func (t *Tables) Entries(ctx context.Context, from int64, n int) ([][]byte, error) {
	entries, err := readEntries(ctx, t.q, t.codec, from, n)
	list := make([][]byte, len(entries))
	for i, e := range entries {
		list[i] = e.Data
	}
	return list, err
}

// Prove returns the proof that the entry at seq is in the tree of a committed
// size. What is read for it is checked against the root first, so a damaged
// log gives an error, never a bad proof.
func (l *Log) Prove(ctx context.Context, seq, size int64) (tlog.RecordProof, error) {
	e := l.committed()
	if seq < 0 || seq >= size || size > e.size {
		return nil, fmt.Errorf("prove entry %d in %d of %d: %w", seq, size, e.size, ErrRange)
	}
	proof, err := tlog.ProveRecord(size, seq, reader(ctx, l.r, e))
	if err != nil {
		return nil, fmt.Errorf("prove entry %d in %d: %w", seq, size, l.readError(err))
	}
	return proof, nil
}

// Holds returns nil if the entry at seq, committed, has that leaf hash, and else an error with
// ErrDamaged. It makes no proof: it climbs from tile to tile, each the preimage of
// a hash in the one above, up to the edge of the tree, which is in memory.
func (l *Log) Holds(ctx context.Context, seq int64, leaf tlog.Hash) error {
	e := l.committed()
	if seq < 0 || seq >= e.size {
		return fmt.Errorf("check entry %d of %d: %w", seq, e.size, ErrRange)
	}
	h, n := leaf, seq
	for level := range e.tiles {
		t, at := n>>height, int(n%tileWidth)*tlog.HashSize
		last := t == hashes(e.size, level)>>height
		data := e.tiles[level]
		if !last {
			var err error
			if data, err = readTile(ctx, l.r, level, t, tileWidth); err != nil {
				return fmt.Errorf("check entry %d: %w", seq, l.readError(err))
			}
		}
		if len(data) < at+tlog.HashSize || tlog.Hash(data[at:at+tlog.HashSize]) != h {
			return l.damaged("entry %d was changed after it was recorded, or a tile above it", seq)
		}
		if last {
			return nil
		}
		h, n = subtree(data[:tileBytes]), t
	}
	return l.damaged("no tile holds entry %d", seq)
}

// ProveTree returns the proof that the tree of size older, at least 1, is the
// beginning of that of size newer, both committed.
func (l *Log) ProveTree(ctx context.Context, older, newer int64) (tlog.TreeProof, error) {
	e := l.committed()
	if older < 1 || older > newer || newer > e.size {
		return nil, fmt.Errorf("prove %d in %d of %d: %w", older, newer, e.size, ErrRange)
	}
	proof, err := tlog.ProveTree(newer, older, reader(ctx, l.r, e))
	if err != nil {
		return nil, fmt.Errorf("prove %d in %d: %w", older, newer, l.readError(err))
	}
	return proof, nil
}

// RootAt returns the root hash of the first size entries.
func (l *Log) RootAt(ctx context.Context, size int64) (tlog.Hash, error) {
	e := l.committed()
	switch {
	case size < 0 || size > e.size:
		return tlog.Hash{}, fmt.Errorf("root of %d of %d: %w", size, e.size, ErrRange)
	case size == e.size:
		return e.root(), nil
	}
	root, err := tlog.TreeHash(size, reader(ctx, l.r, e))
	if err != nil {
		return tlog.Hash{}, fmt.Errorf("root of %d: %w", size, l.readError(err))
	}
	return root, nil
}

// readError calls damage what is neither the database's nor the caller's: the
// tiles did not hash to the root.
func (l *Log) readError(err error) error {
	if errors.Is(err, errRead) {
		return err
	}
	return l.damaged("its tiles do not support its root: %w", err)
}

// errRead marks errors of the database, which say nothing of the log.
var errRead = errors.New("read tile")

// reader returns the hashes of the tree with edge e, which has leaves, each
// checked against the root of e.
func reader(ctx context.Context, q querier, e *edge) tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: e.size, Hash: e.root()}, tileReader{ctx, q})
}

// tileReader reads tiles for one call.
type tileReader struct {
	ctx context.Context
	q   querier
}

// Height returns the height of the tiles.
func (tileReader) Height() int { return height }

// SaveTiles does nothing: SQLite caches.
func (tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

// ReadTiles returns the hashes of tiles, in the width asked for.
func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	all := make([][]byte, len(tiles))
	for i, t := range tiles {
		data, err := readTile(r.ctx, r.q, t.L, t.N, t.W)
		if err != nil {
			return nil, err
		}
		all[i] = data
	}
	return all, nil
}

// readTile returns the first w hashes of a tile.
func readTile(ctx context.Context, q querier, level int, n int64, w int) ([]byte, error) {
	var data []byte
	err := q.QueryRowContext(ctx, "SELECT data FROM tile WHERE level = ? AND n = ?", level, n).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) || err == nil && len(data) < w*tlog.HashSize {
		return nil, fmt.Errorf("tile %d/%d is missing or too short", level, n)
	}
	if err != nil {
		return nil, fmt.Errorf("%w %d/%d: %w", errRead, level, n, err)
	}
	return data[:w*tlog.HashSize], nil
}
