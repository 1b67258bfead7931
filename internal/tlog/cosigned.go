package tlog

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"
)

// maxCosignatures bounds the cosignatures that are kept with a checkpoint.
const maxCosignatures = 16

// ErrCosigned is in every error which says that a cosigned checkpoint can't be kept: it
// is none of this log, or its cosignature does not hold.
var ErrCosigned = errors.New("this cosigned checkpoint is not kept")

// ErrOlder is in every error which says that a newer cosigned checkpoint is kept already.
var ErrOlder = errors.New("a newer cosigned checkpoint is kept")

// Cosigned returns the newest checkpoint that others have cosigned, with the signature
// of the log and theirs; without a note if there is none.
func (l *Log) Cosigned() Checkpoint {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cosigned
}

// Cosign keeps a checkpoint that this log has signed and that v cosigned, and adds the
// cosignature to those that are kept for the same size. It is on disk before Cosign
// returns the size. Like Publish it uses a write transaction of its own. Who may
// cosign is for the caller to say.
func (l *Log) Cosign(ctx context.Context, msg []byte, v note.Verifier) (int64, error) {
	l.publishing.Lock()
	defer l.publishing.Unlock()
	c, line, err := l.openCosigned(ctx, msg, v)
	if err != nil {
		return 0, err
	}
	known := l.Cosigned()
	if known.Note == nil || known.Size < c.Size {
		known.Note = c.Note
	} else if known.Size > c.Size {
		return 0, fmt.Errorf("%w: it has %d entries, this one %d", ErrOlder, known.Size, c.Size)
	}
	if c.Note, err = withLine(known.Note, v, line); err != nil {
		return 0, err
	}
	_, err = l.w.ExecContext(ctx, `INSERT INTO cosigned (id, size, root, note) VALUES (1, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note`, c.Size, c.Root[:], c.Note)
	if err != nil {
		return 0, fmt.Errorf("store cosigned checkpoint: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cosigned = c
	return c.Size, nil
}

// openCosigned checks both signatures, and that the log has that tree. The checkpoint
// that it returns has the log's signature alone; line is the cosignature's.
func (l *Log) openCosigned(ctx context.Context, msg []byte, v note.Verifier) (c Checkpoint, line string, err error) {
	if v.Name() == l.key.Origin() {
		return c, "", fmt.Errorf("%w: the key has the name of the log", ErrCosigned)
	}
	if c.Size, c.Root, err = ParseCheckpoint(msg, l.key.verifier); err != nil {
		return c, "", fmt.Errorf("%w: %w", ErrCosigned, err)
	}
	root, err := l.RootAt(ctx, c.Size)
	if errors.Is(err, ErrRange) || err == nil && (root != c.Root || c.Size == 0) {
		return c, "", fmt.Errorf("%w: the log has no such tree", ErrCosigned)
	}
	if err != nil {
		return c, "", err
	}
	own, err := note.Open(msg, note.VerifierList(l.key.verifier))
	if err != nil {
		return c, "", fmt.Errorf("%w: %w", ErrCosigned, err)
	}
	theirs, err := note.Open(msg, note.VerifierList(v))
	if err != nil {
		return c, "", fmt.Errorf("%w: %w", ErrCosigned, err)
	}
	c.Note = []byte(own.Text + "\n" + lineOf(own.Sigs[0]))
	return c, lineOf(theirs.Sigs[0]), nil
}

// lineOf writes a signature that was opened, in its one form.
func lineOf(s note.Signature) string {
	raw, err := base64.StdEncoding.DecodeString(s.Base64)
	if err != nil { // can't be: it was opened
		return ""
	}
	return "— " + s.Name + " " + base64.StdEncoding.EncodeToString(raw) + "\n"
}

// withLine adds a cosignature by v to a note, in place of the key's older one.
func withLine(msg []byte, v note.Verifier, line string) ([]byte, error) {
	if n, err := note.Open(msg, note.VerifierList(v)); err == nil {
		msg = bytes.Replace(msg, []byte(lineOf(n.Sigs[0])), nil, 1)
	}
	_, lines, _ := bytes.Cut(msg, []byte("\n\n"))
	if bytes.Count(lines, []byte("\n")) > maxCosignatures { // the log's own is among them
		return nil, fmt.Errorf("%w: it has %d cosignatures already", ErrCosigned, maxCosignatures)
	}
	return append(bytes.Clone(msg), line...), nil
}

// loadCosigned reads the cosigned checkpoint, which the log must continue.
func (l *Log) loadCosigned(ctx context.Context, e *edge) (c Checkpoint, err error) {
	err = l.r.QueryRowContext(ctx, "SELECT note FROM cosigned").Scan(&c.Note)
	if errors.Is(err, sql.ErrNoRows) {
		return Checkpoint{}, nil
	}
	if err != nil {
		return c, fmt.Errorf("read cosigned checkpoint: %w", err)
	}
	if c.Size, c.Root, err = ParseCheckpoint(c.Note, l.key.verifier); err != nil {
		return c, l.damaged("its cosigned checkpoint is not one of the key of this log: %w", err)
	}
	return c, l.continues(ctx, l.r, e, c.Size, c.Root, true)
}
