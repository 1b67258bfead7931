package node_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// TestRawFilesAreNotSold is what an operator could do: fetch a raw file under its
// license, add it to its product and sell it. And the other way round: a file that is
// sold becomes raw content, and what is being delivered is cut.
func TestRawFilesAreNotSold(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	file := data(16 << 20)
	raw := w.upload("holder", other(file))
	w.content("raw", "holder", ref(ledger.KindResource, "resource bus"), raw)
	made := w.upload("operator", file)
	w.sale("sale", "bus", made, ledger.Quota{})
	w.gets("environment", supplyPath("sale", "bus", raw.Object), other(file), raw.Node)

	stolen := w.upload("operator", other(file))
	args := ledger.ContentArgs{
		ID: id("stolen"), Subject: ref(ledger.KindProduct, "sale"), Object: stolen.Object, SHA256: stolen.SHA256,
		Bytes: stolen.Bytes, Ingest: stolen.Receipt, Node: stolen.Node, Name: "stolen.csv",
	}
	w.refused(w.check(w.token("operator"), ledger.FnContentAdd, args), http.StatusForbidden, ledger.ReasonRawContent)
	_, err := w.party["operator"].Call(t.Context(), ledger.FnContentAdd, args)
	if e := ledger.AsError(err); e == nil || e.Reason != ledger.ReasonRawContent || e.Field != "args.sha256" {
		t.Errorf("raw content of a product: %v", err)
	}
	w.answer("holder", ref(ledger.KindContent, "raw"), ledger.FnContentRemove)
	if _, err := w.party["operator"].Call(t.Context(), ledger.FnContentAdd, args); ledger.AsError(err) == nil {
		t.Errorf("raw content that was removed: %v", err)
	}

	sold := orderPath("sale", made.Object)
	running, read := w.begun("buyer", sold)
	w.content("raw too", "holder", ref(ledger.KindResource, "resource bus"), w.upload("holder", file))
	w.wasCut(running, read, len(file), ledger.Millis(time.Now().UnixMilli()))
	w.refused(w.ask(http.MethodGet, "buyer", sold), http.StatusForbidden, ledger.ReasonRawContent)
}
