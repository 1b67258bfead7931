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

// Migrations are the domain's tables; the set is named "licensing".
func Migrations() fs.FS { return readmodel.Migrations(migrations) }

// Question is the policies': who may use what, for what, when.
type Question = policies.Question

// Decision is the policies', at a revision.
type Decision = policies.Decision

// Licensing answers from the read model. Safe for use by many goroutines.
type Licensing struct {
	db     *sql.DB
	now    func() time.Time
	engine *policies.Engine

	mu       sync.Mutex
	revision func() (ledger.Revision, bool)
	moving   map[ledger.ID]bool // parties whose licenses a block changes that may be committed but is not yet refreshed
}

// New makes the domain over readers of read.db.
func New(read *sql.DB, now func() time.Time) (*Licensing, error) {
	l := &Licensing{db: read, now: now, moving: map[ledger.ID]bool{}}
	e, err := policies.NewEngine(l, policies.DefaultParties)
	if err != nil {
		return nil, err
	}
	l.engine = e
	return l, nil
}

// UseRevision hands in what names the last block applied whole: false while
// there is none. Decide answers unavailable until it is there. It is asked
// before and after each decision; if it reads the position from read.db, where
// it moves in the transaction of its block, a decision's revision is exact. If
// it reads memory, it may lag that commit by an instant.
func (l *Licensing) UseRevision(f func() (ledger.Revision, bool)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.revision = f
}

// today is the day in Asia/Shanghai.
func (l *Licensing) today() ledger.Date { return policies.DayOf(l.now()) }
