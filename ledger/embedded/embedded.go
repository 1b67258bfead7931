package embedded

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Config says where the ledger is stored and how it signs.
type Config struct {
	Path       string            // path of ledger.db
	Key        *tlog.Key         // key of the log; its origin is ledger.LedgerLog of the node's origin
	Algorithms ledger.Algorithms // signature algorithms of calls
	Genesis    ledger.Digest     // SHA-256 of the only JWS that may begin the ledger; empty: any
	Now        func() time.Time

	codec      tlog.Codec // nil: newRows; tests set others
	rowsAtOpen int64      // rows to compare before the ledger is open; 0: fewRows; negative: no rows
	maxSets    int        // maximum number of sets of known rows; 0: defaultMaxSets; negative: rows are not checked
}

// Ledger is a ledger in one file. It implements ledger.Ledger.
type Ledger struct {
	cfg         Config
	db          *sqldb.DB
	sql         statements
	queue       chan *request
	stop        context.CancelFunc
	done        chan struct{} // closed when recording has stopped
	publishDone chan struct{} // closed when publishing has stopped
	close       func() error  // runs once

	log  *tlog.Log
	last ledger.Millis // time of the last entry; only used by the sequencer

	// ahead is by how much the ledger's time is ahead of the machine's; only used by the
	// sequencer, see contract.ClockOffset.
	ahead ledger.Millis
	sum   ledger.StateSum // sum of the state after it; only used by the sequencer

	known        *known        // rows that need no check; nil: rows are not checked
	writing      sync.Mutex    // locked while a batch is committed
	stateChecked chan struct{} // closed when the state has been compared with its sum

	mu      sync.Mutex
	guard   func(now time.Time) error // see Guard; nil: every time is allowed
	changed chan struct{}             // closed at the next commit
	broken  error                     // why the ledger stopped
}

// Open opens or creates the ledger. It refuses a damaged file, a log that is older
// than its last signed checkpoint, and a clock that is more than five minutes
// before the last entry. Each error says what to do.
func Open(ctx context.Context, cfg Config) (*Ledger, error) {
	l, err := openFile(ctx, cfg)
	if err != nil {
		return nil, err
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	if err := l.startStateCheck(ctx, run); err != nil {
		stop()
		return nil, errors.Join(fmt.Errorf("open ledger: %w", err), l.db.Close())
	}
	go l.sequence(run)
	go l.publish(run)
	return l, nil
}

// openFile opens the file and checks its log. Nothing is recorded or signed yet.
func openFile(ctx context.Context, cfg Config) (*Ledger, error) {
	db, err := sqldb.Open(ctx, cfg.Path, sqldb.SyncFull, sqldb.SmallPages)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	l := &Ledger{
		cfg: cfg, db: db, queue: make(chan *request, maxBatch),
		done: make(chan struct{}), publishDone: make(chan struct{}), changed: make(chan struct{}), stateChecked: make(chan struct{}),
	}
	l.close = sync.OnceValue(l.shut)
	err = l.load(ctx)
	if err == nil {
		err = l.checkClock()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open ledger: %w", err), db.Close())
	}
	return l, nil
}

func (l *Ledger) load(ctx context.Context) error {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	if err := l.db.Migrate(ctx, "tlog", tlog.Migrations()); err != nil {
		return err
	}
	if err := l.db.Migrate(ctx, "ledger", sub); err != nil {
		return err
	}
	if l.sql, err = prepare(ctx, l.db); err != nil {
		return err
	}
	codec := l.cfg.codec
	if codec == nil {
		if codec, err = newRows(); err != nil {
			return err
		}
	}
	if l.log, err = tlog.Open(ctx, l.db.W, l.db.R, l.cfg.Key, codec, l.cfg.Now); err != nil {
		return err
	}
	return l.loadLast(ctx)
}

// checkClock refuses a clock that is well before the last entry.
func (l *Ledger) checkClock() error {
	if now := ledger.Millis(l.cfg.Now().UnixMilli()) + l.ahead; now+ledger.Skew < l.last {
		return fmt.Errorf("the clock shows %s, but the last entry was made at %s: correct the clock, then start again",
			stamp(now), stamp(l.last))
	}
	return nil
}

// loadLast reads the time of the last entry, which no later entry may precede, the sum
// of the state, which must match the entry, and the state of a simulated clock.
func (l *Ledger) loadLast(ctx context.Context) error {
	if l.log.Size() == 0 {
		return nil
	}
	seq := l.log.Size() - 1
	data, _, err := l.log.Entry(ctx, seq)
	if err != nil {
		return fmt.Errorf("read entry %d: %w", seq, err)
	}
	var e ledger.LogEntry
	if err := json.Unmarshal(data, &e); err != nil {
		return fmt.Errorf("decode entry %d: %w", seq, err)
	}
	var b []byte
	err = l.db.W.QueryRowContext(ctx, "SELECT sum FROM state_sum").Scan(&b)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read the sum of the state: %w", err)
	}
	sum, err := ledger.ParseStateSum(b)
	if err != nil || sum.Digest() != e.State {
		return damaged("the sum of the state does not match entry %d", seq)
	}
	ahead, err := contract.ClockOffset(readState{ctx, l})
	if err != nil {
		return err
	}
	l.last, l.sum, l.ahead = e.Time, sum, ahead
	return nil
}

func stamp(t ledger.Millis) string { return time.UnixMilli(int64(t)).UTC().Format(time.RFC3339) }

// Close answers the waiting calls, signs a last checkpoint and closes the file.
// Later calls, and readers that wait for blocks, get Unavailable.
func (l *Ledger) Close() error { return l.close() }

func (l *Ledger) shut() error {
	l.stop()
	<-l.done
	<-l.publishDone
	<-l.stateChecked
	var err error
	if l.Err() == nil {
		_, err = l.log.PublishNow(context.Background())
	}
	return errors.Join(err, l.db.Close())
}

// Err returns why the ledger has stopped, or nil: its data were changed by another
// program. It records nothing more and must be restored from a backup.
func (l *Ledger) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken
}

// Guard has the ledger record nothing at a time for which allow returns an error, with
// which it answers the calls instead. allow gets the very reading of the machine's clock that the
// entries would carry.
func (l *Ledger) Guard(allow func(now time.Time) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.guard = allow
}

// allowed returns why nothing may be recorded at this time, or nil.
func (l *Ledger) allowed(now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.guard == nil {
		return nil
	}
	return l.guard(now)
}

// stopIfDamaged stops the ledger if err says that it is damaged. It returns err.
func (l *Ledger) stopIfDamaged(err error) error {
	if errors.Is(err, tlog.ErrDamaged) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.broken == nil {
			l.broken = err
		}
	}
	return err
}

// Value reads a committed record or index key. If the row differs from what its
// entry wrote, the ledger stops and Value returns Unavailable.
func (l *Ledger) Value(ctx context.Context, key string) ([]byte, error) {
	r, err := l.value(ctx, key)
	return r.value, err
}

func (l *Ledger) value(ctx context.Context, key string) (row, error) {
	r, err := l.readRow(ctx, key)
	switch {
	case errors.Is(err, tlog.ErrDamaged):
		return row{}, unavailable(l.stopIfDamaged(err))
	case err != nil:
		return row{}, fmt.Errorf("read %s: %w", key, err)
	case r.value == nil:
		return row{}, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).With("ref", key)
	}
	return r, nil
}

// Head returns the last committed entry with the root of the tree, or Unavailable
// if the ledger has stopped.
func (l *Ledger) Head(ctx context.Context) (ledger.Revision, error) {
	if err := l.Err(); err != nil {
		return ledger.Revision{}, unavailable(err)
	}
	size := l.log.Size()
	if size == 0 {
		return ledger.Revision{}, ledger.Refuse(ledger.NotFound, ledger.ReasonGenesis)
	}
	root, err := l.log.RootAt(ctx, size)
	if err != nil {
		return ledger.Revision{}, l.stopIfDamaged(fmt.Errorf("root at %d: %w", size, err))
	}
	return ledger.Revision{Block: number(size - 1), Head: digest(root)}, nil
}

// TreeAt returns the tree of the first size entries. The error is in tlog.ErrRange if
// there are fewer.
func (l *Ledger) TreeAt(ctx context.Context, size int64) (ledger.TreeHead, error) {
	root, err := l.log.RootAt(ctx, size)
	if err != nil {
		return ledger.TreeHead{}, l.stopIfDamaged(fmt.Errorf("root at %d: %w", size, err))
	}
	return ledger.TreeHead{Size: size, Root: digest(root)}, nil
}

// Size returns the number of entries.
func (l *Ledger) Size() int64 { return l.log.Size() }

// Handler serves the log. It serves entry bundles only if entries
// returns true.
func (l *Ledger) Handler(entries func(*http.Request) bool) http.Handler {
	return l.log.Handler(entries)
}

// Cosigned returns the newest cosigned checkpoint with its signatures; nil and 0 if
// there is no such checkpoint.
func (l *Ledger) Cosigned() (signed []byte, size int64) {
	c := l.log.Cosigned()
	return c.Note, c.Size
}

// Cosign stores a checkpoint of this ledger that the key v has cosigned, for use in
// bundles. If it cannot be stored, the error is a tlog.ErrCosigned.
func (l *Ledger) Cosign(ctx context.Context, msg []byte, v note.Verifier) (int64, error) {
	size, err := l.log.Cosign(ctx, msg, v)
	return size, l.stopIfDamaged(err)
}

// number returns the block number of an entry. Both start at 0.
func number(seq int64) uint64 {
	if seq < 0 {
		return 0
	}
	return uint64(seq)
}

var (
	_ ledger.Ledger  = (*Ledger)(nil)
	_ contract.State = (*batch)(nil)
	_ contract.State = readState{}
)
