package follow

import (
	"context"
	"slices"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/internal/sight"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/provenance"
	"github.com/datacadastre/cadastre/marketplace/receipts"
	"github.com/datacadastre/cadastre/policies"
)

// gather loads everything that one trace may need, with few queries. The walk then
// decides, without queries, what the reader may see and what is on the way.
type gather struct {
	f            *Follower
	reader       *ledger.Party
	from         ledger.Ref
	refs         []ledger.Ref // records and files
	knownContent []ledger.Ref // content of the file whose SHA-256 the reader knows
	delivered    []receipts.Delivered
	extra        []ledger.Link                  // computed, not recorded
	covered      map[ledger.ID][]ledger.License // licenses that cover a resource, if loaded
	cut          bool
}

// reach adds the records that can be reached from the starts.
func (g *gather) reach(ctx context.Context, w provenance.Way, starts ...ledger.Ref) error {
	refs, err := g.f.c.Links.Reach(ctx, starts, w, maxRefs)
	g.cut = g.cut || len(refs) == maxRefs
	for _, r := range refs {
		if !slices.Contains(g.refs, r) {
			g.refs = append(g.refs, r)
		}
	}
	return err
}

// backward returns the rules for the way back: not from a resource to its applications,
// and not from a product to everything that its license covers.
func (g *gather) backward() provenance.Way {
	w := provenance.Way{Direction: provenance.Back, Turned: []string{relRegisters}, Without: []string{relSubject}}
	if g.from.Kind() != ledger.KindLicense {
		w.Without = append(w.Without, relCovers)
	}
	return w
}

// back gathers what the start is based on. For a file or content it also gathers the
// deliveries of it, so that anyone who has the file finds the deliveries to himself.
func (g *gather) back(ctx context.Context) error {
	switch g.from.Kind() {
	case ledger.KindReceipt:
		return g.backFromReceipt(ctx)
	case ledger.KindFile, ledger.KindContent:
	default:
		return g.reach(ctx, g.backward(), g.from)
	}
	if err := g.reach(ctx, g.backward(), g.from); err != nil {
		return err
	}
	g.markKnown()
	if err := g.uses(ctx); err != nil {
		return err
	}
	var seeds []ledger.Ref
	for _, d := range g.delivered {
		seeds = append(seeds, ends(d.Receipt)...)
	}
	if len(seeds) == 0 {
		return nil
	}
	return g.reach(ctx, g.backward(), seeds...)
}

func (g *gather) backFromReceipt(ctx context.Context) error {
	d, err := g.f.c.Receipts.DeliveryOf(ctx, ledger.Digest(g.from.ID()), maxReceipts)
	if err != nil {
		return err
	}
	g.delivered, g.from = []receipts.Delivered{d}, ledger.RefTo(ledger.KindReceipt, d.Leaf)
	if seeds := ends(d.Receipt); len(seeds) > 0 {
		return g.reach(ctx, g.backward(), seeds...)
	}
	return nil
}

// markKnown marks the content of the file about which the reader asks.
func (g *gather) markKnown() {
	if g.from.Kind() == ledger.KindFile {
		g.knownContent = g.ofKind(ledger.KindContent)
	}
}

// ofKind returns the gathered records of a kind.
func (g *gather) ofKind(kind string) []ledger.Ref {
	return slices.DeleteFunc(slices.Clone(g.refs), func(r ledger.Ref) bool { return r.Kind() != kind })
}

func ids(refs []ledger.Ref) []ledger.ID {
	list := make([]ledger.ID, len(refs))
	for i, r := range refs {
		list[i] = ledger.ID(r.ID())
	}
	return list
}

// uses gathers the deliveries and supplies of the file or content with which the trace
// begins, and the ingests of the file.
func (g *gather) uses(ctx context.Context) error {
	if g.reader == nil {
		return nil
	}
	orders, err := g.orders(ctx, ids(g.ofKind(ledger.KindProduct)))
	if err != nil {
		return err
	}
	contents := ids(g.ofKind(ledger.KindContent))
	q := receipts.DeliveryQuery{Orders: orders, OnlyContents: contents, Contents: contents}
	if g.from.Kind() == ledger.KindFile {
		q.Files = []ledger.Digest{ledger.Digest(g.from.ID())}
	}
	return g.addDeliveries(ctx, q)
}

func (g *gather) addDeliveries(ctx context.Context, q receipts.DeliveryQuery) error {
	q.Limit = maxReceipts
	list, cut, err := g.f.c.Receipts.Deliveries(ctx, q)
	g.delivered, g.cut = list, g.cut || cut
	return err
}

// orders returns the orders of products that the reader may see.
func (g *gather) orders(ctx context.Context, products []ledger.ID) ([]ledger.ID, error) {
	scope, _, err := g.f.c.Sight.Scope(g.reader, ledger.KindOrder)
	if err != nil || scope == (readmodel.Scope{}) || len(products) == 0 {
		return nil, err
	}
	list, more, err := g.f.c.Orders(ctx, scope, products, maxOrders)
	g.cut = g.cut || more
	return list, err
}

// forward gathers what was made of the start. From a resource or its entry it does not
// follow everything that is made under a license of it.
func (g *gather) forward(ctx context.Context) error {
	if g.from.Kind() == ledger.KindReceipt {
		return g.backFromReceipt(ctx)
	}
	way := provenance.Way{Direction: provenance.Forward, Turned: []string{relRegisters}, Without: []string{relSubject}, Before: ledger.KindOrder}
	if g.registered() {
		way.Without = append(way.Without, relUnder)
	}
	starts := []ledger.Ref{g.from}
	if g.from.Kind() == ledger.KindFile {
		if err := g.reach(ctx, g.backward(), g.from); err != nil {
			return err
		}
		g.markKnown()
		products := g.ofKind(ledger.KindProduct)
		starts, g.refs = append(starts, g.knownContent...), nil
		if err := g.reach(ctx, way, starts...); err != nil {
			return err
		}
		orders, err := g.orders(ctx, ids(products))
		if err != nil || g.reader == nil {
			return err
		}
		contents := ids(g.knownContent)
		return g.addDeliveries(ctx, receipts.DeliveryQuery{Orders: orders, OnlyContents: contents, Contents: contents, Files: g.files()})
	}
	if err := g.reach(ctx, way, starts...); err != nil {
		return err
	}
	if err := g.covering(ctx); err != nil {
		return err
	}
	return g.forwardUses(ctx)
}

// registered reports whether the trace begins with a resource or its entry.
func (g *gather) registered() bool {
	return g.from.Kind() == ledger.KindResource || g.from.Kind() == ledger.KindEntry
}

func (g *gather) files() []ledger.Digest {
	var list []ledger.Digest
	for _, r := range g.ofKind(ledger.KindFile) {
		list = append(list, ledger.Digest(r.ID()))
	}
	return list
}

// forwardUses gathers the orders of the gathered products, and the deliveries and
// supplies.
func (g *gather) forwardUses(ctx context.Context) error {
	orders, err := g.orders(ctx, ids(g.ofKind(ledger.KindProduct)))
	if err != nil || g.reader == nil {
		return err
	}
	for _, o := range orders {
		g.refs = append(g.refs, ledger.RefTo(ledger.KindOrder, o))
	}
	q := receipts.DeliveryQuery{Orders: ids(g.ofKind(ledger.KindOrder)), Files: g.files()}
	switch {
	case g.from.Kind() == ledger.KindLicense:
		q.Orders, q.Licenses = nil, []ledger.ID{ledger.ID(g.from.ID())}
	case g.registered():
		q.Subjects = g.ofKind(ledger.KindResource)
	}
	return g.addDeliveries(ctx, q)
}

// covering adds the licenses that cover the traced resource. Licenses for a whole
// region or domain name no resource, so no link leads to them.
func (g *gather) covering(ctx context.Context) error {
	if !g.registered() {
		return nil
	}
	for _, ref := range g.ofKind(ledger.KindResource) {
		list, err := g.f.c.Covering(ctx, ledger.ID(ref.ID()))
		if err != nil {
			return err
		}
		g.covered = map[ledger.ID][]ledger.License{ledger.ID(ref.ID()): list}
		for _, l := range list {
			license := ledger.RefTo(ledger.KindLicense, l.ID)
			if !slices.Contains(g.refs, license) {
				g.refs = append(g.refs, license)
			}
			g.extra = append(g.extra, ledger.Link{From: license, Rel: relCovers, To: ref})
		}
	}
	return nil
}

// ends returns the records to which a receipt links.
func ends(r ledger.Receipt) []ledger.Ref {
	var list []ledger.Ref
	for _, l := range receipts.LinksOf("", r) {
		list = append(list, l.To)
	}
	return list
}

// walk loads the links around the gathered records and their readers, and decides which
// records the reader may see.
func (g *gather) walk(ctx context.Context) (*walk, error) {
	links, err := g.f.c.Links.Around(ctx, g.refs, []string{ledger.KindGrant, ledger.KindContent, ledger.KindEntry}, maxAround)
	if err != nil {
		return nil, err
	}
	w := &walk{
		gather: g, out: map[ledger.Ref][]ledger.Link{}, in: map[ledger.Ref][]ledger.Link{}, groups: map[ledger.Ref]receipts.Delivered{},
		seen: map[ledger.Ref]policies.Row{}, found: map[ledger.Ref]bool{}, hidden: map[ledger.Ref]bool{},
	}
	refs := map[ledger.Ref]bool{g.from: true}
	for _, l := range append(links, g.extra...) {
		if l.Rel == relRegisters {
			l = ledger.Link{From: l.To, Rel: relRegisteredBy, To: l.From}
		}
		w.link(l)
		refs[l.From], refs[l.To] = true, true
	}
	for _, r := range g.refs {
		refs[r] = true
	}
	var items []sight.Item
	var others []ledger.Ref
	for r := range refs {
		switch {
		case r.Kind() == ledger.KindFile || r.Kind() == ledger.KindReceipt:
		case r.Kind() == ledger.KindContent && !slices.Contains(g.refs, r): // it is needed only for the node that stores it
			others = append(others, r)
		default:
			items = append(items, sight.Item{Ref: r, Bearer: slices.Contains(g.knownContent, r)})
		}
	}
	for _, d := range g.delivered {
		ref, readers := ledger.RefTo(ledger.KindReceipt, d.Leaf), d.Receipt.Readers()
		for _, l := range receipts.LinksOf(ref, d.Receipt) {
			w.link(l)
		}
		w.groups[ref] = d
		items = append(items, sight.Item{Ref: ref, Readers: &readers})
	}
	return w, w.judge(ctx, items, others)
}

// judge decides which items the reader may see, and loads the facts about them and
// about other records.
func (w *walk) judge(ctx context.Context, items []sight.Item, others []ledger.Ref) (err error) {
	for _, item := range items {
		others = append(others, item.Refs()...)
	}
	if w.facts, err = w.f.c.Sight.Load(ctx, others...); err != nil {
		return err
	}
	judged, err := w.f.c.Sight.JudgeBy(ctx, w.facts, w.licensed, w.reader, policies.Read, items...)
	for i, j := range judged {
		if j.Allow {
			w.seen[items[i].Ref] = j.Row
		}
	}
	return err
}

// licensed reports whether a license that a party accepted covers a resource. The
// licenses of the traced resource are already loaded.
func (g *gather) licensed(ctx context.Context, party, resource ledger.ID) (bool, error) {
	list, known := g.covered[resource]
	if !known {
		var err error
		if list, err = g.f.c.Covering(ctx, resource); err != nil {
			return false, err
		}
	}
	return slices.ContainsFunc(list, func(l ledger.License) bool {
		return l.Assignee == party && l.State == ledger.LicenseAccepted
	}), nil
}
