package projection

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
)

// keyHash returns the index entry for a key: 8 bytes of the SHA-256 of the file's salt
// and the key. Two keys may collide by chance, but nobody can choose them so. So a
// bundle of evidence checks what the call wrote; a trace may rely on the index.
func (p *Loop) keyHash(key string) int64 {
	sum := sha256.Sum256(append(slices.Clone(p.salt), key...))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

var writerRows = readmodel.NewRows("writer", "key", "block", "tx", "i")

// writersOf returns the step that indexes calls by every key they wrote, except the key
// of the call itself.
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

// checkWriters refuses a read model that began before writers were indexed: evidence
// would lack the older calls.
func checkWriters(ctx context.Context, db *sql.DB) error {
	var calls, indexed bool
	if err := db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM place), EXISTS (SELECT 1 FROM writer)").Scan(&calls, &indexed); err != nil {
		return fmt.Errorf("read the index of writers: %w", err)
	}
	if calls && !indexed {
		return errors.New("read.db was written by an earlier version: delete it, the node rebuilds it from the ledger")
	}
	return nil
}

// Writer returns the last call before a position that wrote key, or a key with the same
// hash; false if there is no such call.
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

// maxActs is the maximum number of calls that Acts returns.
const maxActs = 5000

// Acts returns the calls that wrote each of the records, oldest first, at most 5,000 in
// total, with one query.
func (p *Loop) Acts(ctx context.Context, refs ...ledger.Ref) (map[ledger.Ref][]Act, error) {
	of, keys := map[int64]ledger.Ref{}, make([]int64, len(refs))
	for i, ref := range refs {
		keys[i] = p.keyHash(ledger.RecordKey(ref))
		of[keys[i]] = ref
	}
	list, err := json.Marshal(keys)
	if err != nil {
		return nil, fmt.Errorf("encode keys: %w", err)
	}
	rows, err := p.reads.QueryContext(ctx, "SELECT w.key, c.time, c.name, c.party, c.call, c.payload FROM json_each(?) k CROSS JOIN writer w ON w.key = k.value "+
		"CROSS JOIN place c ON c.block = w.block AND c.tx = w.tx AND c.i = w.i ORDER BY w.block, w.tx, w.i LIMIT ?", string(list), maxActs)
	if err != nil {
		return nil, fmt.Errorf("find who wrote %d records: %w", len(refs), err)
	}
	defer rows.Close()
	acts := map[ledger.Ref][]Act{}
	for rows.Next() {
		var key int64
		var a Act
		if err := rows.Scan(&key, &a.Time, &a.Name, &a.Party, &a.Call, &a.Payload); err != nil {
			return nil, fmt.Errorf("find who wrote %d records: %w", len(refs), err)
		}
		acts[of[key]] = append(acts[of[key]], a)
	}
	return acts, rows.Err()
}
