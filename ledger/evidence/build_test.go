package evidence_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// TestWhatComesLaterChangesNoBundle: an order's bundle shows what was when it
// became active and was delivered, and is the same afterwards.
func TestWhatComesLaterChangesNoBundle(t *testing.T) {
	w := begin(t)
	story(w)
	order, license, product := ref(ledger.KindOrder, "O"), ref(ledger.KindLicense, "L"), ref(ledger.KindProduct, "P")
	_, before := w.build(order)
	w.must("operator", ledger.FnProductChange, listing("P", "L", 2))
	w.must("regulator", ledger.FnLicenseSuspend, w.target(license))
	w.must("regulator", ledger.FnEntrySuspend, w.target(ref(ledger.KindEntry, "bus")))
	w.must("operator", ledger.FnContentRemove, w.answer(ref(ledger.KindContent, "data")))
	w.rotate("operator", "operator 2")
	w.rotate("node", "node 2")
	_, after := w.build(order)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the order's report changed: %s", diff)
	}
	w.must("operator", ledger.FnOrderFulfill, w.target(order))
	if _, r := w.build(order); !did(r, ledger.FnOrderFulfill) {
		t.Errorf("order: %+v", r.Steps)
	}
	// About the records themselves it shows the last that was recorded.
	_, r := w.build(license)
	if !did(r, ledger.FnLicenseSuspend) && len(r.Receipts) == 0 {
		t.Errorf("license: %+v", r)
	}
	_, r = w.build(product)
	if !did(r, ledger.FnProductList) || !did(r, ledger.FnProductChange) {
		t.Errorf("product: %+v", r.Steps)
	}
	for _, right := range r.Rights {
		t.Errorf("a suspended license and entry give a right: %+v", right)
	}
	_, r = w.build(ref(ledger.KindContent, "data"))
	if !did(r, ledger.FnContentRemove) {
		t.Errorf("content: %+v", r.Steps)
	}
}

func did(r evidence.Report, fn ledger.Function) bool {
	return slices.ContainsFunc(r.Steps, func(s evidence.Step) bool { return s.Function == fn })
}

// TestSuspensionsBeforeTheDelivery are in the bundle: they have been lifted.
func TestSuspensionsBeforeTheDelivery(t *testing.T) {
	w := begin(t)
	market(w)
	license, entry := ref(ledger.KindLicense, "L"), ref(ledger.KindEntry, "bus")
	w.order("O", "P", "buyer")
	w.must("implementer", ledger.FnLicenseSuspend, w.target(license))
	w.must("regulator", ledger.FnLicenseSuspend, w.target(license))
	w.must("implementer", ledger.FnLicenseResume, w.target(license))
	w.must("regulator", ledger.FnLicenseResume, w.target(license))
	w.must("regulator", ledger.FnEntrySuspend, w.target(entry))
	w.must("regulator", ledger.FnEntryResume, w.target(entry))
	w.deliver("O", "data")
	w.content("later", "operator", ref(ledger.KindProduct, "P"))
	w.deliver("O", "later")
	w.anchor("node", node)
	b, r := w.build(ref(ledger.KindOrder, "O"))
	if len(r.Rights) != 4 || len(r.Files) != 2 {
		t.Errorf("rights %+v, files %+v", r.Rights, r.Files)
	}
	for i, s := range r.Steps {
		if s.Function == ledger.FnLicenseResume {
			without := b
			without.Calls = slices.Delete(slices.Clone(b.Calls), i, i+1)
			without.Receipts = slices.Clone(b.Receipts)
			without.Receipts[0].Anchor--
			if _, err := w.verify(encode(t, without)); err == nil {
				t.Errorf("without the resumption at %d it verifies", i)
			}
		}
	}
}

// TestReturnedApplication: the whole examination is in the bundle of its entry.
func TestReturnedApplication(t *testing.T) {
	w := begin(t)
	app := ref(ledger.KindApplication, "bus")
	w.must("holder", ledger.FnDeposit, ledger.DepositArgs{SHA256: sum("deposit bus"), Bytes: 4096})
	w.must("holder", ledger.FnAppSubmit, submission("bus"))
	step := func() ledger.AppStepArgs { return ledger.AppStepArgs{Application: id("bus"), Answers: w.cited(app)} }
	w.must("body", ledger.FnAppReturn, ledger.AppReturnArgs{AppStepArgs: step(), Defects: []ledger.Defect{{Field: "materials", Rule: "R9(1)"}}})
	again := submission("bus")
	again.Resource.RowCount++
	w.must("holder", ledger.FnAppResubmit, ledger.AppResubmitArgs{Answers: w.cited(app), AppSubmitArgs: again})
	w.must("body", ledger.FnAppAccept, step())
	w.must("body", ledger.FnAppPass, ledger.AppPassArgs{AppStepArgs: step(), Checklist: []string{"complete", "consistent", "admissible"}})
	w.must("buyer", ledger.FnAppObject, ledger.AppObjectArgs{
		Application: id("bus"), Objection: id("objection"), Answers: w.cited(app), Ground: "ownership", Evidence: []ledger.Digest{sum("e")},
	})
	w.must("body", ledger.FnAppDecide, ledger.AppDecideArgs{AppStepArgs: step(), Objection: id("objection"), Reason: ledger.Salt([16]byte{1}, "no")})
	_, r := w.build(app)
	if len(r.Rights) != 0 {
		t.Errorf("rights: %+v", r.Rights)
	}
	w.must("body", ledger.FnAppCode, ledger.AppCodeArgs{AppStepArgs: step(), RegistryCode: "43030012345678"})
	b, r := w.build(ref(ledger.KindEntry, "bus"))
	for _, fn := range []ledger.Function{ledger.FnAppSubmit, ledger.FnAppReturn, ledger.FnAppResubmit, ledger.FnAppObject, ledger.FnAppDecide} {
		if !did(r, fn) {
			t.Errorf("no step %s", fn)
		}
	}
	for i, s := range r.Steps {
		without := b
		without.Calls = slices.Delete(slices.Clone(b.Calls), i, i+1)
		if _, err := w.verify(encode(t, without)); err == nil {
			t.Errorf("without %s it verifies", s.Function)
		}
	}
}

// TestGraceGate: a license may name a resource that is only applied for; it is
// beside the license, and its own bundle holds the application.
func TestGraceGate(t *testing.T) {
	w := beginWith(t, func(a *ledger.GenesisArgs) { a.Gate = ledger.GateGrace })
	submitted(w)
	w.environment("env")
	w.must("implementer", ledger.FnLicenseOffer, scenario("L", id("resource bus")))
	w.must("operator", ledger.FnLicenseAccept, w.answer(theLicense))
	b, r := w.build(theLicense)
	if r.Unrelated != 2 || did(r, ledger.FnAppSubmit) || did(r, ledger.FnEnvironmentSet) || !slices.Contains(r.NotProven, evidence.UnrelatedRecords) {
		t.Errorf("report: %+v", r)
	}
	for _, c := range b.Calls {
		if w.fn(w.seq(c)) == ledger.FnLicenseOffer != (len(c.Reads) > 0) {
			t.Errorf("%s shows %d lines", w.fn(w.seq(c)), len(c.Reads))
		}
	}
	if _, r = w.build(ref(ledger.KindResource, "resource bus")); !did(r, ledger.FnAppSubmit) || did(r, ledger.FnAppCode) {
		t.Errorf("report: %+v", r)
	}
}

// TestNotNeeded: true calls beside the path are refused.
func TestNotNeeded(t *testing.T) {
	w := begin(t)
	story(w)
	b, _ := w.build(ref(ledger.KindEntry, "bus"))
	more, _ := w.build(ref(ledger.KindLicense, "L"))
	union := b
	union.Calls = nil
	seen := map[string]bool{}
	for _, c := range append(slices.Clone(b.Calls), more.Calls...) {
		if !seen[string(c.Proof)] {
			seen[string(c.Proof)] = true
			union.Calls = append(union.Calls, c)
		}
	}
	slices.SortFunc(union.Calls, func(x, y evidence.Call) int { return int(w.seq(x) - w.seq(y)) })
	w.fails(union, evidence.CheckNotNeeded)

	shown := b
	shown.Calls = slices.Clone(b.Calls)
	shown.Calls[1].Reads = []ledger.Line{ledger.LineOf("genesis", w.state["genesis"])}
	w.fails(shown, evidence.CheckNotNeeded)
	shown.Calls[1].Reads = nil
	shown.Calls[1].Writes = []evidence.WriteLine{{Line: ledger.LineOf("genesis", []byte("{}")), Value: []byte("{}")}}
	w.fails(shown, evidence.CheckNotNeeded)
}

func TestBuildOfWhatIsNotThere(t *testing.T) {
	w := begin(t)
	for _, about := range []ledger.Ref{
		ref(ledger.KindOrder, "X"), ref(ledger.KindEntry, "X"), ref(ledger.KindContent, "X"), ledger.RefTo(ledger.KindReceipt, sum("x")),
	} {
		_, _, err := evidence.Build(t.Context(), w, about, w.trust(), ledger.Standard(), checkers())
		if !errors.Is(err, ledger.NotFound) {
			t.Errorf("%s: %v", about, err)
		}
	}
	_, _, err := evidence.Build(t.Context(), w, ledger.RefTo(ledger.KindGrant, id("x")), w.trust(), ledger.Standard(), checkers())
	if !errors.Is(err, ledger.NotFound) {
		t.Errorf("about a right: %v", err)
	}
}
