package marketplace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/objects"
)

// maxUploads is the maximum number of running uploads of a party. With S3 each of them
// uses 16 MiB of memory for a part.
const maxUploads = 16

// Ingested is a finished upload with its receipt.
type Ingested struct {
	Object  string
	SHA256  ledger.Digest
	Bytes   int64
	Receipt ledger.Digest // leaf hash: calls cite it
	Node    string
}

// Ingest stores the bytes of r, encrypted, and a receipt that names the party. length is
// their number, or negative if it is not known. An upload that breaks off, or that a
// limit or the disk refuses, leaves nothing behind.
func (m *Market) Ingest(ctx context.Context, party ledger.ID, r io.Reader, length int64) (Ingested, error) {
	if err := m.mayUpload(ctx, party, length); err != nil {
		return Ingested{}, err
	}
	if !m.uploading(party, 1) {
		return Ingested{}, ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy).By("running_uploads")
	}
	defer m.uploading(party, -1)
	in := &intake{m: m, party: party, from: r}
	if err := in.expect(countedBytes(length)); err != nil {
		return Ingested{}, err
	}
	done, err := m.ingest(ctx, in)
	if err != nil {
		m.unnamed.free(party, in.counted)
		return Ingested{}, err
	}
	m.unnamed.free(party, in.counted-countedBytes(done.Bytes)) // fewer bytes came than were announced
	return done, nil
}

func (m *Market) ingest(ctx context.Context, in *intake) (Ingested, error) {
	info, err := m.Objects.Put(ctx, in, m.MaxUpload)
	if err != nil {
		return Ingested{}, m.notStored(err)
	}
	u := upload{ID: info.ID, Party: in.party, Bytes: info.Bytes, Arrived: info.Bytes, Changed: m.millis()}
	err = m.unnamed.insert(ctx, u)
	if err != nil {
		return Ingested{}, errors.Join(err, m.Objects.Delete(context.WithoutCancel(ctx), info.ID))
	}
	done, err := m.recordUpload(ctx, in.party, info)
	if err == nil {
		u.SHA256, u.Receipt = done.SHA256, done.Receipt
		err = m.unnamed.update(ctx, u)
	}
	if err != nil {
		tidy := context.WithoutCancel(ctx)
		return Ingested{}, errors.Join(err, m.Objects.Delete(tidy, info.ID), m.unnamed.remove(tidy, info.ID))
	}
	return done, nil
}

// recordUpload stores the receipt of an upload that is whole.
func (m *Market) recordUpload(ctx context.Context, party ledger.ID, info objects.Info) (Ingested, error) {
	placed, err := m.Receipts.Append(ctx, ledger.Receipt{
		V: 1, Kind: ledger.ReceiptIngest, ID: m.NewID(), Time: m.millis(),
		Party: party, Object: info.ID, SHA256: ledger.Digest(info.SHA256), Size: info.Bytes,
	})
	if err != nil {
		return Ingested{}, fmt.Errorf("receipt of upload: %w", err)
	}
	return Ingested{Object: info.ID, SHA256: ledger.Digest(info.SHA256), Bytes: info.Bytes, Receipt: placed.Leaf, Node: m.Origin}, nil
}

// mayUpload checks that a party may add content, and that an upload of this length may
// begin: only content needs uploads.
func (m *Market) mayUpload(ctx context.Context, party ledger.ID, length int64) error {
	p, err := record[ledger.Party](ctx, m, ledger.RefTo(ledger.KindParty, party))
	if err != nil {
		return err
	}
	if act, _ := ledger.ActOf(ledger.FnContentAdd); !act.MayCall(p) {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonRole).At("authorization").With("function", string(act.Name))
	}
	if length > m.MaxUpload {
		return m.tooLarge()
	}
	return m.Room()
}

func (m *Market) tooLarge() error {
	return ledger.Refuse(ledger.InvalidCode, ledger.ReasonTooLarge).At("body").By("upload_bytes").With("limit", strconv.FormatInt(m.MaxUpload, 10))
}

// notStored returns the refusal for an error of the store.
func (m *Market) notStored(err error) error {
	switch {
	case errors.Is(err, objects.ErrTooLarge):
		return m.tooLarge()
	case errors.Is(err, objects.ErrFull):
		return errors.Join(ledger.Refuse(ledger.Unavailable, ledger.ReasonDisk), err)
	}
	return fmt.Errorf("store upload: %w", err)
}

// uploading adds more to the number of the party's running uploads. It reports false,
// and changes nothing, if there would be too many.
func (m *Market) uploading(party ledger.ID, more int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.uploads[party] + more
	switch {
	case n > maxUploads:
		return false
	case n == 0:
		delete(m.uploads, party)
	default:
		m.uploads[party] = n
	}
	return true
}

// roomInterval is after how many bytes of an upload the disk is asked again for room.
const roomInterval = 4 << 20

// intake reads an upload and adds its bytes to the count of the party. It stops when they
// are too many, or the disk has too little room for more.
type intake struct {
	m     *Market
	party ledger.ID
	from  io.Reader
	// counted is how much was added to the count of the party: the bytes that were
	// announced, at least MinCounted, or more if more came.
	counted int64
	read    int64
	asked   int64 // bytes read when the disk was last asked
}

// expect counts bytes that are still to come.
func (in *intake) expect(bytes int64) error {
	if err := in.m.unnamed.take(in.party, bytes); err != nil {
		return err
	}
	in.counted += bytes
	return nil
}

// Read counts what it reads. It returns no byte that may not be stored.
func (in *intake) Read(p []byte) (int, error) {
	n, err := in.from.Read(p)
	in.read += int64(n)
	in.m.counts.received.Add(int64(n))
	if more := in.read - in.counted; more > 0 {
		if e := in.expect(more); e != nil {
			return 0, e
		}
	}
	if in.read-in.asked >= roomInterval {
		in.asked = in.read
		if e := in.m.Room(); e != nil {
			return 0, e
		}
	}
	return n, err
}
