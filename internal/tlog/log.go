package tlog

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// MaxEntry is the most bytes an entry can have: the format of entry bundles
// has two bytes for the length.
const MaxEntry = 65_535

var (
	// ErrDamaged is in every error which says that the tables of a log no
	// longer hold what was written. The owner must stop.
	ErrDamaged = errors.New("the log is damaged")
	// ErrRange is in every error about an entry or size past the end.
	ErrRange = errors.New("past the end of the log")
	// ErrStale is in the errors of a use out of order: an append began
	// before the last one was committed or the log was reloaded.
	ErrStale = errors.New("the log has moved on")
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the tables of a log as goose migrations, to be run by the
// owner of the database before Open.
func Migrations() fs.FS {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil { // cannot be: the name is a constant
		return migrations
	}
	return sub
}

// Entry is what one position of the log holds.
type Entry struct {
	// Data is hashed into the tree and served in entry bundles, at most
	// MaxEntry bytes.
	Data []byte
	// Extra is kept beside it for the owner. The tree does not protect it.
	Extra []byte
}

// Codec is the form in which the rows of a log keep its entries. What is hashed,
// served and returned does not depend on it.
type Codec interface {
	// Encode returns the row of an entry, which Decode returns as it was.
	Encode(e Entry) ([]byte, error)
	// Decode returns the entry of a row, which may hold anything: an error says
	// that it is damaged. It is called by many goroutines.
	Decode(row []byte) (Entry, error)
}

// Log is an open transparency log. Its methods may be used at the same time by
// many goroutines, except that appends are the duty of one.
type Log struct {
	key   *Key
	w, r  *sql.DB
	codec Codec // nil: data and extra in columns of their own
	now   func() time.Time

	publishing sync.Mutex // held while a checkpoint is signed and stored

	mu          sync.Mutex
	edge        *edge    // what is committed; replaced, never changed
	latest      *Pending // the append that may be committed next
	published   Checkpoint
	publishedAt time.Time
	cosigned    Checkpoint
}

// Open opens the log in the tables of w and r, the writing and the reading side
// of one database, which Migrations has made, with rows in the form of codec, or
// with data and extra as they are if it is nil. It compares the newest rows with
// each other and with the last checkpoint signed, and refuses with
// a sentence for the operator what does not fit. The checkpoint of an empty
// log is signed at once, so that a log without any has lost it.
func Open(ctx context.Context, w, r *sql.DB, key *Key, codec Codec, now func() time.Time) (*Log, error) {
	l := &Log{key: key, w: w, r: r, codec: codec, now: now}
	if err := l.Reload(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

// Reload reads the log again from its tables, with all checks of Open. It is
// for the owner whose commit failed and who can't know whether it was applied
// after all. A pending append is void afterwards.
func (l *Log) Reload(ctx context.Context) error {
	last, err := l.load(ctx)
	if err == nil && last.Note == nil {
		_, err = l.PublishNow(ctx)
	}
	return err
}

func (l *Log) load(ctx context.Context) (Checkpoint, error) {
	l.publishing.Lock()
	defer l.publishing.Unlock()
	e, err := l.loadEdge(ctx)
	if err != nil {
		return Checkpoint{}, err
	}
	last, err := l.loadSigned(ctx, e)
	if err != nil {
		return Checkpoint{}, err
	}
	cosigned, err := l.loadCosigned(ctx, e)
	if err != nil {
		return Checkpoint{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.edge != nil && e.size < l.edge.size {
		return Checkpoint{}, l.damaged("it held %d entries and now holds %d", l.edge.size, e.size)
	}
	if last.Size < l.published.Size {
		return Checkpoint{}, l.damaged("%d entries were published and now %d", l.published.Size, last.Size)
	}
	l.edge, l.latest, l.published, l.cosigned = e, nil, last, cosigned
	return last, nil
}

// Origin returns the name of the log.
func (l *Log) Origin() string { return l.key.Origin() }

// Size returns the number of committed entries, which may be more than is
// published.
func (l *Log) Size() int64 { return l.committed().size }

// Root returns the root hash of all committed entries. To have size and root of
// the same moment, use Published.
func (l *Log) Root() tlog.Hash { return l.committed().root() }

func (l *Log) committed() *edge {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.edge
}

// damaged makes an error that says what does not fit and what to do.
func (l *Log) damaged(format string, args ...any) error {
	return damage{origin: l.key.Origin(), what: fmt.Errorf(format, args...)}
}

type damage struct {
	origin string
	what   error
}

func (d damage) Error() string {
	if d.origin == "" {
		return fmt.Sprintf("the log is damaged (%v): restore the newest backup", d.what)
	}
	return fmt.Sprintf("the log %q is damaged (%v): restore the newest backup", d.origin, d.what)
}

func (d damage) Unwrap() []error { return []error{ErrDamaged, d.what} }
