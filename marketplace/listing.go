package marketplace

import (
	"context"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
)

// Page bounds a listing.
type Page = readmodel.Page

var (
	byOperator = readmodel.Equal("operator")
	byLicense  = readmodel.Equal("license")
	byBuyer    = readmodel.Equal("buyer")
	byProduct  = readmodel.Equal("product")
	byState    = readmodel.Equal("state")
	byReaders  = readmodel.Readers("buyer", "operator")
	byTitle    = readmodel.Filter{Name: "title", Alternatives: []string{"instr(t.title, ?1) > 0"}, Residual: true}

	products = readmodel.NewListing(readmodel.Listing{
		Name: "marketplace.products", Table: "product", Order: []readmodel.Column{readmodel.Number("listed_at"), readmodel.Text("id")},
		Filters: []readmodel.Filter{byOperator, byLicense, byState, byTitle},
	})
	orders = readmodel.NewListing(readmodel.Listing{
		Name: "marketplace.orders", Table: "orders", Order: []readmodel.Column{readmodel.Number("placed_at"), readmodel.Text("id")},
		Filters: []readmodel.Filter{byBuyer, byOperator, byProduct, byState, byReaders},
	})
)

// ProductFilter selects products of a listing; an empty field selects all.
type ProductFilter struct {
	Operator ledger.ID
	License  ledger.ID
	State    ledger.ProductState
	Text     string // substring of the title
}

// Products returns a page of products, newest first, and the cursor of the next page.
func (m *Market) Products(ctx context.Context, f ProductFilter, p Page) ([]ledger.Product, string, error) {
	return readmodel.ListPage[ledger.Product](ctx, m.db, products, p, readmodel.Is(byOperator, f.Operator),
		readmodel.Is(byLicense, f.License), readmodel.Is(byState, f.State), readmodel.Is(byTitle, f.Text))
}

// OrderFilter selects orders in the reader's scope; another empty field selects all.
type OrderFilter struct {
	Readers  readmodel.Scope
	Buyer    ledger.ID
	Operator ledger.ID
	Product  ledger.ID
	State    ledger.OrderState
}

// Orders returns a page of orders, newest first, and the cursor of the next page.
func (m *Market) Orders(ctx context.Context, f OrderFilter, p Page) ([]ledger.Order, string, error) {
	return readmodel.ListPage[ledger.Order](ctx, m.db, orders, p, readmodel.Is(byBuyer, f.Buyer), readmodel.Is(byOperator, f.Operator),
		readmodel.Within(byReaders, f.Readers), readmodel.Is(byProduct, f.Product), readmodel.Is(byState, f.State))
}
