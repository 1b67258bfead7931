package marketplace_test

import (
	"fmt"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace"
)

// wrote returns the events of a block that wrote records.
func wrote(refs ...ledger.Ref) []ledger.Event {
	var e ledger.Event
	for _, r := range refs {
		e.Records = append(e.Records, ledger.Record{Ref: r})
	}
	return []ledger.Event{e}
}

// TestRecheckDecidesOnlyWhatABlockChanged runs four transfers of one request, and counts
// how often the policies are asked about its two sources after a block.
func TestRecheckDecidesOnlyWhatABlockChanged(t *testing.T) {
	w := newWorld()
	a, _ := w.stored(t)
	var running []*marketplace.Transfer
	for range 4 {
		transfer, err := w.market.Begin(t.Context(), a)
		w.ok(err)
		running = append(running, transfer)
	}
	for _, c := range []struct {
		record ledger.Ref
		asked  int
	}{
		{ledger.RefTo(ledger.KindOrder, id("other order")), 0},
		{ledger.RefTo(ledger.KindParty, id("holder")), 0},
		{ledger.RefTo(ledger.KindOrder, id("order")), 2},
		{ledger.RefTo(ledger.KindProduct, id("product")), 2},
		{ledger.RefTo(ledger.KindLicense, id("license")), 2},
		{ledger.RefTo(ledger.KindParty, id("operator")), 2},
		{ledger.RefTo(ledger.KindParty, id("buyer")), 2},
		{ledger.RefTo(ledger.KindEntry, id("entry of metro")), 2},
		{ledger.RefTo(ledger.KindResource, id("bus")), 2},
		{ledger.RefTo(ledger.KindContent, w.file.ID), 2},
		{ledger.KeyRef("other"), 2},
	} {
		w.asked = nil
		w.recheck(c.record)
		if len(w.asked) != c.asked {
			t.Errorf("%s: the policies were asked %d times, want %d", c.record, len(w.asked), c.asked)
		}
	}
	w.order.State = ledger.OrderBlocked
	w.project()
	w.recheck(ledger.RefTo(ledger.KindOrder, id("order")))
	for i, transfer := range running {
		select {
		case <-transfer.Done():
		default:
			t.Errorf("transfer %d goes on after the order was blocked", i)
		}
		w.ok(transfer.Close())
	}
}

// TestRecheckCutsWhatBecameRaw: once its file is content of a resource that is not open,
// a delivery does not go on.
func TestRecheckCutsWhatBecameRaw(t *testing.T) {
	w := newWorld()
	a, _ := w.stored(t)
	transfer, err := w.market.Begin(t.Context(), a)
	w.ok(err)
	w.raw.ID, w.raw.SHA256 = id("raw again"), w.file.SHA256
	w.project()
	added := wrote(ledger.RefTo(ledger.KindContent, w.raw.ID))
	added[0].Links = []ledger.Link{{From: ledger.RefTo(ledger.KindFile, w.raw.SHA256), Rel: "content_of", To: ledger.RefTo(ledger.KindContent, w.raw.ID)}}
	w.market.Recheck(t.Context(), added)
	select {
	case <-transfer.Done():
	default:
		t.Error("it goes on")
	}
	w.ok(transfer.Close())
	if _, err := w.market.Begin(t.Context(), a); outcome(t, err) != "forbidden raw_content O21" {
		t.Errorf("another delivery: %v", err)
	}
}

// BenchmarkRecheck has 1,000 transfers of 16 buyers, of an order each, that nobody reads,
// and applies blocks: of another order, of one of the buyers, and of the license of all of
// them. It reports how many decisions a block takes.
func BenchmarkRecheck(b *testing.B) {
	w := newWorld()
	w.maxRunning = 64
	a, _ := w.stored(b)
	for i := range 16 {
		buyer, key, order := w.buyer, w.key, w.order
		buyer.ID = id(fmt.Sprint("buyer ", i))
		key.Kid, key.Party = ledger.KeyID(fmt.Sprint("key", i)), buyer.ID
		order.ID, order.Buyer = id(fmt.Sprint("order ", i)), buyer.ID
		w.more = append(w.more, record(ledger.KindParty, buyer.ID, buyer), record(ledger.KindKey, ledger.ID(key.Kid), key),
			record(ledger.KindOrder, order.ID, order))
	}
	w.project()
	for i := range 1000 {
		a.Party, a.Key = id(fmt.Sprint("buyer ", i%16)), ledger.KeyID(fmt.Sprint("key", i%16))
		a.Order = id(fmt.Sprint("order ", i%16))
		transfer, err := w.market.Begin(b.Context(), a)
		w.ok(err)
		b.Cleanup(func() { w.ok(transfer.Close()) })
	}
	for name, record := range map[string]ledger.Ref{
		"unrelated": ledger.RefTo(ledger.KindOrder, id("other")),
		"buyer":     ledger.RefTo(ledger.KindParty, id("buyer 7")), "license": ledger.RefTo(ledger.KindLicense, id("license")),
	} {
		b.Run(name, func(b *testing.B) {
			w.asked = nil
			for b.Loop() {
				w.recheck(record)
			}
			b.ReportMetric(float64(len(w.asked))/2/float64(b.N), "decisions/block")
		})
	}
}
