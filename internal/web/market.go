package web

import (
	"context"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/sight"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace"
)

func (s *Server) marketRoutes() {
	open(s, ledger.KindProduct, "/v1/products", "products", says("产品目录", "Products"),
		says("按运营机构、授权、状态与词语检索产品，任何人可查。", "Finds products by operator, license, state and words, for anyone."), s.products)
	open(s, ledger.KindProduct, "/v1/products/{id}", "product", says("产品", "A product"),
		says("一个产品及其价格与条件，任何人可查。", "One product with its price and terms, for anyone."), func(ctx context.Context, in *ByID) (ledger.Product, error) {
			return s.Market.Product(ctx, in.ID)
		})
	open(s, ledger.KindProduct, "/v1/products/{id}/content", "product-content", says("产品内容", "The files of a product"),
		says("产品各文件的名称、大小与 SHA-256；文件本身依订单交付。", "Name, size and SHA-256 of each file of a product; the files themselves are delivered by order."), func(ctx context.Context, in *ByID) (pageOf[ledger.Content], error) {
			if _, err := s.Market.Product(ctx, in.ID); err != nil {
				return pageOf[ledger.Content]{}, err
			}
			found, err := s.Market.ContentsOf(ctx, ledger.RefTo(ledger.KindProduct, in.ID))
			return page(found, ""), err
		})
	get(s, ledger.ReadSupply, "/v1/resources/{id}/content", "resource-content", says("资源内容", "The files of a resource"),
		says("资源各文件的名称、大小与 SHA-256。限持有单位、获授权的运营机构与监管人员。", "Name, size and SHA-256 of each file of a resource. For its holder, operators licensed to it, and regulators."), s.resourceContent)
	get(s, ledger.KindOrder, "/v1/orders", "orders", says("我的订单", "My orders"),
		says("买方与运营机构各看到自己的，监管人员看到本区划的。", "Buyers and operators see their orders, regulators the orders of their region."), s.orders)
	one(s, ledger.KindOrder, ledger.KindOrder, "/v1/orders/{id}", "order", says("订单", "An order"),
		says("一份订单。限其当事单位与监管人员；其他人得到的回答与不存在相同。附本节点所计的限额用量。", "One order. For the parties to it and for regulators; others get the same answer as for an order that does not exist. With what this node has counted of its limits."), s.orderUse)
	get(s, "", "/v1/uploads", "uploads", says("我的上传", "My uploads"),
		says("该单位尚未登记为内容的上传，不论是否完成，以及各自何时删除。取消用 DELETE /v1/uploads/tus/{object}。",
			"The uploads of the party that no content record names, whole or not, and when each is deleted. DELETE /v1/uploads/tus/{object} cancels one."), s.uploads)
}

type uploadsInput struct {
	AuthHeader
	Paging
}

// uploads lists the uploads of the caller, and of no one else.
func (s *Server) uploads(ctx context.Context, in *uploadsInput) (*answer[pageOf[wire.Pending]], error) {
	p, err := s.reader(ctx, in.Authorization)
	if err != nil {
		return nil, err
	}
	found, next, err := s.Market.PendingUploads(ctx, p.ID, marketplace.Page{Cursor: in.Cursor, Limit: in.Limit})
	list := make([]wire.Pending, len(found))
	for i, u := range found {
		list[i] = pendingOf(u)
	}
	return say(page(list, next), err)
}

// orderUse returns an order with what this node has counted of its limits.
func (s *Server) orderUse(ctx context.Context, id ledger.ID) (a wire.OrderAnswer, err error) {
	if a.Order, err = s.Market.Order(ctx, id); err != nil {
		return a, err
	}
	used, err := s.Market.Used(ctx, id)
	a.Use = wire.OrderUse{
		Node: s.About.Origin, Uses: wire.UseOf(a.Limits.Uses, used.Uses), Bytes: wire.UseOf(a.Limits.Bytes, used.Bytes),
	}
	return a, err
}

type productsInput struct {
	Paging
	Operator ledger.ID           `query:"operator" zh:"运营机构" en:"Operator"`
	License  ledger.ID           `query:"license" zh:"所依授权" en:"License that the product is based on"`
	State    ledger.ProductState `query:"state" form:"enum=product_states" zh:"状态" en:"State"`
	Text     string              `query:"q" form:"text=1..100" zh:"检索词" en:"Words"`
	ByIDs
}

func (s *Server) products(ctx context.Context, in *productsInput) (pageOf[ledger.Product], error) {
	if len(in.IDs) > 0 {
		return each(in.IDs, func(id ledger.ID) (ledger.Product, error) { return s.Market.Product(ctx, id) })
	}
	found, next, err := s.Market.Products(ctx, marketplace.ProductFilter{
		Operator: in.Operator, License: in.License,
		State: in.State, Text: in.Text,
	}, marketplace.Page{Cursor: in.Cursor, Limit: in.Limit})
	return unlessUnknown(ctx, page(found, next), err,
		filterBy("operator", in.Operator, s.Registry.Party), filterBy("license", in.License, s.Licensing.License))
}

// resourceContent lists the files of a resource. An environment may list them too, because
// they are supplied to it.
func (s *Server) resourceContent(ctx context.Context, in *privateID) (*answer[pageOf[ledger.Content]], error) {
	b, err := s.identify(ctx, in.Authorization)
	if err != nil {
		return nil, err
	}
	p, err := s.Registry.Party(ctx, b.Party)
	if err != nil {
		return nil, err
	}
	resource := ledger.RefTo(ledger.KindResource, in.ID)
	readers := ledger.SupplyReaders(resource)
	if err := s.Sight.Look(ctx, &p, sight.Item{Ref: resource, Readers: &readers}, "id"); err != nil {
		return nil, err
	}
	found, err := s.Market.ContentsOf(ctx, resource)
	return say(page(found, ""), err)
}

type ordersInput struct {
	AuthHeader
	Paging
	Product ledger.ID         `query:"product" zh:"产品" en:"Product"`
	State   ledger.OrderState `query:"state" form:"enum=order_states" zh:"状态" en:"State"`
}

// orders lists the orders that the caller may read.
func (s *Server) orders(ctx context.Context, in *ordersInput) (*answer[pageOf[ledger.Order]], error) {
	scope, err := s.scope(ctx, in.Authorization, ledger.KindOrder)
	if err != nil {
		return nil, err
	}
	found, next, err := s.Market.Orders(ctx, marketplace.OrderFilter{Readers: scope, Product: in.Product, State: in.State},
		marketplace.Page{Cursor: in.Cursor, Limit: in.Limit})
	return say(unlessUnknown(ctx, page(found, next), err, filterBy("product", in.Product, s.Market.Product)))
}
