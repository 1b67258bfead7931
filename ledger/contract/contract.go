package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/datacadastre/cadastre/ledger"
)

// Rules is the version of the guards of this release.
const Rules = 1

// Env is everything that the rules know besides the call and the state.
type Env struct {
	Time    ledger.Millis // of the entry, see ClockOffset; not before the time of the previous entry
	Rules   int           // version of the rules, see Rules
	Genesis ledger.Digest // SHA-256 of the only JWS that may begin the ledger; empty: any
	I       uint32        // index of the call in its transaction; 0 where each call has its own position

	// Unrelated reports whether a record is unrelated to the subject of a bundle of
	// evidence and is therefore not read (unrelated.go). It is nil on every ledger.
	Unrelated func(key string) bool
}

// State reads single keys of the committed state. Get returns false for a missing
// key. An error is a failure of the store, never a refusal.
type State interface {
	Get(key string) (value []byte, ok bool, err error)
}

// Result is the outcome of a call: its writes and its event, or, for a repeated
// call, the record of the first time. A refused call has only Err.
type Result struct {
	Err      error
	Repeated bool
	Record   ledger.CallRecord
	Event    []byte         // encoded ledger.Event; nil when repeated
	Reads    []ledger.Line  // keys that the call read, sorted; records of calls are left out
	Writes   []ledger.Write // sorted by key, including the record of the call

	// With Env.Unrelated: what was not read.
	Unrelated int             // number of records that a license names
	Unread    []string        // keys of group records (groupKinds)
	Unwritten []string        // those of Unread that the call may have written
	Unproved  []ledger.Reason // refusals that were not considered, since they rest on group records
}

// Verified is a call with a valid signature.
type Verified struct {
	ledger.Signed
}

// Parse parses a call from a compact JWS.
func Parse(compact string) (ledger.Signed, error) { return ledger.ParseCall(compact) }

// FindKey returns the public key that the header of a call names. It reads the key
// from the state; for the genesis call it takes the key from the call's arguments.
func FindKey(state State, s ledger.Signed) (ledger.JWK, error) {
	if s.Call.Function == ledger.FnGenesis {
		var args ledger.GenesisArgs
		if err := decodeArgs(s.Call.Args, &args); err != nil {
			return ledger.JWK{}, err
		}
		for _, k := range args.Authority.Keys {
			if k.JWK.Thumbprint() == s.JWS.Header.Kid {
				return k.JWK, nil
			}
		}
		return ledger.JWK{}, ledger.Refuse(ledger.Forbidden, ledger.ReasonKey).At("header.kid")
	}
	key, ok, err := read[ledger.KeyRecord](state, ledger.RecordKey(ledger.KeyRef(s.JWS.Header.Kid)))
	if err != nil {
		return ledger.JWK{}, err
	}
	if !ok {
		return ledger.JWK{}, ledger.Refuse(ledger.Forbidden, ledger.ReasonKey).At("header.kid")
	}
	return key.JWK, nil
}

// Verify checks the call's signature with key under one of algs.
func Verify(algs ledger.Algorithms, s ledger.Signed, key ledger.JWK) (Verified, error) {
	if err := s.JWS.Verify(algs, key); err != nil {
		return Verified{}, err
	}
	return Verified{s}, nil
}

// Apply checks one verified call against the committed state and returns what it
// writes. The order of the checks is: repeated call, ledger,
// time, key, role, guard.
func Apply(env Env, algs ledger.Algorithms, state State, v Verified) Result {
	own := ledger.CallKey(v.Call.Party, v.Call.ID)
	known, ok, err := read[ledger.CallRecord](state, own)
	if err != nil {
		return Result{Err: err}
	}
	if ok {
		if err := ownKey(state, v); err != nil {
			return Result{Err: err}
		}
		if known.Payload != v.Payload {
			return Result{Err: ledger.Refuse(ledger.Conflict, ledger.ReasonCallUsed).At("id")}
		}
		return Result{Repeated: true, Record: known}
	}
	r := newReader(state)
	t := &tx{env: env, algs: algs, state: r, v: v}
	if err := t.run(); err != nil {
		return Result{Err: err}
	}
	return t.finish(own, r.read())
}

// ownKey refuses a call whose key never was its party's. Only that party learns whether
// it used an id before: ids can be derived from what is public. A key that has ended
// gets the first result again.
func ownKey(state State, v Verified) error {
	k, ok, err := read[ledger.KeyRecord](state, ledger.RecordKey(ledger.KeyRef(v.JWS.Header.Kid)))
	if err != nil {
		return err
	}
	if !ok || k.Party != v.Call.Party {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonKey).At("header.kid")
	}
	return nil
}

// run checks the call and applies the rule of its function.
func (t *tx) run() error {
	if err := t.checkCall(); err != nil {
		return err
	}
	return rules[t.v.Call.Function](t, t.v.Call.Args)
}

// checkCall makes the checks that are the same for every call: function, ledger,
// times, key, party and role.
func (t *tx) checkCall() error {
	call := t.v.Call
	begun, err := t.findAct()
	if err != nil {
		return err
	}
	if begun && call.Ledger != t.genesis.Ledger {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonLedger).At("ledger")
	}
	if call.Time > t.env.Time+ledger.Skew {
		return ledger.Refuse(ledger.InvalidCode, ledger.ReasonTime).At("time")
	}
	if call.Expires <= t.env.Time {
		return ledger.Refuse(ledger.InvalidCode, ledger.ReasonExpired).At("expires")
	}
	if begun {
		return t.authorize()
	}
	return nil
}

// findAct loads the act of the call's function and the ledger's genesis, and reports
// whether the ledger has begun. The genesis call must come first and only once.
func (t *tx) findAct() (begun bool, err error) {
	fn := t.v.Call.Function
	act, ok := ledger.ActOf(fn)
	if !ok {
		return false, ledger.Refuse(ledger.InvalidCode, ledger.ReasonFunction).At("function").With("value", string(fn))
	}
	t.act = act
	t.genesis, begun, err = read[ledger.Genesis](t.state, ledger.RecordKey(ledger.GenesisRef))
	if err != nil {
		return false, err
	}
	if begun == (fn == ledger.FnGenesis) {
		return false, ledger.Refuse(ledger.Conflict, ledger.ReasonGenesis).At("function")
	}
	return begun, nil
}

// authorize checks that the call's key is registered and valid now, then its party.
// The recovery key may only sign the replacement of a key of the data authority, and
// the beginning of a log after a restore, since that key may be in the lost part.
func (t *tx) authorize() error {
	call, kid := t.v.Call, t.v.JWS.Header.Kid
	k, ok, err := read[ledger.KeyRecord](t.state, ledger.RecordKey(ledger.KeyRef(kid)))
	if err != nil {
		return err
	}
	if !ok || k.Party != call.Party {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonKey).At("header.kid")
	}
	if t.caller, err = t.partyOf(call.Party); err != nil {
		return err
	}
	if k.Recovery {
		if call.Function != ledger.FnKeyReplace && call.Function != ledger.FnLogBegin {
			return ledger.Refuse(ledger.Forbidden, ledger.ReasonKeyUse).At("header.kid")
		}
		t.recovery = true
		return nil
	}
	if k.Use != ledger.UseSign {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonKeyUse).At("header.kid")
	}
	if !k.Valid(t.env.Time) {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonKeyEnded).At("header.kid")
	}
	return t.mayAct()
}

// partyOf loads the party that calls.
func (t *tx) partyOf(id ledger.ID) (ledger.Party, error) {
	p, err := load[ledger.Party](t, partyRef(id), "party")
	if errors.Is(err, ledger.NotFound) {
		return p, ledger.Refuse(ledger.Forbidden, ledger.ReasonPartyUnknown).At("party")
	}
	return p, err
}

// mayAct checks that the caller is not suspended and has a role that the act requires.
func (t *tx) mayAct() error {
	if !t.caller.Active() {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonPartySuspended).At("party")
	}
	if !t.act.MayCall(t.caller) {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonRole).At("function").With("function", string(t.act.Name))
	}
	return nil
}

// finish encodes the event and adds the record of the call to the writes.
func (t *tx) finish(own string, reads []ledger.Line) Result {
	call := t.v.Call
	t.event.Name, t.event.Party, t.event.Call = call.Function, call.Party, call.ID
	t.event.Payload, t.event.Time = t.v.Payload, t.env.Time
	if t.event.Records == nil {
		t.event.Records = []ledger.Record{}
	}
	if t.event.Links == nil {
		t.event.Links = []ledger.Link{}
	}
	event, err := json.Marshal(t.event)
	if err != nil {
		return Result{Err: fmt.Errorf("encode event: %w", err)}
	}
	rec := ledger.CallRecord{
		Payload: t.v.Payload, Reads: ledger.HashLines(reads), Writes: ledger.HashWrites(t.writes),
		Event: ledger.DigestOf(event), Rules: t.env.Rules, Time: t.env.Time, I: t.env.I,
	}
	if err := t.setIndex(own, rec); err != nil {
		return Result{Err: err}
	}
	sortWrites(t.writes)
	for i := 1; i < len(t.writes); i++ {
		if t.writes[i].Key == t.writes[i-1].Key {
			return Result{Err: fmt.Errorf("call %s writes %s twice", call.Function, t.writes[i].Key)}
		}
	}
	return Result{Record: rec, Event: event, Reads: reads, Writes: t.writes, Unrelated: t.unrelated, Unread: t.unread, Unwritten: t.unwritten, Unproved: t.unproved}
}

// Batch applies calls one after another. Each call sees the writes of the calls
// before it as if they were committed, but never its own. It is for
// ledgers on which each call has its own position.
func Batch(env Env, algs ledger.Algorithms, state State, calls []Verified) []Result {
	o := newOverlay(state)
	results := make([]Result, len(calls))
	for i, v := range calls {
		results[i] = Apply(env, algs, o, v)
		o.add(results[i])
	}
	return results
}

// Overlay is a state together with the writes of earlier calls of the batch.
type Overlay struct {
	base   State
	writes map[string][]byte
}

func newOverlay(base State) *Overlay { return &Overlay{base: base, writes: map[string][]byte{}} }

func (o *Overlay) add(r Result) {
	for _, w := range r.Writes {
		o.writes[w.Key] = w.Value
	}
}

// Get returns the newest value: from the batch if it wrote the key, else from the
// committed state.
func (o *Overlay) Get(key string) ([]byte, bool, error) {
	if v, ok := o.writes[key]; ok {
		return v, v != nil, nil
	}
	return o.base.Get(key)
}

func at(field string, i int) string { return field + "[" + strconv.Itoa(i) + "]" }
