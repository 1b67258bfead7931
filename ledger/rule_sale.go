package ledger

// SaleFacts are the records that an order, its acceptance and each of its
// deliveries are judged by.
type SaleFacts struct {
	Order    Order
	Product  Product // as it stands, whatever version was ordered
	License  License // of the order
	Operator Party   // of the order
	Buyer    Party
	// Entries holds the entry of each resource that OrderSources names; a resource
	// that has none is left out.
	Entries map[ID]EntryDetail
}

// OrderSources returns the resources that an order rests on: those of the product
// as it stands, since its content may be made of them, then what else it was
// made of when it was ordered.
func OrderSources(o Order, p Product) []ID {
	list := append([]ID{}, p.Sources...)
	for _, id := range o.Sources {
		if !contains(list, id) {
			list = append(list, id)
		}
	}
	return list
}

// CheckOrder checks all rules for an order that is to be placed (B1–B11).
func CheckOrder(f SaleFacts, day Date) *Error {
	return firstRefusal(
		CheckListed(f.Product),
		CheckLicense(f.License, day),
		CheckPurpose(f.Order, f.Product.ProductOffer, f.License.LicenseTerms),
		CheckEvidence(f.Order, f.Buyer),
		CheckPrice(f.Order, f.Product.ProductOffer),
		CheckSale(f, day),
	)
}

// CheckAcceptance checks what must hold when an operator accepts an order: all
// rules but that of the price, which the order keeps (B1–B6, B8–B11).
func CheckAcceptance(f SaleFacts, day Date) *Error {
	return firstRefusal(
		CheckListed(f.Product),
		CheckLicense(f.License, day),
		CheckPurpose(f.Order, f.Product.ProductOffer, f.License.LicenseTerms),
		CheckSale(f, day),
	)
}

// CheckSale checks the rules that an order must meet at every step and each of
// its deliveries too (B1–B5, B8–B11, D3).
func CheckSale(f SaleFacts, day Date) *Error {
	p := f.Product.ProductOffer
	if e := firstRefusal(
		CheckListed(f.Product),
		CheckLicense(f.License, day),
		CheckOperator(f.Operator),
		CheckBuyer(f.Buyer),
		CheckProductForm(p),
		CheckReviews(p, day),
		CheckSensitivity(p),
		checkLicensee(f),
	); e != nil {
		return e
	}
	sources := OrderSources(f.Order, f.Product)
	if e := CheckSources(p, sources, f.License, f.Entries, []Purpose{f.Order.Purpose}, actDistribute, day); e != nil {
		return e
	}
	return firstRefusal(
		CheckOutsider(f.License, f.Operator, f.Buyer),
		CheckRecipient(f.Order.Recipient),
	)
}

// checkLicensee refuses a license that is another operator's, or not the one of
// the product (B2).
func checkLicensee(f SaleFacts) *Error {
	if f.License.Assignee != f.Operator.ID || f.Product.Operator != f.Operator.ID || f.Product.License != f.License.ID {
		return forbid(ReasonScope, "B2")
	}
	return nil
}

// CheckOffer checks what a product that is put on offer is made of and how (B2–B4,
// B9, D3): for each of its purposes, under its license.
func CheckOffer(p ProductOffer, l License, entries map[ID]EntryDetail, day Date) *Error {
	return firstRefusal(
		CheckProductForm(p),
		CheckReviews(p, day),
		CheckSensitivity(p),
		CheckSources(p, p.Sources, l, entries, p.Purposes, "", day),
	)
}

// CheckSources checks each resource that a product is made of: it is registered
// and in force (B2, B4), the license covers it for each purpose and for the action
// (B2), and the product is not milder than it (B9). There must be one at least.
// The refusal's field is the source's place in the list.
func CheckSources(p ProductOffer, sources []ID, l License, entries map[ID]EntryDetail, purposes []Purpose, action string, day Date) *Error {
	if len(sources) == 0 {
		return forbid(ReasonScope, "B2").At("sources")
	}
	for i, id := range sources {
		if e := checkSource(p, l, entryOf(entries, id), purposes, action, day); e != nil {
			return e.At(at("sources", i))
		}
	}
	return nil
}

func checkSource(p ProductOffer, l License, entry *EntryDetail, purposes []Purpose, action string, day Date) *Error {
	if e := CheckEntry(entry, day); e != nil {
		return e
	}
	for _, purpose := range append([]Purpose{{}}, purposes...) {
		if e := CheckScope(l.LicenseTerms, entry.Facts(), purpose, action); e != nil {
			return e
		}
	}
	return CheckDerived(p, entry.Resource)
}
