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

// scanRow reads a row of the table record; one without a value where there is none.
func scanRow(from *sql.Row) (r row, err error) {
	err = from.Scan(&r.value, &r.seq)
	if errors.Is(err, sql.ErrNoRows) {
		return row{}, nil
	}
	if r.value == nil { // of no bytes
		r.value = []byte{}
	}
	return r, err
}

// readRow reads the row of a key as the last commit has it, and checks it.
func (l *Ledger) readRow(ctx context.Context, key string) (row, error) {
	r, older, err := l.tryRow(ctx, key)
	if err == nil && !older {
		return r, nil
	}
	if !older && !errors.Is(err, errAhead) {
		return row{}, err
	}
	// A commit came between the reading and the check, or the log does not know of its
	// entry yet: while none runs, both are certain.
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

// errAhead says that a row names an entry that the log does not have.
var errAhead = errors.New("it is not there")

func otherRow(key string) error {
	return damaged("the record %s was rolled back or deleted", key)
}

// checkRow checks a row that was read. One that is known needs no check: it was
// written since the ledger was opened, or found right by its entry or with the whole
// state. Any other is held against the write set of the entry that it names. So a row
// that was edited is found, at rest or meanwhile. One put back to what an older entry
// wrote, and one that is not there, are known to be wrong (older) only where what they
// were is known; whatever was done before the start, compareState finds.
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

// compareRow compares a row with the write set of its entry, which it proves to be in
// the log. Then all that the entry wrote is known: what a later one wrote is newer.
func (l *Ledger) compareRow(ctx context.Context, key string, r row) error {
	if r.seq < 0 || r.seq >= l.log.Size() {
		return damaged("the record %s names entry %d: %w", key, r.seq, errAhead)
	}
	data, extra, err := l.log.Entry(ctx, r.seq)
	if err == nil {
		err = l.log.Holds(ctx, r.seq, ref.RecordHash(data))
	}
	if err != nil {
		return fmt.Errorf("check the record %s: %w", key, err)
	}
	_, s, err := parseEntry(r.seq, data, extra)
	if err != nil {
		return fmt.Errorf("check the record %s: %w", key, err)
	}
	right := slices.ContainsFunc(s.Writes, func(w ledger.Write) bool {
		return w.Key == key && w.Value != nil && bytes.Equal(w.Value, r.value)
	})
	if !right {
		return damaged("the record %s is not what entry %d wrote", key, r.seq)
	}
	list := make([]place, len(s.Writes))
	for i, w := range s.Writes {
		list[i] = l.known.place(w.Key, row{w.Value, r.seq})
	}
	l.known.keep(list...)
	return nil
}

// found remembers rows that were found right with the whole state.
func (l *Ledger) found(rows [][]place) {
	for _, list := range rows {
		for part := range slices.Chunk(list, 1024) {
			l.known.keep(part...)
		}
	}
}

// wrote remembers the rows of a batch that is committed.
func (l *Ledger) wrote(dirty map[string]row) {
	if l.known == nil {
		return
	}
	list := make([]place, 0, len(dirty))
	for key, r := range dirty {
		list = append(list, l.known.place(key, r))
	}
	l.known.keep(list...)
}
