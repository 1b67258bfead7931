// Package projection is the one loop that turns the ledger's blocks into the
// read model: each block in one SQL transaction, with every domain's part, the
// links, and the position, so that a crash resumes exactly where it stopped.
//
// It promises that Wait returns only after the block is applied and the node
// has been told (enforcers swapped, ended deliveries cancelled): a caller reads
// its own writes. The read model is disposable; this loop can make it anew.
package projection

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"sync"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the tables of the position; the set is named "projection".
func Migrations() fs.FS {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return migrations
	}
	return sub
}

// Domain keeps its part of the read model.
type Domain interface {
	// Project applies one event inside tx. An error stops the projection.
	Project(ctx context.Context, tx *sql.Tx, e ledger.Event) error
}

// Loop applies blocks.
type Loop struct {
	db      *sql.DB // writes
	reads   *sql.DB
	ledger  ledger.Ledger
	domains []Domain
	applied func(ctx context.Context, events []ledger.Event)
	now     func() time.Time

	mu       sync.Mutex
	revision ledger.Revision
	any      bool          // revision names a block
	told     uint64        // the node has been told of all blocks before this one
	stopped  bool          // Run has returned
	changed  chan struct{} // closed when told moves or the loop stops
	err      error
}

// New makes the loop over the writer and the readers of read.db. applied is called after each
// commit, before anyone who waits for it goes on.
func New(ctx context.Context, db, reads *sql.DB, l ledger.Ledger, domains []Domain, applied func(context.Context, []ledger.Event), now func() time.Time) (*Loop, error) {
	p := &Loop{db: db, reads: reads, ledger: l, domains: domains, applied: applied, now: now, changed: make(chan struct{})}
	var block int64
	err := db.QueryRowContext(ctx, "SELECT block, head FROM position").Scan(&block, &p.revision.Head)
	switch {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return nil, fmt.Errorf("read position: %w", err)
	case block < 0:
		return nil, fmt.Errorf("read position: %d is no block: delete read.db, it is made anew", block)
	default:
		p.revision.Block, p.any = uint64(block), true
		p.told = p.revision.Block + 1
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

func (p *Loop) run(ctx context.Context) error {
	next := uint64(0)
	if r, ok := p.Revision(); ok {
		next = r.Block + 1
	}
	var group []ledger.Block
	for b, err := range p.ledger.Blocks(ctx, next) {
		if err != nil {
			return fmt.Errorf("read block %d: %w", next, err)
		}
		if b.Number != next && (next > 0 || len(group) > 0) { // a channel may have begun before its register
			return fmt.Errorf("block %d came where %d was due", b.Number, next)
		}
		next = b.Number + 1
		group = append(group, b)
		if b.Head == "" {
			continue
		}
		if err := p.apply(ctx, group); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("apply block %d: %w", b.Number, err)
		}
		group = nil
	}
	return nil
}

func (p *Loop) apply(ctx context.Context, group []ledger.Block) error {
	last := group[len(group)-1]
	if last.Number >= math.MaxInt64 {
		return errors.New("the number of the block is too large")
	}
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it does nothing
	var events []ledger.Event
	for _, b := range group {
		for _, c := range b.Calls {
			for _, d := range p.domains {
				if err := d.Project(ctx, tx, c.Event); err != nil {
					return fmt.Errorf("event %s of call %s: %w", c.Event.Name, c.Event.Call, err)
				}
			}
			if err := place(ctx, tx, c); err != nil {
				return err
			}
			if err := writers(ctx, tx, c.Position, c.Writes); err != nil {
				return err
			}
			events = append(events, c.Event)
		}
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO position (one, block, head) VALUES (1, ?, ?) "+
		"ON CONFLICT (one) DO UPDATE SET block = excluded.block, head = excluded.head", int64(last.Number), last.Head); err != nil {
		return fmt.Errorf("write position: %w", err)
	}
	if err := p.commit(tx, ledger.Revision{Block: last.Number, Head: last.Head}); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	p.applied(ctx, events)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = last.Number + 1
	p.wake()
	return nil
}

// commit lets nobody ask for the revision meanwhile: whoever reads the read model
// between two answers that are alike has read what that revision names.
func (p *Loop) commit(tx *sql.Tx, r ledger.Revision) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := tx.Commit(); err != nil {
		return err
	}
	p.revision, p.any = r, true
	return nil
}

// place keeps where a call is recorded.
func place(ctx context.Context, tx *sql.Tx, c ledger.Committed) error {
	at := c.Position
	if _, err := tx.ExecContext(ctx, "INSERT INTO place (party, call, block, tx, i) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
		c.Event.Party, c.Event.Call, int64(at.Block), at.Tx, at.I); err != nil {
		return fmt.Errorf("place of call %s: %w", c.Event.Call, err)
	}
	return nil
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
	return p.revision, p.any
}

// Wait returns when block is applied and the node has been told. It fails when the loop has stopped or
// ctx ends.
func (p *Loop) Wait(ctx context.Context, block uint64) error {
	for {
		p.mu.Lock()
		done, stopped, err, changed := p.told > block, p.stopped, p.err, p.changed
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
