package ledger

// DeliveryFacts are the records that the start receipt of a delivery is judged
// by, as they stood at the receipt's policy revision. They are loaded by point
// reads of these keys:
//
//	order/<order_id of the receipt>
//	product/<product_id of the order>
//	license/<license_id of the order>
//	party/<operator of the order>
//	party/<buyer of the order>
//	key/<key of the receipt>, where it names one
//	resource/<id>, and where it has an entry entry/<its entry> and
//	submission/<subject_hash of the entry>, for each id of OrderSources
//	content/<content_id of the receipt>
//
// A record that is missing is the caller's to refuse, but for an entry, which is
// left out of Entries, and the key.
type DeliveryFacts struct {
	SaleFacts
	Content Content
	Key     KeyRecord // that the receipt names; zero where it names none, or none that is known
}

// CheckDelivery checks whether a delivery may begin on a day: the delivery rule
// (domain §3.4). It judges all that is on the ledger: D1 (B1–B5, B8–B11 now), D2
// but for limits, D3, D5, D8, and the buyer's key where the receipt names one. It
// does not judge how much was delivered before, nor in which log the receipt lies
// (that of the content's node). The day is the one of the receipt's time.
func CheckDelivery(f DeliveryFacts, start Receipt, day Date) *Error {
	return firstRefusal(
		checkNamed(f, start),
		CheckPaid(f.Order, day),
		checkActive(f.Order, start.Time),
		CheckSale(f.SaleFacts, day),
		checkRecipientKey(f.Key, f.Buyer, start),
		checkContent(f.Content, start),
	)
}

// checkNamed refuses a receipt that names other records than its order does (D8),
// and facts that are not of that order.
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
// node and ledger may differ by Skew.
func checkActive(o Order, at Millis) *Error {
	if at+Skew < o.ActiveAt {
		return forbid(ReasonOrder, "D2").With("state", string(o.State))
	}
	return nil
}

// checkRecipientKey refuses a key of an environment, which fetches what its
// operator processes and not what it buys, and a key that is not the
// buyer's or has ended (protocol §3).
func checkRecipientKey(k KeyRecord, buyer Party, start Receipt) *Error {
	if start.Environment != "" {
		return forbid(ReasonKeyUse, "protocol §3")
	}
	if start.Key == "" {
		return nil
	}
	if k.Kid != start.Key || k.Party != buyer.ID || k.Recovery || start.Time+Skew < k.From || k.Until != 0 && k.Until <= start.Time {
		return forbid(ReasonKeyEnded, "protocol §3")
	}
	return nil
}

// checkContent refuses what is not recorded content of the receipt's subject, or
// not the object and the part of it that the receipt names (D5).
func checkContent(c Content, start Receipt) *Error {
	if c.ID != start.Content || c.Subject != start.Subject || c.State != ContentRecorded ||
		c.Object != start.Object || c.SHA256 != start.SHA256 || c.Bytes != start.Size ||
		start.Offset < 0 || start.Length < 0 || start.Offset > start.Size || start.Length > start.Size-start.Offset {
		return Refuse(NotFound, ReasonContent).At("content_id").By("D5")
	}
	return nil
}

// SupplyFacts are the records that the start receipt of a supply is judged by, as
// they stood at the receipt's policy revision. They are loaded by point reads of
// these keys:
//
//	license/<license_id of the receipt>
//	party/<assignee of the license>
//	environment/<environment_id of the receipt>
//	resource/<id of the receipt's subject>, and where it has an entry
//	entry/<its entry> and submission/<subject_hash of the entry>
//	content/<content_id of the receipt>
//
// A record that is missing is the caller's to refuse, but for the entry, which is
// left out of Entries.
type SupplyFacts struct {
	License     License
	Operator    Party
	Environment Environment
	Entries     map[ID]EntryDetail
	Content     Content
}

// CheckSupply checks whether a supply may begin on a day (domain §3.4): license and
// entry are in force, the license covers the resource for use, the environment is
// one of the license, in mainland China, and asks with its key. Limits are not
// judged here, nor the log in which the receipt lies (that of the content's node).
// The day is the one of the receipt's time.
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

// checkSupplied refuses a receipt that names other records than those it is
// judged by (D8).
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

// checkEnvironment refuses an environment that the license does not list or that
// is another operator's, a key that is not its own (O15), and a place outside
// mainland China (B10).
func checkEnvironment(f SupplyFacts, start Receipt) *Error {
	env := f.Environment
	switch {
	case start.Environment == "" || env.ID != start.Environment || !contains(f.License.Environments, env.ID),
		env.Operator != f.License.Assignee:
		return forbid(ReasonEnvironment, "O15")
	case env.Kid != start.Key: // replaced: perhaps since the transfer began
		return forbid(ReasonKeyEnded, "O15")
	}
	if e := CheckRecipient(env.Region); e != nil {
		return e.At("environment_id")
	}
	return nil
}
