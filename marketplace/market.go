package marketplace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/objects"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// Question asks whether a party may use a resource for a purpose under a license.
type Question struct {
	Party    ledger.ID
	Resource ledger.ID
	License  ledger.ID
	Purpose  ledger.Purpose // empty for supply: any purpose of the license
	Action   string
}

// Decision is the answer to a Question at a revision, valid until Until.
type Decision struct {
	Allow    bool
	Reason   ledger.Reason // if denied
	Revision ledger.Revision
	Until    ledger.Millis
}

// Config has the settings of a market and the parts it uses.
type Config struct {
	DB       *sql.DB // reads read.db
	Objects  objects.Objects
	Receipts *receipts.Store
	Decide   func(context.Context, Question) (Decision, error)
	// Revision returns the last block that was applied whole; false if no block was.
	// The records and the decision about one request are of the same revision.
	Revision func() (ledger.Revision, bool)
	// Ready returns nil when new deliveries may begin: the node has applied all blocks
	// it knows, and its receipts are anchored within the allowed lag.
	Ready  func(context.Context) error
	Origin string // of this node, in content records
	// Where returns the address of the node with another origin, or "" if it has no
	// address.
	Where      func(ctx context.Context, origin string) string
	Now        func() time.Time
	NewID      func() ledger.ID
	MaxUpload  int64 // maximum size of an upload in bytes
	MaxRunning int   // maximum number of running deliveries of a party
}

// Market runs supply and delivery.
type Market struct {
	Config
	db *sql.DB

	mu      sync.Mutex
	running map[*Transfer]struct{}
	uploads map[ledger.ID]int // number of running uploads by party

	ingests *lru.Cache[ledger.Digest, ledger.Receipt] // receipts of uploads, which never change, by leaf
	grants  *lru.Cache[request, grant]                // see check
}

// maxIngests is the maximum number of receipts of uploads in memory.
const maxIngests = 4096

// maxUploads is the maximum number of running uploads of a party. With S3 each of them
// uses 16 MiB of memory for a part.
const maxUploads = 16

// New returns a market.
func New(c Config) *Market {
	ingests, _ := lru.New[ledger.Digest, ledger.Receipt](maxIngests) // fails only for a size below 1
	grants, _ := lru.New[request, grant](maxGrants)
	return &Market{
		Config: c, db: c.DB, running: map[*Transfer]struct{}{}, uploads: map[ledger.ID]int{}, ingests: ingests, grants: grants,
	}
}

// Ingested is a finished upload with its receipt.
type Ingested struct {
	Object  string
	SHA256  ledger.Digest
	Bytes   int64
	Receipt ledger.Digest // leaf hash: calls cite it
	Node    string
}

// Ingest stores the bytes of r, encrypted, and a receipt that names the party. An
// upload that breaks off leaves nothing behind.
func (m *Market) Ingest(ctx context.Context, party ledger.ID, r io.Reader) (Ingested, error) {
	if !m.uploading(party, 1) {
		return Ingested{}, ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy).By("running_uploads")
	}
	defer m.uploading(party, -1)
	info, err := m.Objects.Put(ctx, r, m.MaxUpload)
	if errors.Is(err, objects.ErrTooLarge) {
		return Ingested{}, ledger.Refuse(ledger.InvalidCode, ledger.ReasonTooLarge).At("body")
	}
	if err != nil {
		return Ingested{}, fmt.Errorf("store upload: %w", err)
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

func (m *Market) millis() ledger.Millis { return ledger.Millis(m.Now().UnixMilli()) }

var shanghai = time.FixedZone("CST", 8*60*60)

// dayOf returns the day of a moment in Asia/Shanghai.
func dayOf(t ledger.Millis) ledger.Date {
	return ledger.Date(time.UnixMilli(int64(t)).In(shanghai).Format(time.DateOnly))
}

// endOf returns the moment at which day ends in Asia/Shanghai.
func endOf(day ledger.Date) ledger.Millis {
	t, err := time.ParseInLocation(time.DateOnly, string(day), shanghai)
	if err != nil {
		return 0
	}
	return ledger.Millis(t.AddDate(0, 0, 1).UnixMilli())
}

// Sweep deletes uploads that are older than age and named by no content record, and
// returns how many. current brings the read model up to the ledger's head; then Sweep
// looks up each candidate once more.
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
