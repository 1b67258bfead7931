package contract

import (
	"encoding/json"

	"github.com/datacadastre/cadastre/ledger"
)

// Check reports why a call of the function would be refused now: it runs all guards
// against the state, asks for no signature and writes nothing. A nil error says
// that the ledger would record the call if the state stayed as it is. Args are the
// encoded arguments; the party is asked for its role and standing, not for a key.
func Check(env Env, algs ledger.Algorithms, state State, party ledger.ID, fn ledger.Function, args json.RawMessage) error {
	if tooLarge(party, fn, args) {
		return ledger.Refuse(ledger.InvalidCode, ledger.ReasonTooLarge).At("args")
	}
	call := ledger.Call{Party: party, Function: fn, Args: args, Time: env.Time, Expires: env.Time + 1}
	t := &tx{env: env, algs: algs, state: state, v: Verified{ledger.Signed{Call: call}}}
	begun, err := t.open()
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

// tooLarge reports whether a signed call with these arguments would be larger than
// a call may be (protocol §4). Its other members have the same length in any call.
func tooLarge(party ledger.ID, fn ledger.Function, args json.RawMessage) bool {
	if len(args) > 2*ledger.MaxCall { // before it is read: most of it may be blanks, not all
		return true
	}
	const moment = 9_999_999_999_999
	payload, err := json.Marshal(ledger.Call{Ledger: party, ID: party, Party: party, Function: fn, Args: args, Time: moment, Expires: moment})
	return err == nil && len(payload) > ledger.MaxCall
}

// replacesOwn reports whether a call replaces the key of the genesis authority,
// which its recovery key signs (protocol §6).
func replacesOwn(act ledger.Act, genesis ledger.Genesis, args json.RawMessage) bool {
	var a ledger.KeyReplaceArgs
	return act.Name == ledger.FnKeyReplace && ledger.DecodeStrict(args, &a) == nil && a.Party == genesis.Authority
}

// Possible returns the acts that are open to a party now on a record as it stands:
// its role, whose act it is, the record's state and the clocks on it allow them.
// NotFound where there is no such record, or where its kind is not one that the
// ledger keeps; Forbidden where the party is not admitted. A suspended party may do
// nothing, so that its list is empty.
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
	return ledger.Possible(caller, record, t.today(), t.lastDay)
}
