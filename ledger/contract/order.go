package contract

import (
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// answerDays is how many working days an operator has to answer an order
// (ours).
const answerDays = 3

func orderRef(id ledger.ID) ledger.Ref { return ledger.RefTo(ledger.KindOrder, id) }

// placeOrder records a buyer's order for a listed product, at the price and terms of
// the version that the call cites (B1–B11).
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
	if err := t.checkContent(p.ID); err != nil {
		return o, err
	}
	facts, err := t.saleFacts(o, p, t.caller, "product_id")
	if err != nil {
		return o, err
	}
	if e := ledger.CheckOrder(facts, t.today()); e != nil {
		return o, atRecord(e, "product_id", "purpose", "purpose_evidence", "unit_price", "recipient_region")
	}
	if err := t.checkOrderTerm(a, facts.License); err != nil {
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

// checkContent refuses a product that has nothing to deliver (B1).
func (t *tx) checkContent(product ledger.ID) error {
	c, known, err := readGroup[ledger.ProductContent](t, ledger.ProductContentKey(product), ledger.ReasonNoContent)
	if err != nil || !known {
		return err
	}
	if e := ledger.CheckHasContent(c); e != nil {
		return e.At("product_id")
	}
	return nil
}

// answerDays returns the days for an answer: 0 on a demonstration ledger whose
// periods have no days.
func (t *tx) answerDays() int {
	if t.genesis.Limits.Zero() {
		return 0
	}
	return answerDays
}

// saleFacts loads the records that decide whether an order of a product is allowed.
// A missing record is reported at field, since the call's arguments do not name the
// license, the parties or the sources.
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

// atRecord changes the field of a refusal about a record's member to the argument
// that named the record; the member goes into the parameter "at". Fields in own are
// arguments of the call and do not change.
func atRecord(e *ledger.Error, field string, own ...string) error {
	if slices.Contains(own, e.Field) {
		return e
	}
	if e.Field != "" {
		e = e.With("at", e.Field)
	}
	return e.At(field)
}

// checkOrderTerm checks that an order's term lies within the license's term and is
// not over.
func (t *tx) checkOrderTerm(a ledger.OrderPlaceArgs, l ledger.License) error {
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

// activate sets an order active and records the right that it gives its buyer.
func (t *tx) activate(o *ledger.Order) error {
	o.State, o.ActiveAt = ledger.OrderActive, t.now()
	return t.grant(ledger.Grant{
		ID: ledger.DeriveID("grant", ledger.KindOrder, string(o.ID)), Right: ledger.Use, Nature: ledger.Contracted, Party: o.Buyer,
		Scope: productRef(o.Product), From: o.StartOn, Until: o.EndOn, Basis: orderRef(o.ID),
	})
}

// acceptOrder records that the operator accepts an order, if it may be sold today. An
// order that was not answered in time has lapsed, even if its record
// does not show that. A free order is active at once; any other waits for its payment.
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

// refuseOrder ends an order because the operator refuses it. A refusal needs a
// ground (O6), which is in the call.
func refuseOrder(_ *tx, _ ledger.TargetArgs, o *ledger.Order) error {
	o.Reason = string(ledger.ReasonRefusedOperator)
	return nil
}

// confirmPayment records the operator's statement that the whole amount was paid.
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

// cancelOrder ends an order before it is active, at the wish of the buyer.
func cancelOrder(*tx, ledger.AnswerArgs, *ledger.Order) error { return nil }

// fulfillOrder records that everything was delivered. Either side of the order may
// say so.
func fulfillOrder(_ *tx, a ledger.TargetArgs, o *ledger.Order) error {
	o.Reason = a.Ground
	return nil
}

// blockOrder stops an order by decision of a regulator.
func blockOrder(_ *tx, a ledger.TargetArgs, o *ledger.Order) error {
	o.Reason = a.Ground
	return nil
}
