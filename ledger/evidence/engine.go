package evidence

import (
	"errors"
	"fmt"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// engine runs recorded calls again, for checking and for making a bundle. The
// caller stores the state.
type engine struct {
	genesis   ledger.Digest
	algs      ledger.Algorithms
	unrelated func(key string) bool
	logged    bool // one clock gives the time of all calls; otherwise clients claim the times
}

// Replay runs all calls of a ledger again, each on the state after the calls before
// it, for an audit.
type Replay struct{ engine }

// NewReplay returns a replay of the ledger with a genesis (SHA-256 of its JWS).
// logged is true for a log, where one clock gives the time of all calls. It is
// false for Fabric, where clients claim the times, and a call is never earlier than
// those that it depends on.
func NewReplay(genesis ledger.Digest, algs ledger.Algorithms, logged bool) *Replay {
	return &Replay{engine{genesis: genesis, algs: algs, logged: logged}}
}

// Apply runs a recorded call on a state, and compares what it read, what it wrote
// and its event with the entry. The error is a *Failure. If the contract accepts
// the call but a comparison fails, the result still contains the writes. Apply does
// not check the signature.
func (r *Replay) Apply(state contract.State, p Placed, s ledger.Signed) (contract.Result, error) {
	c := &recorded{Placed: p, signed: s}
	result, err := r.apply(state, c)
	if err != nil {
		return result, err
	}
	return result, compareReads(c, result, nil, nil)
}

// recorded is a call with what its proof says.
type recorded struct {
	Placed
	signed ledger.Signed
	at     string // its place, for errors
}

func (c *recorded) fn() ledger.Function { return c.signed.Call.Function }

// isAnchor reports whether the call is an anchor, which is not run again, since its
// rule reads the previous anchor.
func (c *recorded) isAnchor() bool { return c.fn() == ledger.FnAnchor }

// open checks the proof of a call and parses the call.
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

// signature checks that the call was signed with the key that the state has for it.
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

// apply runs the call on the state on which it was recorded, and compares its
// writes and its event with those on the ledger. The caller compares what it read, and
// the writes of a call that may have written group records, with the lines that the
// bundle shows.
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
		return r, failf(CheckRefused, c.at, "the call is repeated")
	case w.Last > c.Time:
		return r, failf(CheckOrder, c.at, "recorded at %d, before a call at %d that it depends on", c.Time, w.Last)
	case len(r.Unwritten) == 0 && r.Record.Writes != c.Writes:
		return r, failf(CheckWrites, c.at, "%s wrote something else", c.fn())
	case r.Record.Event != c.Event:
		return r, failf(CheckEvent, c.at, "%s made another event", c.fn())
	}
	return r, nil
}

func (e *engine) env(c *recorded) contract.Env {
	return contract.Env{Time: c.Time, Rules: c.Rules, Genesis: e.genesis, I: c.Position.I, Unrelated: e.unrelated}
}

// checkAnchor checks an anchor without running its rule: the checks that all calls
// share, and that the caller owns the log. It returns the arguments of the call.
func (e *engine) checkAnchor(state contract.State, c *recorded) (a ledger.AnchorArgs, err error) {
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

// showsReads reports whether a bundle shows what a call read: the call names unrelated
// records or reads group records.
func showsReads(r contract.Result) bool { return r.Unrelated > 0 || len(r.Unread) > 0 }

// compareReads compares what a call read with the digest on the ledger. A call with
// unrelated records shows all keys that it read: they must include those of this
// run and the group records that were not read, and the others must be of kinds that
// may be unrelated.
func compareReads(c *recorded, r contract.Result, shown []ledger.Line, known func(ledger.Line) bool) error {
	if !showsReads(r) {
		if len(shown) > 0 {
			return failf(CheckNotNeeded, c.at, "it shows what it read, but names no unrelated record")
		}
		if r.Record.Reads != c.Reads {
			return failf(CheckReads, c.at, "%s read something else", c.fn())
		}
		return nil
	}
	unread := 0
	err := compareLines(CheckReads, c, r.Reads, shown, c.Reads, func(l ledger.Line) bool {
		may, group := contract.UnrelatedKind(l.Key)
		if group {
			unread++
			return slices.Contains(r.Unread, l.Key)
		}
		return may && known(l)
	})
	if err == nil && unread != len(r.Unread) {
		err = failf(CheckReads, c.at, "the lines are not those of the entry")
	}
	return err
}

// compareWrites compares what a call wrote with the digest on the ledger, if it may
// have written group records, whose values are not known: it shows all keys that it
// wrote, without values. apply compares all other calls.
func compareWrites(c *recorded, r contract.Result, shown []WriteLine) error {
	if len(r.Unwritten) == 0 {
		if len(shown) > 0 {
			return failf(CheckNotNeeded, c.at, "it shows what it wrote")
		}
		return nil
	}
	lines := make([]ledger.Line, len(shown))
	for i, w := range shown {
		if lines[i] = w.Line; w.Value != nil {
			return failf(CheckNotNeeded, c.at, "it shows the value of %s", w.Key)
		}
	}
	made := slices.DeleteFunc(ledger.WriteLines(r.Writes), func(l ledger.Line) bool { return ledger.IsCallKey(l.Key) })
	return compareLines(CheckWrites, c, made, lines, c.Writes, func(l ledger.Line) bool { return slices.Contains(r.Unwritten, l.Key) })
}

// compareLines compares the lines that a bundle shows of a call with those of its run
// and with the digest on the ledger. may reports whether a line that the run did not
// make is allowed.
func compareLines(check Check, c *recorded, ran, shown []ledger.Line, sum ledger.Digest, may func(ledger.Line) bool) error {
	made := map[string]string{}
	for _, l := range ran {
		made[l.Key] = l.SHA256
	}
	for i, l := range shown {
		if err := checkLine(l); err != nil {
			return fail(check, c.at, err)
		}
		if i > 0 && l.Key <= shown[i-1].Key {
			return failf(check, c.at, "the line of %s is out of place", l.Key)
		}
		sum, ran := made[l.Key]
		if ran && sum != l.SHA256 || !ran && !may(l) {
			return failf(check, c.at, "the line of %s differs from the state of the bundle", l.Key)
		}
		delete(made, l.Key)
	}
	if len(made) > 0 || ledger.HashLines(shown) != sum {
		return failf(check, c.at, "the lines are not those of the entry")
	}
	return nil
}

// maxKey is the maximum size of a state key in bytes.
const maxKey = 400

// checkLine checks the form of a line. Keys are tokens, so that the text of the
// digest can be split into lines in only one way.
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
