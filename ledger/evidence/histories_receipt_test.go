package evidence_test

import (
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

// delivered is an order that was delivered once, with receipts that the node changed.
func delivered(change func(s, e *ledger.Receipt)) func(w *world) {
	return func(w *world) {
		market(w)
		w.order("O", "P", "buyer")
		w.handOver(change)
	}
}

// handOver writes a delivery of the order with receipts that the node changed.
func (w *world) handOver(change func(s, e *ledger.Receipt)) {
	w.now += 1000
	s := starting(w)
	e := ending(s)
	change(&s, &e)
	w.appendReceipt(node, s)
	w.appendReceipt(node, e)
	w.anchor("node", node)
}

// limited is an order with limits, paid and active.
func limited(quota ledger.Quota) func(w *world) {
	return func(w *world) {
		market(w)
		a := place(w, "O")
		a.Limits = quota
		w.must("buyer", ledger.FnOrderPlace, a)
		w.must("operator", ledger.FnOrderAccept, w.answer(theOrder))
		w.must("operator", ledger.FnOrderConfirmPayment, payment(w))
	}
}

func TestHistoriesOfReceipts(t *testing.T) {
	runHistories(t, []history{
		{name: "an end of another length than its start", about: theOrder, want: "receipt", do: delivered(func(_, e *ledger.Receipt) { e.Length, e.Size, e.Bytes = 7, 7, 7 })},
		{name: "decided at a revision after the anchor", about: theOrder, want: "receipt", do: delivered(func(s, _ *ledger.Receipt) { s.Revision.Block = 1_000_000_000 })},
		{name: "decided before the order was paid", about: theOrder, want: "delivery", do: delivered(func(s, _ *ledger.Receipt) { s.Revision.Block-- })},
		{name: "delivered to another", about: theOrder, want: "delivery", do: delivered(func(s, e *ledger.Receipt) { s.Party, e.Party = id("buyer2"), id("buyer2") })},
		{name: "delivered to a key that the buyer never had", about: theOrder, want: "delivery", do: delivered(func(s, e *ledger.Receipt) {
			s.Key = "nobody"
			e.Key = s.Key
		})},
		{name: "1000 bytes under a limit of 10", about: theOrder, want: "delivery", do: func(w *world) {
			limited(ledger.Quota{Bytes: 10})(w)
			w.deliver("O", "data")
			w.anchor("node", node)
		}},
		{name: "three whole deliveries under a limit of two", about: theOrder, want: "delivery", do: func(w *world) {
			limited(ledger.Quota{Bytes: 2500})(w)
			for range 3 {
				w.deliver("O", "data")
			}
			w.anchor("node", node)
		}},
		{name: "three uses of two", about: theOrder, want: "delivery", do: func(w *world) {
			limited(ledger.Quota{Uses: 2})(w)
			for range 3 {
				w.deliver("O", "data")
			}
			w.anchor("node", node)
		}},
		{name: "a revision that is a day older than its receipt", about: theOrder, want: "receipt", do: func(w *world) {
			market(w)
			w.order("O", "P", "buyer")
			before := uint64(len(w.log.entries)) - 1
			w.must("regulator", ledger.FnLicenseSuspend, w.target(theLicense))
			w.must("regulator", ledger.FnLicenseResume, w.target(theLicense))
			w.now += 24 * 3_600_000
			w.deliver("O", "data") // by which the bundle holds the suspension
			w.handOver(func(s, _ *ledger.Receipt) { s.Revision.Block = before })
		}},
		{name: "a delivery while the buyer was suspended", about: theOrder, want: "delivery", do: func(w *world) {
			market(w)
			w.order("O", "P", "buyer")
			w.must("regulator", ledger.FnPartySuspend, w.target(ref(ledger.KindParty, "buyer")))
			w.handOver(func(_, _ *ledger.Receipt) {})
		}},
	})
}

// TestLimitsThatHold: what is within the limits verifies, and what broke off may
// have been sent again.
func TestLimitsThatHold(t *testing.T) {
	for name, do := range map[string]func(w *world){
		"two of two": func(w *world) {
			limited(ledger.Quota{Bytes: 2000, Uses: 2})(w)
			w.deliver("O", "data")
			w.deliver("O", "data")
		},
		"resumed": func(w *world) {
			limited(ledger.Quota{Bytes: 1000, Uses: 1})(w)
			s := starting(w)
			e := ending(s)
			e.Bytes, e.Outcome = 900, ledger.Partial
			w.appendReceipt(node, s)
			w.appendReceipt(node, e)
			w.deliver("O", "data")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			do(w)
			w.anchor("node", node)
			if _, r := w.build(theOrder); len(r.Receipts) != 2 {
				t.Errorf("%d deliveries", len(r.Receipts))
			}
		})
	}
}
