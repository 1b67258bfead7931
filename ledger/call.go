package ledger

import (
	"encoding/json"
	"fmt"
)

// Limits of a call (protocol §4).
const (
	MaxCall   = 40 << 10            // bytes of a call's payload
	MaxExpiry = 24 * 60 * 60 * 1000 // milliseconds between time and expires
	Skew      = 5 * 60 * 1000       // milliseconds that a clock may be ahead
)

// Call is one act of one party: the payload of a JWS of type TypeCall.
type Call struct {
	Ledger   ID              `json:"ledger"`
	ID       ID              `json:"id"`
	Party    ID              `json:"party"`
	Function Function        `json:"function"`
	Args     json.RawMessage `json:"args"`
	Time     Millis          `json:"time"`
	Expires  Millis          `json:"expires"`
}

// Validate checks the members' form.
func (c Call) Validate() error {
	if err := First(c.Ledger.Validate("ledger"), c.ID.Validate("id"), c.Party.Validate("party")); err != nil {
		return err
	}
	if c.Function == "" {
		return Invalid("function", "required")
	}
	if len(c.Args) == 0 || c.Args[0] != '{' {
		return Invalid("args", "object")
	}
	if c.Time <= 0 {
		return Invalid("time", "unix_ms")
	}
	if c.Expires <= c.Time || c.Expires-c.Time > MaxExpiry {
		return Invalid("expires", "at_most_24h_after_time")
	}
	return nil
}

// Signed is a call as it came: the JWS, its parts and the hash that names it.
type Signed struct {
	Call    Call
	JWS     JWS
	Compact string
	Payload Digest // SHA-256 of the payload's bytes: what later calls cite
}

// ParseCall reads a compact JWS as a call, without checking its signature.
func ParseCall(compact string) (Signed, error) {
	j, err := ParseJWS(compact, TypeCall, MaxCall)
	if err != nil {
		return Signed{}, err
	}
	s := Signed{JWS: j, Compact: compact, Payload: DigestOf(j.Payload)}
	if err := DecodeStrict(j.Payload, &s.Call); err != nil {
		return Signed{}, err
	}
	if err := s.Call.Validate(); err != nil {
		return Signed{}, err
	}
	return s, nil
}

// SignCall encodes args, completes the call and signs it.
func SignCall(key *Key, call Call, args any) (string, error) {
	raw, err := json.Marshal(args)
	if err != nil {
		return "", fmt.Errorf("encode args of %s: %w", call.Function, err)
	}
	call.Args = raw
	if err := call.Validate(); err != nil {
		return "", err
	}
	payload, err := json.Marshal(call)
	if err != nil {
		return "", fmt.Errorf("encode call: %w", err)
	}
	if len(payload) > MaxCall {
		return "", &Error{Code: InvalidCode, Reason: ReasonTooLarge, Field: "args"}
	}
	return SignJWS(key, TypeCall, payload)
}
