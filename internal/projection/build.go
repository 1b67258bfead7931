package projection

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// Salt returns the salt of the index of writers in a read model. Two read models of a
// ledger have equal tables only with the same salt.
func Salt(ctx context.Context, db *sql.DB) ([]byte, error) {
	var salt []byte
	if err := db.QueryRowContext(ctx, "SELECT salt FROM writer_salt").Scan(&salt); err != nil {
		return nil, fmt.Errorf("read the salt of the index of writers: %w", err)
	}
	return salt, nil
}

// Building is a read model that is built beside the one in use.
type Building struct {
	DB, Reads *sql.DB  // its writer and its readers; the migrations have run
	Domains   []Domain // they write to DB only
	Salt      []byte   // of another read model; nil: its own
	Now       func() time.Time
	Progress  func(block uint64) // called after each commit with the last block; may be nil
}

// Build applies the blocks of a ledger up to a revision, from where the last call ended.
// It refuses a ledger that has another head there.
func Build(ctx context.Context, b Building, l ledger.Ledger, to ledger.Revision) error {
	if b.Salt != nil {
		if _, err := b.DB.ExecContext(ctx, "UPDATE writer_salt SET salt = ? WHERE NOT EXISTS (SELECT 1 FROM writer)", b.Salt); err != nil {
			return fmt.Errorf("write the salt of the index of writers: %w", err)
		}
	}
	var loop *Loop
	applied := func(context.Context, []ledger.Event) {
		if r, ok := loop.Revision(); ok && b.Progress != nil {
			b.Progress(r.Block)
		}
	}
	loop, err := New(ctx, b.DB, b.Reads, upTo{l, to}, b.Domains, applied, b.Now)
	if err != nil {
		return err
	}
	if r, ok := loop.Revision(); !ok || r.Block < to.Block {
		if err := loop.Run(ctx); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if r, ok := loop.Revision(); !ok || r != to {
		return fmt.Errorf("the blocks end at %d with the head %s, not at %d with %s", r.Block, r.Head, to.Block, to.Head)
	}
	return nil
}

// upTo is a ledger that ends at a revision.
type upTo struct {
	ledger.Ledger
	end ledger.Revision
}

// Blocks yields the blocks from one to the last.
func (u upTo) Blocks(ctx context.Context, from uint64) iter.Seq2[ledger.Block, error] {
	return func(yield func(ledger.Block, error) bool) {
		for b, err := range u.Ledger.Blocks(ctx, from) {
			if err == nil && b.Number == u.end.Block {
				if b.Head != "" && b.Head != u.end.Head {
					err = errors.New("the ledger has another head there")
				}
				b.Head = u.end.Head
			}
			if !yield(b, err) || err != nil || b.Number >= u.end.Block {
				return
			}
		}
	}
}

// Paused calls f while no block is applied, with the last block that was; false if
// nothing was. Meanwhile f may replace what is in the database, at that revision and with the
// same salt.
func (p *Loop) Paused(f func(at ledger.Revision, ok bool) error) error {
	p.turn.Lock()
	defer p.turn.Unlock()
	return f(p.Revision())
}
