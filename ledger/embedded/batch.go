package embedded

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// statements are prepared only once: preparing them took a third of the sequencer's
// time.
type statements struct {
	get, put, drop, sum *sql.Stmt // for writing
	read                *sql.Stmt // for reading
}

// prepare prepares the statements. They are closed with the database.
func prepare(ctx context.Context, db *sqldb.DB) (s statements, err error) {
	const get = "SELECT value, seq FROM record WHERE key = ?"
	for _, p := range []struct {
		stmt  **sql.Stmt
		db    *sql.DB
		query string
	}{
		{&s.get, db.W, get},
		{&s.read, db.R, get},
		{&s.put, db.W, "INSERT INTO record (key, value, seq) VALUES (?, ?, ?) " +
			"ON CONFLICT (key) DO UPDATE SET value = excluded.value, seq = excluded.seq"},
		{&s.drop, db.W, "DELETE FROM record WHERE key = ?"},
		{&s.sum, db.W, "INSERT INTO state_sum (one, sum) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET sum = excluded.sum"},
	} {
		if *p.stmt, err = p.db.PrepareContext(ctx, p.query); err != nil {
			return s, fmt.Errorf("prepare %q: %w", p.query, err)
		}
	}
	return s, nil
}

// row is a row of the table record; a nil value means that there is no row.
type row struct {
	value []byte
	seq   int64
}

// batch is a transaction in progress. It caches what it has read, since the
// committed state does not change during the transaction, and the calls of a batch
// read the same genesis, keys and parties. The contract has the batch's own writes
// in an overlay.
type batch struct {
	ctx  context.Context //nolint:containedctx // one batch, one context
	l    *Ledger
	sql  statements // bound to the transaction
	size int64      // size of the log before the batch
	seen map[string]row

	dirty   map[string]row  // final value of each changed key
	sum     ledger.StateSum // sum of the state including dirty
	entries []tlog.Entry
	seqs    map[string]int64 // entry numbers of new calls, by key
}

func (l *Ledger) begin(ctx context.Context, tx *sql.Tx) *batch {
	return &batch{
		ctx: ctx, l: l, size: l.log.Size(), sum: l.sum, seen: map[string]row{}, dirty: map[string]row{}, seqs: map[string]int64{},
		sql: statements{
			get: tx.StmtContext(ctx, l.sql.get), put: tx.StmtContext(ctx, l.sql.put), drop: tx.StmtContext(ctx, l.sql.drop),
			sum: tx.StmtContext(ctx, l.sql.sum),
		},
	}
}

// Get reads one committed key.
func (b *batch) Get(key string) ([]byte, bool, error) {
	r, err := b.row(key)
	return r.value, r.value != nil, err
}

func (b *batch) row(key string) (row, error) {
	if r, ok := b.seen[key]; ok {
		return r, nil
	}
	r, err := scanRow(b.sql.get.QueryRowContext(b.ctx, key))
	if err != nil {
		return r, err
	}
	older, err := b.l.checkRow(b.ctx, key, r)
	if err != nil {
		return row{}, err
	}
	if older {
		return row{}, otherRow(key)
	}
	b.seen[key] = r
	return r, nil
}

// ahead returns by how much the ledger's time is ahead of the machine's after the batch.
func (b *batch) ahead() (ledger.Millis, error) {
	r, ok := b.dirty[ledger.RecordKey(ledger.ClockRef)]
	if !ok {
		return b.l.ahead, nil
	}
	var c ledger.Clockwork
	if err := json.Unmarshal(r.value, &c); err != nil {
		return 0, fmt.Errorf("decode %s: %w", ledger.ClockRef, err)
	}
	return c.Offset, nil
}

// record adds an entry for each accepted call and fills in the answers. An error
// that is not a refusal is a failure of the store.
func (b *batch) record(calls []contract.Verified, results []contract.Result, answers []answer) error {
	for i, r := range results {
		if r.Err != nil {
			if ledger.AsError(r.Err) == nil {
				return r.Err
			}
			answers[i].err = r.Err
			continue
		}
		seq, err := b.place(calls[i], r)
		if err != nil {
			return err
		}
		answers[i].out = ledger.Outcome{
			Position: ledger.Position{Block: number(seq)},
			Time:     r.Record.Time, Payload: r.Record.Payload, Event: r.Record.Event, Repeated: r.Repeated,
		}
	}
	return nil
}

// place returns the entry number of an accepted call: a new one, or the existing
// one of a call that was recorded before.
func (b *batch) place(v contract.Verified, r contract.Result) (int64, error) {
	own := ledger.CallKey(v.Call.Party, v.Call.ID)
	if r.Repeated {
		if seq, ok := b.seqs[own]; ok {
			return seq, nil
		}
		before, err := b.row(own)
		if err != nil {
			return 0, fmt.Errorf("find %s: %w", own, err)
		}
		return before.seq, nil
	}
	seq := b.size + int64(len(b.entries))
	for _, w := range r.Writes {
		if err := b.write(w, seq); err != nil {
			return 0, err
		}
	}
	data, err := json.Marshal(ledger.LogEntry{
		V: ledger.EntryVersion, Seq: number(seq), Time: r.Record.Time, Rules: r.Record.Rules,
		Call: v.Compact, Reads: r.Record.Reads, Writes: r.Record.Writes, Event: r.Record.Event,
		State: b.sum.Digest(),
	})
	if err != nil {
		return 0, fmt.Errorf("encode entry: %w", err)
	}
	b.entries = append(b.entries, tlog.Entry{Data: data, Extra: stored{Event: r.Event, Writes: r.Writes}.encode()})
	b.seqs[own] = seq
	return seq, nil
}

// write adds a write to dirty and to the sum of the state.
func (b *batch) write(w ledger.Write, seq int64) error {
	old, ok := b.dirty[w.Key]
	if !ok {
		var err error
		if old, err = b.row(w.Key); err != nil {
			return fmt.Errorf("read %s: %w", w.Key, err)
		}
	}
	if old.value != nil {
		b.sum.Remove(w.Key, old.value)
	}
	if w.Value != nil {
		b.sum.Add(w.Key, w.Value)
	}
	b.dirty[w.Key] = row{w.Value, seq}
	return nil
}

// flush writes the changed records, each key once, in the order of the table, and
// the sum.
func (b *batch) flush() error {
	for _, key := range slices.Sorted(maps.Keys(b.dirty)) {
		r := b.dirty[key]
		var err error
		if r.value == nil {
			_, err = b.sql.drop.ExecContext(b.ctx, key)
		} else {
			_, err = b.sql.put.ExecContext(b.ctx, key, r.value, r.seq)
		}
		if err != nil {
			return fmt.Errorf("write %s: %w", key, err)
		}
	}
	if _, err := b.sql.sum.ExecContext(b.ctx, b.sum.Bytes()); err != nil {
		return fmt.Errorf("write the sum of the state: %w", err)
	}
	return nil
}

// readState is the committed state, read outside a transaction.
type readState struct {
	ctx context.Context //nolint:containedctx // one context per lookup
	l   *Ledger
}

// Get reads one key.
func (s readState) Get(key string) ([]byte, bool, error) {
	v, err := s.l.Value(s.ctx, key)
	if errors.Is(err, ledger.NotFound) {
		return nil, false, nil
	}
	return v, err == nil, err
}
