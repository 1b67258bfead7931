package contract_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// possible returns the names of the acts that are open to a party on a record.
func possible(state contract.State, now ledger.Millis, party ledger.ID, on ledger.Ref) ([]ledger.Function, error) {
	list, err := contract.Possible(contract.Env{Time: now, Rules: contract.Rules}, state, party, on)
	var names []ledger.Function
	for _, o := range list {
		names = append(names, o.Function)
	}
	return names, err
}

// TestPossibleIsWhatIsRecorded: an act that is ready is among those that are open
// on its record, and to another party of its roles it is not where it is one party's.
func TestPossibleIsWhatIsRecorded(t *testing.T) {
	tried := map[string]bool{}
	for _, r := range append(readyWorld(t), readyMarket(t)...) {
		act, _ := ledger.ActOf(r.fn)
		if act.On == "" || act.Creates() {
			continue
		}
		tried[act.On] = true
		v := r.sign(r.who, r.args)
		on := ledger.RefTo(act.On, ledger.MemberText(r.args, act.ID))
		open, err := possible(r.state, r.now, v.Call.Party, on)
		if err != nil || !slices.Contains(open, r.fn) {
			t.Errorf("%s by %s: open are %v, %v", r.fn, r.who, open, err)
		}
		if r.who == "regulator" || act.Who == nil {
			continue
		}
		if open, err = possible(r.state, r.now, r.sign(another(r.who), r.args).Call.Party, on); err != nil || slices.Contains(open, r.fn) {
			t.Errorf("%s by %s: open are %v, %v", r.fn, another(r.who), open, err)
		}
	}
	for _, kind := range ledger.ChangedKinds() {
		if !tried[kind] {
			t.Errorf("no act on a %s was tried", kind)
		}
	}
}

// TestPossibleUsesTheRecordedLists: a later list of working days lengthens the
// answer to an order, so that it may still be accepted.
func TestPossibleUsesTheRecordedLists(t *testing.T) {
	m := trading(t)
	m.must("buyer", ledger.FnOrderPlace, m.placeArgs("O", "P"))
	ask := func(day ledger.Date, want ...ledger.Function) {
		t.Helper()
		got, err := possible(m.state, noon(day), mID("operator"), mOrder("O"))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v, -want +got:\n%s", day, err, diff)
		}
	}
	ask("2026-10-23", ledger.FnOrderAccept, ledger.FnOrderRefuse)
	ask("2026-10-24", ledger.FnOrderRefuse)
	m.seed(ledger.RefTo(ledger.KindCalendar, "2026"), ledger.CalendarYear{Year: 2026, Off: []ledger.Date{"2026-10-23"}, Work: []ledger.Date{}})
	ask("2026-10-26", ledger.FnOrderAccept, ledger.FnOrderRefuse)
	ask("2026-10-27", ledger.FnOrderRefuse)
}

// TestPossibleRefuses: nothing is said of what is no record, or to nobody.
func TestPossibleRefuses(t *testing.T) {
	m := trading(t)
	m.must("buyer", ledger.FnOrderPlace, m.placeArgs("O", "P"))
	nothing := refusal{ledger.NotFound, ledger.ReasonUnknown, "id"}
	for _, c := range []struct {
		who  ledger.ID
		on   ledger.Ref
		want refusal
	}{
		{mID("operator"), mOrder("O"), refusal{}},
		{mID("operator"), mOrder("none"), nothing},
		{mID("operator"), ledger.RefTo(ledger.KindFile, mID("O")), nothing},
		{mID("operator"), ledger.Ref(ledger.CallKey(mID("buyer"), get[ledger.Order](m, mOrder("O")).Cite.Call)), nothing},
		{mID("none"), mOrder("O"), refusal{ledger.Forbidden, ledger.ReasonPartyUnknown, "party"}},
	} {
		_, err := possible(m.state, m.now, c.who, c.on)
		expect(t, err, c.want)
	}
	edit(m, ledger.RefTo(ledger.KindParty, mID("operator")), func(p *ledger.Party) { p.Suspensions = suspendedBy(ledger.RoleRegulator) })
	if open, err := possible(m.state, m.now, mID("operator"), mOrder("O")); err != nil || len(open) != 0 {
		t.Errorf("to a suspended party are open %v, %v", open, err)
	}
}

// TestPossibleOnABrokenStore fails the store at every read in turn.
func TestPossibleOnABrokenStore(t *testing.T) {
	m := trading(t)
	m.must("buyer", ledger.FnOrderPlace, m.placeArgs("O", "P"))
	for n := 0; ; n++ {
		store := &brokenOnce{memory: m.state, left: n}
		_, err := possible(store, m.now, mID("operator"), mOrder("O"))
		if store.left >= 0 {
			expect(t, err, refusal{})
			break
		}
		if !errors.Is(err, errBroken) {
			t.Fatalf("failed at read %d: %v", n, err)
		}
	}
	m.state[ledger.RecordKey(mOrder("O"))] = []byte("{")
	if _, err := possible(m.state, m.now, mID("operator"), mOrder("O")); err == nil || ledger.AsError(err) != nil {
		t.Errorf("a damaged record: %v", err)
	}
}
