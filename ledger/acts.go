package ledger

import "slices"

// acts is the table of functions. A new function needs a row here, a type for its
// arguments, and a rule in package contract.
var acts = slices.Concat(partyActs, registrationActs, licenseActs, marketActs)

// of returns a function that creates new arguments.
func of[A any, P interface {
	*A
	Args
}]() func() Args {
	return func() Args { return P(new(A)) }
}

// anyOf lists roles that may act on any record.
func anyOf(roles ...Role) []Who {
	list := make([]Who, len(roles))
	for i, r := range roles {
		list[i] = Who{Role: r}
	}
	return list
}

// offices lists the roles that order suspensions, as offices of their region.
func offices() []Who {
	return []Who{{Role: RoleRegulator, Office: true}, {Role: RoleDataAuthority, Office: true}}
}

// by lists one role that may act on the records that name the party in a member. If
// the role is empty, any party that the member names may act.
func by(role Role, member string) []Who { return []Who{{Role: role, As: member}} }

// moves lists the steps to one state from each of several others.
func moves[S ~string](to S, from ...S) []Move {
	list := make([]Move, len(from))
	for i, f := range from {
		list[i] = Move{string(f), string(to)}
	}
	return list
}

// day returns the clock of a day that is stored in a member of the record.
func day(member string) []Clock { return []Clock{{Member: member}} }

// period returns the clock of a period that is stored in a member of the record, by
// a rule of the law.
func period(member, rule string) []Clock { return []Clock{{Member: member, Rule: rule}} }

// made is the creation of a record without states.
var made = []Move{{}}

// onApplication completes the row of a step of an application. Applications are
// imported by the hundred, so their steps may share a transaction.
func onApplication(a Act) Act {
	a.On, a.ID, a.Batched, a.Custody = KindApplication, "application", true, true
	return a
}

// on completes the row of an act on a record that its arguments name by id.
func on(kind string, a Act) Act {
	a.On, a.ID, a.Custody = kind, "id", true
	return a
}

// enclosed lists the refusals of a second JWS in the arguments, which is an
// application for admission or a proof.
var enclosed = []Reason{ReasonJWS, ReasonAlgorithm, ReasonSignature, ReasonKey}

// newKey lists the refusals of a key that replaces another one, and of its proof.
var newKey = append([]Reason{ReasonUnknown, ReasonExists, ReasonCustody, ReasonTooLarge}, enclosed...)

var partyActs = []Act{
	{
		Name: FnGenesis, Title: Words{"创建账本", "Begin the ledger"}, Who: anyOf(RoleDataAuthority), Args: of[GenesisArgs](),
		Reasons: append([]Reason{ReasonCentral, ReasonRolesExclude, ReasonKind, ReasonCustody}, enclosed...),
	},
	{
		Name: FnPartyAdmit, Title: Words{"准入单位", "Admit a party"}, Who: anyOf(RoleDataAuthority), Args: of[PartyAdmitArgs](), Makes: KindParty,
		Reasons: append([]Reason{ReasonExists, ReasonCentral, ReasonRolesExclude, ReasonKind, ReasonJurisdiction, ReasonRole, ReasonCustody}, enclosed...),
	},
	on(KindParty, Act{
		Name: FnPartySuspend, Title: Words{"暂停单位", "Suspend a party"}, Who: offices(), Args: of[TargetArgs](),
		Reasons: []Reason{ReasonSuspended, ReasonRole},
	}),
	on(KindParty, Act{
		Name: FnPartyResume, Title: Words{"恢复单位", "Resume a party"}, Who: offices(), Args: of[TargetArgs](),
		Reasons: []Reason{ReasonNoSuspense},
	}),
	{
		Name: FnKeyAdd, Title: Words{"增加密钥", "Add a key"}, Args: of[KeyAddArgs](),
		Note:    Words{"一人一把：受理、审核与赋码须由不同的密钥依次签署", "One for each person: acceptance, examination and coding alternate between keys"},
		Reasons: append([]Reason{ReasonExists, ReasonCustody, ReasonTooLarge}, enclosed...),
	},
	{
		Name: FnKeyRotate, Title: Words{"更换密钥", "Rotate a key"}, Args: of[KeyRotateArgs](),
		Reasons: append([]Reason{ReasonKeyEnded}, newKey...),
	},
	{
		Name: FnKeyRevoke, Title: Words{"停用密钥", "Revoke a key"}, Args: of[KeyRevokeArgs](), Custody: true,
		Reasons: []Reason{ReasonUnknown, ReasonNotYours, ReasonKeyEnded, ReasonKeyUse},
	},
	{
		Name: FnKeyReplace, Title: Words{"补换密钥", "Replace a lost key"}, Who: anyOf(RoleDataAuthority), Args: of[KeyReplaceArgs](),
		Reasons: append([]Reason{ReasonKeyUse}, newKey...),
	},
	{
		Name: FnCalendarSet, Title: Words{"发布工作日安排", "Set a year's working days"}, Who: anyOf(RoleDataAuthority), Args: of[CalendarArgs](),
	},
	{
		Name: FnAdvance, Title: Words{"拨快模拟时钟", "Move the simulated clock"}, Who: anyOf(RoleDataAuthority), Args: of[AdvanceArgs](),
		Note:    Words{"仅限以模拟时钟创建的演示账本；所到之时已届满的期限即告届满，不可拨回", "Only on a demonstration ledger that began with a simulated clock; limits that end by then have ended, and the clock can't be moved back"},
		Reasons: []Reason{ReasonRole, ReasonWindow},
	},
	{
		Name: FnAnchor, Title: Words{"锚定回执日志", "Anchor a receipt log"}, Who: by(RolePlatform, "owner"), Args: of[AnchorArgs](),
		On: KindLog, ID: "log", Reasons: []Reason{ReasonConsistency, ReasonLogEnded},
	},
	{
		Name: FnLogBegin, Title: Words{"恢复后另起日志", "Begin a log again after a restore"}, Who: anyOf(RoleDataAuthority), Args: of[LogBeginArgs](), Makes: KindLog,
		Note: Words{
			"仅由创世的数据管理部门或其恢复密钥办理，且为所恢复副本之后的第一条；副本之后的原有记录就此失去",
			"Only by the data authority that began the ledger, or its recovery key; it is the first entry after the restored copy, and what had followed the copy is lost",
		},
		Reasons: []Reason{ReasonUnknown, ReasonExists, ReasonConsistency},
	},
}

var registrationActs = []Act{
	{
		Name: FnDeposit, Title: Words{"存证", "Deposit a hash"}, Who: by(RoleHolder, "party"), Args: of[DepositArgs](),
		On: KindDeposit, ID: "sha256", Begins: true, Moves: made, Batched: true, Custody: true,
	},
	onApplication(Act{
		Name: FnAppSubmit, Title: Words{"提交登记申请", "Submit an application"}, Who: by(RoleHolder, "applicant"), Args: of[AppSubmitArgs](),
		Begins: true, Moves: moves(AppSubmitted, ""),
		Reasons: []Reason{ReasonNotYours, ReasonUnknown, ReasonRole, ReasonPartySuspended, ReasonJurisdiction, ReasonCoreData, ReasonDuplicate, ReasonDeposit, ReasonIncomplete},
	}),
	onApplication(Act{
		Name: FnAppAccept, Title: Words{"受理申请", "Accept an application"}, Who: by(RoleRegistryBody, "body"), Args: of[AppStepArgs](),
		Moves: moves(AppAccepted, AppSubmitted),
	}),
	onApplication(Act{
		Name: FnAppReturn, Title: Words{"一次性告知补正", "Return an application"}, Who: by(RoleRegistryBody, "body"), Args: of[AppReturnArgs](),
		Moves: moves(AppReturned, AppSubmitted), Reasons: []Reason{ReasonSecond},
	}),
	onApplication(Act{
		Name: FnAppResubmit, Title: Words{"补正后重新提交", "Resubmit an application"}, Who: by(RoleHolder, "applicant"), Args: of[AppResubmitArgs](),
		Moves: moves(AppSubmitted, AppReturned), Until: period("resubmit_by", "R10"),
		Reasons: []Reason{ReasonUnknown, ReasonRole, ReasonPartySuspended, ReasonNotYours, ReasonJurisdiction, ReasonCoreData, ReasonDuplicate, ReasonDeposit, ReasonIncomplete},
	}),
	onApplication(Act{
		Name: FnAppRefuse, Title: Words{"不予受理", "Refuse an application"}, Who: by(RoleRegistryBody, "body"), Args: of[AppRefuseArgs](),
		Moves: moves(AppNotAccepted, AppSubmitted),
	}),
	onApplication(Act{
		Name: FnAppPass, Title: Words{"审核通过并公示", "Pass the examination"}, Who: by(RoleRegistryBody, "body"), Args: of[AppPassArgs](),
		Makes: KindNotice, Moves: moves(AppNoticed, AppAccepted), Until: []Clock{{"exam_due", "R11", "late"}}, Reasons: []Reason{ReasonFourEyes},
	}),
	onApplication(Act{
		Name: FnAppFail, Title: Words{"审核不通过", "Fail the examination"}, Who: by(RoleRegistryBody, "body"), Args: of[AppRefuseArgs](),
		Moves: moves(AppExamFailed, AppAccepted), Reasons: []Reason{ReasonFourEyes},
	}),
	onApplication(Act{
		Name: FnAppObject, Title: Words{"提出异议", "Object in the notice period"}, Args: of[AppObjectArgs](),
		Cites: Cited{KindNotice, "application"}, Moves: moves(AppNoticed, AppNoticed), Until: period("notice", "R12"), Reasons: []Reason{ReasonNotYours, ReasonExists},
	}),
	onApplication(Act{
		Name: FnAppDecide, Title: Words{"处理异议", "Decide an objection"}, Who: by(RoleRegistryBody, "body"), Args: of[AppDecideArgs](),
		Moves: append(moves(AppNoticed, AppNoticed), moves(AppTerminated, AppNoticed)...),
	}),
	onApplication(Act{
		Name: FnAppCode, Title: Words{"赋码登记", "Code a registration"}, Who: by(RoleRegistryBody, "body"), Args: of[AppCodeArgs](),
		Makes: KindEntry, Moves: moves(AppCoded, AppNoticed), After: period("notice", "R12"), Reasons: []Reason{ReasonOpen, ReasonExists, ReasonPartySuspended, ReasonFourEyes},
	}),
	onApplication(Act{
		Name: FnAppWithdraw, Title: Words{"撤回申请", "Withdraw an application"}, Who: by(RoleHolder, "applicant"), Args: of[AppStepArgs](),
		Moves: moves(AppWithdrawn, AppSubmitted, AppReturned, AppAccepted, AppNoticed),
	}),
	on(KindEntry, Act{
		Name: FnEntrySuspend, Title: Words{"暂停登记结果", "Suspend an entry"}, Who: offices(), Args: of[TargetArgs](),
		Moves: moves(EntryActive, EntryActive), Until: day("valid_until"), Reasons: []Reason{ReasonSuspended},
	}),
	on(KindEntry, Act{
		Name: FnEntryResume, Title: Words{"恢复登记结果", "Resume an entry"}, Who: offices(), Args: of[TargetArgs](),
		Moves: moves(EntryActive, EntryActive), Until: day("valid_until"), Reasons: []Reason{ReasonNoSuspense},
	}),
}

var licenseActs = []Act{
	on(KindLicense, Act{
		Name: FnLicenseOffer, Title: Words{"要约授权", "Offer a license"}, Who: by(RoleImplementer, "assigner"), Args: of[LicenseOfferArgs](),
		Begins: true, Moves: moves(LicenseOffered, ""),
		Reasons: []Reason{ReasonNotYours, ReasonUnknown, ReasonRole, ReasonPartySuspended, ReasonJurisdiction, ReasonEnvironment, ReasonGate, ReasonEntry, ReasonScope, ReasonDateOrder},
	}),
	on(KindLicense, Act{
		Name: FnLicenseAccept, Title: Words{"接受授权", "Accept a license"}, Who: by(RoleOperator, "assignee"), Args: of[AnswerArgs](),
		Moves: moves(LicenseAccepted, LicenseOffered), Until: append(day("offer_until"), day("end_on")...),
	}),
	on(KindLicense, Act{
		Name: FnLicenseWithdraw, Title: Words{"撤回授权要约", "Withdraw the offer of a license"}, Who: by(RoleImplementer, "assigner"), Args: of[TargetArgs](),
		Moves: moves(LicenseWithdrawn, LicenseOffered),
	}),
	on(KindLicense, Act{
		Name: FnLicenseDecline, Title: Words{"谢绝授权要约", "Decline the offer of a license"}, Who: by(RoleOperator, "assignee"), Args: of[TargetArgs](),
		Moves: moves(LicenseDeclined, LicenseOffered),
	}),
	on(KindLicense, Act{
		Name: FnLicenseSuspend, Title: Words{"暂停授权", "Suspend a license"}, Who: append(by(RoleImplementer, "assigner"), offices()...),
		Args: of[TargetArgs](), Moves: moves(LicenseAccepted, LicenseAccepted), Until: day("end_on"), Reasons: []Reason{ReasonSuspended},
	}),
	on(KindLicense, Act{
		Name: FnLicenseResume, Title: Words{"恢复授权", "Resume a license"}, Who: append(by(RoleImplementer, "assigner"), offices()...),
		Args: of[TargetArgs](), Moves: moves(LicenseAccepted, LicenseAccepted), Until: day("end_on"), Reasons: []Reason{ReasonNoSuspense},
	}),
	on(KindLicense, Act{
		Name: FnLicenseTerminate, Title: Words{"终止授权", "Terminate a license"},
		Note: Words{"在其下进行的供给和交付一秒内中断，且不可撤销。", "Running supplies and deliveries under it are stopped within a second. It can't be undone."},
		Who:  by(RoleImplementer, "assigner"), Args: of[TargetArgs](),
		Moves: moves(LicenseTerminated, LicenseAccepted), Until: day("end_on"),
	}),
	on(KindEnvironment, Act{
		Name: FnEnvironmentSet, Title: Words{"登记受控环境", "Set a controlled environment"}, Who: by(RoleImplementer, "set_by"), Args: of[EnvironmentArgs](),
		Begins: true, Reasons: append([]Reason{ReasonUnknown, ReasonRole, ReasonPartySuspended, ReasonRecipient, ReasonExists, ReasonTooLarge}, enclosed...),
	}),
}

// unsellable lists the refusals that listing, ordering and accepting an order have
// in common: the license, its sources or the product do not allow the sale today
// (B1–B11).
var unsellable = []Reason{
	ReasonLicense, ReasonSuspended, ReasonPurpose, ReasonForm, ReasonReview, ReasonLevel, ReasonPI, ReasonGate, ReasonEntry, ReasonScope,
}

var marketActs = []Act{
	on(KindProduct, Act{
		Name: FnProductList, Title: Words{"上架产品", "List a product"}, Who: by(RoleOperator, "operator"), Args: of[ProductListArgs](),
		Begins: true, Moves: moves(ProductListed, ""), Reasons: append([]Reason{ReasonNotYours, ReasonUnknown}, unsellable...),
	}),
	on(KindProduct, Act{
		Name: FnProductChange, Title: Words{"变更产品", "Change a product"}, Who: by(RoleOperator, "operator"), Args: of[ProductListArgs](),
		Begins: true, Moves: moves(ProductListed, ProductListed), Reasons: append([]Reason{ReasonStale}, unsellable...),
	}),
	on(KindProduct, Act{
		Name: FnProductDelist, Title: Words{"下架产品", "Delist a product"}, Who: append(by(RoleOperator, "operator"), offices()...),
		Args: of[TargetArgs](), Moves: moves(ProductDelisted, ProductListed),
	}),
	on(KindContent, Act{
		Name: FnContentAdd, Title: Words{"登记内容", "Add content"}, Who: append(by(RoleHolder, "owner"), by(RoleOperator, "owner")...),
		Args: of[ContentArgs](), Begins: true, Moves: moves(ContentRecorded, ""), Reasons: []Reason{ReasonNotYours, ReasonUnknown, ReasonNotListed, ReasonRawContent, ReasonSameContent},
		Note: Words{"同一文件已是未公开资源的内容的，不得作为产品内容；日后成为的，停止交付", "A file that is content of a resource which is not open can't be content of a product; if it becomes so later, delivery stops"},
	}),
	on(KindContent, Act{
		Name: FnContentRemove, Title: Words{"撤下内容", "Remove content"}, Who: append(by(RoleHolder, "owner"), by(RoleOperator, "owner")...),
		Args: of[AnswerArgs](), Moves: moves(ContentRemoved, ContentRecorded),
	}),
	on(KindOrder, Act{
		Name: FnOrderPlace, Title: Words{"下单", "Place an order"}, Who: by(RoleBuyer, "buyer"), Args: of[OrderPlaceArgs](),
		Begins: true, Moves: moves(OrderPlaced, ""),
		Reasons: append([]Reason{ReasonUnknown, ReasonStale, ReasonNotListed, ReasonNoContent, ReasonPartySuspended, ReasonPrice, ReasonOwnScope, ReasonRecipient}, unsellable...),
	}),
	on(KindOrder, Act{
		Name: FnOrderAccept, Title: Words{"接受订单", "Accept an order"}, Who: by(RoleOperator, "operator"), Args: of[AnswerArgs](),
		Moves: append(moves(OrderAccepted, OrderPlaced), moves(OrderActive, OrderPlaced)...), Until: append(day("end_on"), period("answer_due", "")...),
		Reasons: append([]Reason{ReasonNotListed, ReasonPartySuspended, ReasonOwnScope}, unsellable...),
	}),
	on(KindOrder, Act{
		Name: FnOrderRefuse, Title: Words{"拒绝订单", "Refuse an order"}, Who: by(RoleOperator, "operator"), Args: of[TargetArgs](),
		Moves: moves(OrderCancelled, OrderPlaced),
	}),
	on(KindOrder, Act{
		Name: FnOrderConfirmPayment, Title: Words{"确认收款", "Confirm a payment"}, Who: by(RoleOperator, "operator"), Args: of[OrderPaymentArgs](),
		Moves: moves(OrderActive, OrderAccepted), Reasons: []Reason{ReasonPrice, ReasonTime},
	}),
	on(KindOrder, Act{
		Name: FnOrderCancel, Title: Words{"取消订单", "Cancel an order"}, Who: by(RoleBuyer, "buyer"), Args: of[AnswerArgs](),
		Moves: moves(OrderCancelled, OrderPlaced, OrderAccepted),
	}),
	on(KindOrder, Act{
		Name: FnOrderFulfill, Title: Words{"完成订单", "Fulfill an order"}, Who: append(by(RoleOperator, "operator"), by(RoleBuyer, "buyer")...),
		Args: of[TargetArgs](), Moves: moves(OrderFulfilled, OrderActive),
	}),
	on(KindOrder, Act{
		Name: FnOrderBlock, Title: Words{"冻结订单", "Block an order"}, Who: offices(), Args: of[TargetArgs](),
		Moves: moves(OrderBlocked, OrderPlaced, OrderAccepted, OrderActive, OrderFulfilled),
	}),
}
