package ledger

import (
	"math"
	"strconv"
	"strings"
)

// MaxQuantity is the most units that one order asks for.
const MaxQuantity = 1_000_000_000_000

// PriceTrial is the one price status of now: no ceiling is needed while no full
// year has gone by (P2).
const PriceTrial = "trial"

// Validate checks the form of a listing.
func (p ProductOffer) Validate() error { return CheckForm("", &p) }

// rules checks that the reviews of a product run out (O14(3)).
func (p ProductOffer) rules(f *faults) {
	p.SecurityReview.ends(f, "security_review")
	p.ConformityReview.ends(f, "conformity_review")
}

// Validate checks the form.
func (a ContentArgs) Validate() error { return CheckForm("", &a) }

// Mainland reports whether the region lies in mainland China: its province is in
// the list of GB/T 2260 without Taiwan (71), Hong Kong (81) and Macao (82),
// which are other customs and data territories (B10).
func (r Region) Mainland() bool {
	if len(r) != 6 {
		return false
	}
	return contains(strings.Fields("11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 "+
		"50 51 52 53 54 61 62 63 64 65"), string(r[:2]))
}

// Validate checks the form of an order, its arithmetic included.
func (a OrderPlaceArgs) Validate() error { return CheckForm("", &a) }

// rules checks the purpose, the term and the arithmetic of an order.
func (a OrderPlaceArgs) rules(f *faults) {
	a.Purpose.named(f, "purpose")
	checkTerm(f, a.StartOn, a.EndOn)
	if f.sound("quantity", "unit_price") {
		f.refuse(a.checkTotal())
	}
}

// checkTotal holds total = unit price × quantity, without overflow (B7).
func (a OrderPlaceArgs) checkTotal() error {
	total, ok := a.UnitPrice.Times(a.Quantity)
	if !ok {
		return Refuse(InvalidCode, ReasonPrice).At("total").By("overflow")
	}
	if a.Total != total {
		return Refuse(InvalidCode, ReasonPrice).At("total").By("unit_price_times_quantity").
			quote(strconv.FormatInt(int64(a.Total), 10)).With("want", strconv.FormatInt(int64(total), 10))
	}
	return nil
}

// Times is n times the amount; false when that is no amount of an int64, or
// either is negative.
func (f Fen) Times(n int64) (Fen, bool) {
	if f < 0 || n < 0 {
		return 0, false
	}
	if n > 0 && int64(f) > math.MaxInt64/n {
		return 0, false
	}
	return f * Fen(n), true
}

// Validate checks the form.
func (a OrderPaymentArgs) Validate() error { return CheckForm("", &a) }
