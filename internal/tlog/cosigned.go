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

// maxCosignatures is the maximum number of cosignatures that are stored with a
// checkpoint.
const maxCosignatures = 16

// ErrCosigned is in every error which says that a cosigned checkpoint cannot be
// stored: it does not belong to this log, or a signature is not valid.
var ErrCosigned = errors.New("this cosigned checkpoint is not stored")

// ErrOlder is in every error which says that a newer cosigned checkpoint is already
// stored.
var ErrOlder = errors.New("a newer cosigned checkpoint is already stored")

// Cosigned returns the newest cosigned checkpoint, with the log's signature and the
// cosignatures. Its Note is nil if there is no such checkpoint.
func (l *Log) Cosigned() Checkpoint {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cosigned
}

// Cosign stores a checkpoint that this log has signed and v has cosigned. It adds
// the cosignature to those that are stored for the same size. The checkpoint is on
// disk before Cosign returns its size. Like Publish, it uses a separate write
// transaction. The caller decides who may cosign.
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

// openCosigned checks both signatures, and that the log has this tree. The
// checkpoint that it returns has only the log's signature; line is the cosignature.
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

// lineOf returns the only valid form of a verified signature.
func lineOf(s note.Signature) string {
	raw, err := base64.StdEncoding.DecodeString(s.Base64)
	if err != nil { // impossible, since the signature was verified
		return ""
	}
	return "— " + s.Name + " " + base64.StdEncoding.EncodeToString(raw) + "\n"
}

// withLine adds a cosignature by v to a note. It replaces an older one of the same
// key.
func withLine(msg []byte, v note.Verifier, line string) ([]byte, error) {
	if n, err := note.Open(msg, note.VerifierList(v)); err == nil {
		msg = bytes.Replace(msg, []byte(lineOf(n.Sigs[0])), nil, 1)
	}
	_, lines, _ := bytes.Cut(msg, []byte("\n\n"))
	if bytes.Count(lines, []byte("\n")) > maxCosignatures { // this includes the log's own signature
		return nil, fmt.Errorf("%w: it already has %d cosignatures", ErrCosigned, maxCosignatures)
	}
	return append(bytes.Clone(msg), line...), nil
}

// loadCosigned reads the cosigned checkpoint, and checks that the log continues it.
func (l *Log) loadCosigned(ctx context.Context, e *edge) (c Checkpoint, err error) {
	err = l.r.QueryRowContext(ctx, "SELECT note FROM cosigned").Scan(&c.Note)
	if errors.Is(err, sql.ErrNoRows) {
		return Checkpoint{}, nil
	}
	if err != nil {
		return c, fmt.Errorf("read cosigned checkpoint: %w", err)
	}
	if c.Size, c.Root, err = ParseCheckpoint(c.Note, l.key.verifier); err != nil {
		return c, l.damaged("its cosigned checkpoint was not signed by the key of this log: %w", err)
	}
	return c, l.checkContinues(ctx, l.r, e, c.Size, c.Root, true)
}
