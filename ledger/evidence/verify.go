package evidence

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// Verify checks a bundle with the trust file alone and reports what it proves. The
// error is a *Failure with the first check that failed and its place; in that case
// the bundle proves nothing. checkers are by ProofSet.Kind.
func Verify(data []byte, trust Trust, algs ledger.Algorithms, checkers map[string]Checker) (Report, error) {
	b, err := Parse(data)
	if err != nil {
		return Report{}, err
	}
	return b.verify(context.Background(), trust, algs, checkers)
}

// verify checks a parsed bundle. It stops when ctx ends.
func (b Bundle) verify(ctx context.Context, trust Trust, algs ledger.Algorithms, checkers map[string]Checker) (Report, error) {
	v, err := check(ctx, b, trust, algs, checkers)
	if err != nil {
		return Report{}, err
	}
	if err := v.checkNeeded(); err != nil {
		return Report{}, err
	}
	return v.summary(), nil
}

// verification is the check of a bundle in progress: the state after the calls so
// far, and which call needs which other call.
type verification struct {
	engine
	bundle  Bundle
	trust   Trust
	log     string // name of the checkpoint's log; empty on Fabric
	opened  Trust  // with the key of the checkpoint's log, if a call of the bundle begins it
	state   map[string]value
	calls   []*act
	created map[ledger.Ref]bool // records that a license may name and that a call of the bundle creates
	pending []*delivery         // not checked yet, by revision
	judged  []*delivery
	rule    Judge
	roots   []int // calls that the matter and the receipts need
	joining bool  // calls that are not needed are removed, not refused
	genesis ledger.Genesis
	skipped int // number of unrelated records that were skipped
	audits  []Audit

	unproved []ledger.Reason // refusals that rest on group records
}

// value is the value of a key; nil if a call deleted it.
type value struct {
	bytes []byte
	by    int // index of the call that wrote it
}

// act is a call of the bundle that passed the checks.
type act struct {
	recorded
	custody   ledger.Custody
	what      []ledger.Ref // records that it wrote
	dependsOn []int        // indexes of the calls that wrote what it read
	anchor    *ledger.AnchorArgs

	showsReads bool // the bundle lists what it read
}

// view is the state as read by one call or by the matter.
type view struct {
	v  *verification
	on *[]int
}

// Get reads one key and records the call that wrote it.
func (r view) Get(key string) ([]byte, bool, error) {
	x, ok := r.v.state[key]
	if ok && !ledger.IsCallKey(key) {
		*r.on = append(*r.on, x.by)
	}
	return x.bytes, x.bytes != nil, nil
}

// Get reads one key of the current state.
func (v *verification) Get(key string) ([]byte, bool, error) {
	x := v.state[key]
	return x.bytes, x.bytes != nil, nil
}

// check makes all checks except the last one, that the bundle needs everything that
// it contains.
func check(ctx context.Context, b Bundle, trust Trust, algs ledger.Algorithms, checkers map[string]Checker) (*verification, error) {
	v := &verification{bundle: b, trust: trust, state: map[string]value{}, created: map[ledger.Ref]bool{}}
	return v, v.run(ctx, algs, checkers)
}

func (v *verification) run(ctx context.Context, algs ledger.Algorithms, checkers map[string]Checker) error {
	b := v.bundle
	if _, ok := matters[b.About.Kind()]; !ok {
		return failf(CheckForm, "about", "a bundle can't be about %s", b.About)
	}
	if b.Ledger != v.trust.Ledger {
		return failf(CheckGenesis, "ledger", "the bundle is about ledger %s, the trust file about %s", b.Ledger, v.trust.Ledger)
	}
	c, ok := checkers[b.Proof.Kind]
	if !ok {
		return failf(CheckProof, "proof.kind", "no checker for proofs of kind %q", b.Proof.Kind)
	}
	v.log, v.opened = commonOrigin(b.Proof), b.openedBy(v.trust)
	prove, err := c.Open(v.opened, b.Proof.Common)
	if err != nil {
		return fail(CheckProof, "proof.common", err)
	}
	if c, ok := c.(auditing); ok {
		if v.audits, err = c.Audits(v.opened, b.Proof.Common); err != nil {
			return fail(CheckProof, "proof.common", err)
		}
	}
	v.engine = engine{genesis: v.trust.Genesis, algs: algs, unrelated: v.isUnrelated, logged: b.Proof.Kind == TLogKind}
	calls := make([]*recorded, len(b.Calls))
	for i, call := range b.Calls {
		if err := ctx.Err(); err != nil {
			return err
		}
		if calls[i], err = open(prove, call.Proof, fmt.Sprintf("calls[%d]", i)); err != nil {
			return err
		}
		v.created[contract.Begins(calls[i].signed.Call)] = true
	}
	if err := v.deliveries(); err != nil {
		return err
	}
	for i, call := range calls {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := v.add(call, b.Calls[i]); err != nil {
			return err
		}
	}
	return v.end()
}

// isUnrelated reports whether a record is unrelated: no call in the bundle creates
// it, or its kind is always unrelated.
func (v *verification) isUnrelated(key string) bool {
	may, always := contract.UnrelatedKind(key)
	return always || may && !v.created[ledger.Ref(key)]
}

// add runs the next call, after checking the receipts that were decided before it.
func (v *verification) add(c *recorded, call Call) error {
	if err := v.checkPlace(c); err != nil {
		return err
	}
	if c.fn() == ledger.FnLogBegin {
		if err := v.checkBegin(c, call.Proof); err != nil {
			return err
		}
	}
	if err := v.judge(c); err != nil {
		return err
	}
	a := &act{recorded: *c}
	i := len(v.calls)
	state := view{v, &a.dependsOn}
	if err := v.signature(state, c); err != nil {
		return err
	}
	var err error
	if i > 0 {
		if a.custody, err = contract.CustodyOf(v, c.signed); err != nil {
			return fail(CheckKey, c.at, err)
		}
	}
	v.calls = append(v.calls, a)
	if c.isAnchor() {
		return v.addAnchor(state, a, call)
	}
	r, err := v.apply(state, c)
	if err != nil {
		return err
	}
	shown := call.Reads
	if a.showsReads = showsReads(r); v.joining && !a.showsReads {
		shown = nil
	}
	if err := compareReads(c, r, shown, v.agreesWith); err != nil {
		return err
	}
	if err := compareWrites(c, r, call.Writes); err != nil {
		return err
	}
	for _, w := range r.Writes {
		v.state[w.Key] = value{w.Value, i}
	}
	v.skipped += r.Unrelated
	v.unproved = append(v.unproved, r.Unproved...)
	if i == 0 {
		return v.begin(a)
	}
	return a.wrote(r.Event)
}

// checkPlace checks the position of a call after the calls before it. In a log, one
// clock gives all times, so they never go backward.
func (v *verification) checkPlace(c *recorded) error {
	if c.signed.Call.Ledger != v.bundle.Ledger {
		return failf(CheckGenesis, c.at, "call was made for ledger %s", c.signed.Call.Ledger)
	}
	if len(v.calls) == 0 {
		if ledger.DigestOf([]byte(c.JWS)) != v.trust.Genesis || v.logged && c.Position.Block != 0 {
			return failf(CheckGenesis, c.at, "not the genesis of the trust file")
		}
		return nil
	}
	if v.isLost(c.Position) {
		return fail(CheckLost, c.at, errLost)
	}
	last := v.calls[len(v.calls)-1]
	if c.Position.Compare(last.Position) <= 0 || v.logged && c.Time < last.Time {
		return failf(CheckOrder, c.at, "the call is before its predecessor, or time goes backward")
	}
	return nil
}

// begin reads what the genesis says about the ledger.
func (v *verification) begin(a *act) error {
	var ok bool
	var err error
	if v.genesis, ok, err = load[ledger.Genesis](v, ledger.GenesisRef); err != nil || !ok {
		return failf(CheckGenesis, a.at, "no record of the genesis: %v", err)
	}
	if v.genesis.Ledger != v.trust.Ledger || v.trust.Demo != nil && *v.trust.Demo != v.genesis.Demo {
		return failf(CheckGenesis, a.at, "the trust file and the genesis disagree about the ledger, or whether it is a demonstration")
	}
	if v.genesis.LedgerKey == "" && v.logged {
		return failf(CheckProof, "proof.kind", "the genesis names no log: the ledger is not a log")
	}
	a.custody, err = contract.CustodyOf(v, a.signed)
	return err
}

// agreesWith reports whether a line of an unrelated record is compatible with the
// bundle's value of that key.
func (v *verification) agreesWith(l ledger.Line) bool {
	x, ok := v.state[l.Key]
	return !ok || ledger.LineOf(l.Key, x.bytes) == l
}

// addAnchor adds an anchor. Its writes are in the bundle, and must match its
// arguments.
func (v *verification) addAnchor(state contract.State, a *act, call Call) error {
	args, err := v.checkAnchor(state, &a.recorded)
	if err != nil {
		return err
	}
	if len(call.Reads) > 0 {
		return failf(CheckNotNeeded, a.at, "it shows what it read")
	}
	s := a.signed
	want := ledger.Anchor{
		Log: args.Log, Size: args.Size, Root: args.Root, Time: a.Time,
		Cite: ledger.Cite{Party: s.Call.Party, Call: s.Call.ID, Payload: s.Payload},
	}
	ref := ledger.RefTo(ledger.KindAnchor, args.Log)
	var got ledger.Anchor
	if len(call.Writes) != 1 || call.Writes[0].Line != ledger.LineOf(ledger.RecordKey(ref), call.Writes[0].Value) ||
		ledger.HashLines([]ledger.Line{call.Writes[0].Line}) != a.Writes {
		return failf(CheckWrites, a.at, "the lines are not those of the entry")
	}
	if err := decodeCanonical(call.Writes[0].Value, &got); err != nil || got != want {
		return failf(CheckWrites, a.at, "the anchor differs from the signed one")
	}
	a.anchor, a.what = &args, []ledger.Ref{ref}
	v.state[ledger.RecordKey(ref)] = value{call.Writes[0].Value, len(v.calls) - 1}
	known, err := json.Marshal(ledger.CallRecord{Payload: s.Payload, Time: a.Time})
	v.state[ledger.CallKey(s.Call.Party, s.Call.ID)] = value{known, len(v.calls) - 1}
	return err
}

// end checks the remaining receipts, and reads what the bundle is about.
func (v *verification) end() error {
	if len(v.calls) == 0 {
		return failf(CheckGenesis, "calls", "no call")
	}
	if err := v.judge(nil); err != nil {
		return err
	}
	if err := v.checkAnchors(); err != nil {
		return err
	}
	if err := v.checkLog(); err != nil {
		return err
	}
	about := v.bundle.About
	if about.Kind() == ledger.KindReceipt {
		if len(v.judged) != 1 {
			return failf(CheckMissing, string(about), "the bundle contains %d deliveries, but not the one it is about", len(v.judged))
		}
		return nil
	}
	if err := readMatter(view{v, &v.roots}, about); err != nil {
		return fail(CheckMissing, string(about), err)
	}
	return nil
}

// neededCalls reports for each call whether it is needed: it wrote something that
// the matter, a receipt or a needed call reads.
func (v *verification) neededCalls() []bool {
	used := make([]bool, len(v.calls))
	for queue := append([]int{0}, v.roots...); len(queue) > 0; {
		i := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if !used[i] {
			used[i] = true
			queue = append(queue, v.calls[i].dependsOn...)
		}
	}
	return used
}

// checkNeeded refuses calls that are not needed.
func (v *verification) checkNeeded() error {
	for i, used := range v.neededCalls() {
		if !used {
			return failf(CheckNotNeeded, v.calls[i].at, "nothing reads what %s wrote", v.calls[i].fn())
		}
	}
	return nil
}

// sameProof reports whether two bundles are about the same ledger under the same
// checkpoint.
func (b Bundle) sameProof(c Bundle) bool {
	return b.Ledger == c.Ledger && b.Proof.Kind == c.Proof.Kind && bytes.Equal(b.Proof.Common, c.Proof.Common)
}
