package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"slices"
	"strings"
)

// Position is the place of a call. On the embedded ledger it is {entry, 0, 0}; on
// Fabric it is the block, the transaction and the index in its batch.
type Position struct {
	Block uint64 `json:"block" zh:"区块，从 0 起" en:"block, from 0"`
	Tx    uint32 `json:"tx" zh:"区块内的交易，从 0 起" en:"transaction of the block, from 0"`
	I     uint32 `json:"i" zh:"交易内的请求，从 0 起" en:"call of the transaction, from 0"`
}

// Compare orders positions.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.Block, q.Block), cmp.Compare(p.Tx, q.Tx), cmp.Compare(p.I, q.I))
}

// Revision is the last block that was applied completely, with its head: the tree
// root at that size, or on Fabric the hash of the block's header.
type Revision struct {
	Block uint64 `json:"block" zh:"区块" en:"block"`
	Head  Digest `json:"head" zh:"截至该区块的账本摘要" en:"digest of the ledger up to that block"`
}

// Record is the value of a record as an event contains it.
type Record struct {
	Ref   Ref             `json:"ref" zh:"记录" en:"which record"`
	Value json.RawMessage `json:"value" zh:"写入后的记录" en:"the record as written"`
}

// Event is what a call did. A call has at most one event. It contains every record
// that changed, complete, and the links of the new ones, so that a projection needs
// nothing else.
type Event struct {
	Name    Function `json:"name" zh:"功能" en:"function"`
	Party   ID       `json:"party" zh:"办理单位" en:"party that called"`
	Call    ID       `json:"call" zh:"请求编号" en:"id of the call"`
	Payload Digest   `json:"payload" zh:"请求内容的 SHA-256" en:"SHA-256 of the call"`
	Time    Millis   `json:"time" zh:"记录时间" en:"when it was recorded"`
	Records []Record `json:"records" zh:"写入的记录" en:"records that it wrote"`
	Links   []Link   `json:"links" zh:"建立的关联" en:"links that it created"`
}

// Write is one key written by a call; Value nil deletes it.
type Write struct {
	Key   string `json:"key" zh:"账本中的键" en:"key on the ledger"`
	Value []byte `json:"value" zh:"值，base64" en:"value, in base64"` // base64 in JSON
}

// Line is one line of the digest of what a call wrote or read: a key with the
// SHA-256 of its value.
type Line struct {
	Key    string `json:"key" zh:"账本中的键" en:"key on the ledger"`
	SHA256 string `json:"sha256" zh:"值的 SHA-256；无值为 -" en:"SHA-256 of the value; - if it has no value"` // NoValue if the key has no value
}

// NoValue is the SHA256 of a line whose key was deleted or missing.
const NoValue = "-"

// LineOf returns the line of a key; nil means that it has no value.
func LineOf(key string, value []byte) Line {
	if value == nil {
		return Line{Key: key, SHA256: NoValue}
	}
	return Line{Key: key, SHA256: string(DigestOf(value))}
}

// HashLines returns the digest of lines: SHA-256 over "key SHA-256(value)\n" in the
// order of the keys, without the records of calls.
func HashLines(lines []Line) Digest {
	sorted := slices.SortedFunc(slices.Values(lines), func(a, b Line) int { return strings.Compare(a.Key, b.Key) })
	var b strings.Builder
	for _, l := range sorted {
		if !IsCallKey(l.Key) {
			b.WriteString(l.Key + " " + l.SHA256 + "\n")
		}
	}
	return DigestOf([]byte(b.String()))
}

// WriteLines returns the lines of a write set, in its order.
func WriteLines(writes []Write) []Line {
	lines := make([]Line, len(writes))
	for i, w := range writes {
		lines[i] = LineOf(w.Key, w.Value)
	}
	return lines
}

// HashWrites returns the digest of a write set.
func HashWrites(writes []Write) Digest { return HashLines(WriteLines(writes)) }

// EntryVersion is the version of the form of LogEntry.
const EntryVersion = 2

// LogEntry is an entry of the ledger log.
type LogEntry struct {
	V      int    `json:"v"`
	Seq    uint64 `json:"seq"`
	Time   Millis `json:"time"`
	Rules  int    `json:"rules"`
	Call   string `json:"call"`
	Reads  Digest `json:"reads"` // of what the contract read for the call
	Writes Digest `json:"writes"`
	Event  Digest `json:"event"`
	State  Digest `json:"state"` // of the StateSum of all records after the call
}

// Committed is a recorded call.
type Committed struct {
	Position Position `json:"position" zh:"在账本中的位置" en:"where it is in the ledger"`
	Time     Millis   `json:"time" zh:"记录时间" en:"when it was recorded"`
	JWS      string   `json:"jws" form:"jws" zh:"签名请求，compact JWS" en:"the signed call, a compact JWS"`
	Event    Event    `json:"event" zh:"事件" en:"what the call did"`
	Writes   []Write  `json:"writes" zh:"写入的键值" en:"keys and values that it wrote"`
}

// Block is a unit of commitment: its calls were recorded together, in this order.
type Block struct {
	Number uint64
	Head   Digest
	Calls  []Committed
}

// Proof is evidence that a call is recorded, in the form of its backend.
type Proof struct {
	Kind string          `json:"kind" form:"enum=proof_kinds" zh:"证明的种类：tlog 或 fabric" en:"kind of the proof: tlog or fabric"` // tlog or fabric
	Data json.RawMessage `json:"data" zh:"按其种类的证明，见 docs/evidence.md" en:"the proof in the form of its kind: docs/evidence.md"`
}

// Recorded is everything that a ledger knows about a recorded call.
type Recorded struct {
	Committed
	Proof Proof `json:"proof" zh:"记录在账的证明" en:"proof that it is recorded"`
}

// Outcome is the result of submitting a call: where it is recorded, and whether it
// was recorded before.
type Outcome struct {
	Position Position `json:"position" zh:"在账本中的位置" en:"where it is in the ledger"`
	Time     Millis   `json:"time" zh:"记录时间" en:"when it was recorded"`
	Payload  Digest   `json:"payload" zh:"请求内容的 SHA-256：下一次请求以 answers 引用它" en:"SHA-256 of the call: the next call cites it as answers"`
	Event    Digest   `json:"event" zh:"事件的 SHA-256" en:"SHA-256 of the event"`
	Repeated bool     `json:"repeated,omitempty" zh:"该请求先前已记录，此为首次结果" en:"the call was recorded before; this is its first result"`
}

// CallRecord is the record of a call, stored under CallKey. It makes calls
// idempotent.
type CallRecord struct {
	Payload Digest `json:"payload"`
	Reads   Digest `json:"reads"`
	Writes  Digest `json:"writes"`
	Event   Digest `json:"event"`
	Rules   int    `json:"rules"`
	Time    Millis `json:"time"`
	I       uint32 `json:"i"`
}

// Ledger is the interface of a permissioned ledger that runs the contract.
type Ledger interface {
	// Submit sends a signed call to the contract and returns when it is durable. A
	// refusal is an *Error, and nothing was written. Unavailable means that the
	// outcome is unknown: the same call may be submitted again and returns its
	// first result.
	Submit(ctx context.Context, jws string) (Outcome, error)

	// Value reads a committed record or index key. A missing key is NotFound.
	Value(ctx context.Context, key string) ([]byte, error)

	// Recorded returns a recorded call with its proof. A missing call is NotFound.
	Recorded(ctx context.Context, party, call ID) (Recorded, error)

	// Blocks yields complete blocks, starting at number from, in order and without
	// gaps. It waits for new ones until ctx ends or the consumer stops.
	Blocks(ctx context.Context, from uint64) iter.Seq2[Block, error]

	// Head returns the last committed block. It is NotFound until the genesis is
	// recorded, even if the backend already has blocks.
	Head(ctx context.Context) (Revision, error)
}
