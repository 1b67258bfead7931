package projection

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// limits bound one transaction: it commits after the group that reaches one of them.
// They limit memory and the time that a caller waits.
type limits struct {
	calls int
	bytes int
	time  time.Duration
}

var defaultLimits = limits{calls: 4096, bytes: 32 << 20, time: 400 * time.Millisecond}

// run applies blocks. Two other goroutines read and prepare them ahead.
func (p *Loop) run(ctx context.Context) error {
	var next uint64
	if r, ok := p.Revision(); ok {
		next = r.Block + 1
	}
	reading, stop := context.WithCancel(ctx)
	var reader sync.WaitGroup
	read := make(chan group)
	reader.Go(func() { p.read(reading, next, read) })
	reader.Go(func() { p.prepareAll(reading, read) })
	defer reader.Wait()
	defer stop()
	for {
		select {
		case g, ok := <-p.groups:
			if !ok {
				return nil
			}
			if err := p.apply(ctx, g); err != nil {
				if ctx.Err() != nil {
					return nil
				}
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// apply applies a group, and the groups that wait behind it, in one transaction. If one
// of them fails, the transaction is rolled back, and the groups before it are applied
// in another one.
func (p *Loop) apply(ctx context.Context, first group) error {
	var after error
	done, failed := p.transaction(ctx, func(tx *sql.Tx) (done []group, err error) {
		done, after, err = p.fill(ctx, tx, first)
		return done, err
	})
	if failed == nil || len(done) == 0 {
		return errors.Join(failed, after)
	}
	_, err := p.transaction(ctx, func(tx *sql.Tx) ([]group, error) {
		for _, g := range done {
			if err := p.write(context.WithoutCancel(ctx), tx, g); err != nil {
				return nil, err
			}
		}
		return done, nil
	})
	return errors.Join(failed, err)
}

// transaction commits what write has written, and notifies the node. After an error
// everything is rolled back; it returns the groups that were written before the error.
func (p *Loop) transaction(ctx context.Context, write func(*sql.Tx) ([]group, error)) ([]group, error) {
	p.turn.Lock()
	defer p.turn.Unlock()
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it does nothing
	done, err := write(tx)
	if err != nil || len(done) == 0 {
		return done, err
	}
	last := done[len(done)-1].last
	if _, err := tx.ExecContext(ctx, "INSERT INTO position (one, block, head) VALUES (1, ?, ?) "+
		"ON CONFLICT (one) DO UPDATE SET block = excluded.block, head = excluded.head", int64(last.Block), last.Head); err != nil {
		return nil, fmt.Errorf("write position: %w", err)
	}
	if err := p.commit(tx, last); err != nil {
		return nil, fmt.Errorf("commit block %d: %w", last.Block, err)
	}
	var events []ledger.Event
	for _, g := range done {
		events = append(events, g.events...)
	}
	p.applied(ctx, events)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notified = last.Block + 1
	p.wake()
	return done, nil
}

// fill writes groups into tx until no group waits, a limit is reached or one fails. The
// error after is the reason why no group can follow the written ones; those can still
// be committed.
func (p *Loop) fill(ctx context.Context, tx *sql.Tx, g group) (done []group, after, err error) {
	// A statement with a cancellable context starts a goroutine. So statements get a
	// context without cancellation, and ctx is checked between groups.
	quiet, begin := context.WithoutCancel(ctx), p.now()
	for calls, bytes := 0, 0; ; {
		if g.err != nil {
			return done, g.err, nil
		}
		if err := p.write(quiet, tx, g); err != nil {
			return done, nil, err
		}
		done, calls, bytes = append(done, g), calls+len(g.events), bytes+g.bytes
		if calls >= p.limits.calls || bytes >= p.limits.bytes || p.now().Sub(begin) >= p.limits.time || ctx.Err() != nil {
			return done, nil, nil //nolint:nilerr // what was applied so far is committed; the loop sees the end of ctx
		}
		select {
		case next, ok := <-p.groups:
			if !ok {
				return done, nil, nil
			}
			g = next
		default:
			return done, nil, nil
		}
	}
}

// write writes the domains' part of a group, its calls, and the keys that they wrote.
func (*Loop) write(ctx context.Context, tx *sql.Tx, g group) error {
	if g.last.Block >= math.MaxInt64 {
		return errors.New("the number of the block is too large")
	}
	for _, write := range g.write {
		if err := write(ctx, tx); err != nil {
			return fmt.Errorf("apply the blocks up to %d: %w", g.last.Block, err)
		}
	}
	return nil
}
