package contract

import "github.com/datacadastre/cadastre/ledger"

// rules maps each function to its rule, in the frame that its row of ledger.Acts
// asks for.
var rules = map[ledger.Function]handler{
	ledger.FnGenesis:      handle(genesis),
	ledger.FnPartyAdmit:   handle(admitParty),
	ledger.FnPartySuspend: change(suspendParty),
	ledger.FnPartyResume:  change(resumeParty),
	ledger.FnKeyAdd:       handle(addKey),
	ledger.FnKeyRotate:    handle(rotateKey),
	ledger.FnKeyRevoke:    handle(revokeKey),
	ledger.FnKeyReplace:   handle(replaceKey),
	ledger.FnCalendarSet:  handle(setCalendar),
	ledger.FnAdvance:      handle(advance),
	ledger.FnAnchor:       handle(anchor),
	ledger.FnLogBegin:     handle(beginLog),

	ledger.FnDeposit:      create(deposit),
	ledger.FnAppSubmit:    create(submit),
	ledger.FnAppResubmit:  change(resubmit),
	ledger.FnAppAccept:    change(acceptApplication),
	ledger.FnAppReturn:    change(returnApplication),
	ledger.FnAppRefuse:    change(rejectApplication),
	ledger.FnAppPass:      change(pass),
	ledger.FnAppFail:      change(rejectApplication),
	ledger.FnAppObject:    change(object),
	ledger.FnAppDecide:    change(decide),
	ledger.FnAppCode:      change(code),
	ledger.FnAppWithdraw:  change(withdraw),
	ledger.FnEntrySuspend: change(suspendEntry),
	ledger.FnEntryResume:  change(resumeEntry),

	ledger.FnLicenseOffer:     create(offerLicense),
	ledger.FnLicenseAccept:    change(acceptLicense),
	ledger.FnLicenseSuspend:   change(suspendLicense),
	ledger.FnLicenseResume:    change(resumeLicense),
	ledger.FnLicenseTerminate: change(endLicense),
	ledger.FnLicenseWithdraw:  change(endLicense),
	ledger.FnLicenseDecline:   change(endLicense),
	ledger.FnEnvironmentSet:   handle(setEnvironment),

	ledger.FnProductList:   create(listProduct),
	ledger.FnProductChange: change(changeProduct),
	ledger.FnProductDelist: change(delistProduct),
	ledger.FnContentAdd:    create(addContent),
	ledger.FnContentRemove: change(removeContent),

	ledger.FnOrderPlace:          create(placeOrder),
	ledger.FnOrderAccept:         change(acceptOrder),
	ledger.FnOrderRefuse:         change(refuseOrder),
	ledger.FnOrderConfirmPayment: change(confirmPayment),
	ledger.FnOrderCancel:         change(cancelOrder),
	ledger.FnOrderFulfill:        change(fulfillOrder),
	ledger.FnOrderBlock:          change(blockOrder),
}
