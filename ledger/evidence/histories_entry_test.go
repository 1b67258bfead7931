package evidence_test

import (
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// until codes the application with another last day in the entry.
func until(member string) func(w *world) {
	return func(w *world) {
		passed(w)
		w.rewritten(w.sign("body", "body", ledger.FnAppCode, coding(w)),
			replaced(theEntry, func(v string) string { return strings.Replace(v, `"valid_until":"2029-10-19"`, member, 1) }))
	}
}

func objection(w *world) ledger.AppObjectArgs {
	return ledger.AppObjectArgs{
		Application: id("bus"), Answers: w.cited(theApplication), Objection: id("objection"), Ground: "ownership", Evidence: []ledger.Digest{sum("e")},
	}
}

func TestHistoriesOfEntries(t *testing.T) {
	code := func(w *world) string { return w.sign("body", "body", ledger.FnAppCode, coding(w)) }
	runHistories(t, []history{
		{name: "valid until a day of four digits and a space", about: theEntry, want: "writes", do: until(`"valid_until":" 9999-12-31"`)},
		{name: "valid until a day that does not exist", about: theEntry, want: "writes", do: until(`"valid_until":"2029-02-31"`)},
		{name: "without a last day", about: theEntry, want: "writes", do: until(`"x":""`)},
		{name: "the same entry under an order", about: theOrder, want: "writes", do: func(w *world) {
			until(`"valid_until":"9999-12-31"`)(w)
			licensed(w)
			w.must("operator", ledger.FnProductList, listing("P", "L", 1))
			w.content("data", "operator", ref(ledger.KindProduct, "P"))
			w.order("O", "P", "buyer")
		}},
		{name: "coded without examination", about: theEntry, want: "refused state", do: func(w *world) {
			submitted(w)
			w.must("body", ledger.FnAppAccept, step(w))
			w.pretend(code(w), applicationIs(w, ledger.AppNoticed))
		}},
		{name: "coded after a refusal", about: theEntry, want: "refused state", do: func(w *world) {
			submitted(w)
			w.must("body", ledger.FnAppAccept, step(w))
			w.must("body", ledger.FnAppFail, ledger.AppRefuseArgs{AppStepArgs: step(w), Reason: ledger.ReasonCoreData})
			w.pretend(code(w), applicationIs(w, ledger.AppNoticed))
		}},
		{name: "passed without being accepted", about: theEntry, want: "refused state", do: func(w *world) {
			submitted(w)
			w.pretend(w.sign("body", "body", ledger.FnAppPass, passing(w)), applicationIs(w, ledger.AppAccepted))
			w.must("body", ledger.FnAppCode, coding(w))
		}},
		{name: "withdrawn, then coded", about: theEntry, want: "refused state", do: func(w *world) {
			passed(w)
			w.must("holder", ledger.FnAppWithdraw, step(w))
			w.pretend(code(w), applicationIs(w, ledger.AppNoticed))
		}},
		{name: "coded with an objection open", about: theEntry, want: "refused objection_open", do: func(w *world) {
			passed(w)
			w.must("buyer2", ledger.FnAppObject, objection(w))
			w.pretend(code(w), changed(w, theApplication, func(a *ledger.Application) { a.Objections = []ledger.Objection{} }))
		}},
		{name: "coded after an objection was upheld", about: theEntry, want: "refused state", do: func(w *world) {
			passed(w)
			w.must("buyer2", ledger.FnAppObject, objection(w))
			w.must("body", ledger.FnAppDecide, ledger.AppDecideArgs{
				AppStepArgs: step(w), Objection: id("objection"), Upheld: true, Reason: ledger.Salt([16]byte{3}, "x"),
			})
			w.pretend(code(w), applicationIs(w, ledger.AppNoticed))
		}},
		{name: "passed with an empty checklist", about: theEntry, want: "refused field", do: func(w *world) {
			submitted(w)
			w.must("body", ledger.FnAppAccept, step(w))
			args := passing(w)
			args.Checklist = []string{}
			jws := w.sign("body", "body", ledger.FnAppPass, args)
			s, err := contract.Parse(jws)
			if err != nil {
				w.t.Fatal(err)
			}
			a := get[ledger.Application](w, theApplication)
			a.State, a.Cite = ledger.AppNoticed, ledger.Cite{Party: id("body"), Call: s.Call.ID, Payload: s.Payload}
			p := ledger.Period{From: "2026-10-20", Due: "2026-10-20"}
			a.Notice, a.CodeDue = &p, &p
			w.forge(jws, w.wrote(theApplication, a))
			w.must("body", ledger.FnAppCode, coding(w))
		}},
		{name: "a deposit after the code", about: theEntry, want: "refused deposit_missing", do: func(w *world) {
			key := ledger.RecordKey(ledger.RefTo(ledger.KindDeposit, sum("deposit bus")))
			d := ledger.Deposit{SHA256: sum("deposit bus"), Bytes: 4096, Party: id("holder"), Time: w.now}
			w.pretend(w.sign("holder", "holder", ledger.FnAppSubmit, submission("bus")), map[string][]byte{key: encode(w.t, d)})
			w.must("body", ledger.FnAppAccept, step(w))
			w.must("body", ledger.FnAppPass, passing(w))
			w.must("body", ledger.FnAppCode, coding(w))
			delete(w.state, key)
			deposited(w)
		}},
		{name: "coded without its code", about: theEntry, want: "writes", do: func(w *world) {
			passed(w)
			w.rewritten(code(w), without("code"))
		}},
	})
}
