package embedded

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	ref "golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/ledger"
)

// scanRow scans a row of the table record. If there is no row, the value is nil.
func scanRow(from *sql.Row) (r row, err error) {
	err = from.Scan(&r.value, &r.seq)
	if errors.Is(err, sql.ErrNoRows) {
		return row{}, nil
	}
	if r.value == nil { // a value of length 0
		r.value = []byte{}
	}
	return r, err
}

// readRow reads the committed row of a key and checks it.
func (l *Ledger) readRow(ctx context.Context, key string) (row, error) {
	r, older, err := l.tryRow(ctx, key)
	if err == nil && !older {
		return r, nil
	}
	if !older && !errors.Is(err, errAhead) {
		return row{}, err
	}
	// There was a commit between the read and the check, or the log does not know
	// the entry yet. Read and check again while no commit can run.
	l.writing.Lock()
	defer l.writing.Unlock()
	r, older, err = l.tryRow(ctx, key)
	if err == nil && older {
		err = otherRow(key)
	}
	return r, err
}

func (l *Ledger) tryRow(ctx context.Context, key string) (r row, older bool, err error) {
	if r, err = scanRow(l.sql.read.QueryRowContext(ctx, key)); err != nil {
		return row{}, false, err
	}
	older, err = l.checkRow(ctx, key, r)
	return r, older, err
}

// errAhead says that a row names an entry that is not in the log.
var errAhead = errors.New("the log has no such entry")

func otherRow(key string) error {
	return damaged("the record %s was rolled back or deleted", key)
}

// checkRow checks a row. A known row, one that was written or checked since the
// ledger was opened, needs no further check. Any other row is compared with the
// write set of the entry that it names, so a changed row is always found. A row
// that was rolled back to an older entry, or deleted, is only recognized (older) if
// its newer state is known; if that happened before the start, compareState finds
// it.
func (l *Ledger) checkRow(ctx context.Context, key string, r row) (older bool, err error) {
	if l.known == nil {
		return false, nil
	}
	p := l.known.place(key, r)
	switch l.known.judge(p) {
	case rightRow:
		return false, nil
	case olderRow:
		return true, nil
	case unknownRow:
	}
	return false, l.compareRow(ctx, key, r)
}

// compareRow compares a row with the write set of its entry, after proving that the
// entry is in the log. It remembers all rows that the entry wrote; those that a
// later entry wrote are newer.
func (l *Ledger) compareRow(ctx context.Context, key string, r row) error {
	writes, err := l.writesOf(ctx, key, r)
	if err != nil {
		return err
	}
	list := make([]place, len(writes))
	for i, w := range writes {
		list[i] = l.known.place(w.Key, row{w.Value, r.seq})
	}
	l.known.remember(list...)
	return nil
}

// writesOf returns what the entry that a row names wrote, if it wrote the row.
func (l *Ledger) writesOf(ctx context.Context, key string, r row) ([]ledger.Write, error) {
	if r.seq < 0 || r.seq >= l.log.Size() {
		return nil, damaged("the record %s names entry %d: %w", key, r.seq, errAhead)
	}
	data, extra, err := l.log.Entry(ctx, r.seq)
	if err == nil {
		err = l.log.Holds(ctx, r.seq, ref.RecordHash(data))
	}
	if err != nil {
		return nil, fmt.Errorf("check the record %s: %w", key, err)
	}
	_, s, err := parseEntry(r.seq, data, extra)
	if err != nil {
		return nil, fmt.Errorf("check the record %s: %w", key, err)
	}
	right := slices.ContainsFunc(s.Writes, func(w ledger.Write) bool {
		return w.Key == key && w.Value != nil && bytes.Equal(w.Value, r.value)
	})
	if !right {
		return nil, damaged("the record %s is not what entry %d wrote", key, r.seq)
	}
	return s.Writes, nil
}

// rememberFound remembers rows that were checked together with the whole state.
func (l *Ledger) rememberFound(rows [][]place) {
	for _, list := range rows {
		for part := range slices.Chunk(list, 1024) {
			l.known.remember(part...)
		}
	}
}

// rememberWritten remembers the rows of a committed batch.
func (l *Ledger) rememberWritten(dirty map[string]row) {
	if l.known == nil {
		return
	}
	list := make([]place, 0, len(dirty))
	for key, r := range dirty {
		list = append(list, l.known.place(key, r))
	}
	l.known.remember(list...)
}
