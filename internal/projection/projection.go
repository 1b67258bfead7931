// Package projection runs the loop that writes the ledger's blocks to the read model.
// It applies all waiting blocks in one SQL transaction, with every domain's part, the
// links and the position, so after a crash it continues exactly where the last commit
// ended.
//
// It promises that Wait returns only after the block is committed and the node was
// notified of it (enforcers replaced, ended deliveries cancelled): a caller reads its
// own writes. The read model is disposable: the loop rebuilds it from the ledger.
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

// Migrations returns the tables of the position; the set is named "projection".
func Migrations() fs.FS { return readmodel.Migrations(migrations) }

// Domain writes its part of the read model.
type Domain interface {
	// Project applies one event inside tx. An error stops the projection.
	Project(ctx context.Context, tx *sql.Tx, e ledger.Event) error
}

// Preparer is a Domain that works in two steps, for many events at once. Prepare does
// what needs no database, such as decoding, while another transaction is open. The
// function it returns writes the events; it may be called again, in another
// transaction, if the first was rolled back. It replaces Project.
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
	salt   []byte     // salt of the index of writers
	turn   sync.Mutex // locked while a transaction is applied
	groups chan group // read and prepared, not yet applied

	mu          sync.Mutex
	revision    ledger.Revision
	hasRevision bool          // revision names a block
	notified    uint64        // the node was notified of all blocks before this one
	stopped     bool          // Run has returned
	changed     chan struct{} // closed when notified changes or the loop stops
	err         error
}

// New returns a loop over the writer and the readers of read.db. applied is called
// after each commit with all events of its blocks, before Wait returns for one of them.
func New(ctx context.Context, db, reads *sql.DB, l ledger.Ledger, domains []Domain, applied func(context.Context, []ledger.Event), now func() time.Time) (*Loop, error) {
	p := &Loop{db: db, reads: reads, ledger: l, domains: domains, applied: applied, now: now, limits: defaultLimits, groups: make(chan group, ahead), changed: make(chan struct{})}
	var block int64
	err := db.QueryRowContext(ctx, "SELECT block, head FROM position").Scan(&block, &p.revision.Head)
	switch {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return nil, fmt.Errorf("read position: %w", err)
	case block < 0:
		return nil, fmt.Errorf("read position: %d is not a block number: delete read.db: the node rebuilds it", block)
	default:
		p.revision.Block, p.hasRevision = uint64(block), true
		p.notified = p.revision.Block + 1
	}
	if err := db.QueryRowContext(ctx, "SELECT salt FROM writer_salt").Scan(&p.salt); err != nil {
		return nil, fmt.Errorf("read the salt of the index of writers: %w", err)
	}
	return p, checkWriters(ctx, db)
}

// Run applies blocks until ctx ends or a block can't be applied. It must be called only
// once.
func (p *Loop) Run(ctx context.Context) error {
	err := p.run(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err, p.stopped = err, true
	p.wake()
	return err
}

// wake wakes the goroutines that wait for a change. The caller holds the lock.
func (p *Loop) wake() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// commit blocks Revision meanwhile. So a caller that gets the same revision before and
// after reading the read model has read the state of that revision.
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

// placesOf returns the step that stores where calls are recorded, and the calls' names
// and parties.
func placesOf(calls []ledger.Committed) readmodel.Step {
	args := make([]any, 0, len(calls)*8)
	for _, c := range calls {
		args = append(args, int64(c.Position.Block), c.Position.Tx, c.Position.I,
			string(c.Event.Party), string(c.Event.Call), string(c.Event.Name), int64(c.Event.Time), string(c.Event.Payload))
	}
	return placeRows.Write(args)
}

// Place returns where an applied call is recorded, or NotFound. If the read model has no
// place for the call, the ledger is asked.
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

// Revision returns the last block that was applied whole; false if there is no block.
func (p *Loop) Revision() (ledger.Revision, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.revision, p.hasRevision
}

// Wait waits until block is applied and the node was notified of it. It fails when the
// loop has stopped or ctx ends.
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

// Err returns why the loop stopped; nil while it runs or if its context ended.
func (p *Loop) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}
