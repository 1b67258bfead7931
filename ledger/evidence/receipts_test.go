package evidence_test

import (
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// starting is the start of a delivery of O that nothing speaks against.
func starting(w *world) ledger.Receipt {
	o, c := get[ledger.Order](w, ref(ledger.KindOrder, "O")), get[ledger.Content](w, ref(ledger.KindContent, "data"))
	purpose := o.Purpose
	return ledger.Receipt{
		V: 1, Kind: ledger.ReceiptStart, ID: id("start"), Time: w.now, Party: o.Buyer, Flow: ledger.Delivery, License: o.License,
		Order: o.ID, Subject: c.Subject, Content: c.ID, Purpose: &purpose,
		Revision: &ledger.Revision{Block: uint64(len(w.log.entries) - 1), Head: sum("head")},
		Object:   c.Object, SHA256: c.SHA256, Size: c.Bytes, Length: c.Bytes,
	}
}

// ending is the end of a start.
func ending(s ledger.Receipt) ledger.Receipt {
	s.Start, s.Kind, s.ID, s.Revision = s.ID, ledger.ReceiptEnd, ledger.DeriveID("end", string(s.ID)), nil
	s.Bytes, s.Outcome = s.Length, ledger.Complete
	return s
}

// wrong is a change to a start or an end. The rule of delivery refuses some; the
// others are seen in the receipts alone, by their calls and their anchor.
type wrong struct {
	name       string
	start, end func(r *ledger.Receipt)
	byRule     bool
}

func wrongs() []wrong {
	same := func(*ledger.Receipt) {}
	return []wrong{
		{"party", func(r *ledger.Receipt) { r.Party = id("buyer2") }, same, true},
		{"license", func(r *ledger.Receipt) { r.License = id("L2") }, same, true},
		{"order", func(r *ledger.Receipt) { r.Order = id("O2") }, same, false},
		{"subject", func(r *ledger.Receipt) { r.Subject = ref(ledger.KindProduct, "P2") }, same, true},
		{"purpose", func(r *ledger.Receipt) { r.Purpose = &ledger.Purpose{Class: ledger.Welfare, Code: "x"} }, same, true},
		{"no purpose", func(r *ledger.Receipt) { r.Purpose = nil }, same, true},
		{"hash", func(r *ledger.Receipt) { r.SHA256 = sum("other") }, same, true},
		{"object", func(r *ledger.Receipt) { r.Object = "other" }, same, true},
		{"size", func(r *ledger.Receipt) { r.Size++ }, same, true},
		{"offset", func(r *ledger.Receipt) { r.Offset = 1 }, same, true},
		{"flow", func(r *ledger.Receipt) { r.Flow = ledger.Supply }, same, false},
		{"no revision", func(r *ledger.Receipt) { r.Revision = nil }, same, false},
		{"decided before it was paid", func(r *ledger.Receipt) { r.Revision = &ledger.Revision{Block: r.Revision.Block - 1} }, same, true},
		{"before the order's term", func(r *ledger.Receipt) { r.Time = noon - 24*3_600_000 }, same, false},
		{"before it was active", func(r *ledger.Receipt) { r.Time -= 10 * 60_000 }, same, false},
		{"younger than its anchor", func(r *ledger.Receipt) { r.Time += 10 * 60_000 }, same, false},
		{"end of another start", same, func(r *ledger.Receipt) { r.Start = id("x") }, false},
		{"end of another party", same, func(r *ledger.Receipt) { r.Party = id("buyer2") }, false},
		{"end of other bytes", same, func(r *ledger.Receipt) { r.SHA256 = sum("other") }, false},
		{"end of another order", same, func(r *ledger.Receipt) { r.Order = id("O2") }, false},
		{"more than asked", same, func(r *ledger.Receipt) { r.Bytes, r.Outcome = r.Length+1, ledger.Partial }, false},
		{"less than complete", same, func(r *ledger.Receipt) { r.Bytes-- }, false},
		{"no outcome", same, func(r *ledger.Receipt) { r.Outcome = "" }, false},
		{"end long before its start", same, func(r *ledger.Receipt) { r.Time -= 10 * 60_000 }, false},
		{"another version", same, func(r *ledger.Receipt) { r.V = 2 }, false},
	}
}

// TestReceiptsOfSomethingElseFail puts receipts that the node made up, anchored
// like the honest ones, in the place of those.
func TestReceiptsOfSomethingElseFail(t *testing.T) {
	w := begin(t)
	market(w)
	w.order("O", "P", "buyer")
	good := starting(w)
	leaf := w.appendReceipt(node, good)
	w.appendReceipt(node, ending(good))
	for _, c := range wrongs() {
		s := starting(w)
		s.ID = id(c.name)
		c.start(&s)
		e := ending(s)
		c.end(&e)
		w.appendReceipt(node, s)
		w.appendReceipt(node, e)
	}
	w.anchor("node", node)
	b, _ := w.build(ledger.RefTo(ledger.KindReceipt, leaf))
	b.About = ref(ledger.KindOrder, "O")
	if _, err := w.verify(encode(t, b)); err != nil {
		t.Fatalf("the honest receipts: %v", err)
	}
	l := w.receipts[ledger.ReceiptLog(node)]
	item := func(n int) evidence.ReceiptItem {
		return evidence.ReceiptItem{Index: int64(n), Entry: l.entries[n], Path: l.path(t, int64(n), int64(len(l.entries)))}
	}
	for i, c := range wrongs() {
		t.Run(c.name, func(t *testing.T) {
			w := *w
			w.t = t
			b.Receipts = slices.Clone(b.Receipts)
			b.Receipts[0].Items = []evidence.ReceiptItem{item(2*i + 2), item(2*i + 3)}
			want := evidence.CheckReceipt
			if c.byRule {
				want = evidence.CheckDelivery
			}
			w.fails(b, want)
		})
	}
	for name, items := range map[string][]evidence.ReceiptItem{
		"a start alone": {item(0)}, "an end alone": {item(1)},
	} {
		b.Receipts[0].Items = items
		t.Run(name, func(t *testing.T) { w.fails(b, evidence.CheckReceipt) })
	}
	b.Receipts[0].Items = []evidence.ReceiptItem{}
	w.fails(b, evidence.CheckNotNeeded)
}

// TestReceiptsAfterTheEnd: what the records as of the decision forbid is refused
// even where receipt and anchor are in order.
func TestReceiptsAfterTheEnd(t *testing.T) {
	license, entry := ref(ledger.KindLicense, "L"), ref(ledger.KindEntry, "bus")
	for name, stop := range map[string]func(w *world){
		"license suspended":  func(w *world) { w.must("regulator", ledger.FnLicenseSuspend, w.target(license)) },
		"license terminated": func(w *world) { w.must("implementer", ledger.FnLicenseTerminate, w.target(license)) },
		"entry suspended":    func(w *world) { w.must("regulator", ledger.FnEntrySuspend, w.target(entry)) },
		"order not paid":     func(*world) {},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			market(w)
			w.must("buyer", ledger.FnOrderPlace, place(w, "O"))
			o := ref(ledger.KindOrder, "O")
			w.must("operator", ledger.FnOrderAccept, w.answer(o))
			if name != "order not paid" {
				w.must("operator", ledger.FnOrderConfirmPayment, ledger.OrderPaymentArgs{
					ID: id("O"), Answers: w.cited(o), Reference: "2026-77", PaidAt: w.now, Fen: 300000,
				})
			}
			stop(w)
			w.deliver("O", "data")
			w.anchor("node", node)
			w.refuses(o, "delivery")
		})
	}
}

func TestAnchorsOfOthersFail(t *testing.T) {
	w := begin(t)
	market(w)
	w.contentAt("node2.example", "data2", "operator", ref(ledger.KindProduct, "P"))
	w.order("O", "P", "buyer")
	order := ref(ledger.KindOrder, "O")
	s := starting(w)
	w.appendReceipt(node, s)
	w.appendReceipt(node, ending(s))
	c := get[ledger.Content](w, ref(ledger.KindContent, "data2"))
	s.ID, s.Content, s.Object, s.SHA256 = id("second"), c.ID, c.Object, c.SHA256
	w.appendReceipt("node2.example", s)
	w.appendReceipt("node2.example", ending(s))
	w.anchor("node", node)
	w.anchor("node2", "node2.example")
	b, _ := w.build(order)
	if len(b.Receipts) != 2 {
		t.Fatalf("%d groups", len(b.Receipts))
	}
	mixed := b
	mixed.Receipts = slices.Clone(b.Receipts)
	mixed.Receipts[0].Anchor, mixed.Receipts[1].Anchor = b.Receipts[1].Anchor, b.Receipts[0].Anchor
	w.fails(mixed, evidence.CheckReceipt)
	mixed.Receipts = slices.Clone(b.Receipts)
	mixed.Receipts[0].Log = b.Receipts[1].Log
	w.fails(mixed, evidence.CheckForm)

	// An anchor of the node's log by another platform: the contract refuses it,
	// a dishonest sequencer records it all the same.
	log := ledger.ReceiptLog(node)
	l := w.receipts[log]
	args := ledger.AnchorArgs{Log: log, Size: 2, Root: digests([]tlog.Hash{l.root(t, 2)})[0], Proof: []ledger.Digest{}}
	w.forge(w.sign("node2", "node2", ledger.FnAnchor, args), w.wrote(ledger.RefTo(ledger.KindAnchor, log), ledger.Anchor{}))
	w.refuses(order, "receipt")
}

// TestReceiptsAtAnotherNode: a receipt counts only in the log of the node that
// holds the content.
func TestReceiptsAtAnotherNode(t *testing.T) {
	w := begin(t)
	market(w)
	w.order("O", "P", "buyer")
	s := starting(w)
	w.appendReceipt("node2.example", s)
	w.appendReceipt("node2.example", ending(s))
	w.anchor("node2", "node2.example")
	w.refuses(ref(ledger.KindOrder, "O"), "delivery")
}

// TestSwappedReceipts: the receipts of one order prove nothing of another.
func TestSwappedReceipts(t *testing.T) {
	w := begin(t)
	story(w)
	one, _ := w.build(ref(ledger.KindOrder, "O"))
	two, _ := w.build(ref(ledger.KindOrder, "O2"))
	one.Receipts, two.Receipts = two.Receipts, one.Receipts
	one.Receipts[0].Anchor, two.Receipts[0].Anchor = len(one.Calls)-1, len(two.Calls)-1
	w.fails(one, evidence.CheckReceipt)
	w.fails(two, evidence.CheckReceipt)
	supplied, _ := w.build(ref(ledger.KindLicense, "L"))
	supplied.Receipts = two.Receipts
	supplied.Receipts[0].Anchor = len(supplied.Calls) - 1
	w.fails(supplied, evidence.CheckReceipt)
}
