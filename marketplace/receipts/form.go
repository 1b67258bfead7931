package receipts

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/ledger"
)

// version is the version of the receipt format.
const version = 1

// Placed is the place of a receipt in the log.
type Placed struct {
	Index int64         `json:"index"`
	Leaf  ledger.Digest `json:"leaf"` // SHA-256(0x00 ‖ entry), as calls and links cite it
	// Counted reports that no separate receipt was stored: an equal one was stored less
	// than a minute ago, at this place, and this one is in the count of the next.
	Counted bool `json:"counted,omitempty"`
}

// encode returns the log entry of r: the only JSON form that decode accepts.
func encode(r ledger.Receipt) ([]byte, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode receipt %s: %w", r.ID, err)
	}
	return b, nil
}

// decode reads an entry. It refuses bytes that encode would not produce.
func decode(entry []byte) (ledger.Receipt, error) {
	var r ledger.Receipt
	if err := ledger.DecodeStrict(entry, &r); err != nil {
		return r, err
	}
	again, err := encode(r)
	if err != nil {
		return r, err
	}
	if !bytes.Equal(again, entry) {
		return r, &ledger.Error{Code: ledger.InvalidCode, Reason: ledger.ReasonJSON, Rule: "one_form"}
	}
	return r, check(r)
}

func leafOf(entry []byte) tlog.Hash { return tlog.RecordHash(entry) }

func digest(h tlog.Hash) ledger.Digest { return ledger.Digest(hex.EncodeToString(h[:])) }

// leafBytes is the inverse of digest; nil when d is not a digest.
func leafBytes(d ledger.Digest) []byte {
	if d.Validate("leaf") != nil {
		return nil
	}
	b, err := hex.DecodeString(string(d))
	if err != nil {
		return nil
	}
	return b
}

// check checks the form of a receipt. Every text is a token, an id or a digest, so that
// no free text and no personal data enter the log.
func check(r ledger.Receipt) error {
	if r.V != version {
		return ledger.Invalid("v", "known_version")
	}
	if r.Time <= 0 {
		return ledger.Invalid("time", "unix_ms")
	}
	return ledger.First(r.ID.Validate("id"), r.Party.Validate("party"), checkNames(r), checkAmounts(r), checkKind(r))
}

func checkNames(r ledger.Receipt) error {
	return ledger.First(
		optionalID("license_id", r.License), optionalID("order_id", r.Order), optionalID("environment_id", r.Environment),
		optionalID("content_id", r.Content), optionalID("start", r.Start),
		optionalToken("subject", string(r.Subject), 300), optionalToken("object", r.Object, 200),
		optionalToken("recipient_key", string(r.Key), 100), optionalToken("reason", string(r.Reason), 60),
		optionalDigest("content_hash", r.SHA256), checkFlow(r.Flow), checkPurpose(r.Purpose), checkRevision(r.Revision))
}

func checkFlow(f ledger.Flow) error {
	if f == "" {
		return nil
	}
	return ledger.OneOf("flow", f, []ledger.Flow{ledger.Supply, ledger.Delivery})
}

func checkPurpose(p *ledger.Purpose) error {
	if p == nil {
		return nil
	}
	return ledger.First(ledger.OneOf("purpose.class", p.Class, ledger.PurposeClasses()), optionalToken("purpose.code", p.Code, 100))
}

func checkRevision(v *ledger.Revision) error {
	if v == nil {
		return nil
	}
	return optionalDigest("policy_revision.head", v.Head)
}

func checkAmounts(r ledger.Receipt) error {
	for _, n := range []struct {
		field string
		value int64
	}{{"size", r.Size}, {"offset", r.Offset}, {"length", r.Length}, {"bytes", r.Bytes}, {"bytes_max", r.BytesMax}, {"count", r.Count}} {
		if n.value < 0 {
			return ledger.Invalid(n.field, "not_negative")
		}
	}
	return nil
}

// checkKind checks that a receipt has what its kind requires.
func checkKind(r ledger.Receipt) error {
	switch r.Kind {
	case ledger.ReceiptIngest:
		return checkObject(r)
	case ledger.ReceiptStart:
		return checkStart(r)
	case ledger.ReceiptEnd:
		return ledger.First(checkObject(r), r.Start.Validate("start"), ledger.OneOf("outcome", r.Outcome,
			[]ledger.DeliveryOutcome{ledger.Complete, ledger.Partial, ledger.Aborted, ledger.Interrupted}))
	case ledger.ReceiptDenial:
		return ledger.First(required("subject", string(r.Subject)), required("reason", string(r.Reason)), checkCount(r))
	case ledger.ReceiptRead:
		return ledger.First(required("subject", string(r.Subject)), checkCount(r))
	}
	return ledger.Invalid("receipt_kind", "enum").With("value", string(r.Kind))
}

func checkStart(r ledger.Receipt) error {
	if err := checkObject(r); err != nil {
		return err
	}
	switch {
	case r.Order == "" && r.License == "":
		return ledger.Invalid("license_id", "required")
	case r.Revision == nil:
		return ledger.Invalid("policy_revision", "required")
	case r.Offset > r.Size || r.Length > r.Size-r.Offset:
		return ledger.Invalid("length", "within_object")
	}
	return nil
}

func checkObject(r ledger.Receipt) error {
	return ledger.First(required("object", r.Object), required("content_hash", string(r.SHA256)))
}

func checkCount(r ledger.Receipt) error {
	if r.Count < 1 {
		return ledger.Invalid("count", "at_least_1")
	}
	return nil
}

func required(field, s string) error {
	if s == "" {
		return ledger.Invalid(field, "required")
	}
	return nil
}

func optionalID(field string, id ledger.ID) error {
	if id == "" {
		return nil
	}
	return id.Validate(field)
}

func optionalToken(field, s string, maxLen int) error {
	if s == "" {
		return nil
	}
	return ledger.CheckToken(field, s, maxLen)
}

func optionalDigest(field string, d ledger.Digest) error {
	if d == "" {
		return nil
	}
	return d.Validate(field)
}
