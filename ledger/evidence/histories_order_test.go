package evidence_test

import (
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

func TestHistoriesOfOrders(t *testing.T) {
	runHistories(t, []history{
		{name: "cancelled by its buyer, then paid", about: theOrder, want: "refused state", do: func(w *world) {
			accepted(w)
			w.must("buyer", ledger.FnOrderCancel, w.answer(theOrder))
			w.pretend(w.sign("operator", "operator", ledger.FnOrderConfirmPayment, payment(w)), orderIs(w, ledger.OrderAccepted))
		}},
		{
			name: "the same, the cancellation left out, but the payment answers it", about: theOrder, want: "refused stale",
			hide: []ledger.Function{ledger.FnOrderCancel}, do: func(w *world) {
				accepted(w)
				w.must("buyer", ledger.FnOrderCancel, w.answer(theOrder))
				w.pretend(w.sign("operator", "operator", ledger.FnOrderConfirmPayment, payment(w)), orderIs(w, ledger.OrderAccepted))
			},
		},
		{name: "refused, then accepted", about: theOrder, want: "refused state", do: func(w *world) {
			ordered(w)
			w.must("operator", ledger.FnOrderRefuse, w.target(theOrder))
			w.pretend(w.sign("operator", "operator", ledger.FnOrderAccept, w.answer(theOrder)), orderIs(w, ledger.OrderPlaced))
		}},
		{name: "paid without acceptance", about: theOrder, want: "refused state", do: func(w *world) {
			ordered(w)
			w.pretend(w.sign("operator", "operator", ledger.FnOrderConfirmPayment, payment(w)), orderIs(w, ledger.OrderAccepted))
		}},
		{name: "accepted twice", about: theOrder, want: "refused state", do: func(w *world) {
			accepted(w)
			w.pretend(w.sign("operator", "operator", ledger.FnOrderAccept, w.answer(theOrder)), orderIs(w, ledger.OrderPlaced))
		}},
		{name: "a payment unlike the signed one", about: theOrder, want: "writes", do: func(w *world) {
			accepted(w)
			tampered(w, "operator", ledger.FnOrderConfirmPayment, payment(w), theOrder, func(o *ledger.Order) { o.Payment.Fen, o.Payment.Reference = 1, "OTHER" })
		}},
		{name: "no payment in the record", about: theOrder, want: "writes", do: func(w *world) {
			accepted(w)
			tampered(w, "operator", ledger.FnOrderConfirmPayment, payment(w), theOrder, func(o *ledger.Order) { o.Payment = nil })
		}},
		{name: "a payment of 1 fen", about: theOrder, want: "refused price", do: func(w *world) {
			accepted(w)
			a := payment(w)
			a.Fen = 1
			w.pretend(w.sign("operator", "operator", ledger.FnOrderConfirmPayment, a), changed(w, theOrder, func(o *ledger.Order) { o.Total = 1 }))
		}},
		{name: "an unknown member of the record", about: theOrder, want: "writes", do: func(w *world) {
			accepted(w)
			w.rewritten(w.sign("operator", "operator", ledger.FnOrderConfirmPayment, payment(w)),
				replaced(theOrder, func(v string) string { return strings.Replace(v, "{", `{"zz":1,`, 1) }))
		}},
		{name: "an unknown argument", about: theOrder, want: "refused field", do: func(w *world) {
			ordered(w)
			args := map[string]any{"id": id("O"), "answers": w.cited(theOrder), "on_condition": "only if delivered today"}
			jws := w.sign("operator", "operator", ledger.FnOrderAccept, args)
			s, err := contract.Parse(jws)
			if err != nil {
				w.t.Fatal(err)
			}
			o := get[ledger.Order](w, theOrder)
			o.State, o.Cite = ledger.OrderAccepted, ledger.Cite{Party: id("operator"), Call: s.Call.ID, Payload: s.Payload}
			w.forge(jws, w.wrote(theOrder, o))
		}},
		{name: "below the listed price", about: theOrder, want: "refused price", do: func(w *world) {
			market(w)
			a := place(w, "O")
			a.UnitPrice, a.Total = 1, 100000
			w.pretend(w.sign("buyer", "buyer", ledger.FnOrderPlace, a), changed(w, ref(ledger.KindProduct, "P"), func(p *ledger.Product) { p.Price.Fen = 1 }))
		}},
		{name: "longer than its license", about: theOrder, want: "refused field", do: func(w *world) {
			market(w)
			a := place(w, "O")
			a.EndOn = "2030-01-01"
			w.pretend(w.sign("buyer", "buyer", ledger.FnOrderPlace, a), changed(w, theLicense, func(l *ledger.License) { l.EndOn = "2031-01-01" }))
		}},
	})
}
