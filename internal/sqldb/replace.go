package sqldb

import (
	"context"
	"errors"
	"fmt"

	"modernc.org/sqlite"
)

// Replace replaces the whole content by that of the database at path, in one transaction:
// a reader sees the old content until its transaction ends, then the new one. Nothing may
// write to the other file meanwhile; it has the same page size. Both pools remain open. It
// holds the writer as long as it copies.
func (db *DB) Replace(ctx context.Context, path string) error {
	if err := db.replace(ctx, path); err != nil {
		return fmt.Errorf("replace the content of %q: %w", db.name, err)
	}
	// The write-ahead log has every page now. Running readers may prevent that it is emptied;
	// then it is emptied later, and nobody waits for them.
	for _, pragma := range []string{"busy_timeout(0)", "wal_checkpoint(TRUNCATE)", "busy_timeout(5000)"} {
		if _, err := db.W.ExecContext(ctx, "PRAGMA "+pragma); err != nil {
			return fmt.Errorf("empty the write-ahead log of %q: %w", db.name, err)
		}
	}
	return nil
}

func (db *DB) replace(ctx context.Context, path string) error {
	if err := checkHeader(path); err != nil {
		return err
	}
	c, err := db.W.Conn(ctx)
	if err != nil {
		return err
	}
	err = c.Raw(func(raw any) error {
		wrapped, ok := raw.(*conn)
		if !ok {
			return fmt.Errorf("the connection is a %T", raw)
		}
		for query, s := range wrapped.idle { // they were prepared for the old tables
			delete(wrapped.idle, query)
			if err := s.Close(); err != nil {
				return err
			}
		}
		to, ok := wrapped.sqliteConn.(interface {
			NewRestore(from string) (*sqlite.Backup, error)
		})
		if !ok {
			return fmt.Errorf("the driver's connection %T can't copy", wrapped.sqliteConn)
		}
		b, err := to.NewRestore(readerDSN(path))
		if err != nil {
			return err
		}
		more, err := b.Step(-1)
		if err == nil && more {
			err = errors.New("the copy is not complete")
		}
		return errors.Join(err, b.Finish())
	})
	return errors.Join(err, c.Close())
}
