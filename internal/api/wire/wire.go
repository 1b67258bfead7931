// Package wire has the types of those answers of the HTTP API that belong to no domain,
// and of the errors that it reports. Package web writes them; clients read them.
package wire

import (
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// About describes a node and its ledger; everyone may read it.
type About struct {
	Name          string            `json:"name" zh:"节点名称" en:"name of the node"`
	Region        ledger.Region     `json:"region" zh:"区划" en:"region"`
	Origin        string            `json:"origin" zh:"节点标识，即令牌的 audience" en:"origin of the node: audience of tokens"`
	URL           string            `json:"url,omitempty" zh:"客户端访问本节点的地址" en:"where clients reach this node"`
	Ledger        ledger.ID         `json:"ledger" zh:"账本编号" en:"ledger"`
	GenesisSHA256 ledger.Digest     `json:"genesis_sha256" zh:"创世请求的 SHA-256" en:"SHA-256 of the signed genesis"`
	Backend       string            `json:"ledger_backend" form:"enum=backends" zh:"embedded：登记簿在本节点文件夹内；fabric：在多个节点共用的通道上" en:"embedded: the register is in this node's folder; fabric: on a channel that other nodes share"`
	Logs          []string          `json:"logs" zh:"账本日志的验证公钥（C2SP signed note）；共用登记簿无此日志" en:"verifier keys (C2SP signed note) of the ledger log; empty where the register is shared"`
	ReceiptLog    string            `json:"receipt_log" zh:"本节点回执日志的验证公钥" en:"verifier key of this node's receipt log"`
	Restored      []ledger.Restored `json:"restored,omitempty" zh:"本节点的日志自何处恢复" en:"from where the logs of this node go on after a restore"`
	Demo          bool              `json:"demo" zh:"演示账本：期限可为 0 天，不具有法律效力" en:"a demonstration: its limits may be 0 days; nothing on it has legal effect"`
	Version       string            `json:"version" zh:"程序版本" en:"version of the program"`
}

// Health is the answer of /readyz for the node's operator: whether the node can do
// everything, and the state that decides it. Everybody else gets only whether it can.
type Health struct {
	Ready     bool            `json:"ready" zh:"各项功能均可用" en:"the node can do everything"`
	Reason    ledger.Reason   `json:"reason,omitempty" zh:"不就绪的原因" en:"why not"`
	Ledger    LedgerHealth    `json:"ledger,omitzero" zh:"账本" en:"the ledger"`
	Projected ledger.Revision `json:"projected,omitzero" zh:"检索库已处理的最新区块" en:"the last block in the read model"`
	Receipts  ReceiptsHealth  `json:"receipts,omitzero" zh:"回执日志" en:"the receipt log"`
	Parts     []PartHealth    `json:"parts,omitempty" zh:"各部分" en:"the parts of the node"`
}

// PartHealth reports whether one part of the node works.
type PartHealth struct {
	Part   string        `json:"part" zh:"部分：ledger 账本，projection 检索库，anchors 锚定，objects 内容存储，disk 磁盘，clock 时钟" en:"ledger, projection, anchors, objects (the store of content), disk or clock"`
	Ready  bool          `json:"ready" zh:"可用" en:"it works"`
	Reason ledger.Reason `json:"reason,omitempty" zh:"不可用的原因" en:"why not"`
}

// LedgerHealth reports whether the ledger answers, and its last block when it last did.
type LedgerHealth struct {
	Reachable bool   `json:"reachable" zh:"账本有答复" en:"it answers"`
	Head      uint64 `json:"head" zh:"最近一次答复时的最新区块" en:"last block when it last answered"`
}

// ReceiptsHealth reports how many receipts are anchored, and since when some are not.
type ReceiptsHealth struct {
	Size     int64 `json:"size" zh:"回执数" en:"number of receipts"`
	Anchored int64 `json:"anchored" zh:"已锚定的回执数" en:"number of receipts under an anchor"`
	Age      int64 `json:"age_seconds" zh:"距上次全部锚定的秒数" en:"seconds since all were last anchored"`
}

// PublicParty is what everyone may read about a party. It includes the keys, which are
// needed to verify signatures.
type PublicParty struct {
	ID     ledger.ID          `json:"id" zh:"单位编号" en:"id"`
	Name   string             `json:"name" zh:"名称" en:"name"`
	USCC   ledger.USCC        `json:"uscc" zh:"统一社会信用代码" en:"unified social credit code"`
	Kind   ledger.PartyKind   `json:"kind" form:"enum=party_kinds" zh:"类型" en:"kind"`
	Roles  []ledger.Role      `json:"roles" form:"list=1..10,enum=roles" zh:"角色" en:"roles"`
	Region ledger.Region      `json:"region" zh:"区划" en:"region"`
	Active bool               `json:"active" zh:"未被暂停" en:"it is not suspended"`
	Keys   []ledger.KeyRecord `json:"keys" zh:"全部公钥：核验者需要" en:"all keys, for those who verify signatures"`
	Cite   ledger.Cite        `json:"cite" zh:"最近一次写入该记录的请求" en:"call that last wrote the record"`
}

// Checked reports that a call would be recorded.
type Checked struct {
	Function ledger.Function `json:"function" zh:"功能" en:"function"`
	Party    ledger.ID       `json:"party" zh:"办理单位" en:"party that would call"`
	Allowed  bool            `json:"allowed" zh:"始终为 true：会被拒绝者以 problem 回答" en:"always true; a call that would be refused is answered with its problem"`
}

// CustodyKey is a new signing key stored by the node, with the arguments that key.rotate
// needs for it.
type CustodyKey struct {
	Old   ledger.KeyID     `json:"old" zh:"将被替换的签署密钥" en:"the signing key to be replaced"`
	New   ledger.NewKeyArg `json:"new" zh:"由节点保管的新密钥" en:"the new key, stored by the node"`
	Proof string           `json:"proof" form:"jws" zh:"新密钥的占有证明，compact JWS" en:"proof that the node has the new key, a compact JWS"`
}

// StoredKey is a key that the node stores for a party, without the key itself.
type StoredKey struct {
	Kid     ledger.KeyID  `json:"kid" zh:"公钥指纹" en:"key id"`
	Use     ledger.KeyUse `json:"use" form:"enum=key_uses" zh:"用途" en:"use"`
	Created ledger.Millis `json:"created" zh:"生成时间" en:"when the node made it"`
	Valid   bool          `json:"valid" zh:"账本上有效：不可删除" en:"it is valid on the ledger, and can't be deleted"`
}

// Problem is an error as RFC 9457 describes it: the ledger's typed error with sentences
// in the user's language.
type Problem struct {
	Type   string         `json:"type,omitempty" zh:"始终为 about:blank" en:"always about:blank"`
	Title  string         `json:"title" zh:"发生了什么，按用户语言" en:"what happened, in the user's language"`
	Status int            `json:"status" zh:"HTTP 状态码" en:"HTTP status"`
	Detail string         `json:"detail,omitempty" zh:"下一步怎么做，按用户语言" en:"what to do next, in the user's language"`
	Code   ledger.Code    `json:"code" form:"enum=error_codes" zh:"错误类别" en:"class of the error"`
	Reason ledger.Reason  `json:"reason" zh:"原因" en:"reason"`
	Field  string         `json:"field,omitempty" zh:"有误的成员" en:"the member with the fault"`
	Rule   string         `json:"rule,omitempty" zh:"违反的规则，见 docs/fields.md" en:"the rule that it breaks; see docs/fields.md"`
	Params []ledger.Param `json:"params,omitempty" zh:"语句中的各项取值" en:"values used in the sentences"`
	Errors []words.Fault  `json:"errors,omitempty" zh:"输入中的全部错误，含第一项" en:"all faults of the input, including the first"`
}

// Pending describes an upload that no content record names yet.
type Pending struct {
	ID      string        `json:"id" zh:"上传的编号，完成后即内容的 object" en:"id of the upload, and later the object of its content"`
	Bytes   int64         `json:"bytes" zh:"全部字节数" en:"length in bytes"`
	Arrived int64         `json:"arrived" zh:"已存入的字节数，由此处继续" en:"bytes that are stored; the upload continues there"`
	Expires ledger.Millis `json:"expires" zh:"无变化且未登记为内容时，何时删除" en:"when it is deleted if nothing changes and no content record names it"`
	Done    *Ingested     `json:"done,omitempty" zh:"上传完成后所存入的" en:"the stored content, when the upload is whole"`
}

// Ingested describes a stored upload and its receipt.
type Ingested struct {
	Object  string        `json:"object" zh:"在节点存储中的名称" en:"its name in the node's store"`
	SHA256  ledger.Digest `json:"sha256" zh:"内容的 SHA-256" en:"SHA-256 of the content"`
	Bytes   int64         `json:"bytes" zh:"字节数" en:"length in bytes"`
	Receipt ledger.Digest `json:"ingest_receipt" zh:"存入回执的叶哈希，content.add 引用它" en:"leaf hash of the receipt, which content.add cites"`
	Node    string        `json:"node" zh:"保存内容的节点标识" en:"origin of the node that stores it"`
}
