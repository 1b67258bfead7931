package ledger

import (
	"slices"
	"strings"
)

// KeyUse says what a key may sign.
type KeyUse string

// Custody says who stores a private key.
type Custody string

// Uses and custody of keys. An auth key cannot sign calls.
const (
	UseSign KeyUse = "sign" // calls
	UseAuth KeyUse = "auth" // tokens

	CustodySelf Custody = "self"
	CustodyNode Custody = "node"
	// CustodyBrowser is a key that a page of the node made and the browser stores, not
	// extractable: the party has it alone, if the node served it an honest page.
	CustodyBrowser Custody = "browser"
)

// KeyRecord is the record of a public key: its party, what it may sign, who stores
// the private key, and its period of validity. Until is 0 while the key is valid.
// The key of the record is the thumbprint, and its party never changes.
type KeyRecord struct {
	Kid      KeyID   `json:"kid" zh:"公钥指纹" en:"Key id"`
	Party    ID      `json:"party" zh:"所属主体" en:"Party"`
	JWK      JWK     `json:"jwk" zh:"公钥" en:"Public key"`
	Use      KeyUse  `json:"use" form:"enum=key_uses" zh:"用途" en:"Use"`
	Custody  Custody `json:"custody" form:"enum=custodies" zh:"保管方式" en:"Custody"`
	From     Millis  `json:"from" form:"min=0" zh:"生效时间" en:"From"`
	Until    Millis  `json:"until" form:"min=0" zh:"失效时间" en:"Until"`
	Recovery bool    `json:"recovery,omitempty" zh:"恢复密钥" en:"Recovery key"` // replaces the authority's own key, and begins a log after a restore
	Cite     Cite    `json:"cite" zh:"引用请求" en:"Written by"`
}

// Valid reports whether the key is valid at t.
func (k KeyRecord) Valid(t Millis) bool { return k.From <= t && (k.Until == 0 || t < k.Until) }

// NewKeyArg is a new key in the arguments of a call.
type NewKeyArg struct {
	JWK     JWK     `json:"jwk" zh:"公钥" en:"Public key"`
	Use     KeyUse  `json:"use" form:"enum=key_uses" zh:"用途" en:"Use"`
	Custody Custody `json:"custody" form:"enum=custodies" zh:"保管方式" en:"Custody"`
}

// Validate checks the key and its use.
func (k NewKeyArg) Validate(field string) error { return CheckForm(field, &k) }

// Suspension is an open suspension. The party that set it can lift it, and so can the
// same office of a region that covers that party's. A record is effective only without
// open suspensions.
type Suspension struct {
	Role   Role   `json:"role" form:"enum=roles" zh:"暂停方角色" en:"Role"`
	By     ID     `json:"by" zh:"暂停方" en:"Suspended by"`
	Region Region `json:"region" zh:"暂停方区划" en:"Region of who suspended it"`
	Ground string `json:"ground" form:"token=64" zh:"理由" en:"Ground"`
	Since  Millis `json:"since" form:"ms" zh:"起始时间" en:"Since"`
}

// PartyProfile is a party's description of itself, the payload of its admission
// JWS, which is signed with one of its keys.
type PartyProfile struct {
	ID         ID          `json:"id" zh:"主体编号" en:"Party id"`
	Name       string      `json:"name" form:"text=1..100" zh:"名称" en:"Name"`
	USCC       USCC        `json:"uscc" zh:"统一社会信用代码" en:"Unified social credit code"`
	Kind       PartyKind   `json:"kind" form:"enum=party_kinds" zh:"类型" en:"Kind"`
	Roles      []Role      `json:"roles" form:"list=1..10,enum=roles" zh:"角色" en:"Roles"`
	Region     Region      `json:"region" zh:"区划" en:"Region"`
	Affiliates []USCC      `json:"affiliates" form:"list=0..50" zh:"关联方" en:"Affiliates"`
	Keys       []NewKeyArg `json:"keys" form:"list=1..4,repeats" zh:"公钥" en:"Keys"`
	Origin     string      `json:"origin,omitempty" form:"token=200" need:"主体为登记平台|of a platform" zh:"节点名称" en:"Node's origin"`       // platform only: its node's origin
	URL        string      `json:"url,omitempty" form:"-" zh:"节点网址" en:"Node's address"`                                              // platform only: where its node is reached
	LogKey     string      `json:"log_key,omitempty" form:"-,quiet" need:"主体为登记平台|of a platform" zh:"回执日志公钥" en:"Key of receipt log"` // platform only: verifier key of its receipt log
}

// Validate checks the profile's form.
func (p PartyProfile) Validate() error { return CheckForm("", &p) }

// rules checks that a key has one use only, and the address.
func (p PartyProfile) rules(f *faults) {
	if f.sound("keys") {
		for i, k := range p.Keys {
			if slices.ContainsFunc(p.Keys[:i], func(other NewKeyArg) bool { return other.JWK == k.JWK }) {
				f.refuse(Invalid(at("keys", i), "not_twice"))
			}
		}
	}
	if f.sound("origin") {
		f.refuse(p.CheckURL())
	}
}

// CheckURL checks that the address of a node is a URL to which clients can append a
// path.
func (p PartyProfile) CheckURL() error {
	if p.URL == "" {
		return nil
	}
	if p.Origin == "" {
		return Invalid("url", "with_origin")
	}
	host, ok := strings.CutPrefix(p.URL, "https://")
	if !ok {
		host, ok = strings.CutPrefix(p.URL, "http://")
	}
	if !ok || host == "" || strings.HasPrefix(host, "/") || strings.HasPrefix(host, ":") || strings.HasSuffix(host, "/") {
		return Invalid("url", "http_address").quote(p.URL).With("allowed", "http:// or https:// and a host, no slash at the end")
	}
	return CheckToken("url", p.URL, 200)
}

// Party is the record of an admitted party. Its keys are separate records
// (KeyRecord), so that reading a party does not require the history of its keys.
type Party struct {
	ID          ID           `json:"id" zh:"主体编号" en:"Party id"`
	Name        string       `json:"name" form:"text=1..100" zh:"名称" en:"Name"`
	USCC        USCC         `json:"uscc" zh:"统一社会信用代码" en:"Unified social credit code"`
	Kind        PartyKind    `json:"kind" form:"enum=party_kinds" zh:"类型" en:"Kind"`
	Roles       []Role       `json:"roles" form:"list=1..10,enum=roles" zh:"角色" en:"Roles"`
	Region      Region       `json:"region" zh:"区划" en:"Region"`
	Under       Region       `json:"under" zh:"监管区划" en:"Region of the offices over it"` // its own region if the authority that admitted it covers that, else the authority's
	Affiliates  []USCC       `json:"affiliates" form:"list=0..50" zh:"关联方" en:"Affiliates"`
	Origin      string       `json:"origin,omitempty" form:"token=200" zh:"节点名称" en:"Node's origin"`
	URL         string       `json:"url,omitempty" form:"-" zh:"节点网址" en:"Node's address"`
	AdmittedAt  Millis       `json:"admitted_at" form:"ms" zh:"准入时间" en:"Admitted at"` // also verified_at: the authority checked who it is
	AdmittedBy  ID           `json:"admitted_by" zh:"准入机构" en:"Admitted by"`
	Suspensions []Suspension `json:"suspensions" form:"list=0..100,repeats" zh:"暂停" en:"Suspensions"`
	Cite        Cite         `json:"cite" zh:"引用请求" en:"Written by"` // the call that wrote this version
}

// Has reports whether the party holds one of the roles.
func (p Party) Has(roles ...Role) bool {
	for _, r := range p.Roles {
		if slices.Contains(roles, r) {
			return true
		}
	}
	return false
}

// Active reports whether the party has no open suspension.
func (p Party) Active() bool { return len(p.Suspensions) == 0 }

// Cite identifies a call by its party, its id and the hash of its payload. Every
// call that responds to a record cites the payload hash of the call that last wrote
// it.
type Cite struct {
	Party   ID     `json:"party" zh:"签名主体" en:"Party"`
	Call    ID     `json:"call" zh:"请求编号" en:"Call"`
	Payload Digest `json:"payload" zh:"请求内容摘要" en:"Hash of payload"`
}

// Limits are the periods of the registry body in working days. On a
// demonstration ledger all may be 0.
type Limits struct {
	Accept    int `json:"accept_days" form:"-" need:"非演示账本|unless the ledger is a demonstration" zh:"受理期限（工作日）" en:"Working days to accept"`
	Exam      int `json:"exam_days" form:"-" need:"非演示账本|unless the ledger is a demonstration" zh:"审核期限（工作日）" en:"Working days to examine"`
	Notice    int `json:"notice_days" form:"-" need:"非演示账本|unless the ledger is a demonstration" zh:"公示期（工作日）" en:"Working days of notice"`
	Objection int `json:"objection_days" form:"-" need:"非演示账本|unless the ledger is a demonstration" zh:"异议处理期限（工作日）" en:"Working days to decide an objection"`
	Code      int `json:"code_days" form:"-" need:"非演示账本|unless the ledger is a demonstration" zh:"赋码期限（工作日）" en:"Working days to code"`
	Resubmit  int `json:"resubmit_days" form:"-" need:"非演示账本|unless the ledger is a demonstration" zh:"补正期限（工作日）" en:"Working days to resubmit"`
}

// StatutoryLimits returns the periods required by law, R10 (3), R11 (20), R12 (10),
// and ours (10, 3, 30).
func StatutoryLimits() Limits {
	return Limits{Accept: 3, Exam: 20, Notice: 10, Objection: 10, Code: 3, Resubmit: 30}
}

// Zero reports whether no period has a day. Only then do the exceptions hold that let a
// demonstration run in real time; one with the law's limits is run like any ledger.
func (l Limits) Zero() bool { return l == Limits{} }

// ClockKind says whose clock gives a ledger its time; empty: the machines'.
type ClockKind string

// ClockSimulated is the clock of a demonstration ledger that its data authority moves
// ahead (FnAdvance).
const ClockSimulated ClockKind = "simulated"

// Gate says whether a resource must be registered before it is licensed.
type Gate string

// Values of the registration gate.
const (
	GateStrict Gate = "strict"
	GateGrace  Gate = "grace"
)

// GenesisArgs are the arguments of the call genesis, which is signed by the data
// authority's own key.
type GenesisArgs struct {
	Ledger    ID           `json:"ledger" zh:"账本编号" en:"Ledger"`
	Name      string       `json:"name" form:"text=1..100" zh:"名称" en:"Name"`
	Region    Region       `json:"region" zh:"区划" en:"Region"`
	Origin    string       `json:"origin" form:"token=200" zh:"节点名称" en:"Node's origin"`                    // of the node; its logs are origin/log/ledger and origin/log/receipts
	LedgerKey string       `json:"ledger_key" form:"bytes=0..300,quiet" zh:"账本日志公钥" en:"Key of ledger log"` // verifier key of the ledger log (C2SP signed note); empty on Fabric
	Authority PartyProfile `json:"authority" zh:"数据管理部门" en:"Data authority"`
	Recovery  JWK          `json:"recovery" zh:"恢复公钥" en:"Recovery key"`                          // stored offline: replaces the authority's own key
	Platform  string       `json:"platform" form:"jws,-" zh:"登记平台入册申请" en:"Platform's admission"` // admission JWS of the node party, with its receipt log's key
	Limits    Limits       `json:"limits" need:"非演示账本|unless the ledger is a demonstration" zh:"办理期限" en:"Limits"`
	Gate      Gate         `json:"gate" form:"enum=gates" zh:"登记门槛" en:"Registration gate"`
	Rules     int          `json:"rules" form:"-,needed" zh:"规则版本" en:"Version of rules"`
	Demo      bool         `json:"demo" zh:"演示账本" en:"Demonstration"`
	Clock     ClockKind    `json:"clock,omitempty" form:"enum=clocks" zh:"时钟；无此项即机器时钟" en:"Clock; absent: the machines'"` // only with demo
}

// Genesis is the record of the ledger's beginning.
type Genesis struct {
	Ledger    ID        `json:"ledger" zh:"账本编号" en:"Ledger"`
	Name      string    `json:"name" form:"text=1..100" zh:"名称" en:"Name"`
	Region    Region    `json:"region" zh:"区划" en:"Region"`
	Origin    string    `json:"origin" form:"token=200" zh:"节点名称" en:"Node's origin"`
	LedgerKey string    `json:"ledger_key" form:"bytes=0..300,quiet" zh:"账本日志公钥" en:"Key of ledger log"`
	Authority ID        `json:"authority" zh:"数据管理部门" en:"Data authority"`
	Recovery  JWK       `json:"recovery" zh:"恢复公钥" en:"Recovery key"`
	Platform  ID        `json:"platform" zh:"登记平台" en:"Platform"`
	Limits    Limits    `json:"limits" zh:"办理期限" en:"Limits"`
	Gate      Gate      `json:"gate" form:"enum=gates" zh:"登记门槛" en:"Registration gate"`
	Rules     int       `json:"rules" form:"min=1" zh:"规则版本" en:"Version of rules"`
	Demo      bool      `json:"demo" zh:"演示账本" en:"Demonstration"`
	Clock     ClockKind `json:"clock,omitempty" form:"enum=clocks" zh:"时钟；无此项即机器时钟" en:"Clock; absent: the machines'"`
	Time      Millis    `json:"time" form:"ms" zh:"建账时间" en:"Time"`
}

// PartyAdmitArgs admit a party; Application is its own JWS of type TypeAdmission.
type PartyAdmitArgs struct {
	Application string `json:"application" form:"jws" zh:"入册申请" en:"Admission"`
}

// TargetArgs name a record, the reason for the act, and the payload hash of the
// call that last wrote the record.
type TargetArgs struct {
	ID      ID     `json:"id" zh:"记录编号" en:"Record id"`
	Answers Digest `json:"answers" zh:"所答复的请求" en:"Answered call"`
	Ground  string `json:"ground" form:"token=64" zh:"理由" en:"Ground"`
}

// KeyRotateArgs replace one of the caller's own keys. Proof is a JWS of type
// TypeRotation signed by the new key over RotationProof.
type KeyRotateArgs struct {
	Old   KeyID     `json:"old" zh:"原公钥指纹" en:"Old key"`
	New   NewKeyArg `json:"new" zh:"新公钥" en:"New key"`
	Proof string    `json:"proof" form:"jws,-" zh:"持钥证明" en:"Proof of possession"`
}

// KeyAddArgs give the caller another key. Proof is a JWS of type TypeRotation signed by
// the new key over a RotationProof that names no old key.
type KeyAddArgs struct {
	New   NewKeyArg `json:"new" zh:"新公钥" en:"New key"`
	Proof string    `json:"proof" form:"jws,-" zh:"持钥证明" en:"Proof of possession"`
}

// RotationProof is what the new key signs: its party and the key that it replaces, or
// no key if it is added.
type RotationProof struct {
	Ledger ID    `json:"ledger" zh:"账本编号" en:"Ledger"`
	Party  ID    `json:"party" zh:"主体编号" en:"Party"`
	Old    KeyID `json:"old" zh:"原公钥指纹" en:"Old key"`
}

// KeyRevokeArgs end a key at once: one of the caller's own, or any key if the
// caller is the authority.
type KeyRevokeArgs struct {
	Party  ID     `json:"party" zh:"主体编号" en:"Party"`
	Kid    KeyID  `json:"kid" zh:"公钥指纹" en:"Key id"`
	Reason string `json:"reason" form:"enum=key_reasons" zh:"理由" en:"Reason"` // lost compromised retired
}

// KeyReplaceArgs replace a lost key. The authority does this for others, and the
// recovery key for the authority itself.
type KeyReplaceArgs struct {
	Party  ID        `json:"party" zh:"主体编号" en:"Party"`
	Old    KeyID     `json:"old" zh:"原公钥指纹" en:"Old key"`
	New    NewKeyArg `json:"new" zh:"新公钥" en:"New key"`
	Proof  string    `json:"proof" form:"jws,-" zh:"持钥证明" en:"Proof of possession"`
	Reason string    `json:"reason" form:"enum=replace_reasons" zh:"理由" en:"Reason"` // lost compromised
}

// CalendarArgs record a year's list of the State Council.
type CalendarArgs struct {
	Year   int    `json:"year" form:"range=2000..2200" zh:"年份" en:"Year"`
	Off    []Date `json:"off" form:"list=1..60" zh:"放假日" en:"Days off"`
	Work   []Date `json:"work" form:"list=0..60" zh:"调休上班日" en:"Make-up working days"`
	Source string `json:"source" form:"text=1..200" zh:"文件依据" en:"Source"`
}

// CalendarYear is the record of a year's list.
type CalendarYear struct {
	Year   int    `json:"year" form:"range=2000..2200" zh:"年份" en:"Year"`
	Off    []Date `json:"off" form:"list=1..60" zh:"放假日" en:"Days off"`
	Work   []Date `json:"work" form:"list=0..60" zh:"调休上班日" en:"Make-up working days"`
	Source string `json:"source" form:"text=1..200" zh:"文件依据" en:"Source"`
	Cite   Cite   `json:"cite" zh:"引用请求" en:"Written by"`
}

// AdvanceArgs move the clock of a demonstration ahead, to at most MaxAdvance after the
// time that it shows.
type AdvanceArgs struct {
	To Millis `json:"to" form:"ms" zh:"拨至（毫秒）" en:"Time to move to"`
}

// MaxAdvance is how far one call moves a simulated clock: 400 days.
const MaxAdvance = 400 * 24 * 3600 * 1000

// Clockwork is the state of a simulated clock. The ledger's time is the machines' time
// plus the offset. What builds contract.Env reads it, so other calls do not.
type Clockwork struct {
	Offset Millis `json:"offset" form:"min=0" zh:"拨快（毫秒）" en:"Ahead of the machines by"`
	To     Millis `json:"to" form:"ms" zh:"最近一次拨至" en:"Last moved to"`
	Cite   Cite   `json:"cite" zh:"引用请求" en:"Written by"`
}

// AnchorArgs record the root of a receipt log. Proof is the RFC 9162
// consistency proof from the last anchored size, each hash in hex.
type AnchorArgs struct {
	Log   string   `json:"log" form:"token=250" zh:"日志名称" en:"Log"`
	Size  int64    `json:"size" form:"min=1" zh:"条目数" en:"Size"`
	Root  Digest   `json:"root" zh:"根摘要" en:"Root"`
	Proof []Digest `json:"consistency_proof" form:"list=0..64,repeats" need:"日志曾锚定且又有增长|if the log was anchored before and has grown since" zh:"一致性证明" en:"Consistency proof"`
}

// Anchor is the last anchor of a log.
type Anchor struct {
	Log  string `json:"log" form:"token=250" zh:"日志名称" en:"Log"`
	Size int64  `json:"size" form:"min=1" zh:"条目数" en:"Size"`
	Root Digest `json:"root" zh:"根摘要" en:"Root"`
	Time Millis `json:"time" form:"ms" zh:"锚定时间" en:"Time"`
	Cite Cite   `json:"cite" zh:"引用请求" en:"Written by"`
}
