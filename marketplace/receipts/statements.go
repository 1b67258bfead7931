package receipts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Statements of the writing goroutine, prepared once.
const (
	insertReceipt = `INSERT INTO receipt (seq, id, leaf, kind, time, party, order_id, license, subject, content, sha256, start)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`
	matchReceipt = `SELECT count(*) FROM receipt WHERE seq = ? AND id = ? AND leaf = ? AND kind = ? AND time = ? AND party = ?
		AND order_id IS ? AND license IS ? AND subject IS ? AND content IS ? AND sha256 IS ? AND start IS ?`
	readCounter = `SELECT size, starts, bytes FROM counter WHERE scope = ? AND object = ?`
	setCounter  = `INSERT INTO counter (scope, object, size, starts, bytes) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (scope, object) DO UPDATE SET starts = excluded.starts, bytes = excluded.bytes`
	readUsed = `SELECT uses, bytes FROM used WHERE scope = ?`
	setUsed  = `INSERT INTO used (scope, uses, bytes) VALUES (?, ?, ?)
		ON CONFLICT (scope) DO UPDATE SET uses = excluded.uses, bytes = excluded.bytes`
	insertRunning    = `INSERT INTO running (start, seq, noted) VALUES (?, ?, 0)`
	readRunning      = `SELECT seq FROM running WHERE start = ?`
	noteRunning      = `UPDATE running SET noted = max(noted, ?) WHERE start = ?`
	deleteRunning    = `DELETE FROM running WHERE start = ?`
	insertHeld       = `INSERT INTO held (start, scope, known, upto) VALUES (?, ?, ?, ?)`
	readHeld         = `SELECT scope, known, upto FROM held WHERE start = ? ORDER BY scope`
	deleteHeld       = `DELETE FROM held WHERE start = ?`
	insertUnfinished = `INSERT INTO unfinished (scope, object, party, upto, seq, first) VALUES (?, ?, ?, ?, ?, ?)`
	readUnfinished   = `SELECT upto, seq FROM unfinished WHERE scope = ? AND object = ? AND party = ?
		AND upto BETWEEN ?4 AND ?4 + ?5 AND first <= ?4 ORDER BY upto DESC, seq LIMIT 1`
	deleteUnfinished = `DELETE FROM unfinished WHERE scope = ? AND object = ? AND party = ? AND upto = ? AND seq = ?`
	readResent       = `SELECT bytes FROM resent WHERE scope = ? AND object = ? AND party = ?`
	addResent        = `INSERT INTO resent (scope, object, party, bytes) VALUES (?1, ?2, ?3, ?4)
		ON CONFLICT (scope, object, party) DO UPDATE SET bytes = bytes + excluded.bytes`
	lessResent = `UPDATE resent SET bytes = bytes - ? WHERE scope = ? AND object = ? AND party = ?`
)

func writeStatements() []string {
	return []string{
		insertReceipt, readCounter, setCounter, readUsed, setUsed, insertRunning, readRunning, noteRunning,
		deleteRunning, insertHeld, readHeld, deleteHeld, insertUnfinished, readUnfinished, deleteUnfinished,
		readResent, addResent, lessResent,
	}
}

// statements are the prepared statements of the writing connection, by their text.
type statements map[string]*sql.Stmt

func prepare(ctx context.Context, db *sql.DB) (statements, error) {
	all := statements{}
	for _, text := range writeStatements() {
		st, err := db.PrepareContext(ctx, text)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open receipts: prepare: %w", err), all.close())
		}
		all[text] = st
	}
	return all, nil
}

func (s statements) close() error {
	var errs []error
	for _, st := range s {
		errs = append(errs, st.Close())
	}
	return errors.Join(errs...)
}

// stmt returns a prepared statement in the batch's transaction.
func (b *batch) stmt(ctx context.Context, text string) *sql.Stmt {
	st := b.stmts[text]
	if st == nil {
		st = b.tx.StmtContext(ctx, b.s.write[text])
		b.stmts[text] = st
	}
	return st
}

// exec runs a statement and ignores the number of rows it changed.
func (b *batch) exec(ctx context.Context, what, text string, args ...any) error {
	if _, err := b.stmt(ctx, text).ExecContext(ctx, args...); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
