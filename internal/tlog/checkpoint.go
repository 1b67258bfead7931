package tlog

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/internal/checkpoint"
)

// interval is the minimum time between two checkpoints that Publish signs.
const interval = 200 * time.Millisecond

// Checkpoint is a signed statement of the size and root of a log.
type Checkpoint struct {
	// Note is the signed note, as served. The caller must not change it.
	Note []byte
	// Size is the number of entries.
	Size int64
	// Root is the root hash of the tree with Size entries.
	Root tlog.Hash
}

// ParseCheckpoint checks that msg is a checkpoint of the log with the key v, signed by
// that key, and returns its size and root; see checkpoint.Parse.
func ParseCheckpoint(msg []byte, v note.Verifier) (size int64, root tlog.Hash, err error) {
	return checkpoint.Parse(msg, v)
}

// Published returns the last signed checkpoint. Nothing beyond it is served.
func (l *Log) Published() Checkpoint {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.published
}

// Publish signs a checkpoint of the committed entries. If there are no new entries,
// or the last checkpoint is less than 200 ms old, it returns the last one. A new
// checkpoint is on disk before Publish returns. Publish uses a separate write
// transaction and must not be called inside one.
func (l *Log) Publish(ctx context.Context) (Checkpoint, error) {
	return l.publish(ctx, false)
}

// PublishNow is like Publish but ignores the age of the last checkpoint. It is for
// a start, an anchor or a shutdown.
func (l *Log) PublishNow(ctx context.Context) (Checkpoint, error) {
	return l.publish(ctx, true)
}

func (l *Log) publish(ctx context.Context, force bool) (Checkpoint, error) {
	l.publishing.Lock()
	defer l.publishing.Unlock()
	l.mu.Lock()
	e, last, age := l.edge, l.published, l.now().Sub(l.publishedAt)
	l.mu.Unlock()
	// A clock that was set back must not stop the publishing.
	young := age >= 0 && age < interval
	if last.Note != nil && (e.size == last.Size || young && !force) {
		return last, nil
	}
	next, err := l.key.sign(e)
	if err != nil {
		return Checkpoint{}, err
	}
	if err := l.storeCheckpoint(ctx, e, next); err != nil {
		return Checkpoint{}, fmt.Errorf("publish checkpoint of %d entries: %w", e.size, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.published, l.publishedAt = next, l.now()
	return next, nil
}

func (k *Key) sign(e *edge) (Checkpoint, error) {
	root := e.root()
	text := fmt.Sprintf("%s\n%d\n%s\n", k.Origin(), e.size, base64.StdEncoding.EncodeToString(root[:]))
	msg, err := note.Sign(&note.Note{Text: text}, k.signer)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("sign checkpoint: %w", err)
	}
	return Checkpoint{Note: msg, Size: e.size, Root: root}, nil
}

// storeCheckpoint stores a checkpoint, after checking that the tables contain the
// tree that it names, and that this tree continues the last signed one.
func (l *Log) storeCheckpoint(ctx context.Context, e *edge, next Checkpoint) error {
	tx, err := l.w.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing once committed
	last, err := readSigned(ctx, tx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err := l.checkContinues(ctx, tx, e, last.Size, last.Root, err == nil); err != nil {
		return err
	}
	if err := writeSigned(ctx, tx, next); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit checkpoint: %w", err)
	}
	return nil
}

// writeSigned replaces the last signed checkpoint.
func writeSigned(ctx context.Context, tx *sql.Tx, c Checkpoint) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO signed (id, size, root, note) VALUES (1, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note`, c.Size, c.Root[:], c.Note)
	if err != nil {
		return fmt.Errorf("store checkpoint: %w", err)
	}
	return nil
}

// Succeed ends the log under its key: in the transaction tx it replaces the last
// checkpoint by one of the log with the key next, which from then on is the key of
// these tables, and deletes the cosigned one. p is an append in the same transaction,
// which the new checkpoint covers, or nil. Afterwards the log must be opened again.
func (l *Log) Succeed(ctx context.Context, tx *sql.Tx, p *Pending, next *Key) error {
	e := l.committed()
	if p != nil {
		e = p.to
	}
	c, err := next.sign(e)
	if err != nil {
		return err
	}
	if err := writeSigned(ctx, tx, c); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM cosigned"); err != nil {
		return fmt.Errorf("delete cosigned checkpoint: %w", err)
	}
	return nil
}

// checkContinues checks that the tables contain the tree with edge e, and that this
// tree continues the last signed one, if there is one.
func (l *Log) checkContinues(ctx context.Context, q querier, e *edge, size int64, root tlog.Hash, signed bool) error {
	if signed && size > e.size {
		return fmt.Errorf("the log %q contains %d entries but its last signed checkpoint covers %d: "+
			"the folder is older than its published log; restore the newest backup", l.key.Origin(), e.size, size)
	}
	if e.size == 0 {
		return nil
	}
	r := reader(ctx, q, e)
	if _, err := tlog.TreeHash(e.size, r); err != nil {
		return l.readError(err)
	}
	if !signed {
		return nil
	}
	have, err := tlog.TreeHash(size, r)
	if err != nil {
		return l.readError(err)
	}
	if have != root {
		return l.damaged("its first %d entries have the root %v, but %v was signed", size, have, root)
	}
	return nil
}

// readSigned returns the stored checkpoint, or sql.ErrNoRows.
func readSigned(ctx context.Context, q querier) (c Checkpoint, err error) {
	var root []byte
	err = q.QueryRowContext(ctx, "SELECT size, root, note FROM signed").Scan(&c.Size, &root, &c.Note)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("read last checkpoint: %w", err)
	}
	copy(c.Root[:], root)
	return c, nil
}
