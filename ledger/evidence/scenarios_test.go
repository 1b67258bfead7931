package evidence_test

import (
	"fmt"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// statutory is a ledger with the law's limits and the calendars of two years.
func statutory(t *testing.T) *world {
	t.Helper()
	w := beginWith(t, func(a *ledger.GenesisArgs) { a.Demo, a.Limits = false, ledger.StatutoryLimits() })
	w.year(2026)
	w.year(2027)
	return w
}

// year records a list of working days.
func (w *world) year(y int, off ...ledger.Date) {
	w.t.Helper()
	w.must("authority", ledger.FnCalendarSet, ledger.CalendarArgs{
		Year: y, Off: append([]ledger.Date{ledger.Date(fmt.Sprint(y, "-01-01"))}, off...), Work: []ledger.Date{}, Source: "国办发明电",
	})
}

// TestStatutoryLimits: a calendar that changed within a period is in the bundle in
// both its versions.
func TestStatutoryLimits(t *testing.T) {
	w := statutory(t)
	passed(w)
	w.year(2026, "2026-11-02", "2026-11-03")
	w.now += 30 * 24 * 3_600_000
	w.must("body", ledger.FnAppCode, coding(w))
	_, r := w.build(theEntry)
	n := 0
	for _, s := range r.Steps {
		if s.Function == ledger.FnCalendarSet {
			n++
		}
	}
	if n != 3 || r.Demo {
		t.Errorf("%d calendars: %+v", n, r)
	}
}

// TestLicenseOfManyResources: an order under it holds its own source and no other
// holder's record; the license says how many were beside.
func TestLicenseOfManyResources(t *testing.T) {
	const many = 100
	w := begin(t)
	var ids []ledger.ID
	for i := range many - 1 {
		w.register(fmt.Sprint("r", i))
		ids = append(ids, id(fmt.Sprint("resource r", i)))
	}
	w.register("bus")
	w.environment("env")
	w.must("implementer", ledger.FnLicenseOffer, scenario("L", append(ids, id("resource bus"))...))
	w.must("operator", ledger.FnLicenseAccept, w.answer(theLicense))
	w.must("operator", ledger.FnProductList, listing("P", "L", 1))
	w.content("data", "operator", ref(ledger.KindProduct, "P"))
	w.order("O", "P", "buyer")
	b, r := w.build(theOrder)
	if r.Unrelated != many || len(b.Calls) > 20 { // all resources but its own, and the environment
		t.Errorf("%d calls, %d beside", len(b.Calls), r.Unrelated)
	}
	t.Logf("order: %d calls, %d bytes", len(b.Calls), len(encode(t, b)))
	for i, c := range b.Calls {
		if len(c.Reads) == 0 {
			continue
		}
		for _, l := range []ledger.Line{ // each line is under the digest, and of a kind that may be beside
			{Key: "order/" + string(id("x")), SHA256: ledger.NoValue}, {Key: "resource/" + string(id("x")), SHA256: ledger.NoValue},
		} {
			x := b
			x.Calls = append([]evidence.Call{}, b.Calls...)
			x.Calls[i].Reads = append([]ledger.Line{l}, c.Reads...)
			w.fails(x, evidence.CheckReads)
		}
		x := b
		x.Calls = append([]evidence.Call{}, b.Calls...)
		x.Calls[i].Reads = c.Reads[1:]
		w.fails(x, evidence.CheckReads)
		x.Calls[i].Reads = nil
		w.fails(x, evidence.CheckReads)
	}
	if b, r = w.build(theLicense); r.Unrelated != many+1 {
		t.Errorf("%d beside the license", r.Unrelated)
	}
	t.Logf("license: %d calls, %d bytes", len(b.Calls), len(encode(t, b)))
}

// TestLongHistories stay whole.
func TestLongHistories(t *testing.T) {
	const n = 40
	license, operator := theLicense, ref(ledger.KindParty, "operator")
	for name, do := range map[string]func(w *world, i int){
		"versions of the product": func(w *world, i int) { w.must("operator", ledger.FnProductChange, listing("P", "L", i+2)) },
		"suspensions of the license": func(w *world, _ int) {
			w.must("regulator", ledger.FnLicenseSuspend, w.target(license))
			w.must("regulator", ledger.FnLicenseResume, w.target(license))
		},
		"suspensions of the operator": func(w *world, _ int) {
			w.must("regulator", ledger.FnPartySuspend, w.target(operator))
			w.must("regulator", ledger.FnPartyResume, w.target(operator))
		},
		"keys of the operator": func(w *world, i int) { w.rotate("operator", fmt.Sprint("operator ", i)) },
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			market(w)
			for i := range n {
				do(w, i)
			}
			w.order("O", "P", "buyer")
			b, _ := w.build(theOrder)
			if len(b.Calls) < n {
				t.Errorf("%d calls", len(b.Calls))
			}
			t.Logf("%d calls, %d bytes", len(b.Calls), len(encode(t, b)))
		})
	}
}

// TestStrangersStayOut: other orders and their anchors are in no bundle but their own.
func TestStrangersStayOut(t *testing.T) {
	w := begin(t)
	market(w)
	for i := range 10 {
		w.order(fmt.Sprint("X", i), "P", "buyer2")
	}
	w.order("O", "P", "buyer")
	w.deliver("O", "data")
	for range 10 {
		w.deliver("X1", "data")
		w.anchor("node", node)
	}
	b, r := w.build(theOrder)
	anchors := 0
	for _, s := range r.Steps {
		if s.Party == id("buyer2") {
			t.Errorf("it holds %s by another buyer", s.Function)
		}
		if s.Function == ledger.FnAnchor {
			anchors++
		}
	}
	if anchors != 1 || len(b.Calls) > 25 {
		t.Errorf("%d calls, %d anchors", len(b.Calls), anchors)
	}
}

// TestTooLarge: what needs more calls than a bundle may hold is refused by name.
func TestTooLarge(t *testing.T) {
	w := begin(t)
	story(w)
	b, _ := w.build(theOrder)
	n := len(b.Calls)
	if got, err := evidence.AtMost(t.Context(), w, theOrder, w.trust(), checkers(), n); err != nil || len(got.Calls) != n {
		t.Errorf("%d calls of %d: %v", len(got.Calls), n, err)
	}
	_, err := evidence.AtMost(t.Context(), w, theOrder, w.trust(), checkers(), n-1)
	if e := ledger.AsError(err); e == nil || e.Reason != ledger.ReasonTooLarge {
		t.Errorf("more calls than a bundle may hold: %v", err)
	}
}
