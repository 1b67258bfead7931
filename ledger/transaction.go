package ledger

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// How a node and the chaincode communicate: the functions of the
// chaincode, its one event, and their contents. Every argument is a string. A
// failure of the chaincode itself is the Text of an Error.
const (
	// TxSubmit takes 1 to MaxBatch calls (compact JWS) and returns a list of
	// Answer, one per call. A transaction without an accepted call writes nothing
	// and need not be ordered.
	TxSubmit = "submit"
	// TxCall takes a party and a call id and returns the stored CallRecord. Its
	// read set names the block and transaction that wrote the record.
	TxCall = "call"
	// TxValue takes a key and returns its value.
	TxValue = "value"

	// TxEvent is the name of a transaction's event, a list of Applied in order.
	TxEvent = "calls"

	// MaxBatch is the maximum number of calls in one transaction. Several calls
	// must be of one party, and each Batched.
	MaxBatch = 200
)

// Batched reports whether calls of a function may share a transaction with others.
// They are the functions of registration, which an import calls by the hundred. No
// other party writes the same keys, so many of them at once do not conflict with
// the rest of the ledger.
func Batched(fn Function) bool {
	a, ok := ActOf(fn)
	return ok && a.Batched
}

// Answer is the result of a call in a transaction: a record, the record of its
// first time, or a refusal.
type Answer struct {
	Record   *CallRecord `json:"record,omitempty"`
	Repeated bool        `json:"repeated,omitempty"`
	Error    *Error      `json:"error,omitempty"`
}

// Applied is a call that a transaction records: its index in the transaction, its
// event as hashed, and its writes without the record of the call. Writes leaves out
// records, which are in the event. This saves space: the arguments, the write set
// and the event of a transaction are all stored for good. The value of a deleted
// key is null, which DecodeStrict does not accept.
type Applied struct {
	I      uint32          `json:"i"`
	Event  json.RawMessage `json:"event"`
	Writes []Write         `json:"writes"`
}

// NewApplied returns the Applied of an accepted call from its encoded event and its
// write set.
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

// Committed returns the call as it was recorded. Its write set is complete except
// for the record of the call, and sorted by key.
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
