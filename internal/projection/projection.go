// Package projection is the one loop that turns the ledger's blocks into the
// read model. It applies as many blocks as are waiting in one SQL transaction,
// with every domain's part, the links and the position, so that a crash resumes
// exactly where the last commit ended.
//
// It promises that Wait returns only after the block is committed and the node
// has been notified of it (enforcers swapped, ended deliveries cancelled): a
// caller reads its own writes. The read model is disposable: this loop makes it
// again from the ledger.
package projection

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the tables of the position; the set is named "projection".
func Migrations() fs.FS { return readmodel.Migrations(migrations) }

// Domain keeps its part of the read model.
type Domain interface {
	// Project applies one event inside tx. An error stops the projection.
	Project(ctx context.Context, tx *sql.Tx, e ledger.Event) error
}

// Preparer is a domain that works in two steps, for many events at once. Prepare does
// what needs no database, such as decoding, beside the transaction that is open; the
// function that it returns writes the events, in its turn; it may be called a second
// time, in another transaction, when the first was undone. It replaces Project.
type Preparer interface {
	Domain
	Prepare(events []ledger.Event) (readmodel.Step, error)
}

// Loop applies blocks.
type Loop struct {
	db      *sql.DB // writes
	reads   *sql.DB
	ledger  ledger.Ledger
	domains []Domain
	applied func(ctx context.Context, events []ledger.Event)
	now     func() time.Time

	limits limits
	salt   []byte     // of the index of writers
	groups chan group // read and prepared, not applied

	mu          sync.Mutex
	revision    ledger.Revision
	hasRevision bool          // revision names a block
	notified    uint64        // the node has been notified of all blocks before this one
	stopped     bool          // Run has returned
	changed     chan struct{} // closed when notified moves or the loop stops
	err         error
}

// New makes the loop over the writer and the readers of read.db. applied is called
// after each commit with all events of its blocks, before anyone who waits for one
// of them goes on.
func New(ctx context.Context, db, reads *sql.DB, l ledger.Ledger, domains []Domain, applied func(context.Context, []ledger.Event), now func() time.Time) (*Loop, error) {
	p := &Loop{db: db, reads: reads, ledger: l, domains: domains, applied: applied, now: now, limits: defaultLimits, groups: make(chan group, ahead), changed: make(chan struct{})}
	var block int64
	err := db.QueryRowContext(ctx, "SELECT block, head FROM position").Scan(&block, &p.revision.Head)
	switch {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return nil, fmt.Errorf("read position: %w", err)
	case block < 0:
		return nil, fmt.Errorf("read position: %d is no block: delete read.db: the node makes it again", block)
	default:
		p.revision.Block, p.hasRevision = uint64(block), true
		p.notified = p.revision.Block + 1
	}
	if err := db.QueryRowContext(ctx, "SELECT salt FROM writer_salt").Scan(&p.salt); err != nil {
		return nil, fmt.Errorf("read the salt of the index of writers: %w", err)
	}
	return p, checkWriters(ctx, db)
}

// Run applies blocks until ctx ends or one can't be applied. It is called once.
func (p *Loop) Run(ctx context.Context) error {
	err := p.run(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err, p.stopped = err, true
	p.wake()
	return err
}

// wake lets those who wait look again. The lock is held.
func (p *Loop) wake() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// commit lets nobody ask for the revision meanwhile: whoever reads the read model
// between two answers that are alike has read what that revision names.
func (p *Loop) commit(tx *sql.Tx, r ledger.Revision) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := tx.Commit(); err != nil {
		return err
	}
	p.revision, p.hasRevision = r, true
	return nil
}

var placeRows = readmodel.NewRows("place", "block", "tx", "i", "party", "call", "name", "time", "payload")

// placesOf returns what stores where calls are recorded, and what they were.
func placesOf(calls []ledger.Committed) readmodel.Step {
	args := make([]any, 0, len(calls)*8)
	for _, c := range calls {
		args = append(args, int64(c.Position.Block), c.Position.Tx, c.Position.I,
			string(c.Event.Party), string(c.Event.Call), string(c.Event.Name), int64(c.Event.Time), string(c.Event.Payload))
	}
	return placeRows.Write(args)
}

// Place is where an applied call is recorded; NotFound when it is not. A call
// that was applied before places were kept is asked of the ledger.
func (p *Loop) Place(ctx context.Context, party, call ledger.ID) (ledger.Position, error) {
	var at ledger.Position
	var block int64
	err := p.reads.QueryRowContext(ctx, "SELECT block, tx, i FROM place WHERE party = ? AND call = ?", party, call).Scan(&block, &at.Tx, &at.I)
	if errors.Is(err, sql.ErrNoRows) {
		r, err := p.ledger.Recorded(ctx, party, call)
		return r.Position, err
	}
	if err != nil || block < 0 {
		return at, fmt.Errorf("read place of call %s: %w", call, err)
	}
	at.Block = uint64(block)
	return at, nil
}

// Revision is the last block applied whole; false while there is none.
func (p *Loop) Revision() (ledger.Revision, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.revision, p.hasRevision
}

// Wait returns when block is applied and the node has been told. It fails when the loop has stopped or
// ctx ends.
func (p *Loop) Wait(ctx context.Context, block uint64) error {
	for {
		p.mu.Lock()
		done, stopped, err, changed := p.notified > block, p.stopped, p.err, p.changed
		p.mu.Unlock()
		if done {
			return nil
		}
		if stopped {
			return errors.Join(ledger.Refuse(ledger.Unavailable, ledger.ReasonBehind), err)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return errors.Join(ledger.Refuse(ledger.Unavailable, ledger.ReasonBehind), ctx.Err())
		}
	}
}

// Err is why the loop stopped, or nil: it runs, or its context has ended.
func (p *Loop) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}
