package ledger

// Price is the tariff of a product: fen a unit (P2, P3).
type Price struct {
	Unit   string `json:"unit"`
	Fen    Fen    `json:"price"`
	Status string `json:"price_status"` // trial: no ceiling needed while no full year has gone by (P2)
}

// ProductTerms bind whoever buys (odrl:permission, prohibition, duty).
type ProductTerms struct {
	Redevelop     bool `json:"redevelop"`
	Attribute     bool `json:"attribute"`
	RetentionDays int  `json:"retention_days"`
	NoReidentify  bool `json:"no_reidentify"` // always true (ours)
}

// ProductOffer is what an operator lists (domain §6.7).
type ProductOffer struct {
	ID               ID           `json:"id"`
	Version          int          `json:"version"` // 1, then one more with each change
	Title            string       `json:"title"`
	Description      string       `json:"description"`
	License          ID           `json:"license_id"`
	Sources          []ID         `json:"sources"` // resources
	Form             Form         `json:"form"`
	Purposes         []Purpose    `json:"allowed_purposes"`
	Terms            ProductTerms `json:"terms"`
	Level            Level        `json:"level"`
	PIStatus         PIStatus     `json:"pi_status"`
	SecurityReview   Review       `json:"security_review"`
	ConformityReview Review       `json:"conformity_review"`
	Price            Price        `json:"price"`
}

// Allows reports whether the product may be bought for p.
func (p ProductOffer) Allows(q Purpose) bool { return allows(p.Purposes, q) }

// ProductState is where a product stands.
type ProductState string

// States of a product.
const (
	ProductListed   ProductState = "listed"
	ProductDelisted ProductState = "delisted"
)

// Product is the record of a product. On offer is computed where it is used:
// listed, license effective, each source effective (protocol §5).
type Product struct {
	ProductOffer
	Operator      ID           `json:"operator"`
	State         ProductState `json:"state"`
	Ground        string       `json:"ground,omitempty"`
	ListedAt      Millis       `json:"listed_at"`
	FirstDelivery Millis       `json:"first_delivery,omitempty"`
	Cite          Cite         `json:"cite"`
}

// ProductListArgs list a product; with product.change, a new version of it.
type ProductListArgs struct {
	ProductOffer
}

// ContentArgs put an uploaded object on record as content of a resource (by its
// holder) or of a product (by its operator). Only such objects are supplied or
// delivered.
type ContentArgs struct {
	ID      ID     `json:"id"`
	Subject Ref    `json:"subject"` // resource/ID or product/ID
	Object  string `json:"object"`
	SHA256  Digest `json:"sha256"`
	Bytes   int64  `json:"bytes"`
	Ingest  Digest `json:"ingest_receipt"` // leaf hash of the ingest receipt
	Node    string `json:"node"`           // origin of the node that holds it
	Name    string `json:"name"`           // public file name
}

// Content is the record of one object of a subject.
type Content struct {
	ID      ID           `json:"id"`
	Subject Ref          `json:"subject"`
	Owner   ID           `json:"owner"`
	Object  string       `json:"object"`
	SHA256  Digest       `json:"sha256"`
	Bytes   int64        `json:"bytes"`
	Ingest  Digest       `json:"ingest_receipt"`
	Node    string       `json:"node"`
	Name    string       `json:"name"`
	State   ContentState `json:"state"`
	Cite    Cite         `json:"cite"`
}

// ContentState is where a content record stands.
type ContentState string

// States of content. What is removed is supplied and delivered no more.
const (
	ContentRecorded ContentState = "recorded"
	ContentRemoved  ContentState = "removed"
)

// OrderState is where an order stands (domain §6.8).
type OrderState string

// States of an order.
const (
	OrderPlaced    OrderState = "placed"
	OrderAccepted  OrderState = "accepted"
	OrderActive    OrderState = "active"
	OrderFulfilled OrderState = "fulfilled"
	OrderCancelled OrderState = "cancelled"
	OrderRefunded  OrderState = "refunded"
	OrderBlocked   OrderState = "blocked"
)

// OrderStates is the closed list.
func OrderStates() []OrderState {
	return []OrderState{OrderPlaced, OrderAccepted, OrderActive, OrderFulfilled, OrderCancelled, OrderRefunded, OrderBlocked}
}

// OrderPlaceArgs place an order. Answers is the payload hash of the product's listing.
type OrderPlaceArgs struct {
	ID          ID      `json:"id"`
	Product     ID      `json:"product_id"`
	Answers     Digest  `json:"answers"`
	Purpose     Purpose `json:"purpose"`
	PurposeText Salted  `json:"purpose_text"`
	Evidence    Digest  `json:"purpose_evidence,omitempty"`
	Quantity    int64   `json:"quantity"`
	UnitPrice   Fen     `json:"unit_price"`
	Total       Fen     `json:"total"`
	StartOn     Date    `json:"start_on"`
	EndOn       Date    `json:"end_on"`
	Limits      Quota   `json:"limits"`
	Recipient   Region  `json:"recipient_region"` // where the buyer uses it: mainland China (B10)
}

// OrderPaymentArgs confirm a payment.
type OrderPaymentArgs struct {
	ID        ID     `json:"id"`
	Answers   Digest `json:"answers"`
	Reference string `json:"reference"`
	PaidAt    Millis `json:"paid_at"`
	Fen       Fen    `json:"fen"`
}

// Payment is a confirmed payment.
type Payment struct {
	Reference string `json:"reference"`
	PaidAt    Millis `json:"paid_at"`
	Fen       Fen    `json:"fen"`
}

// Order is the record of an order.
type Order struct {
	ID          ID         `json:"id"`
	Product     ID         `json:"product_id"`
	Version     int        `json:"product_version"`
	Offer       Digest     `json:"offer_hash"` // payload of the listing it answers
	License     ID         `json:"license_id"`
	Sources     []ID       `json:"sources"`
	Operator    ID         `json:"operator"`
	Buyer       ID         `json:"buyer"`
	Purpose     Purpose    `json:"purpose"`
	PurposeText Salted     `json:"purpose_text"`
	Evidence    Digest     `json:"purpose_evidence,omitempty"`
	Quantity    int64      `json:"quantity"`
	UnitPrice   Fen        `json:"unit_price"`
	Total       Fen        `json:"total"`
	StartOn     Date       `json:"start_on"`
	EndOn       Date       `json:"end_on"`
	Limits      Quota      `json:"limits"`
	Recipient   Region     `json:"recipient_region"`
	Payment     *Payment   `json:"payment,omitempty"`
	State       OrderState `json:"state"`
	Reason      string     `json:"reason,omitempty"`
	AnswerDue   Period     `json:"answer_due"`
	ActiveAt    Millis     `json:"active_at,omitempty"`
	PlacedCite  Cite       `json:"placed"`
	Cite        Cite       `json:"cite"`
}

// Effective reports whether the order may be delivered on day. A fulfilled
// order stays readable within its term.
func (o Order) Effective(day Date) bool {
	return (o.State == OrderActive || o.State == OrderFulfilled) && o.StartOn <= day && day <= o.EndOn
}
