package contract_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// ready is an act that may be done now: who does it with which arguments on which
// ledger. Each try works on a copy of the ledger.
type ready struct {
	fn    ledger.Function
	who   string
	args  any
	state memory
	now   ledger.Millis
	sign  func(who string, args any) contract.Verified
}

// try does the act, by another party or with other arguments.
func (r ready) try(t *testing.T, who string, args any) error {
	t.Helper()
	return apply(t, contract.Env{Time: r.now, Rules: contract.Rules}, r.state, r.sign(who, args)).Err
}

// readyAct is an act on a world.
func (w *world) readyAct(fn ledger.Function, who string, args any) ready {
	f := w.fork(w.t)
	return ready{fn, who, args, f.state, f.now, func(who string, args any) contract.Verified { return f.verified(f.sign(who, fn, args)) }}
}

// readyWorld returns acts on parties, keys, applications and entries, ready.
func readyWorld(t *testing.T) []ready {
	t.Helper()
	var list []ready
	w := newDemo(t)
	w.submitted("a", "holder")
	list = append(list, w.readyAct(ledger.FnDeposit, "holder", ledger.DepositArgs{SHA256: mHash("deposit b"), Bytes: 1}))
	w.deposited("b", "holder")
	list = append(list, w.readyAct(ledger.FnAppSubmit, "holder", w.submitArgs("b", "holder")))
	list = append(list,
		w.readyAct(ledger.FnKeyAdd, "holder", w.addition("holder", "fresh", ledger.UseSign)),
		w.readyAct(ledger.FnKeyRotate, "holder", w.rotation("holder", "holder", "fresh", ledger.UseSign)),
		w.readyAct(ledger.FnKeyReplace, "authority", w.replacement("holder", "holder", "fresh")),
		w.readyAct(ledger.FnKeyRevoke, "authority", w.revocation("holder", "holder")),
		w.readyAct(ledger.FnCalendarSet, "authority", list2026()),
		w.readyAct(ledger.FnPartyAdmit, "authority", ledger.PartyAdmitArgs{Application: w.keys.Apply(w.t, "newcomer", w.newcomer(ledger.RoleHolder))}),
		w.readyAnchor(),
	)
	p := newPractice(t)
	list = append(list, p.readyAct(ledger.FnAdvance, "authority", ledger.AdvanceArgs{To: p.now + 1}))
	step := func(events ...string) {
		for _, e := range events {
			fn, who, args := w.callFor("a", "holder", e)
			list = append(list, w.readyAct(fn, who, args))
		}
	}
	next := func(event string) {
		fn, who, args := w.callFor("a", "holder", event)
		w.must(who, fn, args)
	}
	step("accept", "return", "refuse", "withdraw")
	next("return")
	step("resubmit")
	next("resubmit")
	next("accept")
	step("pass", "fail")
	next("pass")
	step("object", "code")
	next("object")
	step("decide_rejected")
	next("decide_rejected")
	next("code")
	list = append(list, w.readyAct(ledger.FnEntrySuspend, "regulator", w.target("a")))
	w.must("regulator", ledger.FnEntrySuspend, w.target("a"))
	list = append(list, w.readyAct(ledger.FnEntryResume, "regulator", w.target("a")))
	list = append(list, w.readyAct(ledger.FnPartySuspend, "regulator", w.partyTarget("holder")))
	w.must("regulator", ledger.FnPartySuspend, w.partyTarget("holder"))
	return append(list, w.readyAct(ledger.FnPartyResume, "regulator", w.partyTarget("holder")))
}

// readyAnchor is the anchor of a node's log, on a ledger with a second node.
func (w *world) readyAnchor() ready {
	f, second := w.fork(w.t), w.newcomer(ledger.RolePlatform)
	second.Origin, second.LogKey = "other.example", "key"
	f.must("authority", ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: f.keys.Apply(f.t, "newcomer", second)})
	return f.readyAct(ledger.FnAnchor, "node", ledger.AnchorArgs{Log: ledger.ReceiptLog("node.example"), Size: 1, Root: mHash("root"), Proof: []ledger.Digest{}})
}

// readyMarket returns acts on licenses, products, content and orders, ready.
func readyMarket(t *testing.T) []ready {
	t.Helper()
	var list []ready
	m := newMarket(t)
	add := func(fn ledger.Function, who string, ref ledger.Ref) {
		list = append(list, m.readyAct(fn, who, m.argsOf(fn, ref)))
	}
	m.must("implementer", ledger.FnEnvironmentSet, m.environment(m.newKey(), "E", "operator"))
	list = append(list, m.readyAct(ledger.FnEnvironmentSet, "implementer", m.environment(m.newKey(), "E", "operator")))
	m.must("implementer", ledger.FnLicenseOffer, offerArgs("L"))
	scenario := offerArgs("S")
	scenario.Mode, scenario.Domains, scenario.Resources = ledger.Scenario, []string{}, []ledger.ID{mID("bus")}
	scenario.Purposes = []ledger.Purpose{{Class: ledger.Industry, Code: "logistics"}}
	scenario.Environments, scenario.Supersedes = []ledger.ID{mID("E")}, mID("L")
	list = append(list, m.readyAct(ledger.FnLicenseOffer, "implementer", scenario))
	add(ledger.FnLicenseAccept, "operator", mLicense("L"))
	add(ledger.FnLicenseDecline, "operator", mLicense("L"))
	add(ledger.FnLicenseWithdraw, "implementer", mLicense("L"))
	m.must("operator", ledger.FnLicenseAccept, m.answer(mLicense("L")))
	add(ledger.FnLicenseSuspend, "implementer", mLicense("L"))
	add(ledger.FnLicenseTerminate, "implementer", mLicense("L"))
	suspended := m.fork(t)
	suspended.must("implementer", ledger.FnLicenseSuspend, m.target(mLicense("L")))
	list = append(list, suspended.readyAct(ledger.FnLicenseResume, "implementer", suspended.target(mLicense("L"))))

	list = append(list, m.readyAct(ledger.FnProductList, "operator", listArgs("P", "L")))
	m.must("operator", ledger.FnProductList, listArgs("P", "L"))
	change := listArgs("P", "L")
	change.Version = 2
	list = append(list, m.readyAct(ledger.FnProductChange, "operator", change))
	add(ledger.FnProductDelist, "operator", mProduct("P"))
	content := ledger.RefTo(ledger.KindContent, mID("C"))
	list = append(list, m.readyAct(ledger.FnContentAdd, "operator", contentArgs("C", mProduct("P"))))
	list = append(list, m.readyAct(ledger.FnContentAdd, "holder", contentArgs("C", ledger.RefTo(ledger.KindResource, mID("bus")))))
	public := m.fork(t)
	public.openUp("bus")
	public.supply("bus", "public")
	list = append(list, public.readyAct(ledger.FnContentAdd, "operator", fileArgs("C", mProduct("P"), "public")))
	m.must("operator", ledger.FnContentAdd, contentArgs("C", mProduct("P")))
	list = append(list, m.readyAct(ledger.FnContentRemove, "operator", m.answer(content)))

	list = append(list, m.readyAct(ledger.FnOrderPlace, "buyer", m.placeArgs("O", "P")))
	m.must("buyer", ledger.FnOrderPlace, m.placeArgs("O", "P"))
	add(ledger.FnOrderAccept, "operator", mOrder("O"))
	add(ledger.FnOrderRefuse, "operator", mOrder("O"))
	add(ledger.FnOrderCancel, "buyer", mOrder("O"))
	add(ledger.FnOrderBlock, "regulator", mOrder("O"))
	m.must("operator", ledger.FnOrderAccept, m.answer(mOrder("O")))
	add(ledger.FnOrderConfirmPayment, "operator", mOrder("O"))
	pay, _ := m.argsOf(ledger.FnOrderConfirmPayment, mOrder("O")).(ledger.OrderPaymentArgs)
	m.must("operator", ledger.FnOrderConfirmPayment, pay)
	add(ledger.FnOrderFulfill, "buyer", mOrder("O"))
	return list
}

// with returns arguments with one member changed.
func with(t *testing.T, args any, name, value string) map[string]any {
	t.Helper()
	b, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	if _, ok := m[name]; !ok {
		t.Fatalf("no member %s in %s", name, b)
	}
	m[name] = value
	return m
}

// another returns a party with the roles of a party, in a world or a market.
func another(who string) string {
	if who == "node" {
		return "newcomer"
	}
	return who + "2"
}

// TestActsOnARecord does each act that changes a record: on no record, on another
// version than its last and on another party's it is refused, else it is recorded.
func TestActsOnARecord(t *testing.T) {
	tried := map[ledger.Function]bool{}
	for _, r := range append(readyWorld(t), readyMarket(t)...) {
		act, _ := ledger.ActOf(r.fn)
		if act.On == "" || act.Creates() || len(act.Moves) == 0 && act.Begins {
			continue
		}
		tried[r.fn] = true
		t.Run(string(r.fn), func(t *testing.T) {
			expect(t, r.try(t, r.who, r.args), refusal{})
			field := "args." + act.ID
			expect(t, r.try(t, r.who, with(t, r.args, act.ID, string(wID("nothing")))), refusal{ledger.NotFound, ledger.ReasonUnknown, field})
			if r.who != "regulator" && act.Who != nil {
				expect(t, r.try(t, another(r.who), r.args), refusal{ledger.Forbidden, ledger.ReasonNotYours, field})
			}
			if act.Answers() {
				expect(t, r.try(t, r.who, with(t, r.args, "answers", string(mHash("seen before")))), refusal{ledger.Conflict, ledger.ReasonStale, "args.answers"})
			}
		})
	}
	for _, a := range ledger.Acts() {
		if a.On != "" && !a.Creates() && (!a.Begins || len(a.Moves) > 0) && !tried[a.Name] {
			t.Errorf("%s changes a record, and was not tried", a.Name)
		}
	}
}

// brokenOnce is a store that fails at one read, and at no later one.
type brokenOnce struct {
	memory
	left int
}

func (b *brokenOnce) Get(key string) ([]byte, bool, error) {
	if b.left--; b.left == -1 {
		return nil, false, errBroken
	}
	return b.memory.Get(key)
}

// TestStoreFailsUnderEachAct fails the store at every read of each act in turn: no
// call is refused or recorded for it.
func TestStoreFailsUnderEachAct(t *testing.T) {
	for _, r := range append(readyWorld(t), readyMarket(t)...) {
		t.Run(string(r.fn), func(t *testing.T) {
			v, env := r.sign(r.who, r.args), contract.Env{Time: r.now, Rules: contract.Rules}
			for n := 0; ; n++ {
				store := &brokenOnce{memory: r.state, left: n}
				got := apply(t, env, store, v)
				if store.left >= 0 {
					expect(t, got.Err, refusal{})
					return
				}
				if !errors.Is(got.Err, errBroken) || got.Writes != nil {
					t.Fatalf("failed at read %d: %v", n, got.Err)
				}
			}
		})
	}
}

// TestEntryEnded: an act of a regulator on an entry is refused after the entry's
// last day, and when it is no longer active. No act of this release ends an entry
// earlier.
func TestEntryEnded(t *testing.T) {
	base := newDemo(t)
	base.coded("a", "holder")
	suspended := base.fork(t)
	suspended.must("regulator", ledger.FnEntrySuspend, base.target("a"))
	for _, c := range []struct {
		fn ledger.Function
		w  *world
	}{{ledger.FnEntrySuspend, base}, {ledger.FnEntryResume, suspended}} {
		t.Run(string(c.fn), func(t *testing.T) {
			late := c.w.fork(t)
			late.on(nextDay(late.entry("a").ValidUntil))
			late.refused(refusal{ledger.Conflict, ledger.ReasonLate, "args.id"}, "regulator", c.fn, late.target("a"))
			revoked := c.w.fork(t)
			e := revoked.entry("a")
			e.State = ledger.EntryRevoked
			revoked.seed(ledger.RefTo(ledger.KindEntry, e.ID), e)
			revoked.refused(refusal{ledger.Conflict, ledger.ReasonState, "args.id"}, "regulator", c.fn, revoked.target("a"))
		})
	}
}

// seed writes a record that no call of this release leads to.
func (w *world) seed(ref ledger.Ref, v any) {
	w.t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		w.t.Fatalf("encode %s: %v", ref, err)
	}
	w.state[ledger.RecordKey(ref)] = b
}
