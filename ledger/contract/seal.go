package contract

import (
	"fmt"

	"github.com/datacadastre/cadastre/ledger"
)

// KnowsRules reports whether this program can run calls under a version of the rules.
func KnowsRules(version int) bool { return version == Rules }

// CheckCall makes all checks of a call except its rule: that the call is new, its
// function, ledger and times, its key, and the role of its party. The verifier of a
// bundle uses it for the anchors of a log, whose rule would need all anchors back
// to the first.
func CheckCall(env Env, algs ledger.Algorithms, state State, v Verified) error {
	_, known, err := read[ledger.CallRecord](state, ledger.CallKey(v.Call.Party, v.Call.ID))
	if err != nil {
		return err
	}
	if known {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonCallUsed).At("id")
	}
	t := &tx{env: env, algs: algs, state: state, v: v}
	return t.checkCall()
}

// CustodyOf returns who has the private key that signed a call. The key must be
// registered.
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

// Witness is a state that remembers the latest time of the calls that wrote the
// records read from it. A record cites its call, and the record of that call has
// the time. On a ledger where clients claim the time, no call may be recorded
// earlier than that.
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
	c, ok := citeOf(value)
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
