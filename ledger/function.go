package ledger

// Function is what a call asks for.
type Function string

// The functions of the contract.
const (
	FnGenesis Function = "genesis"

	FnPartyAdmit   Function = "party.admit"
	FnPartySuspend Function = "party.suspend"
	FnPartyResume  Function = "party.resume"
	FnKeyRotate    Function = "key.rotate"
	FnKeyRevoke    Function = "key.revoke"
	FnKeyReplace   Function = "key.replace"
	FnCalendarSet  Function = "calendar.set"
	FnAnchor       Function = "anchor"

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
	FnOrderFulfil         Function = "order.fulfil"
	FnOrderBlock          Function = "order.block"
)

// FunctionRow says who may call a function.
type FunctionRow struct {
	Name  Function
	Roles []Role // one of them; empty: any admitted party
}

// Functions is the table of functions: the contract enforces it, and the
// policies' write rows are generated from it (protocol §9).
func Functions() []FunctionRow {
	authority, regulator, body := RoleDataAuthority, RoleRegulator, RoleRegistryBody
	return []FunctionRow{
		{FnGenesis, []Role{authority}},
		{FnPartyAdmit, []Role{authority}},
		{FnPartySuspend, []Role{authority, regulator}},
		{FnPartyResume, []Role{authority, regulator}},
		{FnKeyRotate, nil},
		{FnKeyRevoke, nil},
		{FnKeyReplace, []Role{authority}},
		{FnCalendarSet, []Role{authority}},
		{FnAnchor, []Role{RolePlatform}},
		{FnDeposit, []Role{RoleHolder}},
		{FnAppSubmit, []Role{RoleHolder}},
		{FnAppAccept, []Role{body}},
		{FnAppReturn, []Role{body}},
		{FnAppResubmit, []Role{RoleHolder}},
		{FnAppRefuse, []Role{body}},
		{FnAppPass, []Role{body}},
		{FnAppFail, []Role{body}},
		{FnAppObject, nil},
		{FnAppDecide, []Role{body}},
		{FnAppCode, []Role{body}},
		{FnAppWithdraw, []Role{RoleHolder}},
		{FnEntrySuspend, []Role{regulator}},
		{FnEntryResume, []Role{regulator}},
		{FnLicenseOffer, []Role{RoleImplementer}},
		{FnLicenseAccept, []Role{RoleOperator}},
		{FnLicenseSuspend, []Role{RoleImplementer, regulator}},
		{FnLicenseResume, []Role{RoleImplementer, regulator}},
		{FnLicenseTerminate, []Role{RoleImplementer}},
		{FnEnvironmentSet, []Role{RoleImplementer}},
		{FnProductList, []Role{RoleOperator}},
		{FnProductChange, []Role{RoleOperator}},
		{FnProductDelist, []Role{RoleOperator, regulator}},
		{FnContentAdd, []Role{RoleHolder, RoleOperator}},
		{FnContentRemove, []Role{RoleHolder, RoleOperator}},
		{FnOrderPlace, []Role{RoleBuyer}},
		{FnOrderAccept, []Role{RoleOperator}},
		{FnOrderRefuse, []Role{RoleOperator}},
		{FnOrderConfirmPayment, []Role{RoleOperator}},
		{FnOrderCancel, []Role{RoleBuyer}},
		{FnOrderFulfil, []Role{RoleOperator, RoleBuyer}},
		{FnOrderBlock, []Role{regulator}},
	}
}
