package contract

import (
	"encoding/json"

	"github.com/datacadastre/cadastre/ledger"
)

// Transaction applies the calls (compact JWS) of one transaction of Fabric, as
// they came, each seeing the writes of those before it. A call is refused by
// itself, in its result. An error is of the transaction as a whole: a refusal
// by what may go together, or a failure of the store.
//
// Env.Time is then a client's claim, and clients' clocks differ. So each call is
// recorded at the latest of that and the times of the calls that wrote what it
// read: along a record, and along the records that it rests on, its caller's
// keys among them, time never falls.
func Transaction(env Env, algs ledger.Algorithms, state State, calls []string) ([]Result, error) {
	if len(calls) > ledger.MaxBatch { // before any is read: there may be a million
		return nil, ledger.Invalid("calls", "at_most_200")
	}
	results := make([]Result, len(calls))
	signed := make([]ledger.Signed, len(calls))
	for i, compact := range calls {
		signed[i], results[i].Err = Parse(compact)
	}
	if err := checkBatch(signed, results); err != nil {
		return nil, err
	}
	o := newOverlay(state)
	for i, s := range signed {
		if results[i].Err == nil {
			env.I = uint32(i)
			results[i] = checked(env, algs, o, s)
			o.add(results[i])
		}
		if err := results[i].Err; err != nil && ledger.AsError(err) == nil {
			return nil, err
		}
	}
	return results, nil
}

// checkBatch holds several calls of one transaction to what may go together
// (protocol §5): of one party, each ledger.Batched. Calls that are refused already
// are passed over; a single one may be any.
func checkBatch(calls []ledger.Signed, results []Result) error {
	if len(calls) == 0 {
		return ledger.Invalid("calls", "required")
	}
	if len(calls) == 1 {
		return nil
	}
	party := ledger.ID("")
	for i, s := range calls {
		if results[i].Err != nil {
			continue
		}
		if party == "" {
			party = s.Call.Party
		}
		if s.Call.Party != party {
			return ledger.Invalid(at("calls", i)+".party", "one_party")
		}
		if !ledger.Batched(s.Call.Function) {
			return ledger.Invalid(at("calls", i)+".function", "registration").With("function", string(s.Call.Function))
		}
	}
	return nil
}

// checked verifies a call and applies it, again at a later time as long as what
// it read was written later. Each round's time is that of a recorded call, and
// higher than the last one's, so that there are few rounds.
func checked(env Env, algs ledger.Algorithms, state State, s ledger.Signed) Result {
	key, err := FindKey(state, s)
	if err != nil {
		return Result{Err: err}
	}
	v, err := Verify(algs, s, key)
	if err != nil {
		return Result{Err: err}
	}
	for {
		w := &Witness{State: state}
		r := Apply(env, algs, w, v)
		if w.Last <= env.Time || r.Repeated {
			return r
		}
		env.Time = w.Last
	}
}

// cited is the call that wrote a record; an index key's value names none.
func cited(value []byte) (ledger.Cite, bool) {
	var record struct {
		Cite ledger.Cite `json:"cite"`
	}
	err := json.Unmarshal(value, &record)
	return record.Cite, err == nil && record.Cite.Call != ""
}
