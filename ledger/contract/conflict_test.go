package contract_test

import (
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

// If two calls in one batch exclude each other, exactly the first is recorded, and
// the second gets the reason.
func TestConflictingCallsInOneBatch(t *testing.T) {
	base := trading(t)
	base.must("implementer", ledger.FnLicenseOffer, offerArgs("M"))
	base.must("buyer", ledger.FnOrderPlace, base.placeArgs("O", "P"))
	change := listArgs("P", "L")
	change.Version = 2
	key := base.newKey()
	for _, c := range []struct {
		name   string
		a, b   act
		argsA  any
		argsB  any
		reason ledger.Reason
	}{
		{
			"accept a license twice",
			act{ledger.FnLicenseAccept, "operator"},
			act{ledger.FnLicenseAccept, "operator"},
			base.answer(mLicense("M")), base.answer(mLicense("M")), ledger.ReasonState,
		},
		{
			"offer one id twice",
			act{ledger.FnLicenseOffer, "implementer"},
			act{ledger.FnLicenseOffer, "implementer2"},
			offerArgs("N"), func() ledger.LicenseOfferArgs {
				a := offerArgs("N")
				a.Assigner = mID("implementer2")
				return a
			}(), ledger.ReasonExists,
		},
		{
			"suspend twice",
			act{ledger.FnLicenseSuspend, "regulator"},
			act{ledger.FnLicenseSuspend, "implementer"},
			base.target(mLicense("L")), base.target(mLicense("L")), ledger.ReasonStale,
		},
		{
			"accept and refuse an order",
			act{ledger.FnOrderAccept, "operator"},
			act{ledger.FnOrderRefuse, "operator"},
			base.answer(mOrder("O")), base.target(mOrder("O")), ledger.ReasonState,
		},
		{
			"accept and cancel an order",
			act{ledger.FnOrderAccept, "operator"},
			act{ledger.FnOrderCancel, "buyer"},
			base.answer(mOrder("O")), base.answer(mOrder("O")), ledger.ReasonStale,
		},
		{
			"change a product and order its old version",
			act{ledger.FnProductChange, "operator"},
			act{ledger.FnOrderPlace, "buyer2"},
			change, base.placeArgs("Q", "P"), ledger.ReasonStale,
		},
		{
			"change a product twice",
			act{ledger.FnProductChange, "operator"},
			act{ledger.FnProductChange, "operator"},
			change, change, ledger.ReasonStale,
		},
		{
			"one key for two environments",
			act{ledger.FnEnvironmentSet, "implementer"},
			act{ledger.FnEnvironmentSet, "implementer2"},
			base.environment(key, "E", "operator"), base.environment(key, "F", "operator2"), ledger.ReasonExists,
		},
		{
			"one file twice for a product",
			act{ledger.FnContentAdd, "operator"},
			act{ledger.FnContentAdd, "operator"},
			fileArgs("F", mProduct("P"), "file"), fileArgs("G", mProduct("P"), "file"), ledger.ReasonSameContent,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := base.fork(t)
			results := m.apply(m.signed(c.a.who, c.a.fn, c.argsA), m.signed(c.b.who, c.b.fn, c.argsB))
			if results[0].Err != nil {
				t.Fatalf("first: %v", results[0].Err)
			}
			e := ledger.AsError(results[1].Err)
			if e == nil || e.Code != ledger.Conflict || e.Reason != c.reason {
				t.Fatalf("second: %v, want conflict by %s", results[1].Err, c.reason)
			}
			if len(results[1].Writes) != 0 || results[1].Event != nil {
				t.Fatal("the refused call wrote")
			}
		})
	}
}
