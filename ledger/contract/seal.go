package contract

import (
	"fmt"

	"github.com/datacadastre/cadastre/ledger"
)

// KnowsRules reports whether this program can run calls under a version of the rules.
func KnowsRules(version int) bool { return version == Rules }

// Admit checks all of a call but its rule: that it is new, its function, ledger and
// times, its key and the role of its party. Evidence needs it for the call whose
// rule would lead back to the first of its kind, the anchor of a log.
func Admit(env Env, algs ledger.Algorithms, state State, v Verified) error {
	_, known, err := read[ledger.CallRecord](state, ledger.CallKey(v.Call.Party, v.Call.ID))
	if err != nil {
		return err
	}
	if known {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonCallUsed).At("id")
	}
	t := &tx{env: env, algs: algs, state: state, v: v}
	return t.admit()
}

// CustodyOf returns who keeps the key that signed a call, which must be on record.
func CustodyOf(state State, s ledger.Signed) (ledger.Custody, error) {
	k, ok, err := read[ledger.KeyRecord](state, ledger.RecordKey(ledger.KeyRef(s.JWS.Header.Kid)))
	if err != nil {
		return "", err
	}
	if !ok {
		return "", fmt.Errorf("%s is missing", ledger.KeyRef(s.JWS.Header.Kid))
	}
	return k.Custody, nil
}

// Witness is a state that notes the latest time of the calls which wrote what is
// read of it: a record cites its call, and the call's record has the time. Where
// times are what clients claim, no call may be recorded before that.
type Witness struct {
	State
	Last ledger.Millis
}

// Get reads one key, and the record of the call that its value cites.
func (w *Witness) Get(key string) ([]byte, bool, error) {
	value, ok, err := w.State.Get(key)
	if err != nil || !ok {
		return value, ok, err
	}
	c, ok := cited(value)
	if !ok {
		return value, true, nil
	}
	call, known, err := read[ledger.CallRecord](w.State, ledger.CallKey(c.Party, c.Call))
	if err != nil {
		return nil, false, err
	}
	if known {
		w.Last = max(w.Last, call.Time)
	}
	return value, true, nil
}
