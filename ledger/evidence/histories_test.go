package evidence_test

import (
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// history is one way in which a dishonest node and parties that it is in league
// with have written the ledger, and what comes of the bundle about it.
type history struct {
	name  string
	about ledger.Ref
	do    func(w *world)
	hide  []ledger.Function                  // the last call of each is left out
	edit  func(w *world, b *evidence.Bundle) // a change to the bundle
	want  string                             // the check that fails; "": it verifies
	found bool                               // it verifies, and an audit finds it
}

// runHistories runs histories, each on a separate ledger.
func runHistories(t *testing.T, list []history) {
	t.Helper()
	for _, h := range list {
		t.Run(h.name, func(t *testing.T) {
			w := begin(t)
			h.do(w)
			h.checkAudit(t, w)
			for _, fn := range h.hide {
				w.hide(fn)
			}
			b, err := evidence.Lenient(t.Context(), w, h.about, w.trust(), checkers())
			if err != nil {
				if got := outcome(err); got != h.want {
					t.Errorf("gather: %q (%v), want %q", got, err, h.want)
				}
				return
			}
			if h.edit != nil {
				h.edit(w, &b)
			}
			_, err = w.verify(encode(t, b))
			if got := outcome(err); got != h.want {
				t.Errorf("verify: %q (%v), want %q", got, err, h.want)
			}
			if h.want == "" || h.edit != nil {
				return
			}
			if _, _, err := evidence.Build(t.Context(), w, h.about, w.trust(), ledger.Standard(), checkers()); err == nil {
				t.Error("an honest node gives out a bundle")
			}
		})
	}
}

// The records of the histories.
var (
	theOrder       = ref(ledger.KindOrder, "O")
	theLicense     = ref(ledger.KindLicense, "L")
	theEntry       = ref(ledger.KindEntry, "bus")
	theApplication = ref(ledger.KindApplication, "bus")
)

func deposited(w *world) {
	w.must("holder", ledger.FnDeposit, ledger.DepositArgs{SHA256: sum("deposit bus"), Bytes: 4096})
}

func submitted(w *world) {
	deposited(w)
	w.must("holder", ledger.FnAppSubmit, submission("bus"))
}

func step(w *world) ledger.AppStepArgs {
	return ledger.AppStepArgs{Application: id("bus"), Answers: w.cited(theApplication)}
}

func passing(w *world) ledger.AppPassArgs {
	return ledger.AppPassArgs{AppStepArgs: step(w), Checklist: []string{"complete", "consistent", "admissible"}}
}

func coding(w *world) ledger.AppCodeArgs { return ledger.AppCodeArgs{AppStepArgs: step(w)} }

// passed is an application whose notice is out.
func passed(w *world) {
	submitted(w)
	w.must("body", ledger.FnAppAccept, step(w))
	w.must("body", ledger.FnAppPass, passing(w))
}

func offered(w *world) {
	w.environment("env")
	w.offer("L")
}

func licensed(w *world) {
	offered(w)
	w.must("operator", ledger.FnLicenseAccept, w.answer(theLicense))
}

func ordered(w *world) {
	market(w)
	w.must("buyer", ledger.FnOrderPlace, place(w, "O"))
}

func accepted(w *world) {
	ordered(w)
	w.must("operator", ledger.FnOrderAccept, w.answer(theOrder))
}

func payment(w *world) ledger.OrderPaymentArgs {
	return ledger.OrderPaymentArgs{ID: id("O"), Answers: w.cited(theOrder), Reference: "2026-77", PaidAt: w.now, Fen: 300000}
}

func applicationIs(w *world, s ledger.ApplicationState) map[string][]byte {
	return changed(w, theApplication, func(a *ledger.Application) { a.State = s })
}

func orderIs(w *world, s ledger.OrderState) map[string][]byte {
	return changed(w, theOrder, func(o *ledger.Order) { o.State = s })
}

func licenseIs(w *world, s ledger.LicenseState) map[string][]byte {
	return changed(w, theLicense, func(l *ledger.License) { l.State = s })
}
