package ledger

// SaleFacts are the records that decide whether an order, its acceptance and each
// of its deliveries are allowed.
type SaleFacts struct {
	Order    Order
	Product  Product // the current version, whichever version was ordered
	License  License // of the order
	Operator Party   // of the order
	Buyer    Party
	// Entries has the entry of each resource that OrderSources returns, except
	// those without an entry.
	Entries map[ID]EntryDetail
}

// OrderSources returns the resources that an order depends on: those of the current
// version of the product, since its content may be made of them, then the others of
// the version that was ordered.
func OrderSources(o Order, p Product) []ID {
	list := append([]ID{}, p.Sources...)
	for _, id := range o.Sources {
		if !contains(list, id) {
			list = append(list, id)
		}
	}
	return list
}

// CheckOrder checks all rules for a new order (B1–B11).
func CheckOrder(f SaleFacts, day Date) *Error {
	return firstRefusal(
		CheckPurpose(f.Order, f.Product.ProductOffer, f.License.LicenseTerms),
		CheckEvidence(f.Order, f.Buyer),
		CheckPrice(f.Order, f.Product.ProductOffer),
		CheckSale(f, day),
	)
}

// CheckAcceptance checks the rules when an operator accepts an order: all except
// that of the price, which is fixed by the order (B1–B6, B8–B11).
func CheckAcceptance(f SaleFacts, day Date) *Error {
	return firstRefusal(
		CheckPurpose(f.Order, f.Product.ProductOffer, f.License.LicenseTerms),
		CheckSale(f, day),
	)
}

// CheckSale checks the rules that an order must satisfy at every step, and each of
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

// checkLicensee refuses a license of another operator, or one that is not the
// license of the product (B2).
func checkLicensee(f SaleFacts) *Error {
	if f.License.Assignee != f.Operator.ID || f.Product.Operator != f.Operator.ID || f.Product.License != f.License.ID {
		return forbid(ReasonScope, "B2")
	}
	return nil
}

// CheckOffer checks the sources and the form of a product that is offered for sale
// (B2–B4, B9, D3), for each of its purposes, under its license.
func CheckOffer(p ProductOffer, l License, entries map[ID]EntryDetail, day Date) *Error {
	return firstRefusal(
		CheckProductForm(p),
		CheckReviews(p, day),
		CheckSensitivity(p),
		CheckSources(p, p.Sources, l, entries, p.Purposes, "", day),
	)
}

// CheckSources checks each source of a product: it is registered and in force (B2,
// B4), the license covers it for each purpose and for the action (B2), and the
// product is not less sensitive than it (B9). A product must have at least one
// source. The field of a refusal is the index of the source in the list.
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
