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

// MaxEntry is the maximum size of an entry in bytes: the format of entry bundles
// has two bytes for the length.
const MaxEntry = 65_535

var (
	// ErrDamaged is in every error which says that the tables of a log do not
	// contain what was written. The owner must stop.
	ErrDamaged = errors.New("the log is damaged")
	// ErrRange is in every error about an entry or a size beyond the end of the
	// log.
	ErrRange = errors.New("past the end of the log")
	// ErrStale is in errors of calls in the wrong order: an append was begun before
	// the last one was committed or the log was reloaded.
	ErrStale = errors.New("the log has moved on")
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the tables of a log as goose migrations. The owner of the
// database must run them before Open.
func Migrations() fs.FS {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil { // impossible, since the name is a constant
		return migrations
	}
	return sub
}

// Entry is the content of one position of the log.
type Entry struct {
	// Data is hashed into the tree and served in entry bundles. It has at most
	// MaxEntry bytes.
	Data []byte
	// Extra is stored with the entry for the owner. The tree does not protect it.
	Extra []byte
}

// Codec is the encoding of entries in the rows of a log. What is hashed, served and
// returned does not depend on it.
type Codec interface {
	// Encode returns the row of an entry. Decode must return the same entry.
	Encode(e Entry) ([]byte, error)
	// Decode returns the entry of a row. The row may contain anything: an error
	// means that it is damaged. Many goroutines may call it at the same time.
	Decode(row []byte) (Entry, error)
}

// Log is an open transparency log. Many goroutines may use its methods at the same
// time, but only one may append.
type Log struct {
	key   *Key
	w, r  *sql.DB
	codec Codec // nil: data and extra have separate columns
	now   func() time.Time

	publishing sync.Mutex // locked while a checkpoint is signed and stored

	mu          sync.Mutex
	edge        *edge    // the committed tree; replaced, never changed
	latest      *Pending // the append that may be committed next
	published   Checkpoint
	publishedAt time.Time
	cosigned    Checkpoint
}

// Open opens the log in the tables of w and r, the writing and the reading side of
// a database that Migrations has prepared. The rows are encoded with codec; if it
// is nil, data and extra are stored without encoding. Open compares the newest rows
// with each other and with the last signed checkpoint. It refuses a damaged log
// with an error for the operator. It signs the checkpoint of an empty log at once,
// so a log without a checkpoint has lost it.
func Open(ctx context.Context, w, r *sql.DB, key *Key, codec Codec, now func() time.Time) (*Log, error) {
	l := &Log{key: key, w: w, r: r, codec: codec, now: now}
	if err := l.Reload(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

// Reload reads the log again from its tables, with all checks of Open. It is for an
// owner whose commit failed and may have been applied. A pending append can no
// longer be committed.
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
		return Checkpoint{}, l.damaged("it had %d entries and now has %d", l.edge.size, e.size)
	}
	if last.Size < l.published.Size {
		return Checkpoint{}, l.damaged("%d entries were published and now %d", l.published.Size, last.Size)
	}
	l.edge, l.latest, l.published, l.cosigned = e, nil, last, cosigned
	return last, nil
}

// Origin returns the name of the log.
func (l *Log) Origin() string { return l.key.Origin() }

// Size returns the number of committed entries; some may not be published yet.
func (l *Log) Size() int64 { return l.committed().size }

// Root returns the root hash of all committed entries. Use Published for a size and
// a root of the same moment.
func (l *Log) Root() tlog.Hash { return l.committed().root() }

func (l *Log) committed() *edge {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.edge
}

// damaged returns an error that says what is wrong and what to do.
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
