package projection

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
)

// ahead is the number of groups that are read and prepared while others are
// applied.
const ahead = 4

// group is blocks that are applied whole or not at all: those up to the next
// one with a head. With an error nothing comes after it.
type group struct {
	last   ledger.Revision
	calls  []ledger.Committed
	events []ledger.Event
	write  []readmodel.Step
	bytes  int // of records
	err    error
}

// prepareAll prepares the groups that are read, in a goroutine of its own, until there
// are no more or ctx ends, and closes the channel of those that are prepared.
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

// read sends the groups from block next on, until ctx ends or a block can't be
// read; then it sends the error and closes the channel.
func (p *Loop) read(ctx context.Context, next uint64, groups chan<- group) {
	defer close(groups)
	var g group
	begun := next > 0 // a channel may have blocks before its register
	for b, err := range p.ledger.Blocks(ctx, next) {
		if err != nil {
			send(ctx, groups, group{err: fmt.Errorf("read block %d: %w", next, err)})
			return
		}
		if b.Number != next && begun {
			send(ctx, groups, group{err: fmt.Errorf("block %d came where %d was due", b.Number, next)})
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

// prepare does for a whole group what needs no database. An event that a domain can't
// prepare makes the group fail when its turn comes.
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
