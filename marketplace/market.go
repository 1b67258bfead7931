package marketplace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/objects"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// Question asks whether a party may use a resource for a purpose under a license.
type Question struct {
	Party    ledger.ID
	Resource ledger.ID
	License  ledger.ID
	Purpose  ledger.Purpose // of supply: empty, any that the license names
	Action   string
}

// Decision is the answer, at a revision, and until when it holds.
type Decision struct {
	Allow    bool
	Reason   ledger.Reason // of a denial
	Revision ledger.Revision
	Until    ledger.Millis
}

// Config is what a market stands on.
type Config struct {
	DB       *sql.DB // reads read.db
	Objects  objects.Objects
	Receipts *receipts.Store
	Decide   func(context.Context, Question) (Decision, error)
	// Revision names the last block applied whole, false while there is none: the
	// records that a request is judged by and the decision are of one revision.
	Revision func() (ledger.Revision, bool)
	// Ready says whether new deliveries may begin: the node has applied what it
	// knows and its receipts are anchored within the allowed lag.
	Ready  func(context.Context) error
	Origin string // of this node, in content records
	// Where is the address of the node of another origin; empty when it has none.
	Where  func(ctx context.Context, origin string) string
	Now    func() time.Time
	NewID  func() ledger.ID
	Upload int64 // largest upload in bytes
	Each   int   // running deliveries a party may have
}

// Market runs the two flows.
type Market struct {
	Config
	db *sql.DB

	mu      sync.Mutex
	running map[*Transfer]struct{}
	uploads map[ledger.ID]int // running, by party
}

// maxUploads are the uploads that a party may have running: before S3 each holds
// a part of 16 MiB in memory.
const maxUploads = 16

// New makes a market.
func New(c Config) *Market {
	return &Market{Config: c, db: c.DB, running: map[*Transfer]struct{}{}, uploads: map[ledger.ID]int{}}
}

// Ingested is an upload that ended, with its receipt.
type Ingested struct {
	Object  string
	SHA256  ledger.Digest
	Bytes   int64
	Receipt ledger.Digest // leaf hash: calls cite it
	Node    string
}

// Ingest keeps what r gives, encrypted, and a receipt of who brought it. An
// upload that breaks off leaves nothing.
func (m *Market) Ingest(ctx context.Context, party ledger.ID, r io.Reader) (Ingested, error) {
	if !m.uploading(party, 1) {
		return Ingested{}, ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy).By("running_uploads")
	}
	defer m.uploading(party, -1)
	info, err := m.Objects.Put(ctx, r, m.Upload)
	if errors.Is(err, objects.ErrTooLarge) {
		return Ingested{}, ledger.Refuse(ledger.InvalidCode, ledger.ReasonTooLarge).At("body")
	}
	if err != nil {
		return Ingested{}, fmt.Errorf("keep upload: %w", err)
	}
	placed, err := m.Receipts.Append(ctx, ledger.Receipt{
		V: 1, Kind: ledger.ReceiptIngest, ID: m.NewID(), Time: m.millis(),
		Party: party, Object: info.ID, SHA256: ledger.Digest(info.SHA256), Size: info.Bytes,
	})
	if err != nil {
		return Ingested{}, errors.Join(fmt.Errorf("receipt of upload: %w", err), m.Objects.Delete(context.WithoutCancel(ctx), info.ID))
	}
	return Ingested{Object: info.ID, SHA256: ledger.Digest(info.SHA256), Bytes: info.Bytes, Receipt: placed.Leaf, Node: m.Origin}, nil
}

// uploading counts a party's running uploads, and refuses one too many.
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

func (m *Market) millis() ledger.Millis { return ledger.Millis(m.Now().UnixMilli()) }

var shanghai = time.FixedZone("CST", 8*60*60)

// dayOf is the day of a moment in Asia/Shanghai.
func dayOf(t ledger.Millis) ledger.Date {
	return ledger.Date(time.UnixMilli(int64(t)).In(shanghai).Format(time.DateOnly))
}

// endOf is the moment at which day is over.
func endOf(day ledger.Date) ledger.Millis {
	t, err := time.ParseInLocation(time.DateOnly, string(day), shanghai)
	if err != nil {
		return 0
	}
	return ledger.Millis(t.AddDate(0, 0, 1).UnixMilli())
}

// Sweep deletes uploads older than age that no content record names. current
// brings the read model to the ledger's head: what nothing named before it is
// looked up once more.
func (m *Market) Sweep(ctx context.Context, age time.Duration, current func(context.Context) error) (int, error) {
	swept := 0
	err := m.Objects.List(ctx, func(info objects.Info) error {
		if info.Stored.IsZero() || m.Now().Sub(info.Stored) < age {
			return nil
		}
		if named, err := m.named(ctx, info.ID); err != nil || named {
			return err
		}
		if err := current(ctx); err != nil {
			return err
		}
		if named, err := m.named(ctx, info.ID); err != nil || named {
			return err
		}
		swept++
		return m.Objects.Delete(ctx, info.ID)
	})
	if err != nil {
		return swept, fmt.Errorf("sweep objects: %w", err)
	}
	return swept, nil
}

// named reports whether a content record names the object.
func (m *Market) named(ctx context.Context, object string) (named bool, err error) {
	err = m.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM content WHERE object = ?)", object).Scan(&named)
	if err != nil {
		return false, fmt.Errorf("look up object: %w", err)
	}
	return named, nil
}
