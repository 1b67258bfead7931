package marketplace

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

func record[T any](ctx context.Context, m *Market, ref ledger.Ref) (T, error) {
	return readmodel.One[T](ctx, m.db, readmodel.Unknown(ref), "SELECT value FROM market_record WHERE ref = ?", ref)
}

// Product returns the current state of a product.
func (m *Market) Product(ctx context.Context, id ledger.ID) (ledger.Product, error) {
	return readmodel.One[ledger.Product](ctx, m.db, readmodel.Unknown(ledger.RefTo(ledger.KindProduct, id)), "SELECT value FROM product WHERE id = ?", id)
}

// Order returns the current state of an order.
func (m *Market) Order(ctx context.Context, id ledger.ID) (ledger.Order, error) {
	return readmodel.One[ledger.Order](ctx, m.db, readmodel.Unknown(ledger.RefTo(ledger.KindOrder, id)), "SELECT value FROM orders WHERE id = ?", id)
}

// Used returns what this node has delivered under an order, as its limits count it.
// Other nodes count the deliveries of their content.
func (m *Market) Used(ctx context.Context, order ledger.ID) (receipts.Usage, error) {
	return m.Receipts.Used(ctx, receipts.LimitScope{Scope: ledger.RefTo(ledger.KindOrder, order), Flow: ledger.Delivery})
}

// Content returns a content record by its id.
func (m *Market) Content(ctx context.Context, id ledger.ID) (ledger.Content, error) {
	return readmodel.One[ledger.Content](ctx, m.db, readmodel.Unknown(ledger.RefTo(ledger.KindContent, id)), "SELECT value FROM content WHERE id = ?", id)
}

// ContentsOf returns the effective content records of a resource or product.
func (m *Market) ContentsOf(ctx context.Context, subject ledger.Ref) ([]ledger.Content, error) {
	return readmodel.List[ledger.Content](ctx, m.db, "SELECT value FROM content WHERE subject = ? AND removed = 0 ORDER BY id", subject)
}

// NodesOf returns the origins of the nodes that store or stored content of a product or
// resource.
func (m *Market) NodesOf(ctx context.Context, subject ledger.Ref) ([]string, error) {
	rows, err := m.db.QueryContext(ctx, "SELECT DISTINCT json_extract(value, '$.node') FROM content WHERE subject = ? ORDER BY 1", subject)
	if err != nil {
		return nil, fmt.Errorf("nodes of %s: %w", subject, err)
	}
	defer rows.Close()
	var origins []string
	for rows.Next() {
		var origin string
		if err := rows.Scan(&origin); err != nil {
			return nil, fmt.Errorf("nodes of %s: %w", subject, err)
		}
		origins = append(origins, origin)
	}
	return origins, rows.Err()
}

// contentFor returns the effective content record of an object under a subject.
func (m *Market) contentFor(ctx context.Context, subject ledger.Ref, object string) (ledger.Content, error) {
	missing := ledger.Refuse(ledger.NotFound, ledger.ReasonContent).At("object")
	return readmodel.One[ledger.Content](ctx, m.db, missing,
		"SELECT value FROM content WHERE subject = ? AND object = ? AND removed = 0", subject, object)
}

// fileUse returns of which of the sources of a product a file is, or once was, content.
func (m *Market) fileUse(ctx context.Context, sha256 ledger.Digest, sources []ledger.ID) (use ledger.FileUse, err error) {
	list, err := json.Marshal(sources)
	if err != nil {
		return use, fmt.Errorf("resources of file %s: %w", sha256, err)
	}
	rows, err := m.db.QueryContext(ctx, "SELECT DISTINCT subject FROM content WHERE sha256 = ? "+
		"AND subject IN (SELECT 'resource/' || value FROM json_each(?))", sha256, string(list))
	if err != nil {
		return use, fmt.Errorf("resources of file %s: %w", sha256, err)
	}
	defer rows.Close()
	for rows.Next() {
		var subject ledger.Ref
		if err := rows.Scan(&subject); err != nil {
			return use, fmt.Errorf("resources of file %s: %w", sha256, err)
		}
		use.Resources = append(use.Resources, ledger.ID(subject.ID()))
	}
	return use, rows.Err()
}

// maxProducts is the maximum number of products in one query.
const maxProducts = 100

// OrdersOf returns the newest orders of products in a reader's scope, at most each per
// product, with one query. more reports whether there may be more.
func (m *Market) OrdersOf(ctx context.Context, s readmodel.Scope, products []ledger.ID, each int) (ids []ledger.ID, more bool, err error) {
	var parts []string
	var args []any
	part := func(where string, values ...any) {
		parts = append(parts, "SELECT * FROM (SELECT product, id FROM orders WHERE "+where+" ORDER BY placed_at DESC, id DESC LIMIT ?)")
		args = append(append(args, values...), each+1)
	}
	for i, p := range products {
		if more = i == maxProducts; more {
			break
		}
		switch {
		case s.All:
			part("product = ?", p)
		case s.Region != "":
			part("product = ? AND +region >= ? AND +region < ?", p, s.Region.Prefix(), s.Region.Prefix()+":") // the character after 9
		}
		if s.Party != "" && !s.All {
			part("buyer = ? AND product = ?", s.Party, p)
			part("operator = ? AND product = ?", s.Party, p)
		}
	}
	if len(parts) == 0 {
		return nil, more, nil
	}
	rows, err := m.db.QueryContext(ctx, strings.Join(parts, " UNION "), args...)
	if err != nil {
		return nil, false, fmt.Errorf("orders of %d products: %w", len(products), err)
	}
	defer rows.Close()
	of := map[ledger.ID]int{}
	for rows.Next() {
		var product, id ledger.ID
		if err := rows.Scan(&product, &id); err != nil {
			return nil, false, fmt.Errorf("orders of %d products: %w", len(products), err)
		}
		of[product]++
		more = more || of[product] > each
		ids = append(ids, id)
	}
	return ids, more, rows.Err()
}
