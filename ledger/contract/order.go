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
func placeOrder(t *tx, a ledger.OrderPlaceArgs) error {
	if err := t.absent(orderRef(a.ID), "id"); err != nil {
		return err
	}
	p, err := load[ledger.Product](t, productRef(a.Product), "product_id")
	if err != nil {
		return err
	}
	if p.State != ledger.ProductListed {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonNotListed).At("product_id").By("B1").With("state", string(p.State))
	}
	if err := answers(a.Answers, p.Cite); err != nil {
		return err
	}
	l, err := t.onSale(p, a.Purpose, "product_id")
	if err != nil {
		return err
	}
	if err := t.orderFits(a, p, l); err != nil {
		return err
	}
	due, err := t.period(t.today(), t.answerDays())
	if err != nil {
		return err
	}
	o := ledger.Order{
		ID: a.ID, Product: p.ID, Version: p.Version, Offer: p.Cite.Payload, License: l.ID,
		Sources: p.Sources, Operator: p.Operator, Buyer: t.me(), Purpose: a.Purpose, PurposeText: a.PurposeText,
		Evidence: a.Evidence, Quantity: a.Quantity, UnitPrice: a.UnitPrice, Total: a.Total, StartOn: a.StartOn,
		EndOn: a.EndOn, Limits: a.Limits, Recipient: a.Recipient, AnswerDue: due, PlacedCite: t.cite(),
	}
	t.link(orderRef(o.ID), "for", productRef(p.ID))
	t.link(orderRef(o.ID), "buyer", ledger.RefTo(ledger.KindParty, o.Buyer))
	t.link(orderRef(o.ID), "under", licenseRef(l.ID))
	return t.stepOrder(o, ledger.OrderPlaced)
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

// stepOrder takes an order to a state and writes it.
func (t *tx) stepOrder(o ledger.Order, to ledger.OrderState) error {
	if err := move(t, orderSteps(), &o.State, to); err != nil {
		return err
	}
	o.Cite = t.cite()
	if to == ledger.OrderActive {
		o.ActiveAt = t.now()
		if err := t.grant(ledger.Grant{
			ID: ledger.DeriveID("grant", string(o.ID)), Right: ledger.Use, Party: o.Buyer,
			Scope: productRef(o.Product), From: o.StartOn, Until: o.EndOn, Basis: orderRef(o.ID),
		}); err != nil {
			return err
		}
	}
	return t.put(orderRef(o.ID), o)
}

// ownOrder is an order that the caller may take to a state: it is among those
// whose order it is, the state admits it, and the caller has seen what stands.
func (t *tx) ownOrder(id ledger.ID, cited ledger.Digest, to ledger.OrderState, mine func(ledger.Order) bool) (ledger.Order, error) {
	o, err := load[ledger.Order](t, orderRef(id), "id")
	if err != nil {
		return o, err
	}
	if !mine(o) {
		return o, ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At("id")
	}
	state := o.State
	if err := move(t, orderSteps(), &state, to); err != nil {
		return o, err
	}
	return o, answers(cited, o.Cite)
}

func (t *tx) isOperator(o ledger.Order) bool { return o.Operator == t.me() }
func (t *tx) isBuyer(o ledger.Order) bool    { return o.Buyer == t.me() }

// acceptOrder binds the operator: in time, and only what may be sold today.
func acceptOrder(t *tx, a ledger.AnswerArgs) error {
	o, err := t.ownOrder(a.ID, a.Answers, ledger.OrderAccepted, t.isOperator)
	if err != nil {
		return err
	}
	if err := t.inTime(o); err != nil {
		return err
	}
	if o.EndOn < t.today() {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonOrder).At("id").By("D2")
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
		return t.stepOrder(o, ledger.OrderActive)
	}
	return t.stepOrder(o, ledger.OrderAccepted)
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
func refuseOrder(t *tx, a ledger.TargetArgs) error {
	o, err := t.ownOrder(a.ID, a.Answers, ledger.OrderCancelled, t.isOperator)
	if err != nil {
		return err
	}
	o.Reason = string(ledger.ReasonRefusedOperator)
	return t.stepOrder(o, ledger.OrderCancelled)
}

// confirmPayment is the operator's word that the whole amount came in.
func confirmPayment(t *tx, a ledger.OrderPaymentArgs) error {
	o, err := t.ownOrder(a.ID, a.Answers, ledger.OrderActive, t.isOperator)
	if err != nil {
		return err
	}
	if a.Fen != o.Total {
		return ledger.Refuse(ledger.InvalidCode, ledger.ReasonPrice).At("fen").By("B7")
	}
	if a.PaidAt > t.now()+ledger.Skew {
		return ledger.Refuse(ledger.InvalidCode, ledger.ReasonTime).At("paid_at")
	}
	o.Payment = &ledger.Payment{Reference: a.Reference, PaidAt: a.PaidAt, Fen: a.Fen}
	return t.stepOrder(o, ledger.OrderActive)
}

// cancelOrder takes an order back before it is active.
func cancelOrder(t *tx, a ledger.AnswerArgs) error {
	o, err := t.ownOrder(a.ID, a.Answers, ledger.OrderCancelled, t.isBuyer)
	if err != nil {
		return err
	}
	return t.stepOrder(o, ledger.OrderCancelled)
}

// fulfilOrder says that all was delivered: either side of the order.
func fulfilOrder(t *tx, a ledger.TargetArgs) error {
	o, err := t.ownOrder(a.ID, a.Answers, ledger.OrderFulfilled, func(o ledger.Order) bool { return t.isOperator(o) || t.isBuyer(o) })
	if err != nil {
		return err
	}
	o.Reason = a.Ground
	return t.stepOrder(o, ledger.OrderFulfilled)
}

// blockOrder stops an order by a regulator's word.
func blockOrder(t *tx, a ledger.TargetArgs) error {
	o, err := t.ownOrder(a.ID, a.Answers, ledger.OrderBlocked, func(ledger.Order) bool { return true })
	if err != nil {
		return err
	}
	o.Reason = a.Ground
	return t.stepOrder(o, ledger.OrderBlocked)
}
