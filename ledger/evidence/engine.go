package evidence

import (
	"errors"
	"fmt"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// engine runs recorded calls again. Checking a bundle and making one go through it
// alike; the caller keeps the state.
type engine struct {
	genesis   ledger.Digest
	algs      ledger.Algorithms
	unrelated func(key string) bool
	logged    bool // one clock stamps all calls; else times are what clients claim
}

// Replay runs the calls of a whole ledger again, each on the state that those before
// it led to: an audit.
type Replay struct{ engine }

// NewReplay makes a replay of the ledger that began with a genesis (SHA-256 of its
// JWS). Of a log one clock stamps all calls; logged is false on Fabric, where times are
// what clients claim and a call is never earlier than those that it rests on.
func NewReplay(genesis ledger.Digest, algs ledger.Algorithms, logged bool) *Replay {
	return &Replay{engine{genesis: genesis, algs: algs, logged: logged}}
}

// Apply runs a recorded call on a state, and compares what it read, what it wrote
// and its event with the entry. The error is a *Failure; where the call itself was
// lawful, the result says what it writes nevertheless. Its signature is for the
// caller to check.
func (r *Replay) Apply(state contract.State, p Placed, s ledger.Signed) (contract.Result, error) {
	c := &recorded{Placed: p, signed: s}
	result, err := r.apply(state, c)
	if err != nil {
		return result, err
	}
	return result, compareReads(c, result, nil, nil)
}

// recorded is a call as its proof has it.
type recorded struct {
	Placed
	signed ledger.Signed
	at     string // its place, for failures
}

func (c *recorded) fn() ledger.Function { return c.signed.Call.Function }

// sealed reports whether the call is not run again: an anchor's rule reads the
// anchor before it.
func (c *recorded) sealed() bool { return c.fn() == ledger.FnAnchor }

// open reads the proof of a call.
func open(prove CallChecker, proof []byte, at string) (*recorded, error) {
	p, err := prove(proof)
	if err != nil {
		return nil, fail(CheckProof, at, err)
	}
	s, err := contract.Parse(p.JWS)
	if err != nil {
		return nil, fail(CheckForm, at, err)
	}
	return &recorded{Placed: p, signed: s, at: at}, nil
}

// signature checks that the key which the state has for a call signed it.
func (e *engine) signature(state contract.State, c *recorded) error {
	key, err := contract.FindKey(state, c.signed)
	if err != nil {
		return fail(CheckKey, c.at, err)
	}
	if _, err := contract.Verify(e.algs, c.signed, key); err != nil {
		return fail(CheckSignature, c.at, err)
	}
	return nil
}

// apply runs the call on the state on which it was recorded, and compares writes
// and event with what the ledger says. What it read is for the caller to compare,
// who knows what is beside.
func (e *engine) apply(state contract.State, c *recorded) (contract.Result, error) {
	if !contract.KnowsRules(c.Rules) {
		return contract.Result{}, failf(CheckRules, c.at, "recorded under version %d of the rules", c.Rules)
	}
	w := &contract.Witness{State: state}
	if !e.logged {
		state = w
	}
	r := contract.Apply(e.env(c), e.algs, state, contract.Verified{Signed: c.signed})
	switch {
	case r.Err != nil:
		return r, fail(CheckRefused, c.at, fmt.Errorf("%s: %w", c.fn(), r.Err))
	case r.Repeated:
		return r, failf(CheckRefused, c.at, "the call is there twice")
	case w.Last > c.Time:
		return r, failf(CheckOrder, c.at, "recorded at %d, before a call at %d that it rests on", c.Time, w.Last)
	case r.Record.Writes != c.Writes:
		return r, failf(CheckWrites, c.at, "%s wrote something else", c.fn())
	case r.Record.Event != c.Event:
		return r, failf(CheckEvent, c.at, "%s made another event", c.fn())
	}
	return r, nil
}

func (e *engine) env(c *recorded) contract.Env {
	return contract.Env{Time: c.Time, Rules: c.Rules, Genesis: e.genesis, I: c.Position.I, Unrelated: e.unrelated}
}

// seal checks an anchor without running its rule: the frame of the contract, and
// that the log is the caller's own. It returns what the call says.
func (e *engine) seal(state contract.State, c *recorded) (a ledger.AnchorArgs, err error) {
	if !contract.KnowsRules(c.Rules) {
		return a, failf(CheckRules, c.at, "recorded under version %d of the rules", c.Rules)
	}
	if err := contract.CheckCall(e.env(c), e.algs, state, contract.Verified{Signed: c.signed}); err != nil {
		return a, fail(CheckRefused, c.at, fmt.Errorf("%s: %w", c.fn(), err))
	}
	if err := ledger.DecodeStrict(c.signed.Call.Args, &a); err != nil {
		return a, fail(CheckForm, c.at, err)
	}
	if err := a.Validate(); err != nil {
		return a, fail(CheckForm, c.at, err)
	}
	log, ok, err := load[ledger.LogRecord](state, ledger.RefTo(ledger.KindLog, a.Log))
	if err == nil && (!ok || log.Owner != c.signed.Call.Party) {
		err = failf(CheckReceipt, c.at, "not an anchor by the owner of the log %s", a.Log)
	}
	return a, err
}

// compareReads compares what a call read with the digest that the ledger has of it.
// A call that names records beside the matter shows all lines: those that the run
// made must be among them, the others may only be of the kinds that are beside.
func compareReads(c *recorded, r contract.Result, shown []ledger.Line, known func(ledger.Line) bool) error {
	if r.Unrelated == 0 {
		if len(shown) > 0 {
			return failf(CheckNotNeeded, c.at, "it shows what it read, and names nothing beside the matter")
		}
		if r.Record.Reads != c.Reads {
			return failf(CheckReads, c.at, "%s read something else", c.fn())
		}
		return nil
	}
	made := map[string]string{}
	for _, l := range r.Reads {
		made[l.Key] = l.SHA256
	}
	for i, l := range shown {
		if err := checkLine(l); err != nil {
			return fail(CheckReads, c.at, err)
		}
		if i > 0 && l.Key <= shown[i-1].Key {
			return failf(CheckReads, c.at, "the line of %s is out of place", l.Key)
		}
		sum, ran := made[l.Key]
		may, _ := contract.UnrelatedKind(l.Key)
		if ran && sum != l.SHA256 || !ran && (!may || !known(l)) {
			return failf(CheckReads, c.at, "the line of %s is not what the bundle leads to", l.Key)
		}
		delete(made, l.Key)
	}
	if len(made) > 0 || ledger.HashLines(shown) != c.Reads {
		return failf(CheckReads, c.at, "the lines are not those of the entry")
	}
	return nil
}

// maxKey bounds a state key, in bytes.
const maxKey = 400

// checkLine checks a line's form: keys are tokens, so that the digested text can be
// cut into lines in one way only.
func checkLine(l ledger.Line) error {
	if err := ledger.CheckToken("key", l.Key, maxKey); err != nil {
		return err
	}
	if ledger.IsCallKey(l.Key) {
		return errors.New("a line of a recorded call")
	}
	if l.SHA256 == ledger.NoValue {
		return nil
	}
	return ledger.Digest(l.SHA256).Validate("sha256")
}
