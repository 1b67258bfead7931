package marketplace

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// one reads a record that is kept whole.
func one[T any](ctx context.Context, db *sql.DB, ref ledger.Ref, query string, args ...any) (T, error) {
	var v T
	var raw []byte
	err := db.QueryRowContext(ctx, query, args...).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return v, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).With("ref", string(ref))
	}
	if err != nil {
		return v, fmt.Errorf("read %s: %w", ref, err)
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return v, fmt.Errorf("decode %s: %w", ref, err)
	}
	return v, nil
}

func record[T any](ctx context.Context, m *Market, ref ledger.Ref) (T, error) {
	return one[T](ctx, m.db, ref, "SELECT value FROM market_record WHERE ref = ?", ref)
}

// Product is a product as it stands.
func (m *Market) Product(ctx context.Context, id ledger.ID) (ledger.Product, error) {
	return one[ledger.Product](ctx, m.db, ledger.RefTo(ledger.KindProduct, id), "SELECT value FROM product WHERE id = ?", id)
}

// Order is an order as it stands.
func (m *Market) Order(ctx context.Context, id ledger.ID) (ledger.Order, error) {
	return one[ledger.Order](ctx, m.db, ledger.RefTo(ledger.KindOrder, id), "SELECT value FROM orders WHERE id = ?", id)
}

// Content is a content record by its id.
func (m *Market) Content(ctx context.Context, id ledger.ID) (ledger.Content, error) {
	return one[ledger.Content](ctx, m.db, ledger.RefTo(ledger.KindContent, id), "SELECT value FROM content WHERE id = ?", id)
}

// ContentsOf are the effective content records of a resource or product.
func (m *Market) ContentsOf(ctx context.Context, subject ledger.Ref) ([]ledger.Content, error) {
	return list[ledger.Content](ctx, m.db, "SELECT value FROM content WHERE subject = ? AND removed = 0 ORDER BY id", subject)
}

// NodesOf are the origins of the nodes that hold or held content of a product or
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

// contentFor is the effective content record of an object under a subject.
func (m *Market) contentFor(ctx context.Context, subject ledger.Ref, object string) (ledger.Content, error) {
	c, err := one[ledger.Content](ctx, m.db, subject, "SELECT value FROM content WHERE subject = ? AND object = ? AND removed = 0", subject, object)
	if errors.Is(err, ledger.NotFound) {
		return c, ledger.Refuse(ledger.NotFound, ledger.ReasonContent).At("object")
	}
	return c, err
}

func list[T any](ctx context.Context, db *sql.DB, query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	defer rows.Close()
	out := []T{}
	for rows.Next() {
		var raw []byte
		var v T
		if err := rows.Scan(&raw); err != nil {
			return nil, fmt.Errorf("query: %w", err)
		}
		if err := json.Unmarshal(raw, &v); err != nil {
			return nil, fmt.Errorf("decode: %w", err)
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// Page bounds a listing: Limit 1 to 500, Cursor as the page before gave it.
type Page struct {
	Cursor string
	Limit  int
}

// DefaultPage and MaxPage are the sizes of a page (protocol §6).
const (
	DefaultPage = 50
	MaxPage     = 500
)

// bounds reads the cursor: newest first, strictly below (time, id).
func (p Page) bounds() (at int64, id string, limit int, err error) {
	at, id, limit = 1<<62, "~", p.Limit
	if limit == 0 {
		limit = DefaultPage
	}
	if limit < 1 || limit > MaxPage {
		return 0, "", 0, ledger.Invalid("limit", "1_to_500")
	}
	if p.Cursor == "" {
		return at, id, limit, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	when, id, ok := strings.Cut(string(raw), " ")
	if err != nil || !ok || len(raw) > 100 {
		return 0, "", 0, ledger.Invalid("cursor", "as_given")
	}
	if at, err = strconv.ParseInt(when, 10, 64); err != nil {
		return 0, "", 0, ledger.Invalid("cursor", "as_given")
	}
	return at, id, limit, nil
}

func cursor(at ledger.Millis, id ledger.ID) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(int64(at), 10) + " " + string(id)))
}

// ProductFilter narrows a listing of products; empty members don't.
type ProductFilter struct {
	Operator ledger.ID
	License  ledger.ID
	State    ledger.ProductState
	Text     string // part of the title
}

// Products lists products, newest first.
func (m *Market) Products(ctx context.Context, f ProductFilter, p Page) ([]ledger.Product, string, error) {
	at, id, limit, err := p.bounds()
	if err != nil {
		return nil, "", err
	}
	found, err := list[ledger.Product](ctx, m.db, "SELECT value FROM product WHERE (listed_at, id) < (?1, ?2) "+
		"AND (?3 = '' OR operator = ?3) AND (?4 = '' OR license = ?4) AND (?5 = '' OR state = ?5) "+
		"AND (?6 = '' OR instr(title, ?6) > 0) ORDER BY listed_at DESC, id DESC LIMIT ?7",
		at, id, f.Operator, f.License, f.State, f.Text, limit+1)
	if err != nil || len(found) <= limit {
		return found, "", err
	}
	last := found[limit-1]
	return found[:limit], cursor(last.ListedAt, last.ID), nil
}

// OrderFilter narrows a listing of orders; empty members don't.
type OrderFilter struct {
	Buyer    ledger.ID
	Operator ledger.ID
	Party    ledger.ID // either of the two
	Product  ledger.ID
	State    ledger.OrderState
}

// Orders lists orders, newest first.
func (m *Market) Orders(ctx context.Context, f OrderFilter, p Page) ([]ledger.Order, string, error) {
	at, id, limit, err := p.bounds()
	if err != nil {
		return nil, "", err
	}
	rows, err := m.db.QueryContext(ctx, "SELECT value, placed_at FROM orders WHERE (placed_at, id) < (?1, ?2) "+
		"AND (?3 = '' OR buyer = ?3) AND (?4 = '' OR operator = ?4) AND (?5 = '' OR product = ?5) "+
		"AND (?6 = '' OR state = ?6) AND (?7 = '' OR buyer = ?7 OR operator = ?7) ORDER BY placed_at DESC, id DESC LIMIT ?8",
		at, id, f.Buyer, f.Operator, f.Product, f.State, f.Party, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("query orders: %w", err)
	}
	defer rows.Close()
	orders := []ledger.Order{}
	var last ledger.Millis
	for rows.Next() {
		var raw []byte
		var o ledger.Order
		var placed ledger.Millis
		if err := rows.Scan(&raw, &placed); err != nil {
			return nil, "", fmt.Errorf("query orders: %w", err)
		}
		if len(orders) == limit {
			return orders, cursor(last, orders[limit-1].ID), nil
		}
		if err := json.Unmarshal(raw, &o); err != nil {
			return nil, "", fmt.Errorf("decode order: %w", err)
		}
		orders, last = append(orders, o), placed
	}
	return orders, "", rows.Err()
}
