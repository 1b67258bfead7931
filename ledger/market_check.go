package ledger

import (
	"math"
	"strings"
	"unicode"
)

// Limits of form of products, content and orders.
const (
	minDescription = 20 // runes (domain §6.2)
	maxSources     = 100
	maxRetention   = 36500 // days
	maxFileName    = 200   // bytes: what every file system takes, with room for a suffix
)

// MaxQuantity is the most units that one order asks for.
const MaxQuantity = 1_000_000_000_000

// PriceTrial is the one price status of now: no ceiling is needed while no full
// year has gone by (P2).
const PriceTrial = "trial"

// Validate checks the form of a listing.
func (p ProductOffer) Validate() error {
	if err := First(
		p.ID.Validate("id"),
		CheckText("title", p.Title, 1, MaxName),
		CheckText("description", p.Description, minDescription, MaxText),
		p.License.Validate("license_id"),
		checkIDs("sources", p.Sources, 1, maxSources),
		OneOf("form", p.Form, append(Forms(), FormRaw)),
		checkPurposes("allowed_purposes", p.Purposes, bound{1, maxPurposes}, true),
		p.Terms.check(),
		OneOf("level", p.Level, Levels()),
		OneOf("pi_status", p.PIStatus, PIStatuses()),
		p.SecurityReview.check("security_review"),
		p.ConformityReview.check("conformity_review"),
		p.Price.check(),
	); err != nil {
		return err
	}
	if p.Version < 1 {
		return Invalid("version", "at_least_1")
	}
	return nil
}

func (t ProductTerms) check() error {
	if t.RetentionDays < 0 || t.RetentionDays > maxRetention {
		return Invalid("terms.retention_days", "0_to_36500")
	}
	if !t.NoReidentify {
		return Invalid("terms.no_reidentify", "must_be_true")
	}
	return nil
}

// check wants an end, since a product's review runs out (O14(3)).
func (r Review) check(field string) error {
	if err := First(CheckText(field+".by", r.By, 1, MaxName), r.On.Validate(field+".on"),
		r.SHA256.Validate(field+".sha256"), r.ValidUntil.Validate(field+".valid_until")); err != nil {
		return err
	}
	if r.ValidUntil < r.On {
		return Invalid(field+".valid_until", "not_before_on")
	}
	return nil
}

func (p Price) check() error {
	if p.Fen < 0 {
		return Invalid("price.price", "not_negative")
	}
	return First(OneOf("price.unit", p.Unit, Units()),
		OneOf("price.price_status", p.Status, []string{PriceTrial}))
}

// Validate checks the form.
func (a ContentArgs) Validate() error {
	if err := First(
		a.ID.Validate("id"),
		a.Subject.Validate("subject", KindResource, KindProduct),
		CheckToken("object", a.Object, 200),
		a.SHA256.Validate("sha256"),
		a.Ingest.Validate("ingest_receipt"),
		CheckToken("node", a.Node, 200),
		checkFileName("name", a.Name),
	); err != nil {
		return err
	}
	if a.Bytes < 0 {
		return Invalid("bytes", "not_negative")
	}
	if strings.HasPrefix(a.Object, "/") || strings.Contains(a.Object, "..") {
		return Invalid("object", "no_path")
	}
	return nil
}

// checkFileName takes a plain file name only: one that no system reads as a
// path, a device or a hidden file, and that shows as what it is.
func checkFileName(field, s string) error {
	if err := CheckText(field, s, 1, MaxName); err != nil {
		return err
	}
	if len(s) > maxFileName {
		return Invalid(field, "max_length")
	}
	if s[0] == '.' || s[0] == '-' || s[len(s)-1] == '.' || strings.ContainsAny(s, `/\:*?"<>|`) {
		return Invalid(field, "file_name")
	}
	for _, r := range s {
		// Format characters turn the direction of text: "gpj.exe" shown as "exe.jpg".
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return Invalid(field, "file_name")
		}
	}
	return nil
}

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
func (a OrderPlaceArgs) Validate() error {
	if err := First(
		a.ID.Validate("id"),
		a.Product.Validate("product_id"),
		a.Answers.Validate("answers"),
		a.Purpose.Validate("purpose", false),
		a.PurposeText.Validate("purpose_text"),
		checkOptional(string(a.Evidence), func() error { return a.Evidence.Validate("purpose_evidence") }),
		checkTerm(a.StartOn, a.EndOn),
		a.Limits.check("limits"),
		a.Recipient.Validate("recipient_region"),
	); err != nil {
		return err
	}
	if a.Quantity < 1 || a.Quantity > MaxQuantity {
		return Invalid("quantity", "1_to_1e12")
	}
	if a.UnitPrice < 0 {
		return Invalid("unit_price", "not_negative")
	}
	return a.checkTotal()
}

// checkTotal holds total = unit price × quantity, without overflow (B7).
func (a OrderPlaceArgs) checkTotal() error {
	total, ok := a.UnitPrice.Times(a.Quantity)
	if !ok {
		return Refuse(InvalidCode, ReasonPrice).At("total").By("overflow")
	}
	if a.Total != total {
		return Refuse(InvalidCode, ReasonPrice).At("total").By("unit_price_times_quantity")
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
func (a OrderPaymentArgs) Validate() error {
	if err := First(a.ID.Validate("id"), a.Answers.Validate("answers"), CheckToken("reference", a.Reference, 100)); err != nil {
		return err
	}
	if a.PaidAt <= 0 {
		return Invalid("paid_at", "unix_ms")
	}
	if a.Fen < 0 {
		return Invalid("fen", "not_negative")
	}
	return nil
}
