package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
)

// Check checks the whole ledger, which must not be in use. It checks every entry
// against the tree and the last signed checkpoint, every event and write set
// against its entry, and the records against the write sets, so that no record is
// missing, changed or added, and their sum against the last entry. The time is
// proportional to the size of the file.
func (l *Ledger) Check(ctx context.Context) error {
	if err := l.log.Check(ctx); err != nil {
		return l.stopIfDamaged(err)
	}
	if err := l.compareRecords(ctx); err != nil {
		return l.stopIfDamaged(err)
	}
	return l.stopIfDamaged(l.compareState(ctx))
}

// compareRecords compares the records with the write sets of all entries. Its error
// names the first record that differs.
func (l *Ledger) compareRecords(ctx context.Context) error {
	c := checker{l: l, size: l.log.Size(), missing: map[string]bool{}}
	s := new(tlog.Spine)
	for s.Size() < c.size {
		blocks, err := l.readBlocks(ctx, s, min(c.size, s.Size()+chunk))
		if err != nil {
			return err
		}
		for _, b := range blocks {
			if err := c.entry(ctx, b.Calls[0]); err != nil {
				return err
			}
		}
	}
	return c.end(ctx)
}

// checker compares the records with the write sets, entry by entry.
type checker struct {
	l       *Ledger
	size    int64
	matched int64
	missing map[string]bool // written, but not found: a later entry must have deleted them
}

func (c *checker) entry(ctx context.Context, e ledger.Committed) error {
	for _, w := range e.Writes {
		delete(c.missing, w.Key)
		var value []byte
		var seq int64
		err := c.l.sql.read.QueryRowContext(ctx, w.Key).Scan(&value, &seq)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			if w.Value != nil {
				c.missing[w.Key] = true
			}
		case err != nil:
			return fmt.Errorf("read %s: %w", w.Key, err)
		case number(seq) > e.Position.Block: // a later entry wrote it
		case number(seq) < e.Position.Block || !slices.Equal(value, w.Value):
			return damaged("the record %s is not what entry %d wrote", w.Key, e.Position.Block)
		default:
			c.matched++
		}
	}
	return nil
}

func (c *checker) end(ctx context.Context) error {
	for key := range c.missing {
		return damaged("the record %s is missing", key)
	}
	var rows int64
	if err := c.l.db.R.QueryRowContext(ctx, "SELECT count(*) FROM record").Scan(&rows); err != nil {
		return fmt.Errorf("count records: %w", err)
	}
	if rows != c.matched {
		if err := c.l.findAdded(ctx); err != nil {
			return err
		}
		return damaged("it contains %d records, its %d entries wrote %d", rows, c.size, c.matched)
	}
	return nil
}

// findAdded returns an error that names a record which its entry did not write.
func (l *Ledger) findAdded(ctx context.Context) error {
	rows, err := l.db.R.QueryContext(ctx, "SELECT key, value, seq FROM record ORDER BY rowid DESC") // what was added is at the end
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		var r row
		if err := rows.Scan(&key, &r.value, &r.seq); err != nil {
			return fmt.Errorf("read records: %w", err)
		}
		if r.value == nil {
			r.value = []byte{}
		}
		if _, err := l.writesOf(ctx, key, r); err != nil {
			return err
		}
	}
	return rows.Err()
}
