package evidence

import (
	"encoding/json"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// Report is what a bundle proves, in the order of the ledger.
type Report struct {
	Ledger    ledger.ID    `json:"ledger"`
	Name      string       `json:"name"` // of the ledger
	Demo      bool         `json:"demo"`
	About     ledger.Ref   `json:"about"`
	Steps     []Step       `json:"steps"`
	Files     []File       `json:"files"`
	Rights    []Right      `json:"rights"`
	Receipts  []Delivery   `json:"receipts"`
	Custody   []Signer     `json:"custody"`          // every key that signed a step
	Unrelated int          `json:"beside"`           // records that a license names and that were not looked at
	Audits    []Audit      `json:"audits,omitempty"` // of the checkpoint, by auditors of the trust file
	NotProven []Limitation `json:"not_proven"`       // never empty

	// Records are the records that the calls lead to, as the ledger stores them.
	Records map[ledger.Ref]json.RawMessage `json:"-"`
}

// Step is one proven call.
type Step struct {
	Position ledger.Position `json:"position"`
	Time     ledger.Millis   `json:"time"` // of the entry: the node's clock, on Fabric the client's claim
	Function ledger.Function `json:"function"`
	Party    ledger.ID       `json:"party"`
	Name     string          `json:"name"` // of the party, as it was admitted
	Payload  ledger.Digest   `json:"payload"`
	What     []ledger.Ref    `json:"what"`    // records that it wrote
	Custody  ledger.Custody  `json:"custody"` // node: not the party's sole control
}

// File is content whose SHA-256 its owner put on record.
type File struct {
	Content ledger.ID     `json:"content_id"`
	Subject ledger.Ref    `json:"subject"`
	SHA256  ledger.Digest `json:"sha256"`
	Bytes   int64         `json:"bytes"`
	Name    string        `json:"name"`
}

// Right is a right on record whose basis nothing in the bundle suspends or ends.
type Right struct {
	Right ledger.Right `json:"right"`
	Party ledger.ID    `json:"party"`
	Name  string       `json:"name"`
	Scope ledger.Ref   `json:"scope"`
	From  ledger.Date  `json:"from"`
	Until ledger.Date  `json:"until"`
	Basis ledger.Ref   `json:"basis"`
}

// Delivery is one start with its end.
type Delivery struct {
	Log      string                 `json:"log"`
	Flow     ledger.Flow            `json:"flow"`
	Start    ledger.Digest          `json:"start"` // leaf hash
	End      ledger.Digest          `json:"end"`
	Began    ledger.Millis          `json:"began"`
	Ended    ledger.Millis          `json:"ended"`
	Party    ledger.ID              `json:"party"`
	SHA256   ledger.Digest          `json:"sha256"`
	Offset   int64                  `json:"offset"`
	Bytes    int64                  `json:"bytes"`
	BytesMax int64                  `json:"bytes_max,omitempty"` // of interrupted
	Outcome  ledger.DeliveryOutcome `json:"outcome"`
}

// Signer is a key that signed a step, and who keeps it.
type Signer struct {
	Party   ledger.ID      `json:"party"`
	Name    string         `json:"name"`
	Kid     ledger.KeyID   `json:"kid"`
	Custody ledger.Custody `json:"custody"`
}

// Limitation names a sentence about what a bundle does not prove.
type Limitation string

// The limitations. What an audit shows is not among them where an auditor of the trust
// file has replayed the log up to the bundle's checkpoint.
const (
	LaterCalls       Limitation = "later_calls"        // between or after those shown there may be calls that an entry forged by the node ignored
	Latest           Limitation = "latest"             // in place of later_calls, under a checkpoint that an auditor replayed: calls that came last may have been left out
	OtherReceipts    Limitation = "other_receipts"     // there may be other receipts
	ReceiptByBuyer   Limitation = "receipt_by_buyer"   // that the other side received it
	Clock            Limitation = "clock"              // times are the node's, or what clients claimed
	Suspensions      Limitation = "suspensions"        // a suspension, revocation or end before a delivery may have been left out
	ReceiptWord      Limitation = "receipt_word"       // time, bytes, range, outcome and revision of a receipt are the node's word
	AnchorBefore     Limitation = "anchor_before"      // that an anchor continues the one before it
	UnrelatedRecords Limitation = "beside"             // records that a license names were not looked at: Report.Unrelated of them
	CustodySigned    Limitation = "custody_signatures" // the node keeps a key that signed a step
	DemoLedger       Limitation = "demo"               // limits of the law may have been left out
)

// notProven is the fixed list, with what holds of this bundle besides. An audit shows
// that the log holds no forged entry, that each delivery was allowed on the true state,
// that anchors continue each other and that what is beside was as the calls took it. It
// doesn't show that a bundle holds the last call on its matter.
func (r Report) notProven() []Limitation {
	audited := len(r.Audits) > 0
	list := []Limitation{LaterCalls, OtherReceipts, ReceiptByBuyer, Clock}
	if audited {
		list[0] = Latest
	}
	if len(r.Receipts) > 0 && !audited {
		list = append(list, Suspensions)
	}
	if len(r.Receipts) > 0 {
		list = append(list, ReceiptWord)
	}
	if len(r.Receipts) > 0 && !audited {
		list = append(list, AnchorBefore)
	}
	if r.Unrelated > 0 && !audited {
		list = append(list, UnrelatedRecords)
	}
	if slices.ContainsFunc(r.Custody, func(s Signer) bool { return s.Custody == ledger.CustodyNode }) {
		list = append(list, CustodySigned)
	}
	if r.Demo {
		list = append(list, DemoLedger)
	}
	return list
}
