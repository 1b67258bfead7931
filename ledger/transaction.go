package ledger

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// How a node and the chaincode speak (protocol §5): the functions of the
// chaincode, its one event, and what they carry. Every argument is a string;
// a failure of the chaincode itself is an Error's Text.
const (
	// TxSubmit takes one to MaxBatch calls (compact JWS) and answers with a list
	// of Answer, one a call. A transaction in which nothing was accepted writes
	// nothing: it need not be ordered.
	TxSubmit = "submit"
	// TxCall takes a party and a call id and answers with the call's CallRecord
	// as it is kept; its read set names the block and transaction that wrote it.
	TxCall = "call"
	// TxValue takes a key and answers with its value.
	TxValue = "value"

	// TxEvent names a transaction's event: a list of Applied, in order.
	TxEvent = "calls"

	// MaxBatch is how many calls one transaction may hold. More than one must be
	// of one party, and each Batched.
	MaxBatch = 200
)

// Batched reports whether calls of a function may go with others into one
// transaction: functions of registration, which an import makes by the hundred.
// What they write nobody else writes, so that many of them at once make no
// conflict with the rest of the ledger.
func Batched(fn Function) bool {
	a, ok := ActOf(fn)
	return ok && a.Batched
}

// Answer is what a call of a transaction came to: a record, the same one again,
// or a refusal.
type Answer struct {
	Record   *CallRecord `json:"record,omitempty"`
	Repeated bool        `json:"repeated,omitempty"`
	Error    *Error      `json:"error,omitempty"`
}

// Applied is a call that a transaction records: its place among the
// transaction's calls, its event as hashed, and its writes without its own key.
// Records are in the event already and so not in Writes: a transaction carries
// its calls' arguments, its write set and this, and all of it is kept for ever.
// A deleted key's value is null, which DecodeStrict does not take.
type Applied struct {
	I      uint32          `json:"i"`
	Event  json.RawMessage `json:"event"`
	Writes []Write         `json:"writes"`
}

// NewApplied is the short form of an accepted call's encoded event and write set.
func NewApplied(i uint32, encoded []byte, writes []Write) (Applied, error) {
	a := Applied{I: i, Event: encoded, Writes: []Write{}}
	var event Event
	if err := json.Unmarshal(encoded, &event); err != nil {
		return a, fmt.Errorf("decode event of call %d: %w", i, err)
	}
	for _, w := range writes {
		record := slices.ContainsFunc(event.Records, func(r Record) bool { return RecordKey(r.Ref) == w.Key })
		if !record && !IsCallKey(w.Key) {
			a.Writes = append(a.Writes, w)
		}
	}
	return a, nil
}

// Committed is the call again as it was recorded, its write set whole but for
// its own key, sorted by key.
func (a Applied) Committed(jws string, block uint64, tx uint32) (Committed, error) {
	c := Committed{Position: Position{Block: block, Tx: tx, I: a.I}, JWS: jws, Writes: slices.Clone(a.Writes)}
	if err := json.Unmarshal(a.Event, &c.Event); err != nil {
		return c, fmt.Errorf("decode event of call %d: %w", a.I, err)
	}
	c.Time = c.Event.Time
	for _, r := range c.Event.Records {
		c.Writes = append(c.Writes, Write{Key: RecordKey(r.Ref), Value: r.Value})
	}
	slices.SortFunc(c.Writes, func(a, b Write) int { return strings.Compare(a.Key, b.Key) })
	return c, nil
}
