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

// limits bound what one transaction applies: after the group that reaches one,
// it commits. They keep memory and the time that a caller waits small.
type limits struct {
	calls int
	bytes int
	time  time.Duration
}

var defaultLimits = limits{calls: 4096, bytes: 32 << 20, time: 400 * time.Millisecond}

// run reads ahead in a goroutine and applies what is there.
func (p *Loop) run(ctx context.Context) error {
	var next uint64
	if r, ok := p.Revision(); ok {
		next = r.Block + 1
	}
	reading, stop := context.WithCancel(ctx)
	var reader sync.WaitGroup
	reader.Go(func() { p.read(reading, next) })
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

// batch is what one transaction has applied.
type batch struct {
	last   ledger.Revision
	events []ledger.Event
	groups int
	bytes  int
}

// apply applies a group and those that wait behind it in one transaction, and
// notifies the node. When a group fails, those before it are committed.
func (p *Loop) apply(ctx context.Context, first group) error {
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it does nothing
	var b batch
	failed := p.fill(ctx, tx, &b, first)
	if b.groups == 0 {
		return failed
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO position (one, block, head) VALUES (1, ?, ?) "+
		"ON CONFLICT (one) DO UPDATE SET block = excluded.block, head = excluded.head", int64(b.last.Block), b.last.Head); err != nil {
		return errors.Join(fmt.Errorf("write position: %w", err), failed)
	}
	if err := p.commit(tx, b.last); err != nil {
		return errors.Join(fmt.Errorf("commit block %d: %w", b.last.Block, err), failed)
	}
	p.applied(ctx, b.events)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notified = b.last.Block + 1
	p.wake()
	return failed
}

// fill writes groups into tx until none waits, a limit is reached or one fails.
// Of a group that fails nothing stays.
func (p *Loop) fill(ctx context.Context, tx *sql.Tx, b *batch, g group) error {
	// A statement that watches its context starts a goroutine: here the end of
	// ctx is looked for between the groups.
	quiet, begin := context.WithoutCancel(ctx), p.now()
	for {
		if err := p.write(quiet, tx, b, g); err != nil {
			return err
		}
		if len(b.events) >= p.limits.calls || b.bytes >= p.limits.bytes || p.now().Sub(begin) >= p.limits.time || ctx.Err() != nil {
			return nil //nolint:nilerr // what was applied so far is committed; the loop sees the end of ctx
		}
		select {
		case next, ok := <-p.groups:
			if !ok {
				return nil
			}
			g = next
		default:
			return nil
		}
	}
}

// write adds a group to the transaction. All but the first lie in a savepoint,
// so that one that fails can be taken out.
func (p *Loop) write(ctx context.Context, tx *sql.Tx, b *batch, g group) error {
	switch {
	case g.err != nil:
		return g.err
	case g.last.Block >= math.MaxInt64:
		return errors.New("the number of the block is too large")
	}
	if b.groups > 0 {
		if _, err := tx.ExecContext(ctx, "SAVEPOINT blocks"); err != nil {
			return fmt.Errorf("begin blocks: %w", err)
		}
	}
	err := writeCalls(ctx, tx, g.calls)
	if b.groups > 0 {
		end := "RELEASE blocks"
		if err != nil {
			end = "ROLLBACK TO blocks"
		}
		if _, e := tx.ExecContext(ctx, end); e != nil {
			b.groups = 0 // a part of the group may be left: nothing is committed
			return errors.Join(err, fmt.Errorf("end blocks: %w", e))
		}
	}
	if err != nil {
		return fmt.Errorf("apply block %d: %w", g.last.Block, err)
	}
	b.last, b.groups, b.bytes = g.last, b.groups+1, b.bytes+g.bytes
	for _, c := range g.calls {
		b.events = append(b.events, c.Event)
	}
	return nil
}

func writeCalls(ctx context.Context, tx *sql.Tx, calls []prepared) error {
	for _, c := range calls {
		for _, write := range c.write {
			if err := write(ctx, tx); err != nil {
				return eventError(c.Event, err)
			}
		}
		if err := place(ctx, tx, c.Committed); err != nil {
			return err
		}
		if err := writers(ctx, tx, c.Position, c.keys); err != nil {
			return err
		}
	}
	return nil
}
