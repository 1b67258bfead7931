package ledger

// DeliveryFacts are the records that decide whether the start receipt of a delivery
// is allowed, as of the receipt's policy revision. They are stored under these keys:
//
//	order/<order_id of the receipt>
//	product/<product_id of the order>
//	license/<license_id of the order>
//	party/<operator of the order>
//	party/<buyer of the order>
//	key/<key of the receipt>, if it names one
//	resource/<id>, and if it has an entry, entry/<its entry> and
//	submission/<subject_hash of the entry>, for each id of OrderSources
//	content/<content_id of the receipt>
//	file/<sha256 of the content>
//
// The caller must refuse a missing record, except an entry, which is left out of
// Entries, the key, and the file, which is content of no resource if it is missing.
type DeliveryFacts struct {
	SaleFacts
	Content Content
	File    FileUse
	Key     KeyRecord // named in the receipt; zero if it names no known key
}

// CheckDelivery checks whether a delivery may begin on a day, the day of the
// receipt's time. It checks everything that is on the ledger: D1
// (B1–B5, B8–B11 now), D2 except the limits, D3, D5, D8, and the buyer's key if the
// receipt names one. It does not check how much was delivered before, nor which log
// has the receipt (it must be that of the content's node).
func CheckDelivery(f DeliveryFacts, start Receipt, day Date) *Error {
	return firstRefusal(
		checkNamed(f, start),
		CheckPaid(f.Order, day),
		checkActive(f.Order, start.Time),
		CheckSale(f.SaleFacts, day),
		checkRecipientKey(f.Key, f.Buyer, start),
		checkContent(f.Content, start),
		CheckFile(f.File.Among(OrderSources(f.Order, f.Product)), f.Entries, day),
	)
}

// checkNamed refuses a receipt that names other records than its order does (D8),
// and facts that belong to another order.
func checkNamed(f DeliveryFacts, start Receipt) *Error {
	o := f.Order
	for _, m := range []struct {
		field string
		holds bool
	}{
		{"flow", start.Flow == Delivery},
		{"order_id", start.Order == o.ID},
		{"party", start.Party == o.Buyer && f.Buyer.ID == o.Buyer},
		{"license_id", start.License == o.License && f.License.ID == o.License},
		{"subject", start.Subject == RefTo(KindProduct, o.Product) && f.Product.ID == o.Product},
		{"operator", f.Operator.ID == o.Operator},
		{"purpose", start.Purpose != nil && *start.Purpose == o.Purpose},
	} {
		if !m.holds {
			return Invalid(m.field, "D8")
		}
	}
	return nil
}

// checkActive refuses a start before the order became active (D2). The clocks of
// the node and of the ledger may differ by Skew.
func checkActive(o Order, at Millis) *Error {
	if at+Skew < o.ActiveAt {
		return forbid(ReasonOrder, "D2").With("state", string(o.State))
	}
	return nil
}

// checkRecipientKey refuses a key of an environment, which may only fetch supplies
// for its operator, and a key that is not the buyer's or has ended.
func checkRecipientKey(k KeyRecord, buyer Party, start Receipt) *Error {
	if start.Environment != "" {
		return forbid(ReasonKeyUse, "")
	}
	if start.Key == "" {
		return nil
	}
	if k.Kid != start.Key || k.Party != buyer.ID || k.Recovery || start.Time+Skew < k.From || k.Until != 0 && k.Until <= start.Time {
		return forbid(ReasonKeyEnded, "")
	}
	return nil
}

// checkContent refuses content that is not recorded for the receipt's subject, and
// an object, or a part of it, that the receipt does not name correctly (D5).
func checkContent(c Content, start Receipt) *Error {
	if c.ID != start.Content || c.Subject != start.Subject || c.State != ContentRecorded ||
		c.Object != start.Object || c.SHA256 != start.SHA256 || c.Bytes != start.Size ||
		start.Offset < 0 || start.Length < 0 || start.Offset > start.Size || start.Length > start.Size-start.Offset {
		return Refuse(NotFound, ReasonContent).At("content_id").By("D5")
	}
	return nil
}

// SupplyFacts are the records that decide whether the start receipt of a supply is
// allowed, as of the receipt's policy revision. They are stored under these keys:
//
//	license/<license_id of the receipt>
//	party/<assignee of the license>
//	environment/<environment_id of the receipt>
//	resource/<id of the receipt's subject>, and if it has an entry,
//	entry/<its entry> and submission/<subject_hash of the entry>
//	content/<content_id of the receipt>
//
// The caller must refuse a missing record, except the entry, which is left out of
// Entries.
type SupplyFacts struct {
	License     License
	Operator    Party
	Environment Environment
	Entries     map[ID]EntryDetail
	Content     Content
}

// CheckSupply checks whether a supply may begin on a day, the day of the receipt's
// time: the license and the entry are in force, the license covers
// the resource for use, and the environment is listed in the license, is in
// mainland China, and signed the request with its key. It does not check the
// limits, nor which log has the receipt (it must be that of the content's node).
func CheckSupply(f SupplyFacts, start Receipt, day Date) *Error {
	if e := firstRefusal(checkSupplied(f, start), checkEnvironment(f, start), CheckOperator(f.Operator)); e != nil {
		return e
	}
	entry := entryOf(f.Entries, ID(start.Subject.ID()))
	e := firstRefusal(CheckLicense(f.License, day), CheckEntry(entry, day))
	if e == nil {
		e = CheckScope(f.License.LicenseTerms, entry.Facts(), Purpose{}, actUse)
	}
	if e != nil {
		return e.By("O21")
	}
	return checkContent(f.Content, start)
}

// checkSupplied refuses a receipt that names other records than the facts (D8).
func checkSupplied(f SupplyFacts, start Receipt) *Error {
	for _, m := range []struct {
		field string
		holds bool
	}{
		{"flow", start.Flow == Supply},
		{"order_id", start.Order == ""},
		{"license_id", start.License == f.License.ID},
		{"party", start.Party == f.License.Assignee && f.Operator.ID == f.License.Assignee},
		{"subject", start.Subject.Kind() == KindResource},
		{"purpose", start.Purpose == nil || f.License.Allows(*start.Purpose)},
	} {
		if !m.holds {
			return Invalid(m.field, "D8")
		}
	}
	return nil
}

// checkEnvironment refuses an environment that is not in the license or belongs to
// another operator, a key that is not the environment's (O15), and a region outside
// mainland China (B10).
func checkEnvironment(f SupplyFacts, start Receipt) *Error {
	env := f.Environment
	switch {
	case start.Environment == "" || env.ID != start.Environment || !contains(f.License.Environments, env.ID),
		env.Operator != f.License.Assignee:
		return forbid(ReasonEnvironment, "O15")
	case env.Kid != start.Key: // the key was replaced, perhaps after the transfer began
		return forbid(ReasonKeyEnded, "O15")
	}
	if e := CheckRecipient(env.Region); e != nil {
		return e.At("environment_id")
	}
	return nil
}
