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
	if e := ledger.CheckListed(p); e != nil {
		return o, e.At("product_id")
	}
	if err := checkVersion(string(a.Answers), p); err != nil {
		return o, err
	}
	o = ledger.Order{
		ID: a.ID, Product: p.ID, Version: p.Version, Offer: p.Cite.Payload, License: p.License,
		Sources: p.Sources, Operator: p.Operator, Buyer: t.me(), Purpose: a.Purpose, PurposeText: a.PurposeText,
		Evidence: a.Evidence, Quantity: a.Quantity, UnitPrice: a.UnitPrice, Total: a.Total, StartOn: a.StartOn,
		EndOn: a.EndOn, Limits: a.Limits, Recipient: a.Recipient, PlacedCite: t.cite(),
	}
	facts, err := t.saleFacts(o, p, t.caller, "product_id")
	if err != nil {
		return o, err
	}
	if e := ledger.CheckOrder(facts, t.today()); e != nil {
		return o, atRecord(e, "product_id", "purpose", "purpose_evidence", "unit_price", "recipient_region")
	}
	if err := t.orderTerm(a, facts.License); err != nil {
		return o, err
	}
	if o.AnswerDue, err = t.period(t.today(), t.answerDays()); err != nil {
		return o, err
	}
	t.link(orderRef(o.ID), "for", productRef(p.ID))
	t.link(orderRef(o.ID), "buyer", ledger.RefTo(ledger.KindParty, o.Buyer))
	t.link(orderRef(o.ID), "under", licenseRef(o.License))
	return o, nil
}

// answerDays is 0 where a demo ledger lets its periods be over at once.
func (t *tx) answerDays() int {
	if t.genesis.Demo && t.genesis.Limits.Accept == 0 {
		return 0
	}
	return answerDays
}

// saleFacts loads what an order of a product is judged by. What is not there is
// reported at field: the caller named no license, party or source.
func (t *tx) saleFacts(o ledger.Order, p ledger.Product, buyer ledger.Party, field string) (ledger.SaleFacts, error) {
	f := ledger.SaleFacts{Order: o, Product: p, Buyer: buyer}
	var err error
	if f.License, err = load[ledger.License](t, licenseRef(o.License), field); err != nil {
		return f, err
	}
	if f.Operator, err = load[ledger.Party](t, partyRef(o.Operator), field); err != nil {
		return f, err
	}
	f.Entries, err = t.entriesOf(ledger.OrderSources(o, p))
	if e := ledger.AsError(err); e != nil {
		return f, atRecord(e, field)
	}
	return f, err
}

// atRecord points a refusal at the argument that named the record which it is
// about. Fields that are arguments of the call themselves stay.
func atRecord(e *ledger.Error, field string, own ...string) error {
	if slices.Contains(own, e.Field) {
		return e
	}
	if e.Field != "" {
		e = e.With("at", e.Field)
	}
	return e.At(field)
}

// orderTerm checks that an order's term lies inside the license's and is not over.
func (t *tx) orderTerm(a ledger.OrderPlaceArgs, l ledger.License) error {
	if a.StartOn < l.StartOn {
		return ledger.Invalid("start_on", "within_license").With("min", string(l.StartOn))
	}
	if a.EndOn > l.EndOn {
		return ledger.Invalid("end_on", "within_license").With("max", string(l.EndOn))
	}
	if a.EndOn < t.today() {
		return ledger.Invalid("end_on", "not_past")
	}
	return nil
}

// activate records the right that an active order gives its buyer.
func (t *tx) activate(o *ledger.Order) error {
	o.State, o.ActiveAt = ledger.OrderActive, t.now()
	return t.grant(ledger.Grant{
		ID: ledger.DeriveID("grant", ledger.KindOrder, string(o.ID)), Right: ledger.Use, Party: o.Buyer,
		Scope: productRef(o.Product), From: o.StartOn, Until: o.EndOn, Basis: orderRef(o.ID),
	})
}

// acceptOrder binds the operator, to what may be sold today. An order that was not
// answered in time has lapsed (domain §6.8), whatever its record still says. What
// costs nothing is active at once, all else waits for its payment.
func acceptOrder(t *tx, _ ledger.AnswerArgs, o *ledger.Order) error {
	p, err := load[ledger.Product](t, productRef(o.Product), "id")
	if err != nil {
		return err
	}
	buyer, err := load[ledger.Party](t, partyRef(o.Buyer), "id")
	if err != nil {
		return err
	}
	facts, err := t.saleFacts(*o, p, buyer, "id")
	if err != nil {
		return err
	}
	if e := ledger.CheckAcceptance(facts, t.today()); e != nil {
		return atRecord(e, "id", "purpose")
	}
	if o.Total == 0 {
		return t.activate(o)
	}
	o.State = ledger.OrderAccepted
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

// fulfillOrder says that all was delivered: either side of the order.
func fulfillOrder(_ *tx, a ledger.TargetArgs, o *ledger.Order) error {
	o.Reason = a.Ground
	return nil
}

// blockOrder stops an order by a regulator's word.
func blockOrder(_ *tx, a ledger.TargetArgs, o *ledger.Order) error {
	o.Reason = a.Ground
	return nil
}
