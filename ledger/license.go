package ledger

import "slices"

// Purpose is the purpose of a license or an order.
type Purpose struct {
	Class PurposeClass `json:"class" form:"enum=purpose_classes" zh:"用途类别" en:"Class"`
	Code  string       `json:"code" form:"word=64" need:"用于订单或场景授权|in an order and in a scenario license; elsewhere empty is any of the class" zh:"用途代码" en:"Code"` // a word of [a-z0-9_]; in a license empty means any of the class
}

// Document is a text, given by its hash.
type Document struct {
	Title    string `json:"title" form:"text=1..100" zh:"名称" en:"Title"`
	Number   string `json:"number" form:"text=1..64" zh:"文号" en:"Number"`
	SHA256   Digest `json:"document_hash" zh:"文本摘要" en:"Hash of document"`
	SignedOn Date   `json:"signed_on" zh:"签订日期" en:"Signed on"`
}

// Selection is how the operator was chosen (O12).
type Selection struct {
	Method string `json:"method" form:"enum=selection_methods" zh:"遴选方式" en:"Method"` // open_tender invited_tender negotiation other
	Date   Date   `json:"date" zh:"遴选日期" en:"Date"`
	SHA256 Digest `json:"hash" zh:"遴选文件摘要" en:"Hash of selection"`
}

// Decision is the collective decision behind a license (三重一大, O11, O13).
type Decision struct {
	MinutesNo string `json:"minutes_no" form:"text=1..64" zh:"会议纪要号" en:"Minutes number"`
	Date      Date   `json:"date" zh:"决策日期" en:"Date"`
	SHA256    Digest `json:"hash" zh:"会议纪要摘要" en:"Hash of minutes"`
}

// Quota are the limits of a license or an order; 0 means no limit.
type Quota struct {
	Uses  int64 `json:"uses" form:"min=0" zh:"次数上限" en:"Uses"`
	Bytes int64 `json:"bytes" form:"min=0" zh:"字节上限" en:"Bytes"`
}

// LicenseTerms are the content of an offer.
type LicenseTerms struct {
	ID           ID        `json:"id" zh:"授权编号" en:"License id"`
	Mode         Mode      `json:"mode" form:"enum=modes" zh:"授权方式" en:"Mode"`
	Region       Region    `json:"region" zh:"区域" en:"Region"`
	Domains      []string  `json:"domains" form:"list=0..15,enum=domains" need:"mode 为 domain|if mode is domain" zh:"授权领域" en:"Domains"`
	Resources    []ID      `json:"resource_ids" form:"list=0..500" need:"mode 为 scenario|if mode is scenario" zh:"授权资源" en:"Resources"`
	Excluded     []ID      `json:"excluded" form:"list=0..500" zh:"除外资源" en:"Excluded resources"`
	Purposes     []Purpose `json:"purpose" form:"list=1..50" zh:"用途" en:"Purposes"`
	Actions      []string  `json:"actions" form:"list=1..4,enum=actions" zh:"权能" en:"Actions"` // use derive aggregate distribute
	Assigner     ID        `json:"assigner" zh:"实施机构" en:"Implementer"`
	Assignee     ID        `json:"assignee" zh:"运营机构" en:"Operator"`
	Plan         ID        `json:"plan_id,omitempty" form:"-" zh:"实施方案" en:"Plan"` // empty: transitional
	Agreement    ID        `json:"agreement_id,omitempty" form:"-" zh:"授权运营协议" en:"Agreement"`
	Basis        Document  `json:"basis" zh:"授权依据文本" en:"Basis"`
	Selection    Selection `json:"selection" zh:"遴选" en:"Selection"`
	Decision     Decision  `json:"decision" zh:"三重一大决策" en:"Decision"`
	FilingNo     string    `json:"filing_no,omitempty" form:"text=0..64" zh:"备案号" en:"Filing number"`
	Clauses      Digest    `json:"clauses,omitempty" zh:"协议条款摘要" en:"Hash of clauses"`
	StartOn      Date      `json:"start_on" zh:"起始日" en:"First day"`
	EndOn        Date      `json:"end_on" zh:"终止日" en:"Last day"`                           // inclusive; < start + 5 years (O14(2))
	OfferUntil   Date      `json:"offer_until" zh:"要约末日" en:"Last day to accept the offer"` // inclusive; at most 60 days from the offer, and not after EndOn
	Limits       Quota     `json:"limits" zh:"限额" en:"Limits"`
	Environments []ID      `json:"environments" form:"list=0..500" zh:"受控环境" en:"Environments"`
	Affiliates   []USCC    `json:"affiliates" form:"list=0..50" zh:"关联方" en:"Affiliates"`
	Supersedes   ID        `json:"supersedes,omitempty" zh:"所取代的授权" en:"Supersedes"`
}

// Actions is the closed list of actions of a license.
func Actions() []string { return list[string](actions) }

// LicenseState is the state of a license (from its offer on).
type LicenseState string

// States of a license. Whether it has begun, expired or is suspended follows from
// the day and its suspensions.
const (
	LicenseOffered    LicenseState = "offered"
	LicenseAccepted   LicenseState = "accepted"
	LicenseTerminated LicenseState = "terminated"
	LicenseWithdrawn  LicenseState = "withdrawn" // by its implementer, before the operator accepted it
	LicenseDeclined   LicenseState = "declined"  // by its operator
)

// License is the record of an authorization.
type License struct {
	LicenseTerms
	State       LicenseState `json:"state" form:"enum=license_states" zh:"状态" en:"State"`
	OfferCite   Cite         `json:"offer" zh:"授权要约" en:"Offer"`
	Suspensions []Suspension `json:"suspensions" form:"list=0..100,repeats" zh:"暂停" en:"Suspensions"`
	Ground      string       `json:"ground,omitempty" form:"token=64" zh:"结束理由" en:"Ground of its end"`
	EndedAt     Millis       `json:"ended_at,omitempty" form:"ms" zh:"终止时间" en:"Ended at"`
	Cite        Cite         `json:"cite" zh:"引用请求" en:"Written by"`
}

// Effective reports whether the license is in force on day.
func (l License) Effective(day Date) bool {
	return l.State == LicenseAccepted && len(l.Suspensions) == 0 && l.StartOn <= day && day <= l.EndOn
}

// Covers reports whether the license, as recorded and in any state, covers a
// resource for a purpose. An excluded resource is never covered. A
// purpose with an empty class matches every purpose.
func (l LicenseTerms) Covers(f Facts, p Purpose) bool {
	if !l.Region.Covers(f.Region) || contains(l.Excluded, f.Resource) || f.Level == Core {
		return false
	}
	switch l.Mode {
	case Domain:
		if !contains(l.Domains, f.Domain) {
			return false
		}
	case Scenario:
		if !contains(l.Resources, f.Resource) {
			return false
		}
	case Whole:
	default:
		return false
	}
	return p.Class == "" || l.Allows(p)
}

// Allows reports whether the license's purposes include p.
func (l LicenseTerms) Allows(p Purpose) bool { return allows(l.Purposes, p) }

func allows(list []Purpose, p Purpose) bool {
	for _, q := range list {
		if q.Class == p.Class && (q.Code == "" || q.Code == p.Code) {
			return true
		}
	}
	return false
}

func contains[T comparable](list []T, v T) bool {
	return slices.Contains(list, v)
}

// LicenseOfferArgs offer a license.
type LicenseOfferArgs struct {
	LicenseTerms
}

// AnswerArgs respond to another party's record: license.accept, order.cancel.
type AnswerArgs struct {
	ID      ID     `json:"id" zh:"记录编号" en:"Record id"`
	Answers Digest `json:"answers" zh:"所答复的请求" en:"Answered call"`
}

// EnvironmentProof is what the operator's environment key signs (TypeEnvironment).
type EnvironmentProof struct {
	Ledger   ID `json:"ledger" zh:"账本编号" en:"Ledger"`
	ID       ID `json:"id" zh:"环境编号" en:"Environment id"`
	Operator ID `json:"operator" zh:"运营机构" en:"Operator"`
}

// EnvironmentArgs record a controlled environment (O15). Proof is a JWS of the
// operator, signed with the environment's key; it proves possession.
type EnvironmentArgs struct {
	ID          ID     `json:"id" zh:"环境编号" en:"Environment id"`
	Operator    ID     `json:"operator" zh:"运营机构" en:"Operator"`
	Region      Region `json:"region" zh:"区域" en:"Region"`
	Attestation Digest `json:"attestation_hash" zh:"环境证明摘要" en:"Hash of attestation"`
	Key         JWK    `json:"key" zh:"公钥" en:"Public key"`
	Proof       string `json:"proof" form:"jws" zh:"持钥证明" en:"Proof of possession"`
}

// Environment is the record of an operator's controlled environment.
type Environment struct {
	ID          ID     `json:"id" zh:"环境编号" en:"Environment id"`
	Operator    ID     `json:"operator" zh:"运营机构" en:"Operator"`
	Region      Region `json:"region" zh:"区域" en:"Region"`
	Attestation Digest `json:"attestation_hash" zh:"环境证明摘要" en:"Hash of attestation"`
	Key         JWK    `json:"key" zh:"公钥" en:"Public key"`
	Kid         KeyID  `json:"kid" zh:"公钥指纹" en:"Key id"`
	SetBy       ID     `json:"set_by" zh:"设定机构" en:"Set by"`
	Cite        Cite   `json:"cite" zh:"引用请求" en:"Written by"`
}
