package main

import (
	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
)

type productCmd struct {
	List    productListCmd `cmd:"" help:"List products."`
	Show    productShowCmd `cmd:"" help:"Show a product."`
	Publish publishCmd     `cmd:"" help:"Put a product on offer (operator)."`
	Change  changeCmd      `cmd:"" help:"Put a new version of a product on offer."`

	kong.Plugins // the plain acts (fill)

	Content contentCmd `cmd:"" help:"Content of resources and products."`
}

type productListCmd struct {
	Words    string              `arg:"" optional:"" help:"Words of the title."`
	Operator ledger.ID           `help:"Only this operator's." placeholder:"ID"`
	License  ledger.ID           `help:"Only those under this license." placeholder:"ID"`
	State    ledger.ProductState `help:"listed or delisted." placeholder:"STATE"`
	paging
}

// Run lists products.
func (c *productListCmd) Run(p *program) error {
	return p.list(c.query("/v1/products", "q", c.Words, "operator", string(c.Operator), "license", string(c.License),
		"state", string(c.State)), "id", "state", "form", "price.price", "price.unit", "title")
}

type productShowCmd struct {
	ID ledger.ID `arg:"" help:"Id of the product."`
}

// Run shows a product.
func (c *productShowCmd) Run(p *program) error { return p.show(at("products", c.ID)) }

type publishCmd struct {
	File string `arg:"" help:"The offer as JSON; id and version may be left out; - is standard input."`
	writing
}

// Help says what a file holds.
func (publishCmd) Help() string {
	return `cadastre product publish product.json --profile operator.json
The file has title, description, license_id, sources, form, allowed_purposes, terms, level, pi_status,
security_review, conformity_review and price. Then: cadastre product content add FILE --subject product/ID`
}

// Run lists the product.
func (c *publishCmd) Run(p *program) error {
	var a ledger.ProductListArgs
	if err := readArgs(c.File, &a, "id", "version"); err != nil {
		return err
	}
	own(&a.ID, client.NewID)
	if a.Version == 0 {
		a.Version = 1
	}
	return p.call(ledger.FnProductList, a)
}

type changeCmd struct {
	File string `arg:"" help:"The whole offer as JSON; version may be left out; - is standard input."`
	writing
}

// Run changes; the version is one more than the node's unless told.
func (c *changeCmd) Run(p *program) error {
	var a ledger.ProductListArgs
	if err := readArgs(c.File, &a, "version"); err != nil {
		return err
	}
	cl, err := p.actor()
	if err != nil {
		return err
	}
	if a.Version == 0 {
		var now ledger.Product
		if err := cl.Get(p.ctx, at("products", a.ID), &now); err != nil {
			return err
		}
		a.Version = now.Version + 1
	}
	return p.callBy(cl, ledger.FnProductChange, a)
}
