package evidence_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/audit"
	"github.com/datacadastre/cadastre/ledger/contract"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// golden is a whole ledger as it was recorded under one version of the rules.
type golden struct {
	Trust      evidence.Trust    `json:"trust"`
	Checkpoint string            `json:"checkpoint"`
	Receipts   string            `json:"receipts_checkpoint"`
	Entries    []json.RawMessage `json:"entries"`
	Log        []json.RawMessage `json:"receipts"`
}

func goldenFile(rules int) string {
	return filepath.Join("testdata", "rules"+strconv.Itoa(rules)+".json")
}

// TestGoldenLedgers replays a ledger of each version of the rules. It fails after a
// change of a guard, a record, an enumeration or a Unicode table that gives an
// earlier call another digest. Such a change needs a new version of the rules or,
// as long as nothing is released, new ledgers (go test ./ledger/evidence -run
// TestGolden -update).
func TestGoldenLedgers(t *testing.T) {
	if *update {
		writeGolden(t)
	}
	for rules := 1; rules <= contract.Rules; rules++ {
		raw, err := os.ReadFile(goldenFile(rules))
		if err != nil {
			t.Fatal(err)
		}
		var g golden
		if err := json.Unmarshal(raw, &g); err != nil {
			t.Fatal(err)
		}
		log, receipts := logged{checkpoint: g.Checkpoint}, logged{checkpoint: g.Receipts}
		for _, e := range g.Entries {
			log.append(t, e)
		}
		for _, e := range g.Log {
			receipts.append(t, e)
		}
		r, err := audit.Run(t.Context(), audit.Config{
			Trust: g.Trust, Algorithms: ledger.Standard(), Ledger: log, Receipts: given(receipts),
		})
		if err != nil || !r.Whole() || r.Replayed != int64(len(g.Entries)) || r.Logs[0].Judged == 0 {
			t.Errorf("rules %d: %v, %+v", rules, err, r)
		}
		holdsAllActs(t, rules, log)
	}
}

// holdsAllActs checks that every function was called, in the ledger of today's rules.
func holdsAllActs(t *testing.T, rules int, log logged) {
	t.Helper()
	called := map[ledger.Function]bool{}
	for _, raw := range log.entries {
		p, err := evidence.ParseEntry(raw)
		if err != nil {
			t.Fatal(err)
		}
		s, err := contract.Parse(p.JWS)
		if err != nil {
			t.Fatal(err)
		}
		called[s.Call.Function] = true
	}
	for _, a := range ledger.Acts() {
		if rules == contract.Rules && !called[a.Name] {
			t.Errorf("the ledger of rules %d has no call of %s: add one to everything", rules, a.Name)
		}
	}
}

// everything is a ledger on which every function was called.
func everything(w *world) {
	w.t.Helper()
	story(w)
	w.changed()
	w.refusals()
	w.orders()
	w.removed()
	w.must("holder", ledger.FnKeyAdd, w.addition("holder", "holder 3"))
	w.replace("authority", "authority", "holder", "holder 2")
	w.rotate("operator", "operator 2")
	w.must("authority", ledger.FnKeyRevoke, ledger.KeyRevokeArgs{Party: id("buyer2"), Kid: w.key("buyer2").ID(), Reason: "compromised"})
	w.year(2026, "2026-10-01")
	w.anchor("node", node)
	w.must("authority", ledger.FnAdvance, ledger.AdvanceArgs{To: w.now + 3_600_000})
	w.restart(9)
}

// changed suspends and resumes each kind of record that can be, and changes the
// product.
func (w *world) changed() {
	w.t.Helper()
	license, entry, party := ref(ledger.KindLicense, "L"), ref(ledger.KindEntry, "bus"), ref(ledger.KindParty, "buyer")
	w.must("regulator", ledger.FnLicenseSuspend, w.target(license))
	w.must("regulator", ledger.FnLicenseResume, w.target(license))
	w.must("regulator", ledger.FnEntrySuspend, w.target(entry))
	w.must("regulator", ledger.FnEntryResume, w.target(entry))
	w.must("regulator", ledger.FnPartySuspend, w.target(party))
	w.must("regulator", ledger.FnPartyResume, w.target(party))
	next := listing("P", "L", 2)
	w.must("operator", ledger.FnProductChange, next)
	w.order("O3", "P", "buyer")
	w.deliver("O3", "data")
}

// refusals are the applications that come to nothing, and one by detours to its code.
func (w *world) refusals() {
	w.t.Helper()
	for _, name := range []string{"refused", "failed", "withdrawn", "detour"} {
		w.must("holder", ledger.FnDeposit, ledger.DepositArgs{SHA256: sum("deposit " + name), Bytes: 4096})
		w.must("holder", ledger.FnAppSubmit, submission(name))
	}
	at := func(name string) ledger.AppStepArgs {
		return ledger.AppStepArgs{Application: id(name), Answers: w.cited(ref(ledger.KindApplication, name))}
	}
	w.must("body", ledger.FnAppRefuse, ledger.AppRefuseArgs{AppStepArgs: at("refused"), Reason: ledger.ReasonNonconforming})
	w.must("body", ledger.FnAppAccept, at("failed"))
	w.must("body", ledger.FnAppFail, ledger.AppRefuseArgs{AppStepArgs: at("failed"), Reason: ledger.ReasonIncomplete})
	w.must("holder", ledger.FnAppWithdraw, at("withdrawn"))
	w.must("body", ledger.FnAppReturn, ledger.AppReturnArgs{AppStepArgs: at("detour"), Defects: []ledger.Defect{{Field: "materials", Rule: "R9(1)"}}})
	w.must("holder", ledger.FnAppResubmit, ledger.AppResubmitArgs{Answers: at("detour").Answers, AppSubmitArgs: submission("detour")})
	w.must("body", ledger.FnAppAccept, at("detour"))
	w.must("body", ledger.FnAppPass, ledger.AppPassArgs{AppStepArgs: at("detour"), Checklist: []string{"complete", "consistent", "admissible"}})
	w.must("buyer", ledger.FnAppObject, ledger.AppObjectArgs{
		Application: id("detour"), Objection: id("objection"), Answers: at("detour").Answers, Ground: "ownership", Evidence: []ledger.Digest{sum("proof")},
	})
	w.must("body", ledger.FnAppDecide, ledger.AppDecideArgs{AppStepArgs: at("detour"), Objection: id("objection"), Reason: ledger.Salt([16]byte{1}, "no")})
	w.must("body", ledger.FnAppCode, ledger.AppCodeArgs{AppStepArgs: at("detour")})
}

// orders are the ways on which an order can end.
func (w *world) orders() {
	w.t.Helper()
	for _, name := range []string{"refused order", "cancelled order"} {
		w.must("buyer", ledger.FnOrderPlace, place(w, name))
	}
	w.must("operator", ledger.FnOrderRefuse, w.target(ref(ledger.KindOrder, "refused order")))
	w.must("buyer", ledger.FnOrderCancel, w.answer(ref(ledger.KindOrder, "cancelled order")))
	w.must("buyer", ledger.FnOrderFulfill, w.target(ref(ledger.KindOrder, "O3")))
	w.must("regulator", ledger.FnOrderBlock, w.target(ref(ledger.KindOrder, "O2")))
}

// removed takes back what is sold, and the license.
func (w *world) removed() {
	w.t.Helper()
	for _, c := range []struct {
		name, by string
		fn       ledger.Function
	}{{"withdrawn", "implementer", ledger.FnLicenseWithdraw}, {"declined", "operator", ledger.FnLicenseDecline}} {
		w.must("implementer", ledger.FnLicenseOffer, tale.Offer(c.name, "implementer", "operator"))
		w.must(c.by, c.fn, w.target(ref(ledger.KindLicense, c.name)))
	}
	w.must("operator", ledger.FnContentRemove, w.answer(ref(ledger.KindContent, "data")))
	w.must("operator", ledger.FnProductDelist, w.target(ref(ledger.KindProduct, "P")))
	w.must("implementer", ledger.FnLicenseTerminate, w.target(ref(ledger.KindLicense, "L")))
}

// writeGolden records every function under the rules of today.
func writeGolden(t *testing.T) {
	t.Helper()
	w := beginWith(t, func(g *ledger.GenesisArgs) { g.Clock = ledger.ClockSimulated })
	everything(w)
	msg, _ := w.checkpoint()
	origin := ledger.ReceiptLog(node)
	l := w.receipts[origin]
	size := int64(len(l.entries))
	g := golden{Trust: w.trust(), Checkpoint: msg, Receipts: w.signed(w.logKeys[origin], origin, size, l.root(t, size))}
	for _, e := range w.log.entries {
		g.Entries = append(g.Entries, e)
	}
	for _, e := range l.entries {
		g.Log = append(g.Log, e)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "")
	if err := e.Encode(g); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(goldenFile(contract.Rules), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}
