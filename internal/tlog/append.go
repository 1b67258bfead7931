package tlog

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// rowsPerInsert is the number of entries in one INSERT if there are many. An append
// spends most of its time on statements.
const rowsPerInsert = 32

// Pending is an append whose transaction is not committed yet. To cancel it, roll
// the transaction back and drop the Pending.
type Pending struct {
	// First is the position of the first appended entry, Size the number of entries
	// of the log including the appended ones.
	First, Size int64
	// Root is the root hash of the tree with Size entries.
	Root tlog.Hash

	log      *Log
	from, to *edge
}

// Append writes entries, at least one, to the end of the log in the transaction tx,
// which must belong to the writing side that the log was opened with. They cannot
// be read or proved before Pending.Commit. Only the last append can be committed,
// and a transaction can contain only one.
func (l *Log) Append(ctx context.Context, tx *sql.Tx, entries []Entry) (*Pending, error) {
	if len(entries) == 0 {
		return nil, fmt.Errorf("append to log %q: no entries", l.key.Origin())
	}
	from := l.committed()
	to := from.clone()
	var tiles []tile
	for i, e := range entries {
		if len(e.Data) > MaxEntry {
			return nil, fmt.Errorf("append to log %q: entry %d of %d has %d bytes, the maximum is %d",
				l.key.Origin(), i+1, len(entries), len(e.Data), MaxEntry)
		}
		tiles = to.add(tlog.RecordHash(e.Data), tiles)
	}
	tiles = append(tiles, to.partial(from.size)...)
	rows, err := l.encode(entries)
	if err != nil {
		return nil, fmt.Errorf("append to log %q: %w", l.key.Origin(), err)
	}
	if err := writeEntries(ctx, tx, from.size, rows); err != nil {
		return nil, fmt.Errorf("append to log %q: %w", l.key.Origin(), err)
	}
	if err := writeTiles(ctx, tx, tiles); err != nil {
		return nil, fmt.Errorf("append to log %q: %w", l.key.Origin(), err)
	}
	p := &Pending{First: from.size, Size: to.size, Root: to.root(), log: l, from: from, to: to}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.latest = p
	return p, nil
}

// Commit must be called after the transaction of the append was committed. It
// returns an ErrStale and changes nothing if another append was begun or committed
// since, or the log was reloaded. Then the log and its tables may disagree, and the
// owner must call Reload.
func (p *Pending) Commit() error {
	l := p.log
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.latest != p || l.edge != p.from {
		return fmt.Errorf("commit %d entries of log %q from %d: %w", p.Size-p.First, l.key.Origin(), p.First, ErrStale)
	}
	l.edge, l.latest = p.to, nil
	return nil
}

// encode returns the columns data and extra of the entries' rows.
func (l *Log) encode(entries []Entry) ([]Entry, error) {
	if l.codec == nil {
		return entries, nil
	}
	rows := make([]Entry, len(entries))
	for i, e := range entries {
		row, err := l.codec.Encode(e)
		if err != nil {
			return nil, fmt.Errorf("encode entry %d of %d: %w", i+1, len(entries), err)
		}
		rows[i] = Entry{Data: row}
	}
	return rows, nil
}

func writeEntries(ctx context.Context, tx *sql.Tx, first int64, entries []Entry) error {
	for len(entries) > 0 {
		rows := 1
		if len(entries) >= rowsPerInsert {
			rows = rowsPerInsert
		}
		many := entries[:len(entries)/rows*rows]
		if err := insertRows(ctx, tx, first, many, rows); err != nil {
			return err
		}
		first += int64(len(many))
		entries = entries[len(many):]
	}
	return nil
}

// insertRows writes entries, whose number is a multiple of rows, with statements of
// that many rows.
func insertRows(ctx context.Context, tx *sql.Tx, first int64, entries []Entry, rows int) error {
	insert, err := tx.PrepareContext(ctx, "INSERT INTO entry (seq, data, extra) VALUES (?, ?, ?)"+strings.Repeat(", (?, ?, ?)", rows-1)) //nolint:gosec // only placeholders are repeated
	if err != nil {
		return fmt.Errorf("prepare entries: %w", err)
	}
	defer insert.Close()
	args := make([]any, 0, 3*rows)
	for i, e := range entries {
		data := e.Data
		if data == nil {
			data = []byte{} // nil would be NULL
		}
		if args = append(args, first+int64(i), data, e.Extra); len(args) < 3*rows {
			continue
		}
		if _, err := insert.ExecContext(ctx, args...); err != nil {
			return fmt.Errorf("write entries up to %d: %w", first+int64(i), err)
		}
		args = args[:0]
	}
	return nil
}

func writeTiles(ctx context.Context, tx *sql.Tx, tiles []tile) error {
	for _, t := range tiles {
		_, err := tx.ExecContext(ctx, `INSERT INTO tile (level, n, data) VALUES (?, ?, ?)
			ON CONFLICT (level, n) DO UPDATE SET data = excluded.data`, t.level, t.n, t.data)
		if err != nil {
			return fmt.Errorf("write tile %d/%d: %w", t.level, t.n, err)
		}
	}
	return nil
}
