package evidence_test

import (
	"slices"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// TestEachCallIsNeeded leaves each call out of a valid bundle of each kind. No such
// bundle is valid, except one without the last call about its subject: it shows the
// record before that call, like a bundle under an older checkpoint.
func TestEachCallIsNeeded(t *testing.T) {
	w := begin(t)
	w.register("other") // a resource that the license names and nothing here is about
	w.register("bus")
	w.environment("env")
	w.must("implementer", ledger.FnLicenseOffer, scenario("L", id("resource bus"), id("resource other")))
	w.must("operator", ledger.FnLicenseAccept, w.answer(theLicense))
	w.must("implementer", ledger.FnLicenseSuspend, w.target(theLicense))
	w.must("implementer", ledger.FnLicenseResume, w.target(theLicense))
	w.must("operator", ledger.FnProductList, listing("P", "L", 1))
	w.must("operator", ledger.FnProductChange, listing("P", "L", 2))
	w.content("data", "operator", ref(ledger.KindProduct, "P"))
	w.order("O", "P", "buyer")
	leaf := w.deliver("O", "data")
	w.anchor("node", node)
	for _, about := range []ledger.Ref{
		theOrder, theLicense, theEntry, theApplication, ref(ledger.KindProduct, "P"), ref(ledger.KindContent, "data"),
		ref(ledger.KindResource, "resource bus"), ref(ledger.KindEnvironment, "env"), ref(ledger.KindParty, "buyer"),
		ledger.RefTo(ledger.KindDeposit, sum("deposit bus")), ledger.RefTo(ledger.KindReceipt, leaf),
	} {
		t.Run(about.Kind(), func(t *testing.T) {
			b, r := w.build(about)
			t.Logf("%d calls, %d bytes, %d beside", len(b.Calls), len(encode(t, b)), r.Unrelated)
			for i := range b.Calls {
				x := leftOut(b, i)
				before, err := w.verify(encode(t, x))
				switch {
				case evidence.AsFailure(err) != nil:
				case err != nil || !lastOf(r, i):
					t.Errorf("without %s it verifies: %v", r.Steps[i].Function, err)
				case len(before.Steps) != len(r.Steps)-1 || !slices.Contains(before.NotProven, evidence.LaterCalls):
					t.Errorf("without %s: %+v", r.Steps[i].Function, before)
				}
			}
		})
	}
}

// lastOf reports whether a step is the last that wrote what the report is about.
func lastOf(r evidence.Report, i int) bool {
	last := -1
	for n, s := range r.Steps {
		if slices.Contains(s.What, r.About) {
			last = n
		}
	}
	return i == last
}

// leftOut is a bundle without one of its calls.
func leftOut(b evidence.Bundle, i int) evidence.Bundle {
	b.Calls = slices.Delete(slices.Clone(b.Calls), i, i+1)
	b.Receipts = slices.Clone(b.Receipts)
	for j := range b.Receipts {
		if b.Receipts[j].Anchor > i {
			b.Receipts[j].Anchor--
		}
	}
	return b
}

// TestCallLeftOutOfAnHonestLog: a bundle made as if a call had never been does not
// verify, where a later call read what it wrote.
func TestCallLeftOutOfAnHonestLog(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(w *world)
		hide []ledger.Function
		want string
	}{
		"a suspension and its lifting": {func(w *world) {
			w.must("regulator", ledger.FnPartySuspend, w.target(ref(ledger.KindParty, "operator")))
			w.must("regulator", ledger.FnPartyResume, w.target(ref(ledger.KindParty, "operator")))
		}, []ledger.Function{ledger.FnPartyResume, ledger.FnPartySuspend}, "reads"},
		"a price changed and changed back": {func(w *world) {
			p := listing("P", "L", 2)
			p.Price.Fen = 5
			w.must("operator", ledger.FnProductChange, p)
			w.must("operator", ledger.FnProductChange, listing("P", "L", 3))
		}, []ledger.Function{ledger.FnProductChange, ledger.FnProductChange}, "refused stale"},
		"a rotation": {func(w *world) { w.rotate("buyer", "buyer 2") }, []ledger.Function{ledger.FnKeyRotate}, "key"},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			market(w)
			c.do(w)
			w.order("O", "P", "buyer")
			w.build(theOrder)
			for _, fn := range c.hide {
				w.hide(fn)
			}
			w.refuses(theOrder, c.want)
		})
	}
}

// TestCalendarLeftOut: the absence of a list of working days is proved where a
// period was counted, and so is the list.
func TestCalendarLeftOut(t *testing.T) {
	w := statutory(t)
	passed(w)
	w.year(2028)
	w.now += 30 * 24 * 3_600_000
	w.must("body", ledger.FnAppCode, coding(w))
	w.build(theEntry)
	w.hide(ledger.FnCalendarSet)
	w.refuses(theEntry, "reads")
}
