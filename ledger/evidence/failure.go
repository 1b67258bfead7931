package evidence

import (
	"errors"
	"fmt"
)

// Check is the part of the verification that failed. The edge has a sentence
// for each.
type Check string

// The closed list of checks.
const (
	CheckForm      Check = "form"       // not a bundle, or not in its one form
	CheckProof     Check = "proof"      // a call's proof does not hold
	CheckOrder     Check = "order"      // calls out of order, or time falls
	CheckGenesis   Check = "genesis"    // another beginning, or another ledger
	CheckRules     Check = "rules"      // rules that this program does not know
	CheckKey       Check = "key"        // no call in the bundle brought the key
	CheckSignature Check = "signature"  // a signature does not verify
	CheckRefused   Check = "refused"    // the contract refuses the call; Err has its reason
	CheckReads     Check = "reads"      // what the call read is not what the bundle leads to
	CheckWrites    Check = "writes"     // the ledger says that the call wrote something else
	CheckEvent     Check = "event"      // the ledger says that the call made another event
	CheckReceipt   Check = "receipt"    // a receipt is not proved, or of something else
	CheckDelivery  Check = "delivery"   // the rule of delivery refuses what a receipt says
	CheckMissing   Check = "missing"    // the record that the bundle is about is not there
	CheckNotNeeded Check = "not_needed" // the bundle holds what nothing in it needs
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
