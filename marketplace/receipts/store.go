package receipts

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// file is the store's place in the node's folder.
const file = "receipts.db"

// Config is what a store stands on.
type Config struct {
	Dir string    // the node's folder, locked by the caller
	Key *tlog.Key // signs checkpoints; its name is the log's origin (ledger.ReceiptLog)
	// Anchor is the log's last anchor on the ledger; nil while there is none.
	Anchor *ledger.Anchor
	Now    func() time.Time
}

// Store is the open receipt log. Its methods may be used by many goroutines;
// one goroutine of its own writes.
type Store struct {
	db    *sqldb.DB
	log   *tlog.Log
	now   func() time.Time
	write statements
	queue *queue

	// Of the writing goroutine alone.
	windows map[same]*window
	look    time.Time // when a window may be over
	owed    []ending
	stale   bool // a commit failed: the log is to be read again
	alarm   *time.Timer
	stopped chan struct{}

	mu   sync.Mutex
	live map[ledger.ID]*live
}

// Open opens receipts.db in the folder, creating it if there is none. It refuses
// a log that is damaged or is not the one of the last anchor (see CheckAnchor)
// before anything is written, then ends every delivery that was running when the
// node stopped, as interrupted.
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
	own, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("open receipts: %w", err)
	}
	if err := db.Migrate(ctx, "tlog", tlog.Migrations()); err != nil {
		return nil, fmt.Errorf("open receipts: %w", err)
	}
	if err := db.Migrate(ctx, "receipts", own); err != nil {
		return nil, fmt.Errorf("open receipts: %w", err)
	}
	log, err := tlog.Open(ctx, db.W, db.R, c.Key, nil, c.Now)
	if err != nil {
		return nil, fmt.Errorf("open receipts: %w", err)
	}
	s := &Store{
		db: db, log: log, now: c.Now, queue: newQueue(), windows: map[same]*window{},
		live: map[ledger.ID]*live{}, stopped: make(chan struct{}),
	}
	s.alarm = time.AfterFunc(time.Hour, s.queue.rouse)
	s.alarm.Stop()
	if err := s.checkIndex(ctx); err != nil {
		return nil, err
	}
	if c.Anchor != nil {
		if err := s.CheckAnchor(ctx, *c.Anchor); err != nil {
			return nil, err
		}
	}
	if s.write, err = prepare(ctx, db.W); err != nil {
		return nil, err
	}
	if err := s.interrupt(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// checkIndex refuses an index that is not of this log: both grow together only.
// Check compares them row by row.
func (s *Store) checkIndex(ctx context.Context) error {
	var rows int64
	if err := s.db.R.QueryRowContext(ctx, "SELECT coalesce(max(seq) + 1, 0) FROM receipt").Scan(&rows); err != nil {
		return fmt.Errorf("open receipts: look at index: %w", err)
	}
	if size := s.log.Size(); rows != size {
		return fmt.Errorf("%q is damaged (its log holds %d receipts and its index %d): restore the newest backup", file, size, rows)
	}
	return nil
}

// Close keeps what waits and what was counted, signs a last checkpoint and
// closes the file. What is asked afterwards is unavailable. Deliveries that
// still run are found interrupted by the next Open.
func (s *Store) Close() error {
	if !s.queue.close() {
		return nil
	}
	<-s.stopped
	var err error
	if len(s.owed) > 0 || s.counting() {
		err = errors.New("close receipts: some could not be kept")
	}
	_, published := s.log.PublishNow(context.Background())
	return errors.Join(err, published, s.write.close(), s.db.Close())
}
