package web

import (
	"context"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace"
)

func (s *Server) marketRoutes() {
	get(s, "/v1/products", "products", "Products 产品目录", s.products)
	get(s, "/v1/products/{id}", "product", "A product 产品", func(ctx context.Context, in *ByID) (*answer[ledger.Product], error) {
		return say(s.Market.Product(ctx, in.ID))
	})
	get(s, "/v1/products/{id}/content", "product-content", "What is delivered of a product 产品内容", func(ctx context.Context, in *ByID) (*answer[pageOf[ledger.Content]], error) {
		found, err := s.Market.ContentsOf(ctx, ledger.RefTo(ledger.KindProduct, in.ID))
		return say(page(found, ""), err)
	})
	get(s, "/v1/resources/{id}/content", "resource-content", "What can be supplied of a resource 资源内容", s.resourceContent)
	get(s, "/v1/orders", "orders", "My orders 我的订单", s.orders)
	get(s, "/v1/orders/{id}", "order", "An order 订单", s.orderRecord)
}

type productsInput struct {
	Paging
	Operator ledger.ID           `query:"operator"`
	License  ledger.ID           `query:"license"`
	State    ledger.ProductState `query:"state" list:"product_states"`
	Text     string              `query:"q" maxLength:"100"`
}

func (s *Server) products(ctx context.Context, in *productsInput) (*answer[pageOf[ledger.Product]], error) {
	found, next, err := s.Market.Products(ctx, marketplace.ProductFilter{
		Operator: in.Operator, License: in.License,
		State: in.State, Text: in.Text,
	}, marketplace.Page{Cursor: in.Cursor, Limit: in.Limit})
	return say(page(found, next), err)
}

type privateID struct {
	AuthHeader
	ByID
}

// resourceContent shows a resource's objects to its holder and to the operators
// whose licenses cover it.
func (s *Server) resourceContent(ctx context.Context, in *privateID) (*answer[pageOf[ledger.Content]], error) {
	b, err := s.token(ctx, in.Authorization)
	if err != nil {
		return nil, err
	}
	p, err := s.Registry.Party(ctx, b.Party)
	if err != nil {
		return nil, err
	}
	found, err := s.Market.ContentsOf(ctx, ledger.RefTo(ledger.KindResource, in.ID))
	if err != nil {
		return nil, err
	}
	may := len(found) > 0 && found[0].Owner == p.ID
	if !may {
		may, err = s.licensed(ctx, p.ID, in.ID)
	}
	if err == nil && !may {
		err = s.watched(ctx, p, ledger.RefTo(ledger.KindResource, in.ID), "id")
	}
	return say(page(found, ""), err)
}

// licensed reports whether a license that the party accepted covers a resource.
func (s *Server) licensed(ctx context.Context, party, resource ledger.ID) (bool, error) {
	covering, err := s.Licensing.Covering(ctx, resource)
	return slices.ContainsFunc(covering, func(l ledger.License) bool {
		return l.Assignee == party && l.State == ledger.LicenseAccepted
	}), err
}

type ordersInput struct {
	AuthHeader
	Paging
	Product ledger.ID         `query:"product"`
	State   ledger.OrderState `query:"state" list:"order_states"`
}

// orders lists the caller's orders; whoever reads everything sees all.
func (s *Server) orders(ctx context.Context, in *ordersInput) (*answer[pageOf[ledger.Order]], error) {
	p, err := s.reader(ctx, in.Authorization)
	if err != nil {
		return nil, err
	}
	f := marketplace.OrderFilter{Product: in.Product, State: in.State, Party: p.ID}
	if s.CanRead(p.Roles, "everything") {
		f.Party = ""
		if err := s.Noted(ctx, p.ID, ledger.RefTo(ledger.KindOrder, "all")); err != nil {
			return nil, err
		}
	}
	found, next, err := s.Market.Orders(ctx, f, marketplace.Page{Cursor: in.Cursor, Limit: in.Limit})
	return say(page(found, next), err)
}

// orderRecord shows an order to both its parties and to whoever reads everything.
func (s *Server) orderRecord(ctx context.Context, in *privateID) (*answer[ledger.Order], error) {
	p, err := s.reader(ctx, in.Authorization)
	if err != nil {
		return nil, err
	}
	o, err := s.Market.Order(ctx, in.ID)
	if err != nil {
		return nil, sought(err)
	}
	if p.ID != o.Buyer && p.ID != o.Operator {
		err = s.watched(ctx, p, ledger.RefTo(ledger.KindOrder, o.ID), "id")
	}
	return say(o, err)
}
