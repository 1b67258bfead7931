package ledger

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
)

// Limits of a call.
const (
	MaxCall   = 40 << 10            // bytes of a call's payload
	MaxExpiry = 24 * 60 * 60 * 1000 // milliseconds from time to expires
	Skew      = 5 * 60 * 1000       // milliseconds by which a clock may be ahead
)

// Call is one act of a party: the payload of a JWS of type TypeCall.
type Call struct {
	Ledger   ID              `json:"ledger"`
	ID       ID              `json:"id"`
	Party    ID              `json:"party"`
	Function Function        `json:"function"`
	Args     json.RawMessage `json:"args"`
	Time     Millis          `json:"time"`
	Expires  Millis          `json:"expires"`
}

// Validate checks the form of the members.
func (c Call) Validate() error {
	var function, args, time error
	if c.Function == "" {
		function = Invalid("function", "required")
	}
	if len(c.Args) == 0 || c.Args[0] != '{' {
		args = Invalid("args", typeRule(callType)).allow(typeWords(callType))
	}
	switch {
	case c.Time == 0:
		time = Invalid("time", "required").allow(momentWords)
	case c.Time < 0:
		time = Invalid("time", "unix_ms").allow(momentWords)
	case c.Expires <= c.Time || c.Expires-c.Time > MaxExpiry:
		time = Invalid("expires", "at_most_24h_after_time").quote(strconv.FormatInt(int64(c.Expires), 10)).
			allow(fmt.Sprintf("%d–%d", c.Time+1, c.Time+MaxExpiry))
	}
	return Join(c.Ledger.Validate("ledger"), c.ID.Validate("id"), c.Party.Validate("party"), function, args, time)
}

var callType = reflect.TypeFor[Call]()

// Signed is a call as received: the JWS, its parts, and the hash that identifies
// it.
type Signed struct {
	Call    Call
	JWS     JWS
	Compact string
	Payload Digest // SHA-256 of the payload's bytes, which later calls cite
}

// ParseCall decodes a compact JWS as a call. It does not check the signature.
func ParseCall(compact string) (Signed, error) {
	j, err := ParseJWS(compact, TypeCall, MaxCall)
	if err != nil {
		return Signed{}, err
	}
	s := Signed{JWS: j, Compact: compact, Payload: DigestOf(j.Payload)}
	if err := DecodeStrict(j.Payload, &s.Call); err != nil {
		return Signed{}, withArgs(err, j.Payload)
	}
	if err := s.Call.Validate(); err != nil {
		return Signed{}, err
	}
	return s, nil
}

// withArgs adds the faults of the arguments, checked for the call's function, to
// the faults of a call, so that one error lists all.
func withArgs(err error, payload []byte) error {
	e := AsError(err)
	var c struct {
		Function Function        `json:"function"`
		Args     json.RawMessage `json:"args"`
	}
	if e == nil || e.Reason != ReasonField || json.Unmarshal(payload, &c) != nil {
		return err
	}
	act, ok := ActOf(c.Function)
	if !ok || len(c.Args) == 0 || c.Args[0] != '{' {
		return err
	}
	inner := prefix(act.checkArgs(c.Args), "args")
	var all []error
	for _, one := range e.All() {
		if inner == nil || !within(one.Field, "args") { // otherwise the check of the arguments gives a better error
			all = append(all, one)
		}
	}
	return Join(append(all, inner)...)
}

// checkArgs checks the form of a function's encoded arguments.
func (a Act) checkArgs(raw []byte) error {
	args := a.Args()
	return First(DecodeStrict(raw, args), args.Validate())
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
		return "", tooLarge("args", MaxCall)
	}
	return SignJWS(key, TypeCall, payload)
}
