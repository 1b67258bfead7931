package contract_test

import (
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

// sold is a demo ledger with an order for a purpose at a price, which waits for its
// answer. The order's id is that of an application that waits for its code.
func sold(t *testing.T, purpose ledger.Purpose, evidence ledger.Digest, price ledger.Fen) *world {
	t.Helper()
	w := newDemo(t)
	w.coded("bus", "holder")
	w.noticed("a", "holder")
	offer := offerArgs("L")
	offer.Assigner, offer.Assignee, offer.StartOn = wID("authority"), wID("operator"), "2026-09-01"
	offer.Basis.SignedOn, offer.Decision.Date, offer.Selection.Date, offer.OfferUntil = "2026-09-01", "2026-09-01", "2026-08-31", "2026-09-01"
	e := w.must("authority", ledger.FnLicenseOffer, offer)
	w.must("operator", ledger.FnLicenseAccept, ledger.AnswerArgs{ID: offer.ID, Answers: e.Payload})
	list := listArgs("P", "L")
	list.Sources = []ledger.ID{wID("resource bus")}
	list.SecurityReview.On, list.ConformityReview.On = "2026-09-01", "2026-09-01"
	e = w.must("operator", ledger.FnProductList, list)
	w.must("operator", ledger.FnContentAdd, fileArgs("stock", ledger.RefTo(ledger.KindProduct, list.ID), "stock"))
	w.must("buyer", ledger.FnOrderPlace, ledger.OrderPlaceArgs{
		ID: wID("a"), Product: list.ID, Answers: e.Payload, Purpose: purpose, Evidence: evidence,
		PurposeText: ledger.Salt([16]byte{1}, "调度"), Quantity: 1, UnitPrice: price, Total: price, StartOn: "2026-09-01", EndOn: "2027-09-01", Recipient: "430300",
	})
	return w
}

// answerOrder cites the order of the ledger that sold returns.
func (w *world) answerOrder() ledger.AnswerArgs {
	w.t.Helper()
	o := record[ledger.Order](w, ledger.RefTo(ledger.KindOrder, wID("a")))
	return ledger.AnswerArgs{ID: o.ID, Answers: o.Cite.Payload}
}

// TestGrantsOfOneID: an order gives its buyer a right, and a registration its
// holder one. Where both have one id, each gives its own: nobody can block a
// registration with an order of its id.
func TestGrantsOfOneID(t *testing.T) {
	code := func(w *world) ledger.AppCodeArgs { return ledger.AppCodeArgs{AppStepArgs: w.step("a")} }

	free := sold(t, ledger.Purpose{Class: ledger.Governance, Code: "emergency"}, mHash("word"), 0)
	first := free.fork(t)
	first.must("operator", ledger.FnOrderAccept, first.answerOrder())
	first.must("body", ledger.FnAppCode, code(first))
	free.must("body", ledger.FnAppCode, code(free))
	free.must("operator", ledger.FnOrderAccept, free.answerOrder())

	paid := sold(t, ledger.Purpose{Class: ledger.Industry, Code: "logistics"}, "", 3)
	paid.must("operator", ledger.FnOrderAccept, paid.answerOrder())
	paid.must("body", ledger.FnAppCode, code(paid))
	a := paid.answerOrder()
	paid.must("operator", ledger.FnOrderConfirmPayment,
		ledger.OrderPaymentArgs{ID: a.ID, Answers: a.Answers, Reference: "bank-1", PaidAt: paid.now, Fen: 3})
}
