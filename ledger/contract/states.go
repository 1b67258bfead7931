package contract

import "github.com/datacadastre/cadastre/ledger"

// step is one row of a table of transitions: a function takes a record from one
// state to another. A record that is not there yet is in state "".
type step[S ~string] struct {
	fn   ledger.Function
	from S
	to   S
}

// licenseSteps is domain §3.2 as far as calls change it. Beginning and expiry
// follow from the day, suspension from the open suspensions.
func licenseSteps() []step[ledger.LicenseState] {
	return []step[ledger.LicenseState]{
		{ledger.FnLicenseOffer, "", ledger.LicenseOffered},
		{ledger.FnLicenseAccept, ledger.LicenseOffered, ledger.LicenseAccepted},
		{ledger.FnLicenseSuspend, ledger.LicenseAccepted, ledger.LicenseAccepted},
		{ledger.FnLicenseResume, ledger.LicenseAccepted, ledger.LicenseAccepted},
		{ledger.FnLicenseTerminate, ledger.LicenseAccepted, ledger.LicenseTerminated},
	}
}

// orderSteps is domain §6.8: what costs nothing goes from placed to active at
// once, all else waits for its payment.
func orderSteps() []step[ledger.OrderState] {
	return []step[ledger.OrderState]{
		{ledger.FnOrderPlace, "", ledger.OrderPlaced},
		{ledger.FnOrderAccept, ledger.OrderPlaced, ledger.OrderAccepted},
		{ledger.FnOrderAccept, ledger.OrderPlaced, ledger.OrderActive},
		{ledger.FnOrderRefuse, ledger.OrderPlaced, ledger.OrderCancelled},
		{ledger.FnOrderConfirmPayment, ledger.OrderAccepted, ledger.OrderActive},
		{ledger.FnOrderCancel, ledger.OrderPlaced, ledger.OrderCancelled},
		{ledger.FnOrderCancel, ledger.OrderAccepted, ledger.OrderCancelled},
		{ledger.FnOrderFulfil, ledger.OrderActive, ledger.OrderFulfilled},
		{ledger.FnOrderBlock, ledger.OrderPlaced, ledger.OrderBlocked},
		{ledger.FnOrderBlock, ledger.OrderAccepted, ledger.OrderBlocked},
		{ledger.FnOrderBlock, ledger.OrderActive, ledger.OrderBlocked},
		{ledger.FnOrderBlock, ledger.OrderFulfilled, ledger.OrderBlocked}, // it can still be fetched within its term
	}
}

// move takes *state to a state by the called function, if the table has that row.
func move[S ~string](t *tx, table []step[S], state *S, to S) error {
	for _, s := range table {
		if s.fn == t.v.Call.Function && s.from == *state && s.to == to {
			*state = to
			return nil
		}
	}
	return wrongState(*state)
}

// wrongState refuses a call that a record's state does not admit.
func wrongState[S ~string](state S) error {
	return ledger.Refuse(ledger.Conflict, ledger.ReasonState).At("id").With("state", string(state))
}
