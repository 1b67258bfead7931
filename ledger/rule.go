package ledger

import "slices"

// The rules of an order and a delivery (B1–B11 and D1–D3). Each rule
// is defined once, here. A rule checks records that its caller has loaded, and a
// day of Asia/Shanghai; it reads nothing else. The contract applies the rules to
// its state, the marketplace to its projection, and a verifier to the state that it
// replayed. The field of a refusal names the wrong member of the product or the
// order; it is empty if another record is the cause.

// actDistribute and actUse are the actions of a license that are needed for an
// order with its deliveries, and for a supply.
const (
	actUse        = "use"
	actDistribute = "distribute"
)

// DeliveredForms returns the forms of product that this release delivers (D3).
func DeliveredForms() []Form {
	return []Form{FormDataset, FormReport, FormStatistic, FormModel}
}

func forbid(reason Reason, rule string) *Error { return Refuse(Forbidden, reason).By(rule) }

// firstRefusal returns the first refusal of a list, or nil.
func firstRefusal(list ...*Error) *Error {
	for _, e := range list {
		if e != nil {
			return e
		}
	}
	return nil
}

// CheckListed refuses a product that is not on offer (B1).
func CheckListed(p Product) *Error {
	if p.State != ProductListed {
		return forbid(ReasonNotListed, "B1").With("state", string(p.State))
	}
	return nil
}

// CheckLicense refuses a license that is not accepted or whose term does not
// include the day (B1), and a suspended license (B11).
func CheckLicense(l License, day Date) *Error {
	switch {
	case l.Effective(day):
		return nil
	case l.State == LicenseAccepted && l.StartOn <= day && day <= l.EndOn:
		return forbid(ReasonSuspended, "B11")
	}
	return forbid(ReasonLicense, "B1").With("state", string(l.State))
}

// CheckScope refuses a resource that the license does not cover, or does not cover
// for the action or the purpose (B2). An empty action or class matches all.
func CheckScope(l LicenseTerms, f Facts, p Purpose, action string) *Error {
	switch {
	case !l.Covers(f, Purpose{}), action != "" && !contains(l.Actions, action):
		return forbid(ReasonScope, "B2")
	case p.Class != "" && !l.Allows(p):
		return forbid(ReasonPurpose, "B2")
	}
	return nil
}

// CheckEntry refuses a resource without an entry, given as nil (B4), or whose entry
// is not in force on the day (B2).
func CheckEntry(e *EntryDetail, day Date) *Error {
	switch {
	case e == nil:
		return forbid(ReasonGate, "B4")
	case !e.Effective(day):
		return forbid(ReasonEntry, "B2")
	}
	return nil
}

// entryOf returns the entry of a resource from a map by resource, or nil.
func entryOf(entries map[ID]EntryDetail, resource ID) *EntryDetail {
	if e, ok := entries[resource]; ok && e.Subject == resource {
		return &e
	}
	return nil
}

// CheckReviews refuses a product whose security or conformity review is in the
// future or no longer valid (B3, O14(3)).
func CheckReviews(p ProductOffer, day Date) *Error {
	valid := func(r Review) bool { return r.On <= day && day <= r.ValidUntil }
	switch {
	case !valid(p.SecurityReview):
		return forbid(ReasonReview, "B3").At("security_review")
	case !valid(p.ConformityReview):
		return forbid(ReasonReview, "B3").At("conformity_review")
	}
	return nil
}

// CheckBuyer refuses a party that is not admitted as a buyer (B5) or is suspended
// (B11).
func CheckBuyer(buyer Party) *Error {
	return checkStanding(buyer, RoleBuyer, "B5")
}

// CheckOperator refuses a party that is not admitted as an operator or is suspended
// (B11).
func CheckOperator(operator Party) *Error {
	return checkStanding(operator, RoleOperator, "")
}

func checkStanding(p Party, role Role, rule string) *Error {
	switch {
	case !p.Has(role):
		return forbid(ReasonRole, rule).With("role", string(role))
	case !p.Active():
		return forbid(ReasonPartySuspended, "B11")
	}
	return nil
}

// CheckPurpose refuses a purpose that the product or its license does not allow (B6).
func CheckPurpose(o Order, p ProductOffer, l LicenseTerms) *Error {
	if !p.Allows(o.Purpose) || !l.Allows(o.Purpose) {
		return Refuse(InvalidCode, ReasonPurpose).At("purpose").By("B6")
	}
	return nil
}

// CheckPurposes refuses a product for a purpose that its license does not allow (B6).
func CheckPurposes(p ProductOffer, l LicenseTerms) *Error {
	for i, purpose := range p.Purposes {
		if !l.Allows(purpose) {
			return Refuse(InvalidCode, ReasonPurpose).At(at("allowed_purposes", i)).By("B6")
		}
	}
	return nil
}

// CheckEvidence refuses governance or welfare as the purpose of a buyer that is
// neither an organ nor an institution and gives no evidence (B6, P1).
func CheckEvidence(o Order, buyer Party) *Error {
	public := buyer.Kind == Organ || buyer.Kind == Institution
	if o.Purpose.Class != Industry && !public && o.Evidence == "" {
		return Refuse(InvalidCode, ReasonPurpose).At("purpose_evidence").By("B6")
	}
	return nil
}

// CheckPrice refuses a unit price that differs from the listed one. For governance
// and welfare the price is 0 (B7, P1).
func CheckPrice(o Order, p ProductOffer) *Error {
	want := p.Price.Fen
	if o.Purpose.Class != Industry {
		want = 0
	}
	if o.UnitPrice != want {
		return Refuse(InvalidCode, ReasonPrice).At("unit_price").By("B7")
	}
	return nil
}

// CheckOutsider refuses a buyer that is the operator, the license's assignee, or
// affiliated with them according to the license, the operator or the buyer (B8; O6,
// O14(6)).
func CheckOutsider(l License, operator, buyer Party) *Error {
	if buyer.ID == operator.ID || buyer.ID == l.Assignee || contains(l.Affiliates, buyer.USCC) ||
		contains(operator.Affiliates, buyer.USCC) || contains(buyer.Affiliates, operator.USCC) {
		return forbid(ReasonOwnScope, "B8")
	}
	return nil
}

// CheckSensitivity refuses a product above the general level or with personal
// information (B9).
func CheckSensitivity(p ProductOffer) *Error {
	switch {
	case p.Level != General:
		return forbid(ReasonLevel, "B9").At("level")
	case p.PIStatus != PINone && p.PIStatus != PIAnonymized:
		return forbid(ReasonPI, "B9").At("pi_status")
	}
	return nil
}

// CheckDerived refuses a product that claims to be less sensitive than a source: of
// a lower level (B9), or with less personal information without being anonymized
// (PIPL73).
func CheckDerived(p ProductOffer, source Resource) *Error {
	switch {
	case rank(Levels(), p.Level) < rank(Levels(), source.Level):
		return forbid(ReasonLevel, "B9")
	case p.PIStatus != PIAnonymized && rank(PIStatuses(), p.PIStatus) < rank(PIStatuses(), source.PIStatus):
		return forbid(ReasonPI, "PIPL73")
	}
	return nil
}

// rank returns the index of v in a list that is sorted from harmless to grave; a
// value that is not in the list ranks above all.
func rank[T comparable](from []T, v T) int {
	if i := slices.Index(from, v); i >= 0 {
		return i
	}
	return len(from)
}

// CheckRecipient refuses a region outside mainland China (B10).
func CheckRecipient(r Region) *Error {
	if !r.Mainland() {
		return forbid(ReasonRecipient, "B10").At("recipient_region")
	}
	return nil
}

// CheckProductForm refuses a form of product that this release does not deliver,
// above all raw data (D3).
func CheckProductForm(p ProductOffer) *Error {
	if !contains(DeliveredForms(), p.Form) {
		return forbid(ReasonForm, "D3").At("form").With("form", string(p.Form))
	}
	return nil
}

// CheckPaid refuses an order that is not paid yet or not active on the day (D2).
func CheckPaid(o Order, day Date) *Error {
	switch {
	case o.State == OrderAccepted, o.Effective(day) && o.Total > 0 && o.Payment == nil:
		return forbid(ReasonUnpaid, "D2")
	case !o.Effective(day):
		return forbid(ReasonOrder, "D2").With("state", string(o.State))
	}
	return nil
}
