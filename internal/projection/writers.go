package projection

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
)

// keyHash is what the index of writers has for a key: 8 bytes of the SHA-256 of the
// file's salt and the key. Two keys may share it by chance, by nobody's will. A
// bundle of evidence looks at what the call wrote; a trace may rest on the index.
func (p *Loop) keyHash(key string) int64 {
	sum := sha256.Sum256(append(slices.Clone(p.salt), key...))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

var writerRows = readmodel.NewRows("writer", "key", "block", "tx", "i")

// writersOf returns what indexes calls under every key that they wrote, but for their
// own.
func (p *Loop) writersOf(calls []ledger.Committed) readmodel.Step {
	var args []any
	for _, c := range calls {
		for _, w := range c.Writes {
			if !ledger.IsCallKey(w.Key) {
				args = append(args, p.keyHash(w.Key), int64(c.Position.Block), c.Position.Tx, c.Position.I)
			}
		}
	}
	return writerRows.Write(args)
}

// checkWriters refuses a read model that was begun before writers were indexed:
// evidence would lack what was recorded then.
func checkWriters(ctx context.Context, db *sql.DB) error {
	var calls, indexed bool
	if err := db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM place), EXISTS (SELECT 1 FROM writer)").Scan(&calls, &indexed); err != nil {
		return fmt.Errorf("read the index of writers: %w", err)
	}
	if calls && !indexed {
		return errors.New("read.db is of an earlier version: delete it, it is made again from the ledger")
	}
	return nil
}

// Writer returns the last call before a position that wrote a key, or another key
// of the same hash; false where there is none.
func (p *Loop) Writer(ctx context.Context, key string, before ledger.Position) (at ledger.Position, ok bool, err error) {
	if before.Block > math.MaxInt64 {
		before.Block = math.MaxInt64
	}
	var block int64
	err = p.reads.QueryRowContext(ctx, "SELECT block, tx, i FROM writer WHERE key = ? AND (block, tx, i) < (?, ?, ?) "+
		"ORDER BY block DESC, tx DESC, i DESC LIMIT 1", p.keyHash(key), int64(before.Block), before.Tx, before.I).Scan(&block, &at.Tx, &at.I)
	if errors.Is(err, sql.ErrNoRows) {
		return at, false, nil
	}
	if err != nil || block < 0 {
		return at, false, fmt.Errorf("find who wrote %s: %w", key, err)
	}
	at.Block = uint64(block)
	return at, true, nil
}

// CallAt returns the party and id of the call at a position.
func (p *Loop) CallAt(ctx context.Context, at ledger.Position) (party, call ledger.ID, err error) {
	err = p.reads.QueryRowContext(ctx, "SELECT party, call FROM place WHERE block = ? AND tx = ? AND i = ?",
		int64(at.Block), at.Tx, at.I).Scan(&party, &call)
	if err != nil {
		return "", "", fmt.Errorf("find the call at %+v: %w", at, err)
	}
	return party, call, nil
}

// Act is a recorded call that wrote a record.
type Act struct {
	Time    ledger.Millis
	Name    ledger.Function
	Party   ledger.ID
	Call    ledger.ID
	Payload ledger.Digest
}

// Acts returns the calls that wrote a record, oldest first.
func (p *Loop) Acts(ctx context.Context, ref ledger.Ref) ([]Act, error) {
	rows, err := p.reads.QueryContext(ctx, "SELECT c.time, c.name, c.party, c.call, c.payload FROM writer w "+
		"JOIN place c ON c.block = w.block AND c.tx = w.tx AND c.i = w.i WHERE w.key = ? ORDER BY w.block, w.tx, w.i", p.keyHash(ledger.RecordKey(ref)))
	if err != nil {
		return nil, fmt.Errorf("find who wrote %s: %w", ref, err)
	}
	defer rows.Close()
	var acts []Act
	for rows.Next() {
		var a Act
		if err := rows.Scan(&a.Time, &a.Name, &a.Party, &a.Call, &a.Payload); err != nil {
			return nil, fmt.Errorf("find who wrote %s: %w", ref, err)
		}
		acts = append(acts, a)
	}
	return acts, rows.Err()
}
