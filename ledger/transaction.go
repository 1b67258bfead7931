package ledger

import "encoding/json"

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
	// of one party and of functions of registration.
	MaxBatch = 200
)

// Answer is what a call of a transaction came to: a record, the same one again,
// or a refusal.
type Answer struct {
	Record   *CallRecord `json:"record,omitempty"`
	Repeated bool        `json:"repeated,omitempty"`
	Error    *Error      `json:"error,omitempty"`
}

// Applied is a call that a transaction records: its place among the
// transaction's calls, its event as hashed, and its writes without its own key.
type Applied struct {
	I      uint32          `json:"i"`
	Event  json.RawMessage `json:"event"`
	Writes []Write         `json:"writes"`
}
