package marketplace

import (
	"context"
	"database/sql"
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
	Uploads  *sql.DB // writes node.db: the uploads that no content record names yet
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
	MaxUnnamed int64 // maximum number of bytes that a party uploaded and no content record names yet
	// UnnamedAge is after how long without a change an upload is deleted that no content
	// record names.
	UnnamedAge time.Duration
	// Room returns nil if the disk has room for uploads, else Unavailable with the
	// reason.
	Room       func() error
	MaxRunning int // maximum number of running deliveries of a party
}

// Market runs supply and delivery.
type Market struct {
	Config
	db *sql.DB

	mu      sync.Mutex
	running map[*Transfer]struct{}
	uploads map[ledger.ID]int // number of running uploads by party

	unnamed   unnamed
	finishing sync.Mutex

	ingests *lru.Cache[ledger.Digest, ledger.Receipt] // receipts of uploads, which never change, by leaf
	grants  *lru.Cache[request, grant]                // see check
	ahead   chan struct{}                             // has an element for each transfer that reads ahead

	counts counts
}

// maxIngests is the maximum number of receipts of uploads in memory.
const maxIngests = 4096

// New returns a market.
func New(c Config) *Market {
	ingests, _ := lru.New[ledger.Digest, ledger.Receipt](maxIngests) // fails only for a size below 1
	grants, _ := lru.New[request, grant](maxGrants)
	return &Market{
		Config: c, db: c.DB, running: map[*Transfer]struct{}{}, uploads: map[ledger.ID]int{}, ingests: ingests, grants: grants,
		ahead:   make(chan struct{}, maxAhead),
		unnamed: unnamed{db: c.Uploads, max: c.MaxUnnamed, bytes: map[ledger.ID]int64{}},
	}
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
