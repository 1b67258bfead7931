package receipts

import (
	"context"
	"errors"
	"fmt"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
)

// Examined is a receipt log that is checked and read, and not changed.
type Examined struct {
	*sqldb.DB
	store *Store
}

// OpenReadOnly opens the receipts.db at path, which must not be in use, with the checks of
// Open. It ends no delivery. The folder and the clock of c have no meaning. still says that
// the file has no write-ahead log (see sqldb.OpenReadOnly).
func OpenReadOnly(ctx context.Context, path string, c Config, still bool) (*Examined, error) {
	db, err := sqldb.OpenReadOnly(ctx, path, still)
	if err != nil {
		return nil, fmt.Errorf("open receipts: %w", err)
	}
	e, err := examine(ctx, db, c)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return e, nil
}

func examine(ctx context.Context, db *sqldb.DB, c Config) (*Examined, error) {
	if err := migrate(ctx, db); err != nil {
		return nil, err
	}
	log, err := tlog.Open(ctx, db.W, db.R, c.Key, nil, c.Now)
	if err != nil {
		return nil, fmt.Errorf("open receipts: %w", err)
	}
	s := &Store{db: db, log: log, now: c.Now}
	return &Examined{db, s}, s.checkOpened(ctx, c)
}

// Check lets SQLite check the file, and reads the whole log, as Store.Check does.
func (e *Examined) Check(ctx context.Context) error {
	if err := e.CheckIntegrity(ctx); err != nil {
		return err
	}
	return e.store.Check(ctx)
}

// Size returns the number of receipts.
func (e *Examined) Size() int64 { return e.store.Size() }

// ByLeaf returns the receipt with a leaf hash, or NotFound.
func (e *Examined) ByLeaf(ctx context.Context, leaf ledger.Digest) (Stored, error) {
	return e.store.ByLeaf(ctx, leaf)
}
