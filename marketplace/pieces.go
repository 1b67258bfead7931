package marketplace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/objects"
)

// Limits of uploads in pieces.
const (
	// pieceBytes is after how many bytes what has arrived is made durable: a node that
	// is killed loses no more.
	pieceBytes = 64 << 20
	// maxBegun is how many uploads of a party may have begun and not be whole.
	maxBegun = 64
	// fewPieces is how many pieces any upload may have, and minPiece how many bytes of its
	// length allow one more. A piece is a file until its content is deleted: without this, one
	// byte a file, a party would have 10,000 files for each MinCounted of its bound, and all
	// of them would be looked up for each delivery.
	fewPieces = 8
	minPiece  = 32 << 10
)

// maxPieces returns how many pieces an upload of this length may have.
func maxPieces(length int64) int { return int(min(fewPieces+length/minPiece, math.MaxInt32)) }

// Pending is an upload in pieces.
type Pending struct {
	ID      string
	Bytes   int64
	Arrived int64         // bytes that are stored: where it continues
	Expires ledger.Millis // when it is deleted, unless more arrives or a content record names it
	Done    *Ingested     // of an upload that is whole
}

// BeginUpload makes an upload in pieces of a length. All its bytes are counted at
// once, at least MinCounted.
func (m *Market) BeginUpload(ctx context.Context, party ledger.ID, length int64) (Pending, error) {
	if err := m.mayUpload(ctx, party, length); err != nil {
		return Pending{}, err
	}
	begun, err := m.unnamed.begun(ctx, party)
	if err == nil && begun >= maxBegun { // insert asks again: here it is cheap
		err = tooManyBegun()
	}
	if err == nil {
		err = m.unnamed.take(party, countedBytes(length))
	}
	if err != nil {
		return Pending{}, err
	}
	u, err := m.begin(ctx, party, length)
	if err != nil {
		m.unnamed.free(party, countedBytes(length))
		return Pending{}, err
	}
	return m.pending(u), nil
}

func (m *Market) begin(ctx context.Context, party ledger.ID, length int64) (upload, error) {
	d, err := m.Objects.Begin(ctx)
	if err != nil {
		return upload{}, m.notStored(err)
	}
	u := upload{ID: d.ID, Party: party, Bytes: length, Draft: d.State, Changed: m.millis()}
	if err := m.unnamed.insert(ctx, u); err != nil {
		return u, errors.Join(err, m.Objects.Delete(context.WithoutCancel(ctx), d.ID))
	}
	return u, nil
}

// PendingUpload returns an upload in pieces of the party, or NotFound. If all bytes have
// arrived it is made whole: the node may have stopped before it was.
func (m *Market) PendingUpload(ctx context.Context, party ledger.ID, id string) (Pending, error) {
	u, err := m.unnamed.get(ctx, party, id)
	if err != nil || u.Receipt != "" || u.Arrived < u.Bytes {
		return m.pending(u), err
	}
	return m.finish(ctx, party, id)
}

// ContinueUpload stores the bytes of r, which begin at offset, and returns how many. It
// stores them piece by piece: when it fails, the upload continues after the last piece.
// Bytes beyond the length of the upload are not read. It does not make the upload whole.
func (m *Market) ContinueUpload(ctx context.Context, party ledger.ID, id string, offset int64, r io.Reader) (int64, error) {
	u, err := m.unnamed.get(ctx, party, id)
	if err == nil && (offset != u.Arrived || u.Receipt != "") {
		err = ledger.Refuse(ledger.Conflict, ledger.ReasonState).At("upload-offset")
	}
	if err == nil {
		err = m.mayUpload(ctx, party, 0)
	}
	if err != nil {
		return 0, err
	}
	if !m.uploading(party, 1) {
		return 0, ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy).By("running_uploads")
	}
	defer m.uploading(party, -1)
	for u.Arrived < u.Bytes {
		before := u.Arrived
		if u, err = m.piece(ctx, u, r); err != nil || u.Arrived == before {
			break
		}
	}
	return u.Arrived - offset, err
}

// piece stores the next piece of an upload. Without more bytes nothing changes.
func (m *Market) piece(ctx context.Context, u upload, r io.Reader) (upload, error) {
	size := min(pieceBytes, u.Bytes-u.Arrived)
	in := &intake{m: m, party: u.Party, from: io.LimitReader(r, size), counted: size} // counted since it began
	d, err := m.Objects.Append(ctx, objects.Draft{ID: u.ID, Bytes: u.Arrived, State: u.Draft, MaxParts: maxPieces(u.Bytes)}, in, size)
	switch {
	case errors.Is(err, objects.ErrNotExist): // canceled or swept meanwhile
		return u, errors.Join(noUpload(), err)
	case errors.Is(err, objects.ErrTooLarge):
		return u, ledger.Refuse(ledger.InvalidCode, ledger.ReasonTooLarge).At("body").By("upload_pieces")
	case err != nil:
		return u, m.notStored(err)
	case d.Bytes == u.Arrived:
		return u, nil
	}
	next := u
	next.Arrived, next.Draft, next.Changed = d.Bytes, d.State, m.millis()
	if err := m.unnamed.update(ctx, next); err != nil {
		if errors.Is(err, ledger.NotFound) {
			err = errors.Join(err, m.Objects.Delete(context.WithoutCancel(ctx), u.ID))
		}
		return u, err
	}
	return next, nil
}

// finish makes an upload whole, with a receipt.
func (m *Market) finish(ctx context.Context, party ledger.ID, id string) (Pending, error) {
	m.finishing.Lock() // so that an upload has one receipt
	defer m.finishing.Unlock()
	u, err := m.unnamed.get(ctx, party, id)
	if err != nil || u.Receipt != "" {
		return m.pending(u), err
	}
	info, err := m.Objects.Join(ctx, objects.Draft{ID: u.ID, Bytes: u.Arrived, State: u.Draft})
	if err != nil {
		return Pending{}, m.notStored(err)
	}
	done, err := m.recordUpload(ctx, party, info)
	if err != nil {
		return Pending{}, err
	}
	u.Draft, u.SHA256, u.Receipt, u.Changed = nil, done.SHA256, done.Receipt, m.millis()
	return m.pending(u), m.unnamed.update(ctx, u)
}

// CancelUpload deletes an upload in pieces, whole or not, that no content record names.
func (m *Market) CancelUpload(ctx context.Context, party ledger.ID, id string) error {
	_, err := m.unnamed.get(ctx, party, id)
	if err != nil {
		return err
	}
	if named, err := m.named(ctx, id); err != nil || named {
		return errors.Join(noUpload(), err)
	}
	if err := m.Objects.Delete(ctx, id); err != nil && !errors.Is(err, objects.ErrNotExist) {
		return fmt.Errorf("cancel upload: %w", err)
	}
	return m.unnamed.forget(ctx, id)
}

func (m *Market) pending(u upload) Pending {
	p := Pending{ID: u.ID, Bytes: u.Bytes, Arrived: u.Arrived, Expires: u.Changed + ledger.Millis(m.UnnamedAge/time.Millisecond)}
	if u.Receipt != "" {
		p.Done = &Ingested{Object: u.ID, SHA256: u.SHA256, Bytes: u.Bytes, Receipt: u.Receipt, Node: m.Origin}
	}
	return p
}

func tooManyBegun() error {
	return ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy).By("begun_uploads")
}

func noUpload() error { return ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("upload") }

// begun returns how many uploads of a party have begun and are not whole.
func (u *unnamed) begun(ctx context.Context, party ledger.ID) (n int, err error) {
	err = u.db.QueryRowContext(ctx, "SELECT count(*) FROM upload WHERE party = ? AND draft IS NOT NULL", party).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count uploads: %w", err)
	}
	return n, nil
}

// get returns an upload in pieces of a party.
func (u *unnamed) get(ctx context.Context, party ledger.ID, id string) (upload, error) {
	r := upload{ID: id, Party: party}
	err := u.db.QueryRowContext(ctx, `SELECT bytes, arrived, draft, changed, coalesce(sha256, ''), coalesce(receipt, '') FROM upload
		WHERE id = ? AND party = ? AND (draft IS NOT NULL OR receipt IS NOT NULL)`, id, party).
		Scan(&r.Bytes, &r.Arrived, &r.Draft, &r.Changed, &r.SHA256, &r.Receipt)
	if errors.Is(err, sql.ErrNoRows) {
		return r, noUpload()
	}
	if err != nil {
		return r, fmt.Errorf("look up upload: %w", err)
	}
	return r, nil
}

// update stores how far an upload in pieces has come. It returns NotFound if it was
// forgotten meanwhile.
func (u *unnamed) update(ctx context.Context, r upload) error {
	done, err := u.db.ExecContext(ctx, "UPDATE upload SET arrived = ?, draft = ?, changed = ?, sha256 = nullif(?, ''), receipt = nullif(?, '') WHERE id = ?",
		r.Arrived, r.Draft, int64(r.Changed), r.SHA256, r.Receipt, r.ID)
	if err != nil {
		return fmt.Errorf("record upload: %w", err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return errors.Join(noUpload(), err)
	}
	return nil
}
