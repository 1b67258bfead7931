package tlog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// querier is the part of *sql.DB and *sql.Tx that reads single rows.
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

// Entries returns up to n committed entries from position from: fewer at the end of
// the log, and an ErrRange if from is beyond it.
func (l *Log) Entries(ctx context.Context, from int64, n int) ([]Entry, error) {
	size := l.Size()
	if from < 0 || from >= size || n < 1 {
		return nil, fmt.Errorf("read %d entries from %d of %d: %w", n, from, size, ErrRange)
	}
	return l.readEntries(ctx, from, int(min(int64(n), size-from)))
}

// readEntries returns exactly n entries, which must exist.
func (l *Log) readEntries(ctx context.Context, from int64, n int) ([]Entry, error) {
	entries, err := readEntries(ctx, l.r, l.codec, from, n)
	if d := (damage{}); errors.As(err, &d) {
		return nil, l.damaged("%w", d.what)
	}
	return entries, err
}

// rowsQuerier is the part of *sql.DB and *sql.Tx that reads many rows.
type rowsQuerier interface {
	querier
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// readEntries returns exactly n entries of the tables, or an error that says what
// is damaged.
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

// Tables reads the tables of a log without its key, for an audit. It checks
// nothing.
type Tables struct {
	q     rowsQuerier
	codec Codec
}

// ReadTables returns the log in a transaction. The rows are encoded with codec; if
// it is nil, data is stored without encoding.
func ReadTables(tx *sql.Tx, codec Codec) *Tables { return &Tables{tx, codec} }

// Checkpoint returns the last signed checkpoint.
func (t *Tables) Checkpoint(ctx context.Context) ([]byte, error) {
	c, err := readSigned(ctx, t.q)
	return c.Note, err
}

// Size returns the number of entries.
func (t *Tables) Size(ctx context.Context) (size int64, err error) {
	err = t.q.QueryRowContext(ctx, "SELECT coalesce(max(seq) + 1, 0) FROM entry").Scan(&size)
	return size, err
}

// Entries returns the hashed data of n entries from a position on.
func (t *Tables) Entries(ctx context.Context, from int64, n int) ([][]byte, error) {
	entries, err := readEntries(ctx, t.q, t.codec, from, n)
	list := make([][]byte, len(entries))
	for i, e := range entries {
		list[i] = e.Data
	}
	return list, err
}

// Prove returns the proof that the entry at seq is in the tree of a committed size.
// Everything that is read is first checked against the root, so a damaged log leads
// to an error, never to a wrong proof.
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

// Holds checks that the committed entry at seq has the given leaf hash; otherwise
// it returns an ErrDamaged. It does not build a proof: it follows the tiles upward,
// each the preimage of a hash in the tile above, to the edge of the tree, which is
// in memory.
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
	return l.damaged("no tile contains entry %d", seq)
}

// ProveTree returns the proof that the tree of size older, at least 1, is a prefix
// of the tree of size newer. Both sizes must be committed.
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

// readError returns a damage error for errors that come neither from the database
// nor from the caller: the tiles do not match the root.
func (l *Log) readError(err error) error {
	if errors.Is(err, errRead) {
		return err
	}
	return l.damaged("its tiles do not match its root: %w", err)
}

// errRead marks errors of the database, which do not mean that the log is damaged.
var errRead = errors.New("read tile")

// reader returns the hashes of the non-empty tree with edge e. Each is checked
// against the root of e.
func reader(ctx context.Context, q querier, e *edge) tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: e.size, Hash: e.root()}, tileReader{ctx, q})
}

// tileReader reads tiles during one call.
type tileReader struct {
	ctx context.Context
	q   querier
}

// Height returns the height of the tiles.
func (tileReader) Height() int { return height }

// SaveTiles does nothing: SQLite caches.
func (tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

// ReadTiles returns the hashes of tiles in the requested width.
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
