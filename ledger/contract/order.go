package contract

import (
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// answerDays is how many working days an operator has to answer an order
// (domain §6.8, ours).
const answerDays = 3

func orderRef(id ledger.ID) ledger.Ref { return ledger.RefTo(ledger.KindOrder, id) }

// placeOrder records a buyer's order on the listing that it cites, at the price
// and terms of that version (domain rules B1–B11).
func placeOrder(t *tx, a ledger.OrderPlaceArgs) (ledger.Order, error) {
	var o ledger.Order
	p, err := load[ledger.Product](t, productRef(a.Product), "product_id")
	if err != nil {
		return o, err
	}
	if p.State != ledger.ProductListed {
		return o, ledger.Refuse(ledger.Forbidden, ledger.ReasonNotListed).At("product_id").By("B1").With("state", string(p.State))
	}
	if err := checkVersion(string(a.Answers), p); err != nil {
		return o, err
	}
	l, err := t.onSale(p, a.Purpose, "product_id")
	if err != nil {
		return o, err
	}
	if err := t.orderFits(a, p, l); err != nil {
		return o, err
	}
	due, err := t.period(t.today(), t.answerDays())
	if err != nil {
		return o, err
	}
	o = ledger.Order{
		ID: a.ID, Product: p.ID, Version: p.Version, Offer: p.Cite.Payload, License: l.ID,
		Sources: p.Sources, Operator: p.Operator, Buyer: t.me(), Purpose: a.Purpose, PurposeText: a.PurposeText,
		Evidence: a.Evidence, Quantity: a.Quantity, UnitPrice: a.UnitPrice, Total: a.Total, StartOn: a.StartOn,
		EndOn: a.EndOn, Limits: a.Limits, Recipient: a.Recipient, AnswerDue: due, PlacedCite: t.cite(),
	}
	t.link(orderRef(o.ID), "for", productRef(p.ID))
	t.link(orderRef(o.ID), "buyer", ledger.RefTo(ledger.KindParty, o.Buyer))
	t.link(orderRef(o.ID), "under", licenseRef(l.ID))
	return o, nil
}

// answerDays is 0 where a demo ledger lets its periods be over at once.
func (t *tx) answerDays() int {
	if t.genesis.Demo && t.genesis.Limits.Accept == 0 {
		return 0
	}
	return answerDays
}

// onSale holds the product, its license and its sources as they stand today for
// one purpose. Errors about them point at field: the caller named no source.
func (t *tx) onSale(p ledger.Product, purpose ledger.Purpose, field string) (ledger.License, error) {
	l, err := t.effectiveLicense(p.License, field)
	if err != nil {
		return l, err
	}
	if err := t.activeOperator(p.Operator, field); err != nil {
		return l, err
	}
	if !p.Allows(purpose) || !l.Allows(purpose) {
		return l, ledger.Refuse(ledger.InvalidCode, ledger.ReasonPurpose).At("purpose").By("B6")
	}
	if err := t.saleable(p.ProductOffer, l, []ledger.Purpose{purpose}); err != nil {
		if e := ledger.AsError(err); e != nil {
			c := *e
			return l, c.With("at", e.Field).At(field)
		}
		return l, err
	}
	return l, nil
}

// orderFits holds what the buyer asks for against the listing.
func (t *tx) orderFits(a ledger.OrderPlaceArgs, p ledger.Product, l ledger.License) error {
	if err := t.price(a, p); err != nil {
		return err
	}
	if err := t.outsider(p, l); err != nil {
		return err
	}
	if !a.Recipient.Mainland() {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonRecipient).At("recipient_region").By("B10")
	}
	if a.StartOn < l.StartOn {
		return ledger.Invalid("start_on", "within_license").With("limit", string(l.StartOn))
	}
	if a.EndOn > l.EndOn {
		return ledger.Invalid("end_on", "within_license").With("limit", string(l.EndOn))
	}
	if a.EndOn < t.today() {
		return ledger.Invalid("end_on", "not_past")
	}
	return nil
}

// price holds P1 (B7): governance and welfare cost nothing, and only organs and
// institutions claim them on their own word; industry pays the listed price.
func (t *tx) price(a ledger.OrderPlaceArgs, p ledger.Product) error {
	want := p.Price.Fen
	if a.Purpose.Class != ledger.Industry {
		want = 0
		public := t.caller.Kind == ledger.Organ || t.caller.Kind == ledger.Institution
		if !public && a.Evidence == "" {
			return ledger.Refuse(ledger.InvalidCode, ledger.ReasonPurpose).At("purpose_evidence").By("B6")
		}
	}
	if a.UnitPrice != want {
		return ledger.Refuse(ledger.InvalidCode, ledger.ReasonPrice).At("unit_price").By("B7")
	}
	return nil
}

// outsider refuses the operator itself and whoever the license, the operator or
// the buyer declares to be affiliated (O6, O14(6); B8).
func (t *tx) outsider(p ledger.Product, l ledger.License) error {
	operator, err := load[ledger.Party](t, ledger.RefTo(ledger.KindParty, p.Operator), "product_id")
	if err != nil {
		return err
	}
	own := t.me() == p.Operator || t.me() == l.Assignee ||
		slices.Contains(l.Affiliates, t.caller.USCC) ||
		slices.Contains(operator.Affiliates, t.caller.USCC) ||
		slices.Contains(t.caller.Affiliates, operator.USCC)
	if own {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonOwnScope).At("product_id").By("O6")
	}
	return nil
}

// activate records the right that an active order gives its buyer.
func (t *tx) activate(o *ledger.Order) error {
	o.State, o.ActiveAt = ledger.OrderActive, t.now()
	return t.grant(ledger.Grant{
		ID: ledger.DeriveID("grant", string(o.ID)), Right: ledger.Use, Party: o.Buyer,
		Scope: productRef(o.Product), From: o.StartOn, Until: o.EndOn, Basis: orderRef(o.ID),
	})
}

// acceptOrder binds the operator: in time, and only what may be sold today. What
// costs nothing is active at once, all else waits for its payment.
func acceptOrder(t *tx, _ ledger.AnswerArgs, o *ledger.Order) error {
	if err := t.inTime(*o); err != nil {
		return err
	}
	p, err := load[ledger.Product](t, productRef(o.Product), "id")
	if err != nil {
		return err
	}
	if p.State != ledger.ProductListed {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonNotListed).At("id").By("B1").With("state", string(p.State))
	}
	p.Sources = o.Sources
	if _, err := t.onSale(p, o.Purpose, "id"); err != nil {
		return err
	}
	if o.Total == 0 {
		return t.activate(o)
	}
	o.State = ledger.OrderAccepted
	return nil
}

// inTime refuses an answer after the operator's days: the order has lapsed
// (domain §6.8), whatever its record still says.
func (t *tx) inTime(o ledger.Order) error {
	if o.AnswerDue.Days == 0 {
		return nil
	}
	last, err := t.lastDay(o.AnswerDue)
	if err != nil {
		return err
	}
	if t.today() > last {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonLate).At("id").With("due", string(last))
	}
	return nil
}

// refuseOrder ends an order by the operator's word; a buyer is refused for a
// ground only (O6), which stands in the call.
func refuseOrder(_ *tx, _ ledger.TargetArgs, o *ledger.Order) error {
	o.Reason = string(ledger.ReasonRefusedOperator)
	return nil
}

// confirmPayment is the operator's word that the whole amount came in.
func confirmPayment(t *tx, a ledger.OrderPaymentArgs, o *ledger.Order) error {
	if a.Fen != o.Total {
		return ledger.Refuse(ledger.InvalidCode, ledger.ReasonPrice).At("fen").By("B7")
	}
	if a.PaidAt > t.now()+ledger.Skew {
		return ledger.Refuse(ledger.InvalidCode, ledger.ReasonTime).At("paid_at")
	}
	o.Payment = &ledger.Payment{Reference: a.Reference, PaidAt: a.PaidAt, Fen: a.Fen}
	return t.activate(o)
}

// cancelOrder takes an order back before it is active.
func cancelOrder(*tx, ledger.AnswerArgs, *ledger.Order) error { return nil }

// fulfilOrder says that all was delivered: either side of the order.
func fulfilOrder(_ *tx, a ledger.TargetArgs, o *ledger.Order) error {
	o.Reason = a.Ground
	return nil
}

// blockOrder stops an order by a regulator's word.
func blockOrder(_ *tx, a ledger.TargetArgs, o *ledger.Order) error {
	o.Reason = a.Ground
	return nil
}
