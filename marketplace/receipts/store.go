package receipts

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// file is the name of the store's file in the node's folder.
const file = "receipts.db"

// Config has the settings of a store.
type Config struct {
	Dir string    // the node's folder, locked by the caller
	Key *tlog.Key // signs checkpoints; its name is the log's origin (ledger.ReceiptLog)
	// Anchor is the log's last anchor on the ledger; nil if there is no anchor yet.
	Anchor *ledger.Anchor
	Held   *ledger.TreeHead // tree of the log that someone is known to hold, if any
	Now    func() time.Time
}

// Store is the open receipt log. Its methods are safe for concurrent use; a single
// goroutine writes.
type Store struct {
	db    *sqldb.DB
	log   *tlog.Log
	now   func() time.Time
	write statements
	queue *queue

	// Used by the writing goroutine only.
	windows     map[repeatKey]*window
	denials     map[ledger.ID]int // windows of denials, by party
	nextCheck   time.Time         // when the first window may have ended
	unsavedEnds []ending
	stale       bool // a commit failed: read the log again
	alarm       *time.Timer
	stopped     chan struct{}

	unsettled atomic.Int32 // ends of EndLater that are not stored yet
	failures  atomic.Int64 // transactions that failed

	mu    sync.Mutex
	live  map[ledger.ID]*live
	grown chan struct{} // closed and renewed when receipts are stored
}

// Open opens receipts.db in the folder and creates it if it is missing. It first
// refuses a log that is damaged or does not match the last anchor (see CheckAnchor).
// Then it ends every delivery that was running when the node stopped, as interrupted.
func Open(ctx context.Context, c Config) (*Store, error) {
	db, err := sqldb.Open(ctx, filepath.Join(c.Dir, file), sqldb.SyncFull)
	if err != nil {
		return nil, fmt.Errorf("open receipts: %w", err)
	}
	s, err := open(ctx, db, c)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	go s.run(context.WithoutCancel(ctx))
	return s, nil
}

func open(ctx context.Context, db *sqldb.DB, c Config) (*Store, error) {
	log, err := openLog(ctx, db, c)
	if err != nil {
		return nil, fmt.Errorf("open receipts: %w", err)
	}
	s := &Store{
		db: db, log: log, now: c.Now, queue: newQueue(), windows: map[repeatKey]*window{}, denials: map[ledger.ID]int{},
		live: map[ledger.ID]*live{}, grown: make(chan struct{}), stopped: make(chan struct{}),
	}
	s.alarm = time.AfterFunc(time.Hour, s.queue.wakeUp)
	s.alarm.Stop()
	if err := s.checkOpened(ctx, c); err != nil {
		return nil, err
	}
	if s.write, err = prepare(ctx, db.W); err != nil {
		return nil, err
	}
	if err := s.interrupt(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// openLog updates the tables and opens the log in them.
func openLog(ctx context.Context, db *sqldb.DB, c Config) (*tlog.Log, error) {
	if err := migrate(ctx, db); err != nil {
		return nil, err
	}
	return tlog.Open(ctx, db.W, db.R, c.Key, nil, c.Now)
}

func migrate(ctx context.Context, db *sqldb.DB) error {
	own, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	if err := db.Migrate(ctx, "tlog", tlog.Migrations()); err != nil {
		return err
	}
	return db.Migrate(ctx, "receipts", own)
}

// checkOpened refuses an index that does not match the log, and a log that does not match
// its last anchor or what others hold of it.
func (s *Store) checkOpened(ctx context.Context, c Config) error {
	if err := s.checkIndex(ctx); err != nil {
		return err
	}
	if c.Anchor != nil {
		if err := s.CheckAnchor(ctx, *c.Anchor); err != nil {
			return err
		}
	}
	if c.Held != nil {
		return s.checkHeld(ctx, *c.Held)
	}
	return nil
}

// checkIndex refuses an index whose size differs from the log's, since both only grow
// together, and counters that contradict each other. Check compares them row by row.
func (s *Store) checkIndex(ctx context.Context) error {
	var rows int64
	if err := s.db.R.QueryRowContext(ctx, "SELECT coalesce(max(seq) + 1, 0) FROM receipt").Scan(&rows); err != nil {
		return fmt.Errorf("open receipts: look at index: %w", err)
	}
	if size := s.log.Size(); rows != size {
		return fmt.Errorf("%q is damaged (its log has %d receipts and its index %d): restore the newest backup", file, size, rows)
	}
	return s.checkUse(ctx)
}

// Close stores the waiting requests and open counts, signs a last checkpoint and closes
// the file. Later calls are Unavailable. Deliveries that still run are ended as
// interrupted by the next Open.
func (s *Store) Close() error {
	if !s.queue.close() {
		return nil
	}
	<-s.stopped
	var err error
	if len(s.unsavedEnds) > 0 || s.counting() {
		err = errors.New("close receipts: some receipts could not be stored")
	}
	_, published := s.log.PublishNow(context.Background())
	return errors.Join(err, published, s.write.close(), s.db.Close())
}
