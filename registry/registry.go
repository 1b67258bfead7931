// Package registry is the read model of registration: parties, applications,
// notices, entries, certificates and the search over all registered resources.
//
// It promises that Search shows only what is public after coding, that a notice
// shows only what is public in the notice period, that states which time changes
// (expired, over, overdue) are those of the injected clock's day, and that pages
// neither repeat nor skip a record while others are added. It writes nothing but
// what Project is given, decides nothing, and does not ask who is reading: that is
// the edge's part. All its tables can be made anew from the ledger.
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

// Migrations are the tables of the read model; the set is named "registry".
func Migrations() fs.FS { return readmodel.Migrations(migrations) }

// DefaultPage and MaxPage are the sizes of a page of every listing, in records.
const (
	DefaultPage = readmodel.DefaultPage
	MaxPage     = readmodel.MaxPage
)

// Registry answers questions about what is registered.
type Registry struct {
	read   *sql.DB
	now    func() time.Time
	recent recent // submissions that were projected
}

// New makes a registry over a database that has the tables of Migrations; now
// says which day it is.
func New(read *sql.DB, now func() time.Time) *Registry { return &Registry{read: read, now: now} }

// today is the day in Asia/Shanghai.
func (r *Registry) today() ledger.Date { return ledger.Date(calendar.Of(r.now().UnixMilli())) }

// Named is a party by id and name.
type Named struct {
	ID   ledger.ID `json:"id" zh:"单位编号" en:"id of the party"`
	Name string    `json:"name" zh:"单位名称" en:"its name"`
}

// Genesis is the ledger's beginning; NotFound while nothing is recorded.
func (r *Registry) Genesis(ctx context.Context) (ledger.Genesis, error) {
	return readmodel.One[ledger.Genesis](ctx, r.read, missing("ledger"), "SELECT value FROM registry_genesis")
}

// missing is the error of a record that is not found by the value of a field.
func missing(field string) *ledger.Error {
	return ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At(field)
}
