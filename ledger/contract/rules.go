package contract

import "github.com/datacadastre/cadastre/ledger"

// rules maps each function to its rule, in the frame that its row of ledger.Acts
// asks for.
var rules = map[ledger.Function]handler{
	ledger.FnGenesis:      handle(genesis),
	ledger.FnPartyAdmit:   handle(admit),
	ledger.FnPartySuspend: on(suspendParty),
	ledger.FnPartyResume:  on(resumeParty),
	ledger.FnKeyRotate:    handle(rotateKey),
	ledger.FnKeyRevoke:    handle(revokeKey),
	ledger.FnKeyReplace:   handle(replaceKey),
	ledger.FnCalendarSet:  handle(setCalendar),
	ledger.FnAnchor:       handle(anchor),

	ledger.FnDeposit:      begin(deposit),
	ledger.FnAppSubmit:    begin(submit),
	ledger.FnAppResubmit:  on(resubmit),
	ledger.FnAppAccept:    on(acceptApplication),
	ledger.FnAppReturn:    on(returnApplication),
	ledger.FnAppRefuse:    on(rejectApplication),
	ledger.FnAppPass:      on(pass),
	ledger.FnAppFail:      on(rejectApplication),
	ledger.FnAppObject:    on(object),
	ledger.FnAppDecide:    on(decide),
	ledger.FnAppCode:      on(code),
	ledger.FnAppWithdraw:  on(withdraw),
	ledger.FnEntrySuspend: on(suspendEntry),
	ledger.FnEntryResume:  on(resumeEntry),

	ledger.FnLicenseOffer:     begin(offerLicense),
	ledger.FnLicenseAccept:    on(acceptLicense),
	ledger.FnLicenseSuspend:   on(suspendLicense),
	ledger.FnLicenseResume:    on(resumeLicense),
	ledger.FnLicenseTerminate: on(terminateLicense),
	ledger.FnEnvironmentSet:   handle(setEnvironment),

	ledger.FnProductList:   begin(listProduct),
	ledger.FnProductChange: on(changeProduct),
	ledger.FnProductDelist: on(delistProduct),
	ledger.FnContentAdd:    begin(addContent),
	ledger.FnContentRemove: on(removeContent),

	ledger.FnOrderPlace:          begin(placeOrder),
	ledger.FnOrderAccept:         on(acceptOrder),
	ledger.FnOrderRefuse:         on(refuseOrder),
	ledger.FnOrderConfirmPayment: on(confirmPayment),
	ledger.FnOrderCancel:         on(cancelOrder),
	ledger.FnOrderFulfill:        on(fulfillOrder),
	ledger.FnOrderBlock:          on(blockOrder),
}
