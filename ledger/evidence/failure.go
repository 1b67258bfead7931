package evidence

import (
	"errors"
	"fmt"
)

// Check names the part of the verification that failed. User interfaces have a
// sentence for each.
type Check string

// The closed list of checks.
const (
	CheckForm      Check = "form"       // not a bundle, or not in its only valid encoding
	CheckProof     Check = "proof"      // the proof of a call is not valid
	CheckOrder     Check = "order"      // calls in the wrong order, or times that go backward
	CheckGenesis   Check = "genesis"    // another genesis, or another ledger
	CheckRules     Check = "rules"      // a version of the rules that this program does not support
	CheckKey       Check = "key"        // no call in the bundle added the key
	CheckSignature Check = "signature"  // a signature is not valid
	CheckRefused   Check = "refused"    // the contract refuses the call; Err has its reason
	CheckReads     Check = "reads"      // what the call read differs from the state of the bundle
	CheckWrites    Check = "writes"     // according to the ledger, the call wrote something else
	CheckEvent     Check = "event"      // according to the ledger, the call had another event
	CheckReceipt   Check = "receipt"    // a receipt is not proved, or belongs to something else
	CheckDelivery  Check = "delivery"   // the delivery rule refuses what a receipt says
	CheckMissing   Check = "missing"    // the record that the bundle is about is missing
	CheckNotNeeded Check = "not_needed" // the bundle contains something that it does not need
	CheckLost      Check = "lost"       // by the trust file, a restore has lost the call
)

// Failure says why a bundle is not valid.
type Failure struct {
	Check Check
	At    string // place in the bundle, or the record: "calls[3]", "order/…"
	Err   error  // the cause, for logs
}

// Error returns a text for logs.
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

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

func fail(c Check, at string, err error) error { return &Failure{Check: c, At: at, Err: err} }

func failf(c Check, at, format string, args ...any) error {
	return &Failure{Check: c, At: at, Err: fmt.Errorf(format, args...)}
}

// AsFailure returns the *Failure in err's chain, or nil.
func AsFailure(err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	return nil
}
