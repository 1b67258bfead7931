package evidence

import (
	"errors"
	"fmt"
)

// Check is the part of the verification that failed. The edge has a sentence
// for each.
type Check string

// The closed list of checks, in the order they are made.
const (
	CheckForm      Check = "form"       // not a bundle, or not in its one form
	CheckProof     Check = "proof"      // a call's proof does not hold
	CheckOrder     Check = "order"      // calls out of order, or time falls
	CheckGenesis   Check = "genesis"    // another beginning, or another ledger
	CheckKey       Check = "key"        // key unknown, of another party, ended, of another use
	CheckRole      Check = "role"       // the party may not call the function
	CheckSignature Check = "signature"  // a signature does not verify
	CheckTime      Check = "time"       // recorded before its time or after its expiry
	CheckWrites    Check = "writes"     // what a call wrote is not what is shown
	CheckChain     Check = "chain"      // an answer cites a call that is not there
	CheckRecord    Check = "record"     // a record says other than what was signed
	CheckReceipt   Check = "receipt"    // a receipt is not proved, or of something else
	CheckMissing   Check = "missing"    // the path needs what the bundle does not hold
	CheckNotNeeded Check = "not_needed" // the bundle holds what the path does not need
)

// Failure says why a bundle proves nothing.
type Failure struct {
	Check Check
	At    string // the place in the bundle or the record: "calls[3]", "order/…"
	Err   error  // the cause in words, for logs
}

// Error is for logs.
func (f *Failure) Error() string {
	s := "evidence: " + string(f.Check)
	if f.At != "" {
		s += " at " + f.At
	}
	if f.Err != nil {
		s += ": " + f.Err.Error()
	}
	return s
}

// Unwrap is the cause.
func (f *Failure) Unwrap() error { return f.Err }

func fail(c Check, at string, err error) error { return &Failure{Check: c, At: at, Err: err} }

func failf(c Check, at, format string, args ...any) error {
	return &Failure{Check: c, At: at, Err: fmt.Errorf(format, args...)}
}

// AsFailure is the failure in err's chain, or nil.
func AsFailure(err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	return nil
}
