package evidence_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// register brings a resource to its code.
func (w *world) register(name string) {
	w.t.Helper()
	tale.Registration(submission(name), "holder", func(who string, written ledger.Ref, fn ledger.Function, args any) ledger.Digest {
		w.must(who, fn, args)
		return w.cited(written)
	})
}

func submission(name string) ledger.AppSubmitArgs { return tale.Submission(name, "holder") }

// environment puts the operator's environment on record.
func (w *world) environment(name string) {
	w.t.Helper()
	args := tale.Environment(w.t, id("ledger"), w.key("environment "+name), name)
	args.Proof = w.cast.sign(w.t, w.key("environment "+name), args.ID, func() (string, error) { return args.Proof, nil })
	w.must("implementer", ledger.FnEnvironmentSet, args)
}

func (w *world) offer(name string) {
	w.t.Helper()
	w.must("implementer", ledger.FnLicenseOffer, offer(name))
}

func offer(name string) ledger.LicenseOfferArgs {
	a := tale.Offer(name, "implementer", "operator")
	a.Environments = []ledger.ID{id("env")}
	return a
}

func listing(name, license string, version int) ledger.ProductListArgs {
	a := tale.Listing(name, license, "bus")
	a.Version, a.Purposes = version, []ledger.Purpose{logistics}
	return a
}

var logistics = ledger.Purpose{Class: ledger.Industry, Code: "logistics"}

func (w *world) content(name, owner string, subject ledger.Ref) {
	w.t.Helper()
	w.contentAt(node, name, owner, subject)
}

func (w *world) contentAt(origin, name, owner string, subject ledger.Ref) {
	w.t.Helper()
	w.must(owner, ledger.FnContentAdd, ledger.ContentArgs{
		ID: id(name), Subject: subject, Object: "object-" + name, SHA256: sum(name), Bytes: 1000, Ingest: sum("ingest " + name), Node: origin,
		Name: name + ".csv",
	})
}

// order is paid and active in the end.
func (w *world) order(name, product, buyer string) {
	w.t.Helper()
	o := ref(ledger.KindOrder, name)
	w.must(buyer, ledger.FnOrderPlace, tale.Order(name, product, w.cited(ref(ledger.KindProduct, product)), logistics))
	w.must("operator", ledger.FnOrderAccept, w.answer(o))
	w.must("operator", ledger.FnOrderConfirmPayment, ledger.OrderPaymentArgs{
		ID: id(name), Answers: w.cited(o), Reference: "2026-77", PaidAt: w.now, Fen: 300000,
	})
}

// deliver appends the start and the end receipt of a delivery, and returns the
// start's leaf hash.
func (w *world) deliver(order, content string) ledger.Digest {
	w.t.Helper()
	o, c := get[ledger.Order](w, ref(ledger.KindOrder, order)), get[ledger.Content](w, ref(ledger.KindContent, content))
	purpose := o.Purpose
	return w.transfer(ledger.Receipt{
		Party: o.Buyer, Flow: ledger.Delivery, License: o.License, Order: o.ID, Subject: c.Subject, Purpose: &purpose,
	}, c)
}

// supply appends the start and the end receipt of a supply to the environment.
func (w *world) supply(license, content string) ledger.Digest {
	w.t.Helper()
	c := get[ledger.Content](w, ref(ledger.KindContent, content))
	return w.transfer(ledger.Receipt{
		Party: id("operator"), Flow: ledger.Supply, License: id(license), Environment: id("env"), Subject: c.Subject,
		Key: w.key("environment env").ID(),
	}, c)
}

func (w *world) transfer(r ledger.Receipt, c ledger.Content) ledger.Digest {
	w.t.Helper()
	w.n++
	w.now += 1000
	r.V, r.Kind, r.ID, r.Time = 1, ledger.ReceiptStart, id("start"+strconv.Itoa(w.n)), w.now
	r.Revision = &ledger.Revision{Block: uint64(len(w.log.entries) - 1), Head: sum("head")}
	r.Content, r.Object, r.SHA256, r.Size, r.Length = c.ID, c.Object, c.SHA256, c.Bytes, c.Bytes
	start := w.appendReceipt(c.Node, r)
	r.Kind, r.Start, r.Revision = ledger.ReceiptEnd, r.ID, nil
	r.ID, r.Time, r.Bytes, r.Outcome = ledger.DeriveID("end", string(r.Start)), w.now+500, r.Length, ledger.Complete
	w.appendReceipt(c.Node, r)
	return start
}

// appendReceipt appends a receipt to a node's log.
func (w *world) appendReceipt(origin string, r ledger.Receipt) ledger.Digest {
	w.t.Helper()
	log := ledger.ReceiptLog(origin)
	if w.receipts[log] == nil {
		w.receipts[log] = &tree{}
	}
	entry := encode(w.t, r)
	w.receipts[log].append(w.t, entry)
	h := tlog.RecordHash(entry)
	return ledger.Digest(hex.EncodeToString(h[:]))
}

// anchor records the root of a node's receipt log.
func (w *world) anchor(party, origin string) {
	w.t.Helper()
	log := ledger.ReceiptLog(origin)
	l, from := w.receipts[log], w.anchored[log]
	size := int64(len(l.entries))
	args := ledger.AnchorArgs{Log: log, Size: size, Root: digests([]tlog.Hash{l.root(w.t, size)})[0], Proof: []ledger.Digest{}}
	if from > 0 && from < size {
		p, err := tlog.ProveTree(size, from, l)
		if err != nil {
			w.t.Fatalf("prove: %v", err)
		}
		args.Proof = digests(p)
	}
	w.must(party, ledger.FnAnchor, args)
	w.anchored[log] = size
}

// Receipts implements evidence.Source.
func (w *world) Receipts(_ context.Context, about ledger.Ref) ([]evidence.AnchoredReceipts, error) {
	var groups []evidence.AnchoredReceipts
	for _, log := range slices.Sorted(maps.Keys(w.receipts)) {
		l, size := w.receipts[log], w.anchored[log]
		at := w.index[ledger.RecordKey(ledger.RefTo(ledger.KindAnchor, log))]
		if l == nil || len(at) == 0 {
			continue
		}
		group := evidence.AnchoredReceipts{Log: log, Anchor: ledger.Position{Block: uint64(at[len(at)-1])}}
		for i, entry := range l.entries[:size] {
			if w.of(l, about, entry) {
				group.Items = append(group.Items, evidence.ReceiptItem{Index: int64(i), Entry: entry, Path: l.path(w.t, int64(i), size)})
			}
		}
		if len(group.Items) > 0 {
			groups = append(groups, group)
		}
	}
	return groups, nil
}

// of reports whether a receipt is among those of about.
func (w *world) of(l *tree, about ledger.Ref, entry []byte) bool {
	r := receipt(w, entry)
	switch about.Kind() {
	case ledger.KindOrder:
		return string(r.Order) == about.ID()
	case ledger.KindLicense:
		return r.Flow == ledger.Supply && string(r.License) == about.ID()
	case ledger.KindResource:
		return r.Flow == ledger.Supply && r.Subject == about
	}
	var start ledger.ID
	for _, e := range l.entries {
		h := tlog.RecordHash(e)
		if hex.EncodeToString(h[:]) == about.ID() {
			o := receipt(w, e)
			start = o.ID
			if o.Kind == ledger.ReceiptEnd {
				start = o.Start
			}
		}
	}
	return start != "" && (r.ID == start || r.Start == start)
}

func receipt(w *world, entry []byte) ledger.Receipt {
	w.t.Helper()
	var r ledger.Receipt
	if err := json.Unmarshal(entry, &r); err != nil {
		w.t.Fatalf("receipt: %v", err)
	}
	return r
}

// story is a ledger on which all has happened once, and some things twice.
func story(w *world) {
	w.t.Helper()
	w.register("bus")
	w.register("river")
	w.environment("env")
	w.offer("L")
	w.must("operator", ledger.FnLicenseAccept, w.answer(ref(ledger.KindLicense, "L")))
	w.must("operator", ledger.FnProductList, listing("P", "L", 1))
	w.content("data", "operator", ref(ledger.KindProduct, "P"))
	w.content("raw", "holder", ref(ledger.KindResource, "resource bus"))
	w.supply("L", "raw")
	w.order("O", "P", "buyer")
	w.order("O2", "P", "buyer2")
	w.deliver("O", "data")
	w.deliver("O2", "data")
	w.deliver("O", "data")
	w.anchor("node", node)
}
