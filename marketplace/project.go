package marketplace

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"

	"github.com/datacadastre/cadastre/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the domain's tables; the set is named "marketplace".
func Migrations() fs.FS {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return migrations
	}
	return sub
}

// Project keeps products, content and orders, and what the checks of order and
// delivery need of parties, licenses, entries and environments.
func (m *Market) Project(ctx context.Context, tx *sql.Tx, e ledger.Event) error {
	for _, r := range e.Records {
		if err := projectRecord(ctx, tx, r, e.Time); err != nil {
			return fmt.Errorf("project %s: %w", r.Ref, err)
		}
	}
	return nil
}

func projectRecord(ctx context.Context, tx *sql.Tx, r ledger.Record, at ledger.Millis) error {
	switch r.Ref.Kind() {
	case ledger.KindProduct:
		return projectProduct(ctx, tx, r)
	case ledger.KindContent:
		return projectContent(ctx, tx, r)
	case ledger.KindOrder:
		return projectOrder(ctx, tx, r, at)
	case ledger.KindEntry:
		var e ledger.Entry
		if err := json.Unmarshal(r.Value, &e); err != nil {
			return err
		}
		if err := keep(ctx, tx, ledger.RefTo(ledger.KindResource, e.Subject), r.Value); err != nil {
			return err
		}
		return keep(ctx, tx, r.Ref, r.Value)
	case ledger.KindParty, ledger.KindLicense, ledger.KindEnvironment, ledger.KindGenesis:
		return keep(ctx, tx, r.Ref, r.Value)
	}
	return nil
}

func keep(ctx context.Context, tx *sql.Tx, ref ledger.Ref, value []byte) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO market_record (ref, value) VALUES (?, ?) "+
		"ON CONFLICT (ref) DO UPDATE SET value = excluded.value", ref, string(value))
	return err
}

func projectProduct(ctx context.Context, tx *sql.Tx, r ledger.Record) error {
	var p ledger.Product
	if err := json.Unmarshal(r.Value, &p); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO product (id, operator, license, state, title, listed_at, value) VALUES (?, ?, ?, ?, ?, ?, ?) "+
		"ON CONFLICT (id) DO UPDATE SET state = excluded.state, title = excluded.title, license = excluded.license, value = excluded.value",
		p.ID, p.Operator, p.License, p.State, p.Title, p.ListedAt, string(r.Value))
	return err
}

func projectContent(ctx context.Context, tx *sql.Tx, r ledger.Record) error {
	var c ledger.Content
	if err := json.Unmarshal(r.Value, &c); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO content (id, subject, object, sha256, removed, value) VALUES (?, ?, ?, ?, ?, ?) "+
		"ON CONFLICT (id) DO UPDATE SET removed = excluded.removed, value = excluded.value",
		c.ID, c.Subject, c.Object, c.SHA256, c.State == ledger.ContentRemoved, string(r.Value))
	return err
}

func projectOrder(ctx context.Context, tx *sql.Tx, r ledger.Record, at ledger.Millis) error {
	var o ledger.Order
	if err := json.Unmarshal(r.Value, &o); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO orders (id, product, operator, buyer, state, placed_at, value) VALUES (?, ?, ?, ?, ?, ?, ?) "+
		"ON CONFLICT (id) DO UPDATE SET state = excluded.state, value = excluded.value",
		o.ID, o.Product, o.Operator, o.Buyer, o.State, at, string(r.Value))
	return err
}
