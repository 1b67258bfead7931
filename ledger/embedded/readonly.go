package embedded

import (
	"context"
	"errors"
	"fmt"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/ledger"
)

// OpenReadOnly opens a ledger that is not in use, to check and read it: it changes nothing
// in the file, records nothing and signs no checkpoint. It refuses what Open refuses, except
// a clock before the last entry. still says that the file has no write-ahead log (see
// sqldb.OpenReadOnly).
func OpenReadOnly(ctx context.Context, cfg Config, still bool) (*Ledger, error) {
	db, err := sqldb.OpenReadOnly(ctx, cfg.Path, still)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	l := &Ledger{cfg: cfg, db: db, done: make(chan struct{}), changed: make(chan struct{})}
	l.close = db.Close
	close(l.done)
	if err := l.load(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open ledger: %w", err), db.Close())
	}
	return l, nil
}

// CheckIntegrity lets SQLite check the file, see sqldb.DB.CheckIntegrity.
func (l *Ledger) CheckIntegrity(ctx context.Context) error { return l.db.CheckIntegrity(ctx) }

// Values calls each for the value of every record whose key begins with a prefix that ends
// with "/".
func (l *Ledger) Values(ctx context.Context, prefix string, each func(key string, value []byte) error) error {
	rows, err := l.db.R.QueryContext(ctx, "SELECT key, value FROM record WHERE key >= ?1 AND key < ?2 ORDER BY key",
		prefix, prefix[:len(prefix)-1]+"0") // the character after "/"
	return eachRecord(rows, err, each)
}

// RevisionAt returns the head of the ledger when a block was its last; NotFound beyond the
// end.
func (l *Ledger) RevisionAt(ctx context.Context, block uint64) (ledger.Revision, error) {
	if block >= number(l.log.Size()) {
		return ledger.Revision{}, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown)
	}
	root, err := l.log.RootAt(ctx, int64(block)+1)
	if err != nil {
		return ledger.Revision{}, fmt.Errorf("root at %d: %w", block+1, err)
	}
	return ledger.Revision{Block: block, Head: digest(root)}, nil
}
