package licensing

import (
	"database/sql"
	"embed"
	"io/fs"
	"sync"
	"time"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/policies"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the tables of the domain; the set is named "licensing".
func Migrations() fs.FS { return readmodel.Migrations(migrations) }

// Question is a question to the policies: who may use what, for what, when.
type Question = policies.Question

// Decision is the policies' decision at a revision.
type Decision = policies.Decision

// Licensing answers from the read model. It is safe for concurrent use.
type Licensing struct {
	db     *sql.DB
	now    func() time.Time
	engine *policies.Engine

	mu       sync.Mutex
	revision func() (ledger.Revision, bool)
	moving   map[ledger.ID]bool // parties whose licenses are changed by a block that may be committed but is not refreshed yet
}

// New returns a Licensing over readers of read.db.
func New(read *sql.DB, now func() time.Time) (*Licensing, error) {
	l := &Licensing{db: read, now: now, moving: map[ledger.ID]bool{}}
	e, err := policies.NewEngine(l, policies.DefaultParties)
	if err != nil {
		return nil, err
	}
	l.engine = e
	return l, nil
}

// UseRevision sets the function that returns the last block applied whole; false while
// there is no block, and then Decide is unavailable. It is called before and after each
// decision. If it reads the position from read.db, which changes in the transaction of
// its block, the revision of a decision is exact. If it reads memory, it may be
// slightly behind that commit.
func (l *Licensing) UseRevision(f func() (ledger.Revision, bool)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.revision = f
}

// today returns the current day in Asia/Shanghai.
func (l *Licensing) today() ledger.Date { return policies.DayOf(l.now()) }
