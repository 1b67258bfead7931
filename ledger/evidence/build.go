package evidence

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// Source is what a bundle is made from: the ledger, its indexes and the receipts.
type Source interface {
	// Acts are all calls that wrote the record, oldest first; none is no error.
	Acts(ctx context.Context, ref ledger.Ref) ([]Act, error)
	// Record is the record as it stands now; ledger.NotFound when there is none.
	Record(ctx context.Context, ref ledger.Ref) (json.RawMessage, error)
	// Prove proves recorded calls, all under one checkpoint; it answers them in
	// the order they were asked for.
	Prove(ctx context.Context, calls []Act) (ProofSet, []Proven, error)
	// Receipts are the starts and ends of ref that an anchor covers, by log and
	// index: of an order its deliveries, of a license or resource its supplies,
	// of a receipt (by leaf hash) that one's delivery.
	Receipts(ctx context.Context, ref ledger.Ref) ([]AnchoredReceipts, error)
}

// Act is a recorded call: what names it, what it did, where it stands.
type Act struct {
	Party    ledger.ID
	Call     ledger.ID
	Function ledger.Function
	Payload  ledger.Digest
	Position ledger.Position
}

// Proven is a call's proof and all that it wrote.
type Proven struct {
	Proof  json.RawMessage
	Writes []ledger.Write
}

// AnchoredReceipts are receipts of one log with their inclusion under one anchor.
type AnchoredReceipts struct {
	Log    string
	Anchor Act
	Items  []ReceiptItem
}

// Build makes the bundle about ref, and gives out only what Verify accepts with
// the node's own trust file. ledger.NotFound when there is no such record.
func Build(ctx context.Context, src Source, about ledger.Ref, trust Trust, algs ledger.Algorithms,
	checkers map[string]Checker,
) (Bundle, Report, error) {
	fault := func(err error) (Bundle, Report, error) {
		return Bundle{}, Report{}, fmt.Errorf("evidence about %s: %w", about, err)
	}
	g := &gathering{ctx: ctx, src: src, acts: map[[2]ledger.ID]Act{}, done: map[ledger.Ref]bool{}}
	if err := g.gather(about); err != nil {
		return fault(err)
	}
	full, err := g.bundle(trust.Ledger, about)
	if err != nil {
		return fault(err)
	}
	v, err := check(full, trust, algs, checkers)
	if err != nil {
		return fault(err)
	}
	b := v.prune()
	data, err := b.Encode()
	if err != nil {
		return fault(err)
	}
	report, err := Verify(data, trust, algs, checkers)
	if err != nil {
		return fault(err)
	}
	return b, report, nil
}

// gathering collects all calls that a bundle may need, rather too many: what
// the check did not read is taken out again.
type gathering struct {
	ctx      context.Context
	src      Source
	acts     map[[2]ledger.ID]Act // by party and call
	done     map[ledger.Ref]bool
	receipts []AnchoredReceipts
	horizon  *uint64 // block: later acts on records are left out
}

// gather collects what a bundle about ref needs.
func (g *gathering) gather(about ledger.Ref) error {
	switch about.Kind() {
	case ledger.KindOrder, ledger.KindLicense, ledger.KindResource, ledger.KindReceipt:
		if err := g.takeReceipts(about); err != nil {
			return err
		}
	}
	if about.Kind() != ledger.KindReceipt {
		if _, err := g.src.Record(g.ctx, about); err != nil {
			return err
		}
	}
	if err := g.record(about); err != nil {
		return err
	}
	if err := g.ofReceipts(); err != nil {
		return err
	}
	if err := g.take(ledger.GenesisRef, nil); err != nil {
		return err
	}
	return g.signers()
}

// takeReceipts keeps whole deliveries only; the earliest decision bounds what
// acts on records they can rest on.
func (g *gathering) takeReceipts(about ledger.Ref) error {
	groups, err := g.src.Receipts(g.ctx, about)
	if err != nil {
		return err
	}
	for _, group := range groups {
		if err := g.takeGroup(group); err != nil {
			return err
		}
	}
	if about.Kind() == ledger.KindReceipt && len(g.receipts) == 0 {
		return ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("about")
	}
	return nil
}

func (g *gathering) takeGroup(group AnchoredReceipts) error {
	list := make([]ledger.Receipt, len(group.Items))
	begun, ended := map[ledger.ID]bool{}, map[ledger.ID]bool{}
	for i, item := range group.Items {
		if err := ledger.DecodeStrict(item.Entry, &list[i]); err != nil {
			return fmt.Errorf("receipt %d of %s: %w", item.Index, group.Log, err)
		}
		begun[list[i].ID] = list[i].Kind == ledger.ReceiptStart
		ended[list[i].Start] = true
	}
	kept := group
	kept.Items = nil
	for i, r := range list {
		whole := r.Kind == ledger.ReceiptStart && ended[r.ID] || r.Kind == ledger.ReceiptEnd && begun[r.Start]
		if !whole {
			continue
		}
		kept.Items = append(kept.Items, group.Items[i])
		if r.Revision != nil && (g.horizon == nil || r.Revision.Block < *g.horizon) {
			g.horizon = &r.Revision.Block
		}
	}
	if len(kept.Items) > 0 {
		g.receipts = append(g.receipts, kept)
	}
	return nil
}

// ofReceipts gathers what each receipt names, and the anchors.
func (g *gathering) ofReceipts() error {
	for _, group := range g.receipts {
		g.keep(group.Anchor)
		for _, item := range group.Items {
			var r ledger.Receipt
			if err := ledger.DecodeStrict(item.Entry, &r); err != nil {
				return err
			}
			// The order first: it names the listing that its product is shown by.
			refs := []ledger.Ref{ledger.RefTo(ledger.KindOrder, r.Order)}
			if r.Order == "" {
				refs = []ledger.Ref{ledger.RefTo(ledger.KindLicense, r.License), ledger.RefTo(ledger.KindEnvironment, r.Environment), r.Subject}
			}
			for _, ref := range refs {
				if err := g.record(ref); err != nil {
					return err
				}
			}
			if err := g.added(r.Content); err != nil {
				return err
			}
		}
	}
	return nil
}

// added gathers the call that put content on record, whenever it did: later
// content of an order is delivered too, and what is removed was delivered once.
func (g *gathering) added(id ledger.ID) error {
	horizon := g.horizon
	g.horizon = nil
	defer func() { g.horizon = horizon }()
	return g.take(ledger.RefTo(ledger.KindContent, id), func(a Act) bool { return a.Function == ledger.FnContentAdd })
}

func (g *gathering) keep(a Act) { g.acts[[2]ledger.ID{a.Party, a.Call}] = a }

// take keeps the acts on ref that stand before the horizon and that want takes.
func (g *gathering) take(ref ledger.Ref, want func(Act) bool) error {
	list, err := g.src.Acts(g.ctx, ref)
	if err != nil {
		return fmt.Errorf("acts on %s: %w", ref, err)
	}
	for _, a := range list {
		if (g.horizon == nil || a.Position.Block <= *g.horizon) && (want == nil || want(a)) {
			g.keep(a)
		}
	}
	return nil
}

// load reads the record as it stands now.
func load[T any](g *gathering, ref ledger.Ref) (T, error) {
	var record T
	raw, err := g.src.Record(g.ctx, ref)
	if err != nil {
		return record, fmt.Errorf("record %s: %w", ref, err)
	}
	if err := json.Unmarshal(raw, &record); err != nil {
		return record, fmt.Errorf("record %s: %w", ref, err)
	}
	return record, nil
}

// record gathers the acts on ref and on what it rests on.
func (g *gathering) record(ref ledger.Ref) error {
	if g.done[ref] || ref.Kind() == ledger.KindReceipt {
		return nil
	}
	g.done[ref] = true
	switch ref.Kind() {
	case ledger.KindOrder:
		return g.order(ref)
	case ledger.KindProduct:
		p, err := load[ledger.Product](g, ref)
		if err != nil {
			return err
		}
		return errors.Join(g.take(ref, nil), g.under(p.License, p.Sources))
	case ledger.KindResource:
		return g.resource(ref)
	case ledger.KindEntry:
		return g.entry(ledger.ID(ref.ID()))
	case ledger.KindApplication:
		return g.application(ref)
	case ledger.KindContent:
		c, err := load[ledger.Content](g, ref)
		if err != nil {
			return err
		}
		return errors.Join(g.take(ref, nil), g.record(c.Subject))
	}
	return g.take(ref, nil)
}

// order gathers an order up to its becoming active, with the listing it answers.
func (g *gathering) order(ref ledger.Ref) error {
	o, err := load[ledger.Order](g, ref)
	if err != nil {
		return err
	}
	g.done[ledger.RefTo(ledger.KindProduct, o.Product)] = true
	var last uint64
	if err := g.take(ref, func(a Act) bool {
		if o.ActiveAt > 0 && !slices.Contains([]ledger.Function{ledger.FnPlace, ledger.FnOrderAccept, ledger.FnConfirmPayment}, a.Function) {
			return false
		}
		last = max(last, a.Position.Block)
		return true
	}); err != nil {
		return err
	}
	if g.horizon == nil {
		g.horizon = &last
	}
	listing := func(a Act) bool { return a.Payload == o.Offer }
	return errors.Join(g.take(ledger.RefTo(ledger.KindProduct, o.Product), listing), g.under(o.License, o.Sources))
}

func (g *gathering) under(license ledger.ID, sources []ledger.ID) error {
	if err := g.record(ledger.RefTo(ledger.KindLicense, license)); err != nil {
		return err
	}
	for _, s := range sources {
		if err := g.record(ledger.RefTo(ledger.KindResource, s)); err != nil {
			return err
		}
	}
	return nil
}

func (g *gathering) resource(ref ledger.Ref) error {
	idx, err := load[ledger.ResourceIndex](g, ref)
	if err != nil {
		return err
	}
	if idx.Entry != "" {
		return g.entry(idx.Entry)
	}
	return g.record(ledger.RefTo(ledger.KindApplication, idx.Application))
}

func (g *gathering) entry(id ledger.ID) error {
	return errors.Join(g.take(ledger.RefTo(ledger.KindEntry, id), nil),
		g.record(ledger.RefTo(ledger.KindApplication, id)))
}

func (g *gathering) application(ref ledger.Ref) error {
	a, err := load[ledger.Application](g, ref)
	if err != nil {
		return err
	}
	deposit := ledger.RefTo(ledger.KindDeposit, a.Deposit)
	return errors.Join(g.take(ref, nil),
		g.take(deposit, func(a Act) bool { return a.Function == ledger.FnDeposit }))
}

// signers gathers the calls that brought the keys of all who signed, and of who
// signed those, whatever the horizon.
func (g *gathering) signers() error {
	g.horizon = nil
	known := map[ledger.ID]bool{}
	for {
		var fresh []ledger.ID
		for _, a := range g.acts {
			if !known[a.Party] {
				known[a.Party] = true
				fresh = append(fresh, a.Party)
			}
		}
		if len(fresh) == 0 {
			return nil
		}
		for _, id := range fresh {
			if err := g.take(ledger.RefTo(ledger.KindParty, id), bringsKeys); err != nil {
				return err
			}
		}
	}
}

func bringsKeys(a Act) bool {
	switch a.Function {
	case ledger.FnGenesis, ledger.FnPartyAdmit, ledger.FnKeyRotate, ledger.FnKeyReplace:
		return true
	}
	return false
}

// bundle proves all that was gathered, every value shown.
func (g *gathering) bundle(id ledger.ID, about ledger.Ref) (Bundle, error) {
	var acts []Act
	for _, a := range g.acts {
		acts = append(acts, a)
	}
	slices.SortFunc(acts, func(a, b Act) int {
		return cmp.Or(a.Position.Compare(b.Position), cmp.Compare(a.Call, b.Call))
	})
	set, proofs, err := g.src.Prove(g.ctx, acts)
	if err != nil {
		return Bundle{}, fmt.Errorf("prove calls: %w", err)
	}
	if len(proofs) != len(acts) {
		return Bundle{}, fmt.Errorf("%d proofs of %d calls", len(proofs), len(acts))
	}
	b := Bundle{V: Version, Ledger: id, About: about, Proof: set, Calls: []Call{}, Receipts: []ReceiptGroup{}}
	for _, p := range proofs {
		b.Calls = append(b.Calls, Call{Proof: p.Proof, Writes: writeLines(p.Writes)})
	}
	for _, r := range g.receipts {
		at := slices.IndexFunc(acts, func(a Act) bool { return a.Party == r.Anchor.Party && a.Call == r.Anchor.Call })
		b.Receipts = append(b.Receipts, ReceiptGroup{Log: r.Log, Anchor: at, Items: r.Items})
	}
	return b, nil
}

func writeLines(list []ledger.Write) []WriteLine {
	lines := []WriteLine{}
	for _, w := range list {
		switch {
		case isCall(w.Key):
		case w.Value == nil:
			lines = append(lines, WriteLine{Key: w.Key, SHA256: Deleted})
		default:
			lines = append(lines, WriteLine{Key: w.Key, SHA256: string(ledger.DigestOf(w.Value)), Value: w.Value})
		}
	}
	slices.SortFunc(lines, func(a, b WriteLine) int { return cmp.Compare(a.Key, b.Key) })
	return lines
}

// prune is the bundle without what the check did not read.
func (v *verification) prune() Bundle {
	b := v.bundle
	b.Calls = []Call{}
	place := map[int]int{}
	for i, a := range v.acts {
		if !a.used {
			continue
		}
		place[i] = len(b.Calls)
		c := Call{Proof: v.bundle.Calls[i].Proof, Writes: []WriteLine{}}
		for _, w := range v.bundle.Calls[i].Writes {
			if !a.lines[w.Key].used {
				w.Value = nil
			}
			c.Writes = append(c.Writes, w)
		}
		b.Calls = append(b.Calls, c)
	}
	b.Receipts = []ReceiptGroup{}
	for _, g := range v.bundle.Receipts {
		g.Anchor = place[g.Anchor]
		b.Receipts = append(b.Receipts, g)
	}
	return b
}
