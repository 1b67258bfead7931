package ledger

import (
	"math"
	"strconv"
	"strings"
)

// MaxQuantity is the maximum number of units in one order.
const MaxQuantity = 1_000_000_000_000

// PriceTrial is the only price status of this release: no ceiling is needed until a
// full year has passed (P2).
const PriceTrial = "trial"

// Validate checks the form of a listing.
func (p ProductOffer) Validate() error { return CheckForm("", &p) }

// rules checks that the reviews of a product have an end (O14(3)).
func (p ProductOffer) rules(f *faults) {
	p.SecurityReview.ends(f, "security_review")
	p.ConformityReview.ends(f, "conformity_review")
}

// Validate checks the form.
func (a ContentArgs) Validate() error { return CheckForm("", &a) }

// Mainland reports whether the region is in mainland China. Its province is in the
// list of GB/T 2260, but not Taiwan (71), Hong Kong (81) or Macao (82), which are
// other customs and data territories (B10).
func (r Region) Mainland() bool {
	if len(r) != 6 {
		return false
	}
	return contains(strings.Fields("11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 "+
		"50 51 52 53 54 61 62 63 64 65"), string(r[:2]))
}

// Validate checks the form of an order, including its arithmetic.
func (a OrderPlaceArgs) Validate() error { return CheckForm("", &a) }

// rules checks the purpose, the term and the arithmetic of an order.
func (a OrderPlaceArgs) rules(f *faults) {
	a.Purpose.named(f, "purpose")
	checkTerm(f, a.StartOn, a.EndOn)
	if f.sound("quantity", "unit_price") {
		f.refuse(a.checkTotal())
	}
}

// checkTotal checks that total = unit price × quantity, without overflow (B7).
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

// Times returns n times the amount. It returns false if the product overflows an
// int64, or if the amount or n is negative.
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
