package receipts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
)

// ErrBehind is in every error which says that the log is shorter than what others are
// known to hold: its file was restored from a copy that is too old.
var ErrBehind = errors.New("the receipts are older than what others hold")

// Head returns the tree of the log of a node that does not run. Nothing is changed, and
// no delivery is ended.
func Head(ctx context.Context, c Config) (h ledger.TreeHead, err error) {
	err = withLog(ctx, c, func(_ *sqldb.DB, log *tlog.Log) error {
		h = ledger.TreeHead{Size: log.Size(), Root: digest(log.Root())}
		return nil
	})
	return h, err
}

// BeginAgain signs the log of a node that does not run with the key next from now on,
// under the name of that key. All receipts stay. If they are other than those of
// old, nothing is changed.
func BeginAgain(ctx context.Context, c Config, next *tlog.Key, old ledger.TreeHead) error {
	return withLog(ctx, c, func(db *sqldb.DB, log *tlog.Log) error {
		if have := (ledger.TreeHead{Size: log.Size(), Root: digest(log.Root())}); have != old {
			return fmt.Errorf("%q has %d receipts with the root %s, but the log begins again after %d with the root %s: make the request again and have it signed",
				file, have.Size, have.Root, old.Size, old.Root)
		}
		return sqldb.InTx(ctx, db.W, func(tx *sql.Tx) error { return log.Succeed(ctx, tx, nil, next) })
	})
}

func withLog(ctx context.Context, c Config, do func(*sqldb.DB, *tlog.Log) error) error {
	db, err := sqldb.Open(ctx, filepath.Join(c.Dir, file), sqldb.SyncFull)
	if err != nil {
		return fmt.Errorf("open receipts: %w", err)
	}
	log, err := openLog(ctx, db, c)
	if err == nil {
		err = do(db, log)
	}
	if err != nil {
		err = fmt.Errorf("open receipts: %w", err)
	}
	return errors.Join(err, db.Close())
}

// checkHeld refuses a log that is shorter than, or differs from, a tree that someone
// holds.
func (s *Store) checkHeld(ctx context.Context, held ledger.TreeHead) error {
	size := s.log.Size()
	if size < held.Size {
		return fmt.Errorf("%q has %d receipts, but someone holds a checkpoint of %d: %w", file, size, held.Size, ErrBehind)
	}
	root, err := s.log.RootAt(ctx, held.Size)
	if err != nil {
		return fmt.Errorf("compare receipts with a checkpoint: %w", err)
	}
	if got := digest(root); got != held.Root {
		return fmt.Errorf("the first %d receipts of %q have the root %s, but someone holds a checkpoint with the root %s: "+
			"it is not the log that was served; restore the newest backup of this node", held.Size, file, got, held.Root)
	}
	return nil
}
