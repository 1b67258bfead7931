package contract

import (
	"encoding/json"

	"github.com/datacadastre/cadastre/ledger"
)

// Transaction applies the calls (compact JWS) of one Fabric transaction in their
// order. Each call sees the writes of the calls before it. The refusal of a single
// call is in its result. An error concerns the whole transaction: its calls may not
// be sent together, or the store failed.
//
// On Fabric, Env.Time is the claim of a client, and the clocks of clients differ.
// So the recorded time of a call is the latest of Env.Time and the times of all
// calls that wrote what it read. So time never goes backward along a record, nor
// along the records that it depends on, which include the keys of the caller.
func Transaction(env Env, algs ledger.Algorithms, state State, calls []string) ([]Result, error) {
	if len(calls) > ledger.MaxBatch { // before parsing, since there may be a million
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
			results[i] = verifyAndApply(env, algs, o, s)
			o.add(results[i])
		}
		if err := results[i].Err; err != nil && ledger.AsError(err) == nil {
			return nil, err
		}
	}
	return results, nil
}

// checkBatch checks that several calls may be sent in one transaction: all are of one
// party, and each function is ledger.Batched. It skips calls that are already refused.
// A single call may be any call.
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

// verifyAndApply verifies a call and applies it. If the call read something that
// was written later than env.Time, it is applied again at that later time. Each
// round's time is the time of a recorded call and higher than the last, so there
// are few rounds.
func verifyAndApply(env Env, algs ledger.Algorithms, state State, s ledger.Signed) Result {
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

// citeOf returns the call that wrote a record. The value of an index key has no
// cite.
func citeOf(value []byte) (ledger.Cite, bool) {
	var record struct {
		Cite ledger.Cite `json:"cite"`
	}
	err := json.Unmarshal(value, &record)
	return record.Cite, err == nil && record.Cite.Call != ""
}
