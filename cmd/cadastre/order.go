package main

import (
	"strconv"
	"time"

	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/calendar"
)

type orderCmd struct {
	Place placeCmd `cmd:"" zh:"订购产品（需求方）" en:"Order a product (buyer)."`

	kong.Plugins // the plain acts (fill)

	ConfirmPayment confirmPaymentCmd `cmd:"" zh:"确认订单已付款（运营机构）" en:"Confirm that an order was paid (operator)." example:"cadastre order confirm-payment ID --reference BANK-20261020-001 --profile operator.json"`
	Show           orderShowCmd      `cmd:"" zh:"查看订单及其限额用量" en:"Show an order and what is used of its limits." example:"cadastre order show ID --profile buyer.json"`
	List           orderListCmd      `cmd:"" zh:"列出本单位的订单" en:"List your orders." example:"cadastre order list --state active --profile buyer.json"`
}

type placeCmd struct {
	Product   ledger.ID     `required:"" zh:"产品的编号" en:"Id of the product." placeholder:"ID"`
	Purpose   string        `required:"" zh:"用途：类别/代码，如 industry/logistics；governance 与 welfare 免费" en:"Purpose: class/code, such as industry/logistics; governance and welfare are free." placeholder:"CLASS/CODE"`
	Text      string        `zh:"用途的文字说明；账本只记录加盐哈希" en:"Description of the purpose; the ledger records only a salted hash." placeholder:"TEXT"`
	Evidence  string        `zh:"用途证明：文件，或其 SHA-256" en:"Proof of the purpose: a file, or its SHA-256." placeholder:"FILE"`
	Quantity  int64         `zh:"数量（按产品计价单位）" en:"Quantity, in units of the product's price." default:"1"`
	Uses      int64         `zh:"每个文件整份交付的次数上限（多个分段合为一份）；0 为不限" en:"Maximum number of times that a whole object is delivered, whatever its ranges; 0 is no limit." default:"0"`
	Bytes     int64         `zh:"交付字节数上限；0 为不限" en:"Maximum number of delivered bytes; 0 is no limit." default:"0"`
	Start     ledger.Date   `zh:"首日；默认为今天" en:"First day; by default today." placeholder:"DATE"`
	End       ledger.Date   `zh:"末日；默认为授权的末日" en:"Last day; by default that of the license." placeholder:"DATE"`
	Recipient ledger.Region `zh:"使用地区划；默认为需求方的区划" en:"Region where it is used; by default that of the buyer." placeholder:"CODE"`
	answering
	writing
}

// Page shows a paid and a free order.
func (placeCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre order place --product ID --purpose industry/logistics --quantity 1 --profile buyer.json\ncadastre order place --product ID --purpose governance/emergency --text 防汛调度 --profile bureau.json"},
		{
			ZH: "价格为所依据版本的公布价格；governance 与 welfare 用途免费（价格办法第一条）。",
			EN: "The price is the listed price of the version that the order is based on; governance and welfare are free (article 1 of the price measures).",
		},
	}
}

// Run places the order at the listed price.
func (c *placeCmd) Run(p *program) error {
	cl, err := p.actor()
	if err != nil {
		return err
	}
	a, err := c.args(p, cl)
	if err != nil {
		return err
	}
	err = p.callWith(cl, ledger.FnOrderPlace, a, func() []named { return []named{{"total_fen", strconv.FormatInt(int64(a.Total), 10)}} })
	if err == nil {
		p.showSalted(c.Text, &a.PurposeText)
	}
	return err
}

func (c *placeCmd) args(p *program, cl *client.Client) (ledger.OrderPlaceArgs, error) {
	a := ledger.OrderPlaceArgs{
		ID: client.NewID(), Product: c.Product, Quantity: c.Quantity, StartOn: c.Start, EndOn: c.End,
		Recipient: c.Recipient, Limits: ledger.Quota{Uses: c.Uses, Bytes: c.Bytes},
	}
	var err error
	if a.Purpose, err = purpose(c.Purpose); err != nil {
		return a, err
	}
	if c.Text == "" {
		c.Text = c.Purpose
	}
	text, err := salted(c.Text)
	if err != nil {
		return a, err
	}
	a.PurposeText = *text
	if c.Evidence != "" {
		if a.Evidence, err = digest(c.Evidence); err != nil {
			return a, err
		}
	}
	var product ledger.Product
	if err := cl.Get(p.ctx, at("products", c.Product), &product); err != nil {
		return a, err
	}
	if a.Answers = product.Cite.Payload; c.Answers != "" {
		a.Answers = c.Answers
	}
	if a.Purpose.Class == ledger.Industry {
		a.UnitPrice = product.Price.Fen
	}
	if total, ok := a.UnitPrice.Times(a.Quantity); ok {
		a.Total = total
	}
	return a, c.complete(p, cl, &a, product)
}

// complete sets the default values that the buyer did not give.
func (c *placeCmd) complete(p *program, cl *client.Client, a *ledger.OrderPlaceArgs, product ledger.Product) error {
	if a.EndOn == "" || a.StartOn == "" {
		var l ledger.License
		if err := cl.Get(p.ctx, at("licenses", product.License), &l); err != nil {
			return err
		}
		if a.StartOn == "" {
			a.StartOn = max(ledger.Date(calendar.Of(now().UnixMilli())), l.StartOn)
		}
		if a.EndOn == "" {
			a.EndOn = l.EndOn
		}
	}
	if a.Recipient == "" {
		var me ledger.Party
		if err := cl.Get(p.ctx, at("parties", cl.Profile().Party), &me); err != nil {
			return err
		}
		a.Recipient = me.Region
	}
	return nil
}

type confirmPaymentCmd struct {
	ID        ledger.ID `arg:"" zh:"订单的编号" en:"Id of the order."`
	Reference string    `required:"" zh:"银行的付款凭证号" en:"Bank reference of the payment." placeholder:"REF"`
	PaidAt    time.Time `zh:"付款时间（RFC 3339）；默认为此刻" en:"Time of the payment, RFC 3339; by default now." placeholder:"TIME"`
	Fen       int64     `zh:"金额（分）；默认为订单总额" en:"Amount in fen; by default the total of the order." default:"-1"`
	answering
	writing
}

// Run confirms the payment.
func (c *confirmPaymentCmd) Run(p *program) error {
	cl, err := p.actor()
	if err != nil {
		return err
	}
	a := ledger.OrderPaymentArgs{ID: c.ID, Answers: c.Answers, Reference: c.Reference, Fen: ledger.Fen(c.Fen)}
	if a.PaidAt = ledger.Millis(c.PaidAt.UnixMilli()); c.PaidAt.IsZero() {
		a.PaidAt = ledger.Millis(now().UnixMilli())
	}
	if c.Answers == "" || c.Fen < 0 {
		var o ledger.Order
		if err := cl.Get(p.ctx, at("orders", c.ID), &o); err != nil {
			return err
		}
		if c.Answers == "" {
			a.Answers = o.Cite.Payload
		}
		if c.Fen < 0 {
			a.Fen = o.Total
		}
	}
	return p.callBy(cl, ledger.FnOrderConfirmPayment, a)
}

type orderShowCmd struct {
	ID ledger.ID `arg:"" zh:"订单的编号" en:"Id of the order."`
}

// Run shows an order.
func (c *orderShowCmd) Run(p *program) error { return p.show(at("orders", c.ID), wire.OrderAnswer{}) }

type orderListCmd struct {
	Product ledger.ID         `zh:"只列该产品的订单" en:"Only orders of this product." placeholder:"ID"`
	State   ledger.OrderState `zh:"只列此状态" en:"Only in this state" values:"order_states" placeholder:"STATE"`
	paging
}

// Run lists orders.
func (c *orderListCmd) Run(p *program) error {
	return p.list(c.query("/v1/orders", "product", string(c.Product), "state", string(c.State)), ledger.Order{},
		"id", "state", "product_id", "buyer", "total", "end_on")
}
