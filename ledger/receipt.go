package ledger

// ReceiptKind is what a receipt attests (protocol §7).
type ReceiptKind string

// Kinds of receipt.
const (
	ReceiptIngest ReceiptKind = "ingest"
	ReceiptStart  ReceiptKind = "start"
	ReceiptEnd    ReceiptKind = "end"
	ReceiptDenial ReceiptKind = "denial"
	ReceiptRead   ReceiptKind = "read"
)

// DeliveryOutcome is how a delivery ended.
type DeliveryOutcome string

// Outcomes of a delivery.
const (
	Complete    DeliveryOutcome = "complete"    // all that was asked for
	Partial     DeliveryOutcome = "partial"     // the client went
	Aborted     DeliveryOutcome = "aborted"     // the decision ended
	Interrupted DeliveryOutcome = "interrupted" // the node died
)

// Flow is which of the two flows a delivery is (domain §3.4).
type Flow string

// The two flows.
const (
	Supply   Flow = "supply"
	Delivery Flow = "delivery"
)

// Receipt is an entry of a node's receipt log. Its place under a checkpoint is
// its signature. It holds no personal data, no free text, no delivered data.
type Receipt struct {
	V           int             `json:"v"`
	Kind        ReceiptKind     `json:"receipt_kind"`
	ID          ID              `json:"id"`
	Time        Millis          `json:"time"`
	Party       ID              `json:"party"`
	Flow        Flow            `json:"flow,omitempty"`
	License     ID              `json:"license_id,omitempty"`
	Order       ID              `json:"order_id,omitempty"`
	Environment ID              `json:"environment_id,omitempty"`
	Subject     Ref             `json:"subject,omitempty"` // resource or product; of a denial or read, its target
	Content     ID              `json:"content_id,omitempty"`
	Purpose     *Purpose        `json:"purpose,omitempty"`
	Revision    *Revision       `json:"policy_revision,omitempty"`
	Object      string          `json:"object,omitempty"`
	SHA256      Digest          `json:"content_hash,omitempty"`
	Size        int64           `json:"size,omitempty"`
	Offset      int64           `json:"offset,omitempty"`
	Length      int64           `json:"length,omitempty"`
	Key         KeyID           `json:"recipient_key,omitempty"`
	Start       ID              `json:"start,omitempty"` // of an end: the start receipt's id
	Bytes       int64           `json:"bytes,omitempty"`
	BytesMax    int64           `json:"bytes_max,omitempty"` // of interrupted: bytes is the least, this the most
	Outcome     DeliveryOutcome `json:"outcome,omitempty"`
	Reason      Reason          `json:"reason,omitempty"`
	Count       int64           `json:"count,omitempty"` // of denial and read: how many in that minute
}
