package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"slices"
	"strings"
)

// Position is the place of a call: on the embedded ledger {entry, 0, 0}, on
// Fabric block, transaction and place in its batch.
type Position struct {
	Block uint64 `json:"block"`
	Tx    uint32 `json:"tx"`
	I     uint32 `json:"i"`
}

// Compare orders positions.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.Block, q.Block), cmp.Compare(p.Tx, q.Tx), cmp.Compare(p.I, q.I))
}

// Revision is the last block applied whole, named with its head: the tree root
// at that size, on Fabric the hash of the block's header.
type Revision struct {
	Block uint64 `json:"block"`
	Head  Digest `json:"head"`
}

// Record is a record's value as an event carries it.
type Record struct {
	Ref   Ref             `json:"ref"`
	Value json.RawMessage `json:"value"`
}

// Event is what a call did: at most one a call. It carries every record that
// changed, whole, and what the new ones rest on, so that a projection needs
// nothing else.
type Event struct {
	Name    Function `json:"name"`
	Party   ID       `json:"party"`
	Call    ID       `json:"call"`
	Payload Digest   `json:"payload"`
	Time    Millis   `json:"time"`
	Records []Record `json:"records"`
	Links   []Link   `json:"links"`
}

// Write is one key written by a call; Value nil deletes it.
type Write struct {
	Key   string `json:"key"`
	Value []byte `json:"value"` // base64 in JSON
}

// Line is one line of the digest of what a call wrote or read: a key with the
// SHA-256 of its value.
type Line struct {
	Key    string `json:"key"`
	SHA256 string `json:"sha256"` // NoValue where there is none
}

// NoValue stands in a line for a key that is deleted, or that was not there.
const NoValue = "-"

// LineOf returns the line of a key; a nil value is none.
func LineOf(key string, value []byte) Line {
	if value == nil {
		return Line{Key: key, SHA256: NoValue}
	}
	return Line{Key: key, SHA256: string(DigestOf(value))}
}

// HashLines returns the digest of lines: SHA-256 over "key SHA-256(value)\n" in
// the order of the keys, without the records that are kept of calls (protocol §5).
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

// LogEntry is an entry of the ledger log (protocol §5).
type LogEntry struct {
	V      int    `json:"v"`
	Seq    uint64 `json:"seq"`
	Time   Millis `json:"time"`
	Rules  int    `json:"rules"`
	Call   string `json:"call"`
	Reads  Digest `json:"reads"` // of what the contract read for the call
	Writes Digest `json:"writes"`
	Event  Digest `json:"event"`
	State  Digest `json:"state"` // of the StateSum of all that is recorded once the call is
}

// Committed is a call that is recorded.
type Committed struct {
	Position Position `json:"position"`
	Time     Millis   `json:"time"`
	JWS      string   `json:"jws"`
	Event    Event    `json:"event"`
	Writes   []Write  `json:"writes"`
}

// Block is a unit of commitment: its calls were recorded together, in order.
type Block struct {
	Number uint64
	Head   Digest
	Calls  []Committed
}

// Proof is evidence that a call is recorded, in the form of its backend.
type Proof struct {
	Kind string          `json:"kind"` // tlog or fabric
	Data json.RawMessage `json:"data"`
}

// Recorded is all that a ledger knows of a recorded call.
type Recorded struct {
	Committed
	Proof Proof `json:"proof"`
}

// Outcome answers a submitted call: where it is recorded, and whether it was before.
type Outcome struct {
	Position Position `json:"position"`
	Time     Millis   `json:"time"`
	Payload  Digest   `json:"payload"`
	Event    Digest   `json:"event"`
	Repeated bool     `json:"repeated,omitempty"`
}

// CallRecord is kept under CallKey: what makes a call idempotent.
type CallRecord struct {
	Payload Digest `json:"payload"`
	Reads   Digest `json:"reads"`
	Writes  Digest `json:"writes"`
	Event   Digest `json:"event"`
	Rules   int    `json:"rules"`
	Time    Millis `json:"time"`
	I       uint32 `json:"i"`
}

// Ledger is the port: a permissioned ledger that runs the contract.
type Ledger interface {
	// Submit gives a signed call to the contract and returns when it is durable.
	// A refusal is an *Error and wrote nothing. Unavailable means unknown: the
	// same call may be submitted again and returns its first result.
	Submit(ctx context.Context, jws string) (Outcome, error)

	// Value reads a committed record or index key; NotFound when there is none.
	Value(ctx context.Context, key string) ([]byte, error)

	// Recorded finds a recorded call with the proof of it; NotFound when there is none.
	Recorded(ctx context.Context, party, call ID) (Recorded, error)

	// Blocks yields whole blocks from number from on, in order and without gap,
	// and waits for new ones until ctx ends or the consumer stops.
	Blocks(ctx context.Context, from uint64) iter.Seq2[Block, error]

	// Head is the last committed block; NotFound until the genesis is recorded,
	// though a backend may have blocks of its own before it.
	Head(ctx context.Context) (Revision, error)
}
