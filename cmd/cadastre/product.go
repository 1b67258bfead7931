package main

import (
	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/ledger"
)

type productCmd struct {
	List    productListCmd `cmd:"" zh:"列出产品" en:"List products." example:"cadastre product list 工程机械 --state listed"`
	Show    productShowCmd `cmd:"" zh:"查看产品" en:"Show a product." example:"cadastre product show ID --json"`
	Publish publishCmd     `cmd:"" zh:"上架产品（运营机构）" en:"Put a product on offer (operator)."`
	Change  changeCmd      `cmd:"" zh:"上架产品的新版本" en:"Put a new version of a product on offer." example:"cadastre product change product.json --profile operator.json"`

	kong.Plugins // the plain acts (fill)

	Content contentCmd `cmd:"" zh:"资源与产品的内容" en:"Content of resources and products."`
}

type productListCmd struct {
	Words    string              `arg:"" optional:"" zh:"标题中的词" en:"Words of the title."`
	Operator ledger.ID           `zh:"只列该运营机构的" en:"Only products of this operator." placeholder:"ID"`
	License  ledger.ID           `zh:"只列该授权之下的" en:"Only products under this license." placeholder:"ID"`
	State    ledger.ProductState `zh:"只列此状态" en:"Only in this state" values:"product_states" placeholder:"STATE"`
	paging
}

// Run lists products.
func (c *productListCmd) Run(p *program) error {
	return p.list(c.query("/v1/products", "q", c.Words, "operator", string(c.Operator), "license", string(c.License),
		"state", string(c.State)), ledger.Product{}, "id", "state", "form", "price.price", "price.unit", "title")
}

type productShowCmd struct {
	ID ledger.ID `arg:"" zh:"产品的编号" en:"Id of the product."`
}

// Run shows a product.
func (c *productShowCmd) Run(p *program) error { return p.show(at("products", c.ID), ledger.Product{}) }

type publishCmd struct {
	File string `arg:"" zh:"产品（JSON），编号与版本可省略；- 为标准输入" en:"The offer as JSON; id and version are optional; - is standard input."`
	writing
}

// Page describes the file.
func (publishCmd) Page() terminal.Page {
	members := membersOf(ledger.ProductListArgs{})
	return terminal.Page{
		{Lines: "cadastre product publish product.json --profile operator.json"},
		{
			ZH: "文件的成员：" + members + "。然后：", EN: "Members of the file: " + members + ". Then:",
			Lines: "cadastre product content add FILE --subject product/ID",
		},
	}
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
	File string `arg:"" zh:"完整的产品（JSON），版本可省略；- 为标准输入" en:"The whole offer as JSON; version is optional; - is standard input."`
	writing
}

// Run lists the new version. If the file has no version, it is that of the node plus 1.
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
