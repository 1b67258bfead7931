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

// sumLen is the length of a digest in a bundle, in bytes: hexadecimal, in quotes.
const sumLen = 66

// gathering runs calls backwards: it begins with what the matter and the receipts
// read, takes of each key the last call that wrote it, runs that call on the state
// before it, and follows what it read. It ends, because positions only fall.
type gathering struct {
	engine
	ctx      context.Context //nolint:containedctx // one gathering, one context
	src      Source
	trust    Trust
	prove    CallChecker
	receipts []AnchoredReceipts
	needed   map[ledger.Position]*gathered
	queue    []ledger.Position
	offers   []ledger.Position   // calls that name what may be beside
	begun    map[ledger.Ref]bool // as verification.begun
	size     int
	most     int  // calls
	lenient  bool // gathers whatever comes of the calls, as a dishonest node does in tests
}

// gathered is a call that the bundle needs. Once it was run, only its proof and what
// it wrote are kept, unless it may have to be run again.
type gathered struct {
	*recorded
	proof json.RawMessage
	wrote []ledger.Write
	reads []ledger.Line // where it names what is beside
}

// gather makes the bundle about ref of at most so many calls.
func gather(ctx context.Context, src Source, about ledger.Ref, trust Trust, algs ledger.Algorithms,
	checkers map[string]Checker, most int, lenient bool,
) (Bundle, error) {
	if _, ok := matters[about.Kind()]; !ok {
		return Bundle{}, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("about")
	}
	g := &gathering{
		ctx: ctx, src: src, trust: trust, most: most, lenient: lenient,
		needed: map[ledger.Position]*gathered{}, begun: map[ledger.Ref]bool{},
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
	if g.prove, err = c.Open(trust, set.Common); err != nil {
		return Bundle{}, fail(CheckProof, "proof.common", err)
	}
	g.engine = engine{genesis: trust.Genesis, algs: algs, unrelated: g.isUnrelated, logged: set.Kind == TLogKind}
	if err := g.begin(about, receipts, end); err != nil {
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
	return always || may && !g.begun[ledger.Ref(key)]
}

// begin needs what the matter, the receipts and their anchors read.
func (g *gathering) begin(about ledger.Ref, receipts []AnchoredReceipts, end ledger.Position) error {
	whole := &past{g: g, before: end}
	if _, ok, err := whole.Get(ledger.RecordKey(ledger.GenesisRef)); err != nil || !ok {
		return fmt.Errorf("the genesis is not there: %w", orUnknown(err))
	}
	if about.Kind() != ledger.KindReceipt {
		if err := readMatter(whole, about); err != nil && !g.lenient {
			return err
		}
	}
	for _, group := range receipts {
		kept, list := paired(group)
		if len(list) == 0 {
			continue
		}
		g.receipts = append(g.receipts, kept)
		for _, item := range kept.Items {
			if err := g.grow(base64.StdEncoding.EncodedLen(len(item.Entry)) + sumLen*len(item.Path)); err != nil {
				return err
			}
		}
		if err := g.need(group.Anchor); err != nil {
			return err
		}
		for _, s := range list {
			then := &past{g: g, before: ledger.Position{Block: s.Revision.Block + 1}}
			if err := allowed(then, s.log, s.Receipt); err != nil && !g.lenient {
				return fail(CheckDelivery, string(s.ID), err)
			}
			if err := then.follow(); err != nil {
				return err
			}
		}
	}
	if about.Kind() == ledger.KindReceipt && len(g.receipts) == 0 {
		return orUnknown(nil)
	}
	return whole.follow()
}

func orUnknown(err error) error {
	if err != nil {
		return err
	}
	return ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("about")
}

// paired leaves out starts that have not ended, and ends whose start is not there,
// and returns the starts of the others.
func paired(group AnchoredReceipts) (AnchoredReceipts, []leaf) {
	begun, ended := map[ledger.ID]bool{}, map[ledger.ID]bool{}
	list := make([]ledger.Receipt, len(group.Items))
	for i, item := range group.Items {
		if ledger.DecodeStrict(item.Entry, &list[i]) != nil {
			continue // Verify says so
		}
		begun[list[i].ID] = list[i].Kind == ledger.ReceiptStart && list[i].Revision != nil
		ended[list[i].Start] = true
	}
	kept := AnchoredReceipts{Log: group.Log, Anchor: group.Anchor}
	var starts []leaf
	for i, r := range list {
		if begun[r.ID] && ended[r.ID] {
			starts = append(starts, leaf{Receipt: r, log: group.Log})
		} else if r.Kind != ledger.ReceiptEnd || !begun[r.Start] {
			continue
		}
		kept.Items = append(kept.Items, group.Items[i])
	}
	return kept, starts
}

// grow counts what the bundle holds.
func (g *gathering) grow(bytes int) error {
	if g.size += bytes; g.size > MaxMade || len(g.needed) > g.most {
		return ledger.Refuse(ledger.InvalidCode, ledger.ReasonTooLarge).At("about")
	}
	return nil
}

// need takes a call into the bundle, once.
func (g *gathering) need(at ledger.Position) error {
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
	if err := g.grow(len(p.Proof)); err != nil {
		return err
	}
	if ref := contract.Begins(c.signed.Call); ref != "" && !g.begun[ref] {
		g.begun[ref] = true // what named it was run without it
		g.queue = append(g.queue, g.offers...)
	}
	return nil
}

// call runs one call on the state before it, and needs who wrote what it read.
func (g *gathering) call(at ledger.Position) error {
	c := g.needed[at]
	if c.recorded == nil {
		return nil
	}
	then := &past{g: g, before: at}
	if _, err := contract.FindKey(then, c.signed); err != nil && !g.lenient {
		return damaged(err)
	}
	if c.sealed() {
		if _, err := g.seal(then, c.recorded); err != nil && !g.lenient {
			return damaged(err)
		}
		return then.follow()
	}
	r, err := g.apply(then, c.recorded)
	if err != nil && !g.lenient {
		return damaged(err)
	}
	c.reads = nil
	if r.Unrelated > 0 {
		if !slices.Contains(g.offers, at) {
			g.offers = append(g.offers, at)
		}
		all, err := g.whole(c.recorded)
		if err != nil {
			return err
		}
		c.reads = all.Reads
		r.Record.Reads = all.Record.Reads
	}
	if r.Record.Reads != c.Reads && !g.lenient {
		return damaged(failf(CheckReads, c.at, "%s read something else", c.fn()))
	}
	if r.Unrelated == 0 {
		c.recorded = nil
	}
	return then.follow()
}

// whole runs a call once more with nothing beside, to show all that it read. Who
// wrote that is not needed.
func (g *gathering) whole(c *recorded) (contract.Result, error) {
	e := g.engine
	e.unrelated = nil
	r, err := e.apply(&past{g: g, before: c.Position}, c)
	if err != nil && !g.lenient {
		return r, damaged(err)
	}
	return r, nil
}

func damaged(err error) error {
	return fmt.Errorf("the ledger is damaged, or its index of writes is: a recorded call does not come out again: %w", err)
}

// past is the state before a position. It notes who wrote what is read of it.
type past struct {
	g      *gathering
	before ledger.Position
	on     []ledger.Position
}

// Get reads one key. Records of calls are never there.
func (p *past) Get(key string) ([]byte, bool, error) {
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

// follow needs the calls that wrote what was read.
func (p *past) follow() error {
	for _, at := range p.on {
		if err := p.g.need(at); err != nil {
			return err
		}
	}
	return nil
}

// writes is what the call at a position wrote.
func (g *gathering) writes(at ledger.Position) ([]ledger.Write, error) {
	if c := g.needed[at]; c != nil {
		return c.wrote, nil
	}
	return g.src.Writes(g.ctx, at)
}
