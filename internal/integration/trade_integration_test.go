//go:build integration

package integration_test

import (
	"bytes"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

func sum(text string) ledger.Digest { return ledgertest.Hash(text) }

// tale is what happens in the town: today, free of charge.
func (w *world) tale() ledgertest.Story {
	return ledgertest.Story{Today: time.Now, Region: region, Purposes: []ledger.Purpose{purpose}, ID: func(name string) ledger.ID {
		if w.profiles[name] != "" {
			return w.party(name)
		}
		return w.id(name)
	}}
}

// application is one for a resource of the holder.
func (w *world) application(name, title string) ledger.AppSubmitArgs {
	w.t.Helper()
	a := w.tale().Submission(name, "holder")
	a.Resource.Title, a.Deposit = title, sum("deposit "+string(w.id(name)))
	return a
}

// register takes a resource to its entry, at a node.
func (w *world) register(at, name, title string) client.Outcome {
	w.t.Helper()
	var last client.Outcome
	w.tale().Registration(w.application(name, title), "holder", func(who string, written ledger.Ref, fn ledger.Function, args any) ledger.Digest {
		last = w.call(who, at, written, fn, args)
		return w.cited(written)
	})
	return last
}

// purpose of every license, product and order here: it costs nothing.
var purpose = ledger.Purpose{Class: ledger.Governance, Code: "emergency"}

// license offers one over a resource at a node; the operator accepts at its own.
func (w *world) license(at, name, resource string, environments ...ledger.ID) {
	w.t.Helper()
	r := w.ref(ledger.KindLicense, name)
	a := w.tale().Offer(name, "authority", "operator", resource)
	a.Environments = append(a.Environments, environments...)
	offer := w.call("authority", at, r, ledger.FnLicenseOffer, a)
	w.catch(offer.Position.Block, "operator")
	w.answer("operator", "operator", r, ledger.FnLicenseAccept)
}

// put uploads a file at a node and records it as content there.
func (w *world) put(who, at, name string, subject ledger.Ref, file []byte) wire.Ingested {
	w.t.Helper()
	up, err := w.as(who, at).Upload(w.t.Context(), bytes.NewReader(file))
	w.ok(err)
	w.call(who, at, w.ref(ledger.KindContent, name), ledger.FnContentAdd, ledger.ContentArgs{
		ID: w.id(name), Subject: subject, Object: up.Object, SHA256: up.SHA256, Bytes: up.Bytes, Ingest: up.Receipt, Node: up.Node, Name: name + ".csv",
	})
	return up
}

// list lists a product of a license, at the operator's node.
func (w *world) list(name, resource string) ledger.Ref {
	w.t.Helper()
	product := w.ref(ledger.KindProduct, name)
	w.call("operator", "operator", product, ledger.FnProductList, w.tale().Listing(name, name, resource))
	return product
}

// ordering is an order of a product.
func (w *world) ordering(id ledger.ID, product string) ledger.OrderPlaceArgs {
	a := w.tale().Order(product, product, w.cited(w.ref(ledger.KindProduct, product)), purpose)
	a.ID = id
	return a
}

// sale is a license, a product of it with a file at the operator's node, and an
// order, placed at a node. All go by the sale's name.
func (w *world) sale(at, name, resource string, file []byte) wire.Ingested {
	w.t.Helper()
	w.license("bureau", name, resource)
	product := w.list(name, resource)
	up := w.put("operator", "operator", "content "+name, product, file)
	order := w.ref(ledger.KindOrder, name)
	w.call("buyer", at, order, ledger.FnOrderPlace, w.ordering(w.id(name), name))
	out := w.answer("operator", "operator", order, ledger.FnOrderAccept)
	w.catch(out.Position.Block, organizations...)
	return up
}

// orderPath is where content of an order is fetched.
func (w *world) orderPath(name, object string) string {
	return "/v1/orders/" + string(w.id(name)) + "/content/" + object
}
