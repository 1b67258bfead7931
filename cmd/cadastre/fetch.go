package main

import (
	"fmt"
	"strings"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

type fetchCmd struct {
	Order  ledger.ID `arg:"" zh:"订单的编号" en:"Id of the order."`
	Output string    `required:"" short:"o" zh:"写入的文件" en:"File to write." placeholder:"FILE"`
	Object string    `zh:"产品有多个内容时指明其一：对象编号、内容编号或名称" en:"Object, if the product has several: its id, content id or name." placeholder:"OBJECT"`
}

// Page describes what is written.
func (fetchCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre fetch ORDER --output streets.csv --profile buyer.json"},
		{
			ZH: "已收到的部分存于 streets.csv.part，中断后再次运行同一命令即可继续。仅当 SHA-256 与账本记录一致时才有 streets.csv；文件已在的，不再获取，不计一次使用；其旁的 streets.csv.receipt.json 载有交付回执的编号。内容在另一节点的，到该节点取；其地址不是 https://ORIGIN 的，用 --node ORIGIN=URL 指明。",
			EN: "Received bytes are stored in streets.csv.part. After an interruption run the same command to continue. The file streets.csv is written only if its SHA-256 is the recorded one. A file that is there already is not fetched again, which would be another use. The file streets.csv.receipt.json names the receipts of the delivery. Content at another node is fetched there; name that node with --node ORIGIN=URL if its address is not https://ORIGIN.",
		},
	}
}

// Run fetches the content of the order's product.
func (c *fetchCmd) Run(p *program) error {
	cl, err := p.actor()
	if err != nil {
		return err
	}
	var o ledger.Order
	if err := cl.Get(p.ctx, at("orders", c.Order), &o); err != nil {
		return err
	}
	subject := ledger.RefTo(ledger.KindProduct, o.Product)
	x, err := choose(p, cl, subject, c.Object)
	if err != nil {
		return err
	}
	return p.fetch(cl, at("orders", o.ID)+"/content/"+x.Object, c.Output, fetched{Order: o.ID, License: o.License}, x)
}

type supplyCmd struct {
	License  ledger.ID `arg:"" zh:"授权的编号" en:"Id of the license."`
	Resource ledger.ID `arg:"" zh:"资源的编号" en:"Id of the resource."`
	Output   string    `required:"" short:"o" zh:"写入的文件" en:"File to write." placeholder:"FILE"`
	Object   string    `zh:"资源有多个内容时指明其一：对象编号、内容编号或名称" en:"Object, if the resource has several: its id, content id or name." placeholder:"OBJECT"`
}

// Page describes which key is needed.
func (supplyCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre license supply LICENSE RESOURCE --output raw.csv --profile sandbox.json"},
		{
			ZH: "只有授权所列受控环境的密钥可以获取（cadastre keygen --environment）。内容在另一节点的，到该节点取；其地址不是 https://ORIGIN 的，用 --node ORIGIN=URL 指明。",
			EN: "Only the key of an environment that the license lists may fetch (cadastre keygen --environment). Content at another node is fetched there; name that node with --node ORIGIN=URL if its address is not https://ORIGIN.",
		},
	}
}

// Run fetches for a controlled environment.
func (c *supplyCmd) Run(p *program) error {
	cl, err := p.actor()
	if err != nil {
		return err
	}
	x, err := choose(p, cl, ledger.RefTo(ledger.KindResource, c.Resource), c.Object)
	if err != nil {
		return err
	}
	path := at("licenses", c.License) + "/resources/" + string(c.Resource) + "/content/" + x.Object
	return p.fetch(cl, path, c.Output, fetched{License: c.License}, x)
}

// choose returns the one content of a subject that want names.
func choose(p *program, c *client.Client, subject ledger.Ref, want string) (ledger.Content, error) {
	found, err := contents(p, c, subject)
	if err != nil {
		return ledger.Content{}, err
	}
	var hits []ledger.Content
	for _, x := range found {
		if want == "" || want == x.Object || want == string(x.ID) || want == x.Name {
			hits = append(hits, x)
		}
	}
	switch len(hits) {
	case 1:
		return hits[0], nil
	case 0:
		return ledger.Content{}, fmt.Errorf(p.say("%s 没有可获取的内容 %s：用 cadastre product content list %s 查看",
			"%s has no content %s: see cadastre product content list %s"), subject, want, subject)
	}
	var names strings.Builder
	for _, x := range hits {
		names.WriteString("\n  " + x.Object + "  " + words.Printable(x.Name))
	}
	return ledger.Content{}, fmt.Errorf("%s%s", p.say("有多个内容，请用 --object 指定其一：", "there are several contents; name one with --object:"), names.String())
}
