package main

import (
	"strconv"
	"time"

	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/calendar"
)

type orderCmd struct {
	Place placeCmd `cmd:"" help:"Order a product (buyer)."`

	kong.Plugins // the plain acts (fill)

	ConfirmPayment confirmPaymentCmd `cmd:"" help:"Confirm that an order was paid (operator)."`
	Show           orderShowCmd      `cmd:"" help:"Show an order."`
	List           orderListCmd      `cmd:"" help:"List your orders."`
}

type placeCmd struct {
	Product   ledger.ID     `required:"" help:"Id of the product." placeholder:"ID"`
	Purpose   string        `required:"" help:"For what: class/code, such as industry/logistics; governance and welfare cost nothing." placeholder:"CLASS/CODE"`
	Text      string        `help:"The purpose in words; the ledger keeps a salted hash." placeholder:"TEXT"`
	Evidence  string        `help:"Proof of the purpose: a file, or its SHA-256." placeholder:"FILE"`
	Quantity  int64         `help:"Units of the product's price." default:"1"`
	Uses      int64         `help:"Most deliveries; 0 is no limit." default:"0"`
	Bytes     int64         `help:"Most bytes delivered; 0 is no limit." default:"0"`
	Start     ledger.Date   `help:"First day; today unless told." placeholder:"DATE"`
	End       ledger.Date   `help:"Last day; the license's unless told." placeholder:"DATE"`
	Recipient ledger.Region `help:"Region where it is used; the buyer's unless told." placeholder:"CODE"`
	answering
	writing
}

// Help shows both prices.
func (placeCmd) Help() string {
	return `cadastre order place --product ID --purpose industry/logistics --quantity 1 --profile buyer.json
cadastre order place --product ID --purpose governance/emergency --text 防汛调度 --profile bureau.json
The price is the listed one of the version that you answer; governance and welfare cost 0 (P1).`
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
		p.keep(c.Text, &a.PurposeText)
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

// complete fills in what the buyer left to its usual value.
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
	ID        ledger.ID `arg:"" help:"Id of the order."`
	Reference string    `required:"" help:"Reference of the payment at the bank." placeholder:"REF"`
	PaidAt    time.Time `help:"When it was paid, RFC 3339; now unless told." placeholder:"TIME"`
	Fen       int64     `help:"Amount in fen; the order's total unless told." default:"-1"`
	answering
	writing
}

// Help shows a confirmation.
func (confirmPaymentCmd) Help() string {
	return `cadastre order confirm-payment ID --reference BANK-20261020-001 --profile operator.json`
}

// Run confirms.
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
	ID ledger.ID `arg:"" help:"Id of the order."`
}

// Run shows an order.
func (c *orderShowCmd) Run(p *program) error { return p.show(at("orders", c.ID)) }

type orderListCmd struct {
	Product ledger.ID         `help:"Only orders of this product." placeholder:"ID"`
	State   ledger.OrderState `help:"Only in this state, such as placed." placeholder:"STATE"`
	paging
}

// Run lists orders.
func (c *orderListCmd) Run(p *program) error {
	return p.list(c.query("/v1/orders", "product", string(c.Product), "state", string(c.State)),
		"id", "state", "product_id", "buyer", "total", "end_on")
}
