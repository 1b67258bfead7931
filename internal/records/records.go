// Package records stores the current records of the kinds that no other package stores,
// and finds them by kind and id. So a new kind of record can be read and listed without
// a table, a projection and queries for it alone.
package records

import (
	"context"
	"database/sql"
	"embed"
	"io/fs"
	"slices"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the table of records; the set is named "records".
func Migrations() fs.FS { return readmodel.Migrations(migrations) }

// elsewhere are the kinds that are stored by the package that searches them, and those
// that are read from the ledger only.
var elsewhere = []string{
	ledger.KindGenesis, ledger.KindParty, ledger.KindKey, ledger.KindCalendar, ledger.KindSubmission, ledger.KindApplication, ledger.KindNotice,
	ledger.KindEntry, ledger.KindResource, ledger.KindGrant, ledger.KindLicense, ledger.KindEnvironment, ledger.KindProduct,
	ledger.KindContent, ledger.KindOrder, ledger.KindAnchor,
}

// Records finds records. It is safe for concurrent use.
type Records struct{ db *sql.DB }

// New returns the records in a read model.
func New(db *sql.DB) *Records { return &Records{db} }

var row = readmodel.Row{Table: "record", Key: "ref", Once: []string{"kind"}, Columns: []string{"value"}}.Upsert()

// Project stores the records of one event.
func (r *Records) Project(ctx context.Context, tx *sql.Tx, e ledger.Event) error {
	write, err := r.Prepare([]ledger.Event{e})
	if err != nil {
		return err
	}
	return write(ctx, tx)
}

// Prepare returns the step that stores the records of events.
func (*Records) Prepare(events []ledger.Event) (readmodel.Step, error) {
	return readmodel.PrepareRecords(events, func(_ ledger.Event, rec ledger.Record) (readmodel.Step, error) {
		if slices.Contains(elsewhere, rec.Ref.Kind()) {
			return nil, nil
		}
		return readmodel.Write(row, string(rec.Ref), rec.Ref.Kind(), string(rec.Value)), nil
	})
}

var listing = readmodel.NewListing(readmodel.Listing{
	Name: "records", Table: "record", Order: []readmodel.Column{readmodel.Text("ref")},
	Filters: []readmodel.Filter{ofKind},
})

var ofKind = readmodel.Equal("kind")

// Get returns a record, or NotFound.
func Get[T ledger.Readable](ctx context.Context, r *Records, ref ledger.Ref) (T, error) {
	return readmodel.One[T](ctx, r.db, readmodel.Unknown(ref), "SELECT value FROM record WHERE ref = ?", string(ref))
}

// List returns a page of the records of a kind, last id first, and the cursor of the
// next page, which is empty at the end.
func List[T ledger.Readable](ctx context.Context, r *Records, kind string, p readmodel.Page) ([]T, string, error) {
	return readmodel.ListPage[T](ctx, r.db, listing, p, readmodel.Is(ofKind, kind))
}
