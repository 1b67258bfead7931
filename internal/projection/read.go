package projection

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
)

// ahead is the number of groups that are read and prepared while others are applied.
const ahead = 4

// group is a sequence of blocks that are applied together or not at all: it ends with a
// block that has a head. After a group with an error no other follows.
type group struct {
	last   ledger.Revision
	calls  []ledger.Committed
	events []ledger.Event
	write  []readmodel.Step
	bytes  int // of records
	err    error
}

// prepareAll prepares the groups from read, in its own goroutine, until there are no
// more or ctx ends. Then it closes the channel of prepared groups.
func (p *Loop) prepareAll(ctx context.Context, read <-chan group) {
	defer close(p.groups)
	for g := range read {
		if g.err == nil {
			p.prepare(&g)
		}
		if !send(ctx, p.groups, g) {
			return
		}
	}
}

func send(ctx context.Context, to chan<- group, g group) bool {
	select {
	case to <- g:
		return true
	case <-ctx.Done():
		return false
	}
}

// read sends groups from block next on, until ctx ends or a block can't be read; then
// it sends the error and closes the channel.
func (p *Loop) read(ctx context.Context, next uint64, groups chan<- group) {
	defer close(groups)
	var g group
	begun := next > 0 // a Fabric channel may have blocks before the register's first
	for b, err := range p.ledger.Blocks(ctx, next) {
		if err != nil {
			send(ctx, groups, group{err: fmt.Errorf("read block %d: %w", next, err)})
			return
		}
		if b.Number != next && begun {
			send(ctx, groups, group{err: fmt.Errorf("got block %d, expected %d", b.Number, next)})
			return
		}
		begun, next = true, b.Number+1
		g.calls = append(g.calls, b.Calls...)
		if b.Head == "" {
			continue
		}
		g.last = ledger.Revision{Block: b.Number, Head: b.Head}
		if !send(ctx, groups, g) {
			return
		}
		g = group{}
	}
}

// prepare does the work for a whole group that needs no database. If a domain can't
// prepare an event, the group fails when it is applied.
func (p *Loop) prepare(g *group) {
	for _, c := range g.calls {
		g.events = append(g.events, c.Event)
		for _, r := range c.Event.Records {
			g.bytes += len(r.Value)
		}
	}
	for _, d := range p.domains {
		step, err := prepare(d, g.events)
		if err != nil {
			g.err = fmt.Errorf("apply the blocks up to %d: %w", g.last.Block, err)
			return
		}
		g.write = append(g.write, step)
	}
	g.write = append(g.write, placesOf(g.calls), p.writersOf(g.calls))
}

func prepare(d Domain, events []ledger.Event) (readmodel.Step, error) {
	if q, ok := d.(Preparer); ok {
		return q.Prepare(events)
	}
	return func(ctx context.Context, tx *sql.Tx) error {
		for _, e := range events {
			if err := d.Project(ctx, tx, e); err != nil {
				return readmodel.EventError(e, err)
			}
		}
		return nil
	}, nil
}
