package evidence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// gathering collects all calls that a bundle may need, rather too many: what
// the check did not read is taken out again.
type gathering struct {
	ctx      context.Context
	src      Source
	acts     map[[2]ledger.ID]Act // by party and call
	done     map[ledger.Ref]bool
	receipts []AnchoredReceipts
	horizon  *ledger.Position // later acts on records are left out
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
		if r.Revision != nil {
			end := ledger.Position{Block: r.Revision.Block, Tx: math.MaxUint32, I: math.MaxUint32}
			if g.horizon == nil || end.Compare(*g.horizon) < 0 {
				g.horizon = &end
			}
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
		if (g.horizon == nil || a.Position.Compare(*g.horizon) <= 0) && (want == nil || want(a)) {
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
	var last ledger.Position
	if err := g.take(ref, func(a Act) bool {
		if o.ActiveAt > 0 && !slices.Contains([]ledger.Function{ledger.FnOrderPlace, ledger.FnOrderAccept, ledger.FnOrderConfirmPayment}, a.Function) {
			return false
		}
		if a.Position.Compare(last) > 0 {
			last = a.Position
		}
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
