package evidence

import (
	"encoding/json"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// Report says what a bundle proves, in the order of the ledger.
type Report struct {
	Ledger    ledger.ID         `json:"ledger"`
	Name      string            `json:"name"` // name of the ledger
	Demo      bool              `json:"demo"`
	About     ledger.Ref        `json:"about"`
	Steps     []Step            `json:"steps"`
	Files     []File            `json:"files"`
	Rights    []Right           `json:"rights"`
	Receipts  []Delivery        `json:"receipts"`
	Custody   []Signer          `json:"custody"`            // every key that signed a step
	Unrelated int               `json:"beside"`             // number of records that a license names and that were not checked
	Unproved  []ledger.Reason   `json:"only_audit"`         // refusals that the bundle can't rule out: they rest on records that many parties write
	Restored  []ledger.Restored `json:"restored,omitempty"` // logs that go on from a restored copy
	Audits    []Audit           `json:"audits,omitempty"`   // audits of the checkpoint, by auditors of the trust file
	NotProven []Limitation      `json:"not_proven"`         // never empty

	// Records are the records after the calls of the bundle, as the ledger stores
	// them.
	Records map[ledger.Ref]json.RawMessage `json:"-"`
}

// Step is one proven call.
type Step struct {
	Position ledger.Position `json:"position"`
	Time     ledger.Millis   `json:"time"` // of the entry: by the node's clock, or on Fabric by the client's
	Function ledger.Function `json:"function"`
	Party    ledger.ID       `json:"party"`
	Name     string          `json:"name"` // name of the party at its admission
	Payload  ledger.Digest   `json:"payload"`
	What     []ledger.Ref    `json:"what"`    // records that it wrote
	Custody  ledger.Custody  `json:"custody"` // node: the party is not the only one with the key
}

// File is content whose SHA-256 was recorded by its owner.
type File struct {
	Content ledger.ID     `json:"content_id"`
	Subject ledger.Ref    `json:"subject"`
	SHA256  ledger.Digest `json:"sha256"`
	Bytes   int64         `json:"bytes"`
	Name    string        `json:"name"`
}

// Right is a recorded right, unless something in the bundle suspends or ends its
// basis.
type Right struct {
	Right ledger.Right `json:"right"`
	Party ledger.ID    `json:"party"`
	Name  string       `json:"name"`
	Scope ledger.Ref   `json:"scope"`
	From  ledger.Date  `json:"from"`
	Until ledger.Date  `json:"until"`
	Basis ledger.Ref   `json:"basis"`
}

// Delivery is a delivery: its start receipt and its end receipt.
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
	BytesMax int64                  `json:"bytes_max,omitempty"` // if the outcome is interrupted
	Outcome  ledger.DeliveryOutcome `json:"outcome"`
}

// Signer is a key that signed a step, and who stores its private key.
type Signer struct {
	Party   ledger.ID      `json:"party"`
	Name    string         `json:"name"`
	Kid     ledger.KeyID   `json:"kid"`
	Custody ledger.Custody `json:"custody"`
}

// Limitation is a word for something that a bundle does not prove.
type Limitation string

// The limitations. Some of them do not apply if an auditor of the trust file has
// replayed the log up to the bundle's checkpoint.
const (
	LaterCalls       Limitation = "later_calls"        // the node may have left out calls between or after those in the bundle
	Latest           Limitation = "latest"             // instead of later_calls if an auditor replayed the log: the last calls may be left out
	OtherReceipts    Limitation = "other_receipts"     // there may be other receipts
	ReceiptByBuyer   Limitation = "receipt_by_buyer"   // that the recipient received the data
	Clock            Limitation = "clock"              // times are those of the node's clock, or claimed by clients
	Suspensions      Limitation = "suspensions"        // a suspension, revocation or end before a delivery may be left out
	ReceiptWord      Limitation = "receipt_word"       // time, bytes, range, outcome and revision of a receipt are statements of the node
	AnchorBefore     Limitation = "anchor_before"      // that an anchor continues the previous one
	UnrelatedRecords Limitation = "beside"             // records that a license names were not checked: Report.Unrelated of them
	OnlyAudit        Limitation = "only_audit"         // that nothing in records which many parties write forbade a call or a delivery: Report.Unproved
	CustodySigned    Limitation = "custody_signatures" // the node stores a key that signed a step
	BrowserSigned    Limitation = "browser_signatures" // the node served the page that made a key which signed a step
	DemoLedger       Limitation = "demo"               // periods of the law may be shortened
)

// notProven returns the limitations of this bundle. An audit shows that the log has
// no forged entry, that each delivery was allowed on the true state, that anchors
// continue each other, and that unrelated records were as the calls read them. It
// does not show that a bundle contains the last call about its matter.
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
	if len(r.Unproved) > 0 {
		list = append(list, OnlyAudit)
	}
	signed := func(by ledger.Custody) bool {
		return slices.ContainsFunc(r.Custody, func(s Signer) bool { return s.Custody == by })
	}
	if signed(ledger.CustodyNode) {
		list = append(list, CustodySigned)
	}
	if signed(ledger.CustodyBrowser) {
		list = append(list, BrowserSigned)
	}
	if r.Demo {
		list = append(list, DemoLedger)
	}
	return list
}
