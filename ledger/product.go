package ledger

// Price is the tariff of a product: fen per unit (P2, P3).
type Price struct {
	Unit   string `json:"unit" form:"enum=units" zh:"计价单位" en:"Unit"`
	Fen    Fen    `json:"price" form:"min=0" zh:"价格（分）" en:"Price in fen"`
	Status string `json:"price_status" form:"enum=price_statuses" zh:"价格状态" en:"Price status"` // trial: no ceiling is needed until a full year has passed (P2)
}

// ProductTerms are the terms for every buyer (odrl:permission, prohibition, duty).
type ProductTerms struct {
	Redevelop     bool `json:"redevelop" zh:"允许再开发" en:"May be redeveloped"`
	Attribute     bool `json:"attribute" zh:"须注明来源" en:"Source must be named"`
	RetentionDays int  `json:"retention_days" form:"range=0..36500" zh:"保存天数" en:"Days of retention"`
	NoReidentify  bool `json:"no_reidentify" form:"true" zh:"不得重新识别" en:"No re-identification"` // always true (ours)
}

// ProductOffer is what an operator lists.
type ProductOffer struct {
	ID               ID           `json:"id" zh:"产品编号" en:"Product id"`
	Version          int          `json:"version" form:"min=1" zh:"版本" en:"Version"` // starts at 1 and grows by 1 with each change
	Title            string       `json:"title" form:"text=1..100" zh:"名称" en:"Title"`
	Description      string       `json:"description" form:"text=20..4000" zh:"简介" en:"Description"`
	License          ID           `json:"license_id" zh:"授权" en:"License"`
	Sources          []ID         `json:"sources" form:"list=1..100" zh:"来源资源" en:"Sources"` // resources
	Form             Form         `json:"form" form:"enum=forms" zh:"形态" en:"Form"`
	Purposes         []Purpose    `json:"allowed_purposes" form:"list=1..50" zh:"允许用途" en:"Allowed purposes"`
	Terms            ProductTerms `json:"terms" zh:"使用条件" en:"Terms"`
	Level            Level        `json:"level" form:"enum=levels" zh:"级别" en:"Level"`
	PIStatus         PIStatus     `json:"pi_status" form:"enum=pi_statuses" zh:"个人信息" en:"Personal information"`
	SecurityReview   Review       `json:"security_review" zh:"安全审核" en:"Security review"`
	ConformityReview Review       `json:"conformity_review" zh:"规范审核" en:"Conformity review"`
	Price            Price        `json:"price" zh:"计价" en:"Price"`
}

// Allows reports whether the product may be bought for p.
func (p ProductOffer) Allows(q Purpose) bool { return allows(p.Purposes, q) }

// ProductState is the state of a product.
type ProductState string

// States of a product.
const (
	ProductListed   ProductState = "listed"
	ProductDelisted ProductState = "delisted"
)

// Product is the record of a product. Whether it is on offer is computed where it
// is needed: it must be listed, and its license and each source must be in force
// .
type Product struct {
	ProductOffer
	Operator      ID           `json:"operator" zh:"运营机构" en:"Operator"`
	State         ProductState `json:"state" form:"enum=product_states" zh:"状态" en:"State"`
	Ground        string       `json:"ground,omitempty" form:"token=64" zh:"下架理由" en:"Ground of delisting"`
	ListedAt      Millis       `json:"listed_at" form:"ms" zh:"上架时间" en:"Listed at"`
	FirstDelivery Millis       `json:"first_delivery,omitempty" form:"ms" zh:"首次交付时间" en:"First delivery"`
	Cite          Cite         `json:"cite" zh:"引用请求" en:"Written by"`
}

// ProductListArgs list a product, or, for product.change, a new version of it.
type ProductListArgs struct {
	ProductOffer
}

// ContentArgs record an uploaded object as content of a resource (by its holder) or
// of a product (by its operator). Only recorded objects can be supplied or
// delivered.
type ContentArgs struct {
	ID      ID     `json:"id" zh:"内容编号" en:"Content id"`
	Subject Ref    `json:"subject" form:"ref=resource/product" zh:"标的" en:"Subject"` // resource/ID or product/ID
	Object  string `json:"object" form:"token=200,pattern=object" zh:"对象名" en:"Object"`
	SHA256  Digest `json:"sha256" zh:"内容摘要" en:"Hash of content"`
	Bytes   int64  `json:"bytes" form:"min=0" need:"作为产品内容|for content of a product" zh:"大小（字节）" en:"Size in bytes"`
	Ingest  Digest `json:"ingest_receipt" zh:"入库回执" en:"Ingest receipt"`                                        // leaf hash of the ingest receipt
	Node    string `json:"node" form:"token=200" zh:"存放节点" en:"Node"`                                           // origin of the node that stores it
	Name    string `json:"name" form:"text=1..100,pattern=file_size,pattern=file_name" zh:"文件名" en:"File name"` // public file name
}

// Content is the record of one object of a subject.
type Content struct {
	ID      ID           `json:"id" zh:"内容编号" en:"Content id"`
	Subject Ref          `json:"subject" form:"ref=resource/product" zh:"标的" en:"Subject"`
	Owner   ID           `json:"owner" zh:"提供方" en:"Owner"`
	Object  string       `json:"object" form:"token=200" zh:"对象名" en:"Object"`
	SHA256  Digest       `json:"sha256" zh:"内容摘要" en:"Hash of content"`
	Bytes   int64        `json:"bytes" form:"min=0" zh:"大小（字节）" en:"Size in bytes"`
	Ingest  Digest       `json:"ingest_receipt" zh:"入库回执" en:"Ingest receipt"`
	Node    string       `json:"node" form:"token=200" zh:"存放节点" en:"Node"`
	Name    string       `json:"name" form:"text=1..100,pattern=file_size,pattern=file_name" zh:"文件名" en:"File name"`
	State   ContentState `json:"state" form:"enum=content_states" zh:"状态" en:"State"`
	Cite    Cite         `json:"cite" zh:"引用请求" en:"Written by"`
}

// ContentState is the state of a content record.
type ContentState string

// States of content. Removed content is no longer supplied or delivered.
const (
	ContentRecorded ContentState = "recorded"
	ContentRemoved  ContentState = "removed"
)

// OrderState is the state of an order.
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
func OrderStates() []OrderState { return list[OrderState](orderStates) }

// OrderPlaceArgs place an order. Answers is the payload hash of the product's listing.
type OrderPlaceArgs struct {
	ID          ID      `json:"id" zh:"订单编号" en:"Order id"`
	Product     ID      `json:"product_id" zh:"产品" en:"Product"`
	Answers     Digest  `json:"answers" zh:"所答复的请求" en:"Answered call"`
	Purpose     Purpose `json:"purpose" zh:"用途" en:"Purpose"`
	PurposeText Salted  `json:"purpose_text" zh:"用途说明" en:"Purpose in words"`
	Evidence    Digest  `json:"purpose_evidence,omitempty" need:"用途为公共治理或公益事业、且需求方非党政机关或事业单位|for governance or welfare, unless the buyer is an organ or institution" zh:"用途证明摘要" en:"Evidence of purpose"`
	Quantity    int64   `json:"quantity" form:"range=1..1000000000000" zh:"数量" en:"Quantity"`
	UnitPrice   Fen     `json:"unit_price" form:"min=0" need:"订单收费|unless the order costs nothing" zh:"单价（分）" en:"Unit price in fen"`
	Total       Fen     `json:"total" form:"-" need:"订单收费|unless the order costs nothing" zh:"总价（分）" en:"Total in fen"`
	StartOn     Date    `json:"start_on" zh:"起始日" en:"First day"`
	EndOn       Date    `json:"end_on" zh:"终止日" en:"Last day"`
	Limits      Quota   `json:"limits" zh:"限额" en:"Limits"`
	Recipient   Region  `json:"recipient_region" zh:"使用地区划" en:"Region of use"` // where the buyer uses it: mainland China (B10)
}

// OrderPaymentArgs confirm a payment.
type OrderPaymentArgs struct {
	ID        ID     `json:"id" zh:"订单编号" en:"Order id"`
	Answers   Digest `json:"answers" zh:"所答复的请求" en:"Answered call"`
	Reference string `json:"reference" form:"token=100" zh:"付款凭证号" en:"Reference"`
	PaidAt    Millis `json:"paid_at" form:"ms" zh:"付款时间" en:"Paid at"`
	Fen       Fen    `json:"fen" form:"min=0" zh:"金额（分）" en:"Amount in fen"`
}

// Payment is a confirmed payment.
type Payment struct {
	Reference string `json:"reference" form:"token=100" zh:"付款凭证号" en:"Reference"`
	PaidAt    Millis `json:"paid_at" form:"ms" zh:"付款时间" en:"Paid at"`
	Fen       Fen    `json:"fen" form:"min=0" zh:"金额（分）" en:"Amount in fen"`
}

// Order is the record of an order.
type Order struct {
	ID          ID         `json:"id" zh:"订单编号" en:"Order id"`
	Product     ID         `json:"product_id" zh:"产品" en:"Product"`
	Version     int        `json:"product_version" form:"min=1" zh:"产品版本" en:"Product version"`
	Offer       Digest     `json:"offer_hash" zh:"上架内容摘要" en:"Listing"` // payload hash of the listing that it accepts
	License     ID         `json:"license_id" zh:"授权" en:"License"`
	Sources     []ID       `json:"sources" form:"list=1..100" zh:"来源资源" en:"Sources"`
	Operator    ID         `json:"operator" zh:"运营机构" en:"Operator"`
	Buyer       ID         `json:"buyer" zh:"需求方" en:"Buyer"`
	Purpose     Purpose    `json:"purpose" zh:"用途" en:"Purpose"`
	PurposeText Salted     `json:"purpose_text" zh:"用途说明" en:"Purpose in words"`
	Evidence    Digest     `json:"purpose_evidence,omitempty" zh:"用途证明摘要" en:"Evidence of purpose"`
	Quantity    int64      `json:"quantity" form:"range=1..1000000000000" zh:"数量" en:"Quantity"`
	UnitPrice   Fen        `json:"unit_price" form:"min=0" zh:"单价（分）" en:"Unit price in fen"`
	Total       Fen        `json:"total" form:"min=0" zh:"总价（分）" en:"Total in fen"`
	StartOn     Date       `json:"start_on" zh:"起始日" en:"First day"`
	EndOn       Date       `json:"end_on" zh:"终止日" en:"Last day"`
	Limits      Quota      `json:"limits" zh:"限额" en:"Limits"`
	Recipient   Region     `json:"recipient_region" zh:"使用地区划" en:"Region of use"`
	Payment     *Payment   `json:"payment,omitempty" zh:"付款" en:"Payment"`
	State       OrderState `json:"state" form:"enum=order_states" zh:"状态" en:"State"`
	Reason      string     `json:"reason,omitempty" form:"token=64" zh:"理由" en:"Reason"`
	AnswerDue   Period     `json:"answer_due" zh:"答复期限" en:"Answer due"`
	ActiveAt    Millis     `json:"active_at,omitempty" form:"ms" zh:"生效时间" en:"Active at"`
	PlacedCite  Cite       `json:"placed" zh:"下单请求" en:"Placed by"`
	Cite        Cite       `json:"cite" zh:"引用请求" en:"Written by"`
}

// Effective reports whether the order may be delivered on day. A fulfilled order
// can still be delivered within its term.
func (o Order) Effective(day Date) bool {
	return (o.State == OrderActive || o.State == OrderFulfilled) && o.StartOn <= day && day <= o.EndOn
}
