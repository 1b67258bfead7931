package ledger

// Function is the name of a function of the contract.
type Function string

// The functions of the contract.
const (
	FnGenesis Function = "genesis"

	FnPartyAdmit   Function = "party.admit"
	FnPartySuspend Function = "party.suspend"
	FnPartyResume  Function = "party.resume"
	FnKeyAdd       Function = "key.add"
	FnKeyRotate    Function = "key.rotate"
	FnKeyRevoke    Function = "key.revoke"
	FnKeyReplace   Function = "key.replace"
	FnCalendarSet  Function = "calendar.set"
	FnAdvance      Function = "practice.advance"
	FnAnchor       Function = "anchor"
	FnLogBegin     Function = "log.begin"

	FnDeposit      Function = "deposit"
	FnAppSubmit    Function = "application.submit"
	FnAppAccept    Function = "application.accept"
	FnAppReturn    Function = "application.return"
	FnAppResubmit  Function = "application.resubmit"
	FnAppRefuse    Function = "application.refuse"
	FnAppPass      Function = "application.pass"
	FnAppFail      Function = "application.fail"
	FnAppObject    Function = "application.object"
	FnAppDecide    Function = "application.decide_objection"
	FnAppCode      Function = "application.code"
	FnAppWithdraw  Function = "application.withdraw"
	FnEntrySuspend Function = "entry.suspend"
	FnEntryResume  Function = "entry.resume"

	FnLicenseOffer     Function = "license.offer"
	FnLicenseAccept    Function = "license.accept"
	FnLicenseSuspend   Function = "license.suspend"
	FnLicenseResume    Function = "license.resume"
	FnLicenseTerminate Function = "license.terminate"
	FnLicenseWithdraw  Function = "license.withdraw"
	FnLicenseDecline   Function = "license.decline"
	FnEnvironmentSet   Function = "environment.set"

	FnProductList   Function = "product.list"
	FnProductChange Function = "product.change"
	FnProductDelist Function = "product.delist"
	FnContentAdd    Function = "content.add"
	FnContentRemove Function = "content.remove"

	FnOrderPlace          Function = "order.place"
	FnOrderAccept         Function = "order.accept"
	FnOrderRefuse         Function = "order.refuse"
	FnOrderConfirmPayment Function = "order.confirm_payment"
	FnOrderCancel         Function = "order.cancel"
	FnOrderFulfill        Function = "order.fulfill"
	FnOrderBlock          Function = "order.block"
)
