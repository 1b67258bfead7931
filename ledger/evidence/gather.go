package evidence

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// sumLen is the size of a digest in a bundle, in bytes: hexadecimal, in quotes.
const sumLen = 66

// gathering makes a bundle by running calls backward. It starts with the keys that
// the matter and the receipts read. For each key it finds the last call that wrote
// it, runs that call on the state before it, and continues with the keys that this
// call read. It ends because the positions always decrease.
type gathering struct {
	engine
	ctx      context.Context //nolint:containedctx // one context per gathering
	src      Source
	trust    Trust
	prove    CallChecker
	receipts []AnchoredReceipts
	needed   map[ledger.Position]*gathered
	queue    []ledger.Position
	offers   []ledger.Position   // calls that name records which may be unrelated
	created  map[ledger.Ref]bool // same as verification.created
	size     int
	maxCalls int  // maximum number of calls
	lenient  bool // for tests: accepts any result of the calls, as a dishonest node would
}

// gathered is a call that the bundle needs. After it was run, only its proof and
// its writes are stored, unless it may have to run again.
type gathered struct {
	*recorded
	proof json.RawMessage
	wrote []ledger.Write
	reads []ledger.Line // if the call names unrelated records or reads group records
	lines []WriteLine   // if the call may have written group records
}

// gather makes the bundle about ref, with at most maxCalls calls.
func gather(ctx context.Context, src Source, about ledger.Ref, trust Trust, algs ledger.Algorithms,
	checkers map[string]Checker, maxCalls int, lenient bool,
) (Bundle, error) {
	if _, ok := matters[about.Kind()]; !ok {
		return Bundle{}, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("about")
	}
	g := &gathering{
		ctx: ctx, src: src, trust: trust, maxCalls: maxCalls, lenient: lenient,
		needed: map[ledger.Position]*gathered{}, created: map[ledger.Ref]bool{},
	}
	receipts, err := src.Receipts(ctx, about)
	if err != nil {
		return Bundle{}, err
	}
	set, end, err := src.Open(ctx)
	if err != nil {
		return Bundle{}, err
	}
	c, ok := checkers[set.Kind]
	if !ok {
		return Bundle{}, failf(CheckProof, "proof.kind", "no checker for proofs of kind %q", set.Kind)
	}
	opened, err := g.trustLog(set, end)
	if err != nil {
		return Bundle{}, err
	}
	if g.prove, err = c.Open(opened, set.Common); err != nil {
		return Bundle{}, fail(CheckProof, "proof.common", err)
	}
	g.engine = engine{genesis: trust.Genesis, algs: algs, unrelated: g.isUnrelated, logged: set.Kind == TLogKind}
	if err := g.begin(about, set, receipts, end); err != nil {
		return Bundle{}, err
	}
	for len(g.queue) > 0 {
		at := g.queue[len(g.queue)-1]
		g.queue = g.queue[:len(g.queue)-1]
		if err := g.call(at); err != nil {
			return Bundle{}, err
		}
	}
	return g.bundle(about, set), nil
}

func (g *gathering) isUnrelated(key string) bool {
	may, always := contract.UnrelatedKind(key)
	return always || may && !g.created[ledger.Ref(key)]
}

// begin adds the calls that wrote what the matter, the receipts and their anchors
// read.
func (g *gathering) begin(about ledger.Ref, set ProofSet, receipts []AnchoredReceipts, end ledger.Position) error {
	whole := &pastState{g: g, before: end}
	if _, ok, err := whole.Get(ledger.RecordKey(ledger.GenesisRef)); err != nil || !ok {
		return fmt.Errorf("the genesis is missing: %w", orUnknown(err))
	}
	if name := commonOrigin(set); name != "" { // the call that begins this log, if there is one
		if _, _, err := whole.Get(ledger.RecordKey(ledger.RefTo(ledger.KindLog, name))); err != nil {
			return err
		}
	}
	if about.Kind() != ledger.KindReceipt {
		if err := readMatter(whole, about); err != nil && !g.lenient {
			return err
		}
	}
	for _, group := range receipts {
		complete, list := completePairs(group)
		if len(list) == 0 {
			continue
		}
		g.receipts = append(g.receipts, complete)
		for _, item := range complete.Items {
			if err := g.addBytes(base64.StdEncoding.EncodedLen(len(item.Entry)) + sumLen*len(item.Path)); err != nil {
				return err
			}
		}
		if err := g.addCall(group.Anchor); err != nil {
			return err
		}
		for _, s := range list {
			then := &pastState{g: g, before: ledger.Position{Block: s.Revision.Block + 1}}
			if err := allowed(withoutGroups{then}, s.log, s.Receipt); err != nil && !g.lenient {
				return fail(CheckDelivery, string(s.ID), err)
			}
			if err := then.addWriters(); err != nil {
				return err
			}
		}
	}
	if about.Kind() == ledger.KindReceipt && len(g.receipts) == 0 {
		return orUnknown(nil)
	}
	return whole.addWriters()
}

func orUnknown(err error) error {
	if err != nil {
		return err
	}
	return ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("about")
}

// completePairs removes start receipts without an end, and end receipts without a
// start. It also returns the start receipts of the remaining pairs.
func completePairs(group AnchoredReceipts) (AnchoredReceipts, []leaf) {
	begun, ended := map[ledger.ID]bool{}, map[ledger.ID]bool{}
	list := make([]ledger.Receipt, len(group.Items))
	for i, item := range group.Items {
		if ledger.DecodeStrict(item.Entry, &list[i]) != nil {
			continue // Verify reports it
		}
		begun[list[i].ID] = list[i].Kind == ledger.ReceiptStart && list[i].Revision != nil
		ended[list[i].Start] = true
	}
	complete := AnchoredReceipts{Log: group.Log, Anchor: group.Anchor}
	var starts []leaf
	for i, r := range list {
		if begun[r.ID] && ended[r.ID] {
			starts = append(starts, leaf{Receipt: r, log: group.Log})
		} else if r.Kind != ledger.ReceiptEnd || !begun[r.Start] {
			continue
		}
		complete.Items = append(complete.Items, group.Items[i])
	}
	return complete, starts
}

// addBytes adds to the size of the bundle, and returns an error if it is too large.
func (g *gathering) addBytes(bytes int) error {
	if g.size += bytes; g.size > MaxMade || len(g.needed) > g.maxCalls {
		return ledger.Refuse(ledger.InvalidCode, ledger.ReasonTooLarge).At("about").By("max_bundle")
	}
	return nil
}

// addCall adds a call to the bundle, once.
func (g *gathering) addCall(at ledger.Position) error {
	if g.needed[at] != nil {
		return nil
	}
	if err := g.ctx.Err(); err != nil {
		return err
	}
	p, err := g.src.Prove(g.ctx, at)
	if err != nil {
		return err
	}
	c, err := open(g.prove, p.Proof, fmt.Sprintf("call at %d", at.Block))
	if err != nil {
		return err
	}
	g.needed[at] = &gathered{recorded: c, proof: p.Proof, wrote: p.Writes}
	g.queue = append(g.queue, at)
	if err := g.addBytes(len(p.Proof)); err != nil {
		return err
	}
	if ref := contract.Begins(c.signed.Call); ref != "" && !g.created[ref] {
		g.created[ref] = true // the calls that named it were run without it
		g.queue = append(g.queue, g.offers...)
	}
	return nil
}

// call runs a call on the state before it, and adds the calls that wrote what it
// read.
func (g *gathering) call(at ledger.Position) error {
	c := g.needed[at]
	if c.recorded == nil {
		return nil
	}
	then := &pastState{g: g, before: at}
	if _, err := contract.FindKey(then, c.signed); err != nil && !g.lenient {
		return damaged(err)
	}
	if c.isAnchor() {
		if _, err := g.checkAnchor(then, c.recorded); err != nil && !g.lenient {
			return damaged(err)
		}
		return then.addWriters()
	}
	r, err := g.apply(then, c.recorded)
	if err != nil && !g.lenient {
		return damaged(err)
	}
	if r.Unrelated > 0 && !slices.Contains(g.offers, at) {
		g.offers = append(g.offers, at)
	}
	if err := g.show(c, &r); err != nil {
		return err
	}
	if r.Record.Reads != c.Reads && !g.lenient {
		return damaged(failf(CheckReads, c.at, "%s read something else", c.fn()))
	}
	if r.Unrelated == 0 {
		c.recorded = nil
	}
	return then.addWriters()
}

// show adds to a call what the bundle shows of it, since it read or may have written
// records that are unrelated.
func (g *gathering) show(c *gathered, r *contract.Result) error {
	c.reads, c.lines = nil, nil
	if !showsReads(*r) {
		return nil
	}
	all, err := g.runWhole(c.recorded)
	if err != nil {
		return err
	}
	c.reads, r.Record.Reads = all.Reads, all.Record.Reads
	if len(r.Unwritten) == 0 {
		return nil
	}
	for _, l := range ledger.WriteLines(all.Writes) {
		if !ledger.IsCallKey(l.Key) {
			c.lines = append(c.lines, WriteLine{Line: l})
		}
	}
	return nil
}

// runWhole runs a call again without skipping unrelated records, to list everything
// that it reads. The writers of the unrelated records are not added.
func (g *gathering) runWhole(c *recorded) (contract.Result, error) {
	e := g.engine
	e.unrelated = nil
	r, err := e.apply(&pastState{g: g, before: c.Position}, c)
	if err != nil && !g.lenient {
		return r, damaged(err)
	}
	return r, nil
}

func damaged(err error) error {
	return fmt.Errorf("the ledger or its index of writes is damaged: a recorded call gives another result: %w", err)
}

// pastState is the state before a position. It records which calls wrote what is
// read from it.
type pastState struct {
	g      *gathering
	before ledger.Position
	on     []ledger.Position
}

// Get reads one key. It never finds the record of a call.
func (p *pastState) Get(key string) ([]byte, bool, error) {
	if ledger.IsCallKey(key) {
		return nil, false, nil
	}
	for before := p.before; ; {
		at, ok, err := p.g.src.Writer(p.g.ctx, key, before)
		if err != nil || !ok {
			return nil, false, err
		}
		writes, err := p.g.writes(at)
		if err != nil {
			return nil, false, err
		}
		for _, w := range writes {
			if w.Key == key {
				p.on = append(p.on, at)
				return w.Value, w.Value != nil, nil
			}
		}
		before = at
	}
}

// withoutGroups is a state without group records, which a bundle does not contain.
type withoutGroups struct{ contract.State }

// Get reads one key.
func (s withoutGroups) Get(key string) ([]byte, bool, error) {
	if _, always := contract.UnrelatedKind(key); always {
		return nil, false, nil
	}
	return s.State.Get(key)
}

// addWriters adds the calls that wrote what was read.
func (p *pastState) addWriters() error {
	for _, at := range p.on {
		if err := p.g.addCall(at); err != nil {
			return err
		}
	}
	return nil
}

// writes returns what the call at a position wrote.
func (g *gathering) writes(at ledger.Position) ([]ledger.Write, error) {
	if c := g.needed[at]; c != nil {
		return c.wrote, nil
	}
	return g.src.Writes(g.ctx, at)
}
