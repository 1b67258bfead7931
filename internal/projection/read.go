package projection

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/datacadastre/cadastre/ledger"
)

// ahead is the number of groups that are read and prepared while others are
// applied.
const ahead = 4

// group is blocks that are applied whole or not at all: those up to the next
// one with a head. With an error nothing comes after it.
type group struct {
	last  ledger.Revision
	calls []prepared
	bytes int // of records
	err   error
}

// prepared is a recorded call with what each domain writes of it.
type prepared struct {
	ledger.Committed
	keys  []int64 // hashes of the keys that it wrote
	write []func(ctx context.Context, tx *sql.Tx) error
}

// read sends the groups from block next on, until ctx ends or a block can't be
// read; then it sends the error and closes the channel.
func (p *Loop) read(ctx context.Context, next uint64) {
	defer close(p.groups)
	send := func(g group) bool {
		select {
		case p.groups <- g:
			return true
		case <-ctx.Done():
			return false
		}
	}
	var g group
	begun := next > 0 // a channel may have blocks before its register
	for b, err := range p.ledger.Blocks(ctx, next) {
		if err != nil {
			send(group{err: fmt.Errorf("read block %d: %w", next, err)})
			return
		}
		if b.Number != next && begun {
			send(group{err: fmt.Errorf("block %d came where %d was due", b.Number, next)})
			return
		}
		begun, next = true, b.Number+1
		p.prepare(&g, b)
		if b.Head == "" {
			continue
		}
		g.last = ledger.Revision{Block: b.Number, Head: b.Head}
		if !send(g) {
			return
		}
		g = group{}
	}
}

// prepare adds a block to a group. An event that a domain can't prepare makes
// the group fail when its turn comes.
func (p *Loop) prepare(g *group, b ledger.Block) {
	for _, c := range b.Calls {
		call := prepared{Committed: c, keys: p.keyHashes(c.Writes)}
		for _, d := range p.domains {
			write, err := prepare(d, c.Event)
			if err != nil && g.err == nil {
				g.err = fmt.Errorf("apply block %d: %w", b.Number, eventError(c.Event, err))
			}
			call.write = append(call.write, write)
		}
		for _, r := range c.Event.Records {
			g.bytes += len(r.Value)
		}
		g.calls = append(g.calls, call)
	}
}

func prepare(d Domain, e ledger.Event) (func(context.Context, *sql.Tx) error, error) {
	if q, ok := d.(Preparer); ok {
		return q.Prepare(e)
	}
	return func(ctx context.Context, tx *sql.Tx) error { return d.Project(ctx, tx, e) }, nil
}

func eventError(e ledger.Event, err error) error {
	return fmt.Errorf("event %s of call %s: %w", e.Name, e.Call, err)
}
