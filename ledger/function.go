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
	FnSubmit       Function = "application.submit"
	FnAccept       Function = "application.accept"
	FnReturn       Function = "application.return"
	FnResubmit     Function = "application.resubmit"
	FnRefuse       Function = "application.refuse"
	FnPass         Function = "application.pass"
	FnFail         Function = "application.fail"
	FnObject       Function = "application.object"
	FnDecide       Function = "application.decide_objection"
	FnCode         Function = "application.code"
	FnWithdraw     Function = "application.withdraw"
	FnEntrySuspend Function = "entry.suspend"
	FnEntryResume  Function = "entry.resume"

	FnOffer            Function = "license.offer"
	FnLicenseAccept    Function = "license.accept"
	FnLicenseSuspend   Function = "license.suspend"
	FnLicenseResume    Function = "license.resume"
	FnLicenseTerminate Function = "license.terminate"
	FnEnvironmentSet   Function = "environment.set"

	FnList          Function = "product.list"
	FnChange        Function = "product.change"
	FnDelist        Function = "product.delist"
	FnContentAdd    Function = "content.add"
	FnContentRemove Function = "content.remove"

	FnPlace          Function = "order.place"
	FnOrderAccept    Function = "order.accept"
	FnOrderRefuse    Function = "order.refuse"
	FnConfirmPayment Function = "order.confirm_payment"
	FnOrderCancel    Function = "order.cancel"
	FnFulfil         Function = "order.fulfil"
	FnBlock          Function = "order.block"
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
		{FnSubmit, []Role{RoleHolder}},
		{FnAccept, []Role{body}},
		{FnReturn, []Role{body}},
		{FnResubmit, []Role{RoleHolder}},
		{FnRefuse, []Role{body}},
		{FnPass, []Role{body}},
		{FnFail, []Role{body}},
		{FnObject, nil},
		{FnDecide, []Role{body}},
		{FnCode, []Role{body}},
		{FnWithdraw, []Role{RoleHolder}},
		{FnEntrySuspend, []Role{regulator}},
		{FnEntryResume, []Role{regulator}},
		{FnOffer, []Role{RoleImplementer}},
		{FnLicenseAccept, []Role{RoleOperator}},
		{FnLicenseSuspend, []Role{RoleImplementer, regulator}},
		{FnLicenseResume, []Role{RoleImplementer, regulator}},
		{FnLicenseTerminate, []Role{RoleImplementer}},
		{FnEnvironmentSet, []Role{RoleImplementer}},
		{FnList, []Role{RoleOperator}},
		{FnChange, []Role{RoleOperator}},
		{FnDelist, []Role{RoleOperator, regulator}},
		{FnContentAdd, []Role{RoleHolder, RoleOperator}},
		{FnContentRemove, []Role{RoleHolder, RoleOperator}},
		{FnPlace, []Role{RoleBuyer}},
		{FnOrderAccept, []Role{RoleOperator}},
		{FnOrderRefuse, []Role{RoleOperator}},
		{FnConfirmPayment, []Role{RoleOperator}},
		{FnOrderCancel, []Role{RoleBuyer}},
		{FnFulfil, []Role{RoleOperator, RoleBuyer}},
		{FnBlock, []Role{regulator}},
	}
}
