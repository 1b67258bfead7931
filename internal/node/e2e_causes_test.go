package node_test

import (
	"cmp"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// fate is how a running transfer and the next request fare. The zero fate: it goes on.
type fate struct {
	status int
	reason ledger.Reason
}

// word is what docs/delivery.md says of a fate.
func (f fate) word() string {
	if f.status == 0 {
		return "continues"
	}
	return "ends"
}

// cause is what may end a delivery of an order and the supply of its license. The names of
// its records, those of resource, license, product and order, are its row of docs/delivery.md.
type cause struct {
	row              string
	does             func(w *world, c cause)
	delivery, supply fate
	lifts            func(w *world, c cause) // nil: for good
	buyer            string                  // "buyer" if empty
	open             bool                    // the product's file is content of the resource, which is open
}

// file is the product's, of more bytes than lie in the buffers between node and receiver.
func (c cause) file() []byte {
	file := data(causeBytes)
	copy(file, c.row)
	return file
}

func forbidden(reason ledger.Reason) fate { return fate{http.StatusForbidden, reason} }

// acts is an act on the record of the cause, acts on one of a fixed name.
func acts(by, kind string, fn ledger.Function) func(*world, cause) {
	return func(w *world, c cause) { w.act(by, ref(kind, c.row), fn) }
}

func actsOn(by, party string, fn ledger.Function) func(*world, cause) {
	return func(w *world, _ cause) { w.act(by, ref(ledger.KindParty, party), fn) }
}

// causes are the rows of docs/delivery.md whose cause is a call.
func causes() []cause {
	suspendEntry, resumeEntry := acts("regulator", ledger.KindEntry, ledger.FnEntrySuspend), acts("regulator", ledger.KindEntry, ledger.FnEntryResume)
	license, ended := forbidden(ledger.ReasonLicense), fate{http.StatusUnauthorized, ledger.ReasonToken}
	party, suspended := forbidden(ledger.ReasonPartySuspended), forbidden(ledger.ReasonSuspended)
	entry, gone := forbidden(ledger.ReasonEntry), fate{http.StatusNotFound, ledger.ReasonContent}
	return []cause{
		{"License terminated (`license.terminate`)", acts("authority", ledger.KindLicense, ledger.FnLicenseTerminate), license, license, nil, "", false},
		{
			"License suspended (`license.suspend`)", acts("authority", ledger.KindLicense, ledger.FnLicenseSuspend), suspended, suspended,
			acts("authority", ledger.KindLicense, ledger.FnLicenseResume), "", false,
		},
		{
			"Operator suspended (`party.suspend`)", actsOn("regulator", "operator", ledger.FnPartySuspend), party, party,
			actsOn("regulator", "operator", ledger.FnPartyResume), "", false,
		},
		{
			"Buyer suspended", actsOn("regulator", "buyer", ledger.FnPartySuspend), party,
			fate{},
			actsOn("regulator", "buyer", ledger.FnPartyResume), "", false,
		},
		{
			"Holder suspended", actsOn("regulator", "holder", ledger.FnPartySuspend),
			fate{},
			fate{},
			actsOn("regulator", "holder", ledger.FnPartyResume), "", false,
		},
		{"Entry suspended (`entry.suspend`)", suspendEntry, entry, entry, resumeEntry, "", false},
		{"Entry of an open resource suspended, whose content the product's file is", suspendEntry, entry, entry, resumeEntry, "", true},
		{"Order blocked (`order.block`)", acts("regulator", ledger.KindOrder, ledger.FnOrderBlock), forbidden(ledger.ReasonOrder), fate{}, nil, "", false},
		{"Order fulfilled (`order.fulfill`)", acts("operator", ledger.KindOrder, ledger.FnOrderFulfill), fate{}, fate{}, nil, "", false},
		{"Product delisted (`product.delist`)", acts("operator", ledger.KindProduct, ledger.FnProductDelist), forbidden(ledger.ReasonNotListed), fate{}, nil, "", false},
		{"Content of the product removed (`content.remove`)", func(w *world, c cause) {
			w.answer("operator", ref(ledger.KindContent, c.row), ledger.FnContentRemove)
		}, gone, fate{}, nil, "", false},
		{"Content of the resource removed (`content.remove`)", func(w *world, c cause) {
			w.answer("holder", ref(ledger.KindContent, "raw "+c.row), ledger.FnContentRemove)
		}, fate{}, gone, nil, "", false},
		{"The product's file becomes content of its resource, which is not open (`content.add`)", func(w *world, c cause) {
			w.content("sold "+c.row, "holder", ref(ledger.KindResource, "resource "+c.row), w.upload("holder", c.file()))
		}, forbidden(ledger.ReasonRawContent), fate{}, nil, "", false},
		{"Key of the buyer exchanged (`key.rotate`)", func(w *world, _ cause) {
			r := w.rotation("buyer", "buyer", "buyer's next")
			w.call("buyer", ledger.KeyRef(r.Old), ledger.FnKeyRotate, r)
		}, ended, fate{}, func(w *world, _ cause) { w.holds("buyer", "buyer's next") }, "", false},
		{"Key of the buyer replaced (`key.replace`)", func(w *world, _ cause) {
			r := w.rotation("buyer", "buyer", "buyer's last")
			w.call("authority", ledger.KeyRef(r.Old), ledger.FnKeyReplace, ledger.KeyReplaceArgs{Party: id("buyer"), Old: r.Old, New: r.New, Proof: r.Proof, Reason: "lost"})
		}, ended, fate{}, func(w *world, _ cause) { w.holds("buyer", "buyer's last") }, "", false},
		{"Key of the buyer revoked (`key.revoke`)", func(w *world, _ cause) {
			kid := w.key("rival").ID()
			w.call("authority", ledger.KeyRef(kid), ledger.FnKeyRevoke, ledger.KeyRevokeArgs{Party: id("rival"), Kid: kid, Reason: "compromised"})
		}, ended, fate{}, nil, "rival", false},
		{"Key of the environment replaced (`environment.set`)", func(w *world, _ cause) {
			w.environment("environment's next")
		}, fate{}, ended, func(w *world, _ cause) { w.holds("environment", "environment's next") }, "", false},
	}
}

const causeBytes = 16 << 20

// rotation is what a fresh key needs to take the place of a party's old one.
func (w *world) rotation(party, old, fresh string) ledger.KeyRotateArgs {
	w.t.Helper()
	proof, err := ledger.SignRotation(w.key(fresh), ledger.RotationProof{Ledger: w.trust.Ledger, Party: id(party), Old: w.key(old).ID()})
	w.ok(err)
	return ledger.KeyRotateArgs{
		Old: w.key(old).ID(), New: ledger.NewKeyArg{JWK: w.key(fresh).Public(), Use: ledger.UseSign, Custody: ledger.CustodySelf}, Proof: proof,
	}
}

// holds has a member of the cast sign with another key.
func (w *world) holds(who, key string) {
	w.t.Helper()
	w.keys[who] = w.key(key)
	party := who
	if who == "environment" {
		party = "operator"
	}
	w.speak(who, id(party))
}

// TestRunningTransfersAreCut holds every cause against a delivery and a supply that are
// under way when it comes, and against the requests after it.
func TestRunningTransfersAreCut(t *testing.T) {
	w := serve(t, nil)
	for _, c := range causes() {
		t.Run(c.row, func(t *testing.T) {
			delivery, supply := w.stands(c)
			flows := []*flow{
				{fate: c.delivery, who: cmp.Or(c.buyer, "buyer"), path: delivery},
				{fate: c.supply, who: "environment", path: supply},
			}
			for _, f := range flows {
				f.running, f.read = w.begun(f.who, f.path)
			}
			c.does(w, c)
			acknowledged := ledger.Millis(time.Now().UnixMilli())
			for _, f := range flows {
				w.fares(f, acknowledged)
			}
			if c.lifts == nil {
				return
			}
			c.lifts(w, c)
			for _, f := range flows {
				again := w.ask(http.MethodGet, f.who, f.path)
				if n, err := io.Copy(io.Discard, again.Body); err != nil || again.StatusCode != http.StatusOK || n != causeBytes {
					t.Errorf("%s, once it was lifted: %d, %d bytes, %v", f.path, again.StatusCode, n, err)
				}
			}
		})
	}
}

// flow is a transfer under way, with what becomes of it.
type flow struct {
	fate
	who, path string
	running   *http.Response
	read      int
}

// fares checks what became of a transfer, and asks for it again.
func (w *world) fares(f *flow, acknowledged ledger.Millis) {
	w.t.Helper()
	if f.status != 0 {
		w.refused(w.ask(http.MethodGet, f.who, f.path), f.status, f.reason)
		w.wasCut(f.running, f.read, causeBytes, acknowledged)
		return
	}
	if n, err := io.Copy(io.Discard, f.running.Body); err != nil || int(n)+f.read != causeBytes {
		w.t.Errorf("%s does not go on: %d bytes, %v", f.path, int(n)+f.read, err)
	}
}

// stands makes what a cause acts upon, and returns where it is delivered and supplied.
func (w *world) stands(c cause) (delivery, supply string) {
	w.t.Helper()
	return w.standsUntil(c, "")
}

// standsUntil is stands with the last day of license and order, if it is not empty.
func (w *world) standsUntil(c cause, day ledger.Date) (delivery, supply string) {
	w.t.Helper()
	a := application(c.row, "holder")
	if c.open {
		a.Resource.OpenType = ledger.OpenTypeOpen
	}
	w.registerAs(c.row, "holder", a)
	file := c.file()
	sold, raw := w.upload("operator", file), file
	if !c.open {
		raw = other(file)
	}
	supplied := w.upload("holder", raw)
	w.content("raw "+c.row, "holder", ref(ledger.KindResource, "resource "+c.row), supplied)

	offer := tale.Offer(c.row, "authority", "operator", c.row)
	offer.Environments = []ledger.ID{id("environment")}
	offer.EndOn = cmp.Or(day, offer.EndOn)
	offer.OfferUntil = min(offer.OfferUntil, offer.EndOn)
	w.call("authority", ref(ledger.KindLicense, c.row), ledger.FnLicenseOffer, offer)
	w.answer("operator", ref(ledger.KindLicense, c.row), ledger.FnLicenseAccept)
	w.list(c.row, "operator", c.row, c.row)
	w.content(c.row, "operator", ref(ledger.KindProduct, c.row), sold)
	order := tale.Order(c.row, c.row, w.last[ref(ledger.KindProduct, c.row)], emergency)
	order.EndOn = cmp.Or(day, order.EndOn)
	w.call(cmp.Or(c.buyer, "buyer"), ref(ledger.KindOrder, c.row), ledger.FnOrderPlace, order)
	w.answer("operator", ref(ledger.KindOrder, c.row), ledger.FnOrderAccept)
	return orderPath(c.row, sold.Object), supplyPath(c.row, c.row, supplied.Object)
}

// TestTransfersEndWithTheLastDay begins a delivery and a supply when the node's clock
// stands just before the end of the last day of their order and license.
func TestTransfersEndWithTheLastDay(t *testing.T) {
	w := lay(t, limits(nil))
	stop := w.run()
	w.admit()
	last := tale.Date(0, 1)
	delivery, supply := w.standsUntil(cause{row: "End of the last day"}, last)
	stop()

	after := ledgertest.Noon(last).Add(12 * time.Hour)
	w.now = func() time.Time { return after.Add(-500 * time.Millisecond) }
	w.open()
	w.everybody()
	for who, path := range map[string]string{"buyer": delivery, "environment": supply} {
		running, read := w.begun(who, path)
		w.ended(ledger.ID(running.Header.Get("Cadastre-Receipt")))
		w.wasCut(running, read, causeBytes, ledger.Millis(after.UnixMilli()))
	}
}

// TestTheTableOfCauses: docs/delivery.md says of each cause what the tests hold.
func TestTheTableOfCauses(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "delivery.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| Cause | Delivery | Supply |\n|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	says := map[string]string{}
	for row := range strings.SplitSeq(table, "\n") {
		name, fates, _ := strings.Cut(strings.Trim(row, "| "), " | ")
		says[name] = fates
	}
	for _, c := range causes() {
		if want := c.delivery.word() + " | " + c.supply.word(); says[c.row] != want {
			t.Errorf("docs/delivery.md says %q of %s, want %q", says[c.row], c.row, want)
		}
		delete(says, c.row)
	}
	for _, other := range []string{ // held by tests of their own
		"End of the last day of order, license, review or entry, or the end of a key",
		"The node has not applied a known block for a second, or its ledger stopped",
		"The receiver accepts nothing for 60 seconds, or for two while its party asks again",
	} {
		if says[other] == "" {
			t.Errorf("docs/delivery.md lacks the row %s", other)
		}
		delete(says, other)
	}
	for name := range says {
		t.Errorf("docs/delivery.md has a cause that no test has: %s", name)
	}
}
