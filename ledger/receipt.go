package ledger

// ReceiptKind says what a receipt attests.
type ReceiptKind string

// Kinds of receipt.
const (
	ReceiptIngest ReceiptKind = "ingest"
	ReceiptStart  ReceiptKind = "start"
	ReceiptEnd    ReceiptKind = "end"
	ReceiptDenial ReceiptKind = "denial"
	ReceiptRead   ReceiptKind = "read"
)

// DeliveryOutcome says how a delivery ended.
type DeliveryOutcome string

// Outcomes of a delivery.
const (
	Complete    DeliveryOutcome = "complete"    // everything that was requested
	Partial     DeliveryOutcome = "partial"     // the client disconnected
	Aborted     DeliveryOutcome = "aborted"     // the decision no longer allowed it
	Interrupted DeliveryOutcome = "interrupted" // the node stopped
)

// Flow is the kind of a delivery.
type Flow string

// The two flows.
const (
	Supply   Flow = "supply"
	Delivery Flow = "delivery"
)

// Receipt is an entry of a node's receipt log. Its inclusion under a signed
// checkpoint serves as its signature. It contains no personal data, no free text
// and no delivered data.
type Receipt struct {
	V           int             `json:"v" form:"min=1" zh:"版本" en:"Version"`
	Kind        ReceiptKind     `json:"receipt_kind" form:"enum=receipt_kinds" zh:"回执类型" en:"Kind"`
	ID          ID              `json:"id" zh:"回执编号" en:"Receipt id"`
	Time        Millis          `json:"time" form:"ms" zh:"时间" en:"Time"`
	Party       ID              `json:"party" zh:"主体" en:"Party"`
	Flow        Flow            `json:"flow,omitempty" form:"enum=flows" zh:"类别" en:"Flow"`
	License     ID              `json:"license_id,omitempty" zh:"授权" en:"License"`
	Order       ID              `json:"order_id,omitempty" zh:"订单" en:"Order"`
	Environment ID              `json:"environment_id,omitempty" zh:"受控环境" en:"Environment"`
	Subject     Ref             `json:"subject,omitempty" form:"-" zh:"标的" en:"Subject"` // resource or product; of a denial or read, its target
	Content     ID              `json:"content_id,omitempty" zh:"内容编号" en:"Content id"`
	Purpose     *Purpose        `json:"purpose,omitempty" zh:"用途" en:"Purpose"`
	Revision    *Revision       `json:"policy_revision,omitempty" form:"-" zh:"策略版本" en:"Policy revision"`
	Object      string          `json:"object,omitempty" form:"token=200" zh:"对象名" en:"Object"`
	SHA256      Digest          `json:"content_hash,omitempty" zh:"内容摘要" en:"Hash of content"`
	Size        int64           `json:"size,omitempty" form:"min=0" zh:"大小（字节）" en:"Size in bytes"`
	Offset      int64           `json:"offset,omitempty" form:"min=0" zh:"起点" en:"Offset"`
	Length      int64           `json:"length,omitempty" form:"min=0" zh:"长度" en:"Length"`
	Key         KeyID           `json:"recipient_key,omitempty" zh:"接收方公钥" en:"Recipient's key"`
	Start       ID              `json:"start,omitempty" zh:"开始回执" en:"Start receipt"` // of an end: id of the start receipt
	Bytes       int64           `json:"bytes,omitempty" form:"min=0" zh:"交付字节数" en:"Bytes"`
	BytesMax    int64           `json:"bytes_max,omitempty" form:"min=0" zh:"交付字节数上限" en:"Most bytes"` // of interrupted: bytes is the minimum, this the maximum
	Outcome     DeliveryOutcome `json:"outcome,omitempty" form:"enum=delivery_outcomes" zh:"结果" en:"Outcome"`
	Reason      Reason          `json:"reason,omitempty" form:"-" zh:"理由" en:"Reason"`
	Count       int64           `json:"count,omitempty" form:"min=0" zh:"次数" en:"Count"` // of denial and read: how many in that minute
}
