package contract

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"github.com/datacadastre/cadastre/ledger"
)

// Check returns the refusal that a call of the function would get now. It runs all
// guards against the state, needs no signature and writes nothing. A nil error means
// that the ledger would record the call if the state does not change until then.
// Args are the encoded arguments. The party's role and suspension are checked, but
// no key.
func Check(env Env, algs ledger.Algorithms, state State, party ledger.ID, fn ledger.Function, args json.RawMessage) error {
	if tooLarge(party, fn, args) {
		return ledger.Refuse(ledger.InvalidCode, ledger.ReasonTooLarge).At("args").With("limit", strconv.Itoa(ledger.MaxCall))
	}
	call := ledger.Call{Party: party, Function: fn, Args: args, Time: env.Time, Expires: env.Time + 1}
	t := &tx{env: env, algs: algs, state: state, v: Verified{ledger.Signed{Call: call}}}
	begun, err := t.findAct()
	if err != nil {
		return err
	}
	if begun {
		if t.caller, err = t.partyOf(party); err != nil {
			return err
		}
		if t.recovery = replacesOwn(t.act, t.genesis, args); !t.recovery {
			if err := t.mayAct(); err != nil {
				return err
			}
		}
	}
	return rules[fn](t, args)
}

// tooLarge reports whether a signed call with these arguments would exceed the
// maximum size of a call. The other members of a call have a fixed
// length.
func tooLarge(party ledger.ID, fn ledger.Function, args json.RawMessage) bool {
	if len(args) > 2*ledger.MaxCall { // before parsing, which drops spaces; so the bound is generous
		return true
	}
	const moment = 9_999_999_999_999
	payload, err := json.Marshal(ledger.Call{Ledger: party, ID: party, Party: party, Function: fn, Args: args, Time: moment, Expires: moment})
	return err == nil && len(payload) > ledger.MaxCall
}

// replacesOwn reports whether a call replaces a key of the genesis authority. Such a
// call is signed by the recovery key.
func replacesOwn(act ledger.Act, genesis ledger.Genesis, args json.RawMessage) bool {
	var a ledger.KeyReplaceArgs
	return act.Name == ledger.FnKeyReplace && ledger.DecodeStrict(args, &a) == nil && a.Party == genesis.Authority
}

// Possible returns the acts that a party may take on a record now: those that the
// party's roles, its relation to the record, the record's state and its deadlines
// allow. The list of a suspended party is empty. The error is NotFound if there is
// no such record or its kind is not stored on the ledger, and Forbidden if the party
// is not admitted.
func Possible(env Env, state State, party ledger.ID, ref ledger.Ref) ([]ledger.Open, error) {
	t := &tx{env: env, state: state}
	caller, err := t.partyOf(party)
	if err != nil {
		return nil, err
	}
	b, ok, err := state.Get(ledger.RecordKey(ref))
	if err != nil {
		return nil, err
	}
	if !ok || ledger.Kinds()[ref.Kind()] == nil {
		return nil, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("id")
	}
	record, err := ledger.DecodeRecord(ref.Kind(), b)
	if err != nil {
		return nil, err
	}
	open, err := ledger.Possible(caller, record, t.today(), t.lastDay)
	if err != nil {
		return nil, err
	}
	return t.withinOffice(caller, record, open)
}

// withinOffice leaves out the acts that the party may take as an office only, if the
// record is outside its office.
func (t *tx) withinOffice(caller ledger.Party, record any, open []ledger.Open) ([]ledger.Open, error) {
	asOffice := func(o ledger.Open) bool {
		act, _ := ledger.ActOf(o.Function)
		return len(o.As) > 0 && act.IsOffice(o.As[0])
	}
	if !slices.ContainsFunc(open, asOffice) {
		return open, nil
	}
	t.caller = caller
	switch err := t.office(record, "id"); {
	case errors.Is(err, ledger.Forbidden):
		return slices.DeleteFunc(open, asOffice), nil
	default:
		return open, err
	}
}
