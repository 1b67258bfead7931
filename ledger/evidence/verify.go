package evidence

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// Verify checks a bundle against the trust file alone and reports what it
// proves. The error is a *Failure that names the first check which did not hold
// and where; then the bundle proves nothing. checkers are by ProofSet.Kind.
func Verify(data []byte, trust Trust, algs ledger.Algorithms, checkers map[string]Checker) (Report, error) {
	b, err := Parse(data)
	if err != nil {
		return Report{}, err
	}
	v, err := check(b, trust, algs, checkers)
	if err != nil {
		return Report{}, err
	}
	if err := v.closed(); err != nil {
		return Report{}, err
	}
	return v.summary(), nil
}

// verification is one bundle being checked. What the path needs is marked as it
// is read; in the end nothing may be left unmarked.
type verification struct {
	bundle   Bundle
	algs     ledger.Algorithms
	genesis  ledger.GenesisArgs
	acts     []*act
	keys     map[ledger.KeyID]*key
	parties  map[ledger.ID]*party
	walked   map[ledger.Ref]any    // records proven so far
	chains   map[ledger.Ref][]*act // of records proven so far, oldest first
	files    []File
	rights   []Right
	receipts []Delivery
}

// act is one proven call.
type act struct {
	Placed
	at     int // index into the bundle's calls
	signed ledger.Signed
	lines  map[string]*line
	key    *key
	rests  []*act // calls needed wherever this one is: those that brought the keys it ends
	used   bool
	what   []ledger.Ref
}

// line is one line of an act's writes.
type line struct {
	deleted bool
	value   []byte
	used    bool
}

func (a *act) where() string { return fmt.Sprintf("calls[%d]", a.at) }

func (a *act) fn() ledger.Function { return a.signed.Call.Function }

func (a *act) party() ledger.ID { return a.signed.Call.Party }

// check does all but the last: whether nothing is beside the path.
func check(b Bundle, trust Trust, algs ledger.Algorithms, checkers map[string]Checker) (*verification, error) {
	v := &verification{
		bundle: b, algs: algs, keys: map[ledger.KeyID]*key{}, parties: map[ledger.ID]*party{},
		walked: map[ledger.Ref]any{}, chains: map[ledger.Ref][]*act{},
	}
	if b.Ledger != trust.Ledger {
		return nil, failf(CheckGenesis, "ledger", "bundle is of ledger %s, the trust file of %s", b.Ledger, trust.Ledger)
	}
	c, ok := checkers[b.Proof.Kind]
	if !ok {
		return nil, failf(CheckProof, "proof.kind", "no checker for proofs of kind %q", b.Proof.Kind)
	}
	prove, err := c.Open(trust, b.Proof.Common)
	if err != nil {
		return nil, fail(CheckProof, "proof.common", err)
	}
	for i, call := range b.Calls {
		if err := v.add(i, call, prove); err != nil {
			return nil, err
		}
	}
	if err := v.begin(trust); err != nil {
		return nil, err
	}
	if v.genesis.LedgerKey == "" && b.Proof.Kind == TLogKind {
		return nil, failf(CheckProof, "proof.kind", "the genesis names no log: the register is kept elsewhere")
	}
	for _, a := range v.acts[1:] {
		if err := v.admitted(a); err != nil {
			return nil, err
		}
	}
	return v, v.path()
}

// add proves one call: its place, its form, what it wrote (rules 1 and 3). One
// clock stamps a log, so its times never fall; where they are what clients claim,
// they never fall along a record, nor between a key and what it signs.
func (v *verification) add(i int, call Call, prove CallChecker) error {
	a := &act{at: i}
	var err error
	if a.Placed, err = prove(call.Proof); err != nil {
		return fail(CheckProof, a.where(), err)
	}
	if a.signed, err = ledger.ParseCall(a.JWS); err != nil {
		return fail(CheckForm, a.where(), err)
	}
	if a.signed.Call.Ledger != v.bundle.Ledger {
		return failf(CheckGenesis, a.where(), "call was made for ledger %s", a.signed.Call.Ledger)
	}
	if i > 0 {
		last := v.acts[i-1]
		if a.Position.Compare(last.Position) <= 0 || a.Time < last.Time && v.bundle.Proof.Kind == TLogKind {
			return failf(CheckOrder, a.where(), "call stands before the one it follows, or time falls")
		}
	}
	c := a.signed.Call
	if c.Time > a.Time+ledger.Skew || c.Expires <= a.Time {
		return failf(CheckTime, a.where(), "recorded at %d, signed for %d to %d", a.Time, c.Time, c.Expires)
	}
	if a.lines, err = writes(call.Writes, a.Writes); err != nil {
		return fail(CheckWrites, a.where(), err)
	}
	v.acts = append(v.acts, a)
	return nil
}

// maxKey bounds a state key, in bytes.
const maxKey = 400

// writes holds the lines to the digest that the call's proof gives, and each
// shown value to its line. Keys are tokens in rising order, so that the digested
// text can be cut into lines in one way only.
func writes(list []WriteLine, want ledger.Digest) (map[string]*line, error) {
	lines := make(map[string]*line, len(list))
	var text strings.Builder
	for i, w := range list {
		if err := ledger.CheckToken("key", w.Key, maxKey); err != nil {
			return nil, err
		}
		if isCall(w.Key) || i > 0 && w.Key <= list[i-1].Key {
			return nil, fmt.Errorf("key %s is out of place", w.Key)
		}
		l := &line{deleted: w.SHA256 == Deleted, value: w.Value}
		if !l.deleted {
			if err := ledger.Digest(w.SHA256).Validate("sha256"); err != nil {
				return nil, err
			}
		}
		if l.value != nil && string(ledger.DigestOf(l.value)) != w.SHA256 {
			return nil, fmt.Errorf("value of %s is not the one written", w.Key)
		}
		lines[w.Key] = l
		text.WriteString(w.Key + " " + w.SHA256 + "\n")
	}
	if ledger.DigestOf([]byte(text.String())) != want {
		return nil, errors.New("the lines are not those of the entry")
	}
	return lines, nil
}

// isCall reports whether a key is that of a call's own record, which no digest
// of writes covers.
func isCall(key string) bool { return strings.HasPrefix(key, "call/") }

// use marks a call as needed for a record, and with it the call that brought its key.
func (v *verification) use(a *act, ref ledger.Ref) {
	if ref != "" && !slices.Contains(a.what, ref) {
		a.what = append(a.what, ref)
	}
	if a.used {
		return
	}
	a.used = true
	if a.key != nil && a.key.by != nil {
		v.use(a.key.by, "")
	}
	for _, on := range a.rests {
		v.use(on, "")
	}
}

// closed refuses calls, values and receipts beside the path (rule 5).
func (v *verification) closed() error {
	for _, a := range v.acts {
		if !a.used {
			return failf(CheckNotNeeded, a.where(), "%s is not on the path", a.fn())
		}
		for key, l := range a.lines {
			if l.value != nil && !l.used {
				return failf(CheckNotNeeded, a.where(), "value of %s is not on the path", key)
			}
		}
	}
	return nil
}

// summary tells what was proven; all of it is already marked.
func (v *verification) summary() Report {
	r := Report{
		Ledger: v.bundle.Ledger, Name: v.genesis.Name, Demo: v.genesis.Demo, About: v.bundle.About,
		Steps: []Step{}, Files: append([]File{}, v.files...), Rights: append([]Right{}, v.rights...), Receipts: v.receipts,
	}
	for _, a := range v.acts {
		p, k := v.parties[a.party()], a.key
		r.Steps = append(r.Steps, Step{
			Position: a.Position, Time: a.Time, Function: a.fn(), Party: p.profile.ID, Name: p.profile.Name,
			Payload: a.signed.Payload, What: append([]ledger.Ref{}, a.what...), Custody: k.custody,
		})
		s := Signer{Party: p.profile.ID, Name: p.profile.Name, Kid: a.signed.JWS.Header.Kid, Custody: k.custody}
		if !slices.Contains(r.Custody, s) {
			r.Custody = append(r.Custody, s)
		}
	}
	r.NotProven = r.notProven()
	return r
}
