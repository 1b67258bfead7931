package marketplace

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the tables of the domain; the set is named "marketplace".
func Migrations() fs.FS { return readmodel.Migrations(migrations) }

// Project stores products, content and orders. Of parties, keys, licenses, entries and
// environments it stores what the rules of order and delivery read.
func (m *Market) Project(ctx context.Context, tx *sql.Tx, e ledger.Event) error {
	write, err := m.Prepare([]ledger.Event{e})
	if err != nil {
		return err
	}
	return write(ctx, tx)
}

// Prepare decodes the events and returns the step that writes them.
func (*Market) Prepare(events []ledger.Event) (readmodel.Step, error) {
	return readmodel.PrepareRecords(events, func(e ledger.Event, r ledger.Record) (readmodel.Step, error) { return prepare(r, e.Time) })
}

func prepare(r ledger.Record, at ledger.Millis) (readmodel.Step, error) {
	switch r.Ref.Kind() {
	case ledger.KindProduct:
		return prepareProduct(r)
	case ledger.KindContent:
		return prepareContent(r)
	case ledger.KindOrder:
		return prepareOrder(r, at)
	case ledger.KindSubmission:
		return prepareSubmission(r)
	case ledger.KindEntry:
		return prepareEntry(r)
	case ledger.KindParty, ledger.KindKey, ledger.KindLicense, ledger.KindEnvironment:
		return readmodel.Write(recordRow, r.Ref, string(r.Value)), nil
	}
	return nil, nil
}

var (
	recordRow  = readmodel.Row{Table: "market_record", Key: "ref", Columns: []string{"value"}}.Upsert()
	productRow = readmodel.Row{
		Table: "product", Key: "id", Once: []string{"operator", "listed_at"}, Columns: []string{"license", "state", "title", "value"},
	}.Upsert()
	contentRow = readmodel.Row{
		Table: "content", Key: "id", Once: []string{"subject", "object", "sha256"}, Columns: []string{"removed", "value"},
	}.Upsert()
	orderRow = readmodel.Row{
		Table: "orders", Key: "id", Once: []string{"product", "operator", "buyer", "region", "placed_at"}, Columns: []string{"state", "value"},
	}.Upsert()
)

// described has the fields of a resource that the rules read.
type described struct {
	Spatial  ledger.Region   `json:"spatial"`
	Domain   string          `json:"domain"`
	Level    ledger.Level    `json:"level"`
	PIStatus ledger.PIStatus `json:"pi_status"`
	OpenType string          `json:"open_type"`
}

// prepareSubmission stores the fields of a submission that the rules read.
func prepareSubmission(r ledger.Record) (readmodel.Step, error) {
	s, err := readmodel.Decode[struct {
		Resource described `json:"resource"`
	}](ledger.Record{Ref: r.Ref, Value: readmodel.Submitted(r.Value, "spatial", "domain", "level", "pi_status", "open_type")})
	if err != nil {
		return nil, err
	}
	value, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", r.Ref, err)
	}
	return readmodel.Write(recordRow, r.Ref, string(value)), nil
}

// entered has the fields of an entry that the rules read.
type entered struct {
	ID          ledger.ID           `json:"id"`
	Subject     ledger.ID           `json:"subject_id"`
	SubjectHash ledger.Digest       `json:"subject_hash"`
	Holder      ledger.ID           `json:"holder"`
	State       ledger.EntryState   `json:"state"`
	Suspensions []ledger.Suspension `json:"suspensions"`
	ValidFrom   ledger.Date         `json:"valid_from"`
	ValidUntil  ledger.Date         `json:"valid_until"`
}

// prepareEntry stores the fields of an entry that the rules read. The key is the
// resource, because the rules look it up by resource.
func prepareEntry(r ledger.Record) (readmodel.Step, error) {
	e, err := readmodel.Decode[entered](r)
	if err != nil {
		return nil, err
	}
	value, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", r.Ref, err)
	}
	return readmodel.Write(recordRow, ledger.RefTo(ledger.KindResource, e.Subject), string(value)), nil
}

func prepareProduct(r ledger.Record) (readmodel.Step, error) {
	p, err := readmodel.Decode[ledger.Product](r)
	if err != nil {
		return nil, err
	}
	return readmodel.Write(productRow, p.ID, p.Operator, p.ListedAt, p.License, p.State, p.Title, string(r.Value)), nil
}

func prepareContent(r ledger.Record) (readmodel.Step, error) {
	c, err := readmodel.Decode[ledger.Content](r)
	if err != nil {
		return nil, err
	}
	return readmodel.Write(contentRow, c.ID, c.Subject, c.Object, c.SHA256, c.State == ledger.ContentRemoved, string(r.Value)), nil
}

// prepareOrder stores an order with the region of its license. at is the time of the
// first event: when the order was placed.
func prepareOrder(r ledger.Record, at ledger.Millis) (readmodel.Step, error) {
	o, err := readmodel.Decode[ledger.Order](r)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx *sql.Tx) error {
		var region string
		if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(json_extract(value, '$.region')), '') FROM market_record WHERE ref = ?",
			ledger.RefTo(ledger.KindLicense, o.License)).Scan(&region); err != nil {
			return fmt.Errorf("read region of license %s: %w", o.License, err)
		}
		return readmodel.Exec(ctx, tx, orderRow, o.ID, o.Product, o.Operator, o.Buyer, region, at, o.State, string(r.Value))
	}, nil
}
