// Package registry is the read model of registration: parties, applications, notices,
// entries, certificates, and the search over all registered resources.
//
// It promises that Search shows only what is public after coding, and a notice only
// what is public in the notice period. States that depend on time (expired, over,
// overdue) follow the day of the injected clock. Pages neither repeat nor skip a record
// while others are added. The package writes only what Project receives and makes no
// decisions. It does not check who reads: its callers do. All its tables can be rebuilt
// from the ledger.
//
// It follows the interim measures for registering public data resources
// (公共数据资源登记管理暂行办法), articles 9 to 15.
package registry

import (
	"context"
	"database/sql"
	"embed"
	"io/fs"
	"time"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/calendar"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the tables of the read model; the set is named "registry".
func Migrations() fs.FS { return readmodel.Migrations(migrations) }

// DefaultPage and MaxPage are the sizes of a page of every listing, in records.
const (
	DefaultPage = readmodel.DefaultPage
	MaxPage     = readmodel.MaxPage
)

// Registry answers queries about registration.
type Registry struct {
	read   *sql.DB
	now    func() time.Time
	recent recent // submissions projected lately
}

// New returns a registry over a database with the tables of Migrations; now gives the
// current day.
func New(read *sql.DB, now func() time.Time) *Registry { return &Registry{read: read, now: now} }

// today returns the current day in Asia/Shanghai.
func (r *Registry) today() ledger.Date { return ledger.Date(calendar.Of(r.now().UnixMilli())) }

// Named is a party by id and name.
type Named struct {
	ID   ledger.ID `json:"id" zh:"单位编号" en:"id of the party"`
	Name string    `json:"name" zh:"单位名称" en:"its name"`
}

// Genesis returns the genesis of the ledger; NotFound while nothing is recorded.
func (r *Registry) Genesis(ctx context.Context) (ledger.Genesis, error) {
	return readmodel.One[ledger.Genesis](ctx, r.read, missing("ledger"), "SELECT value FROM registry_genesis")
}

// missing returns the error for a record that was not found by the value of a field.
func missing(field string) *ledger.Error {
	return ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At(field)
}
