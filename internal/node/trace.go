package node

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/internal/web"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/provenance"
	"github.com/datacadastre/cadastre/marketplace/receipts"
	"github.com/datacadastre/cadastre/policies"
)

// traceLimit bounds the records of one trace.
const traceLimit = 500

// Words of links that the contract records and that a trace treats apart.
const (
	relBasis     = "basis"      // grant → entry, license or order
	relContentOf = "content_of" // file → content → product or resource
	relCovers    = "covers"     // license → resource; here also computed
	relUnder     = "under"      // product or order → license
	relRegisters = "registers"  // entry → resource; here turned
)

// relRegisteredBy is relRegisters the other way round: what is made from a
// resource rests on its entry.
const relRegisteredBy = "registered_by"

// unknown answers alike for what there is not and for what may not be seen.
func unknown() error { return ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("from") }

// Start finds the record that q names. Several answers, where there are more,
// are the contents of one file: they share their file's trace.
func (n *Node) Start(ctx context.Context, q web.TraceQuestion) ([]ledger.Ref, error) {
	switch {
	case q.SHA256 != "":
		return n.startFile(ctx, q.SHA256)
	case q.Receipt != "":
		return n.startReceipt(ctx, q.Receipt)
	case q.Order != "":
		return n.startRecord(ctx, "order", ledger.KindOrder, q.Order)
	case q.Product != "":
		return n.startRecord(ctx, "product", ledger.KindProduct, q.Product)
	case q.License != "":
		return n.startRecord(ctx, "license", ledger.KindLicense, q.License)
	case q.Resource != "":
		return n.startRecord(ctx, "resource", ledger.KindResource, q.Resource)
	case q.Certificate != "":
		c, err := n.registry.Certificate(ctx, q.Certificate)
		if err != nil {
			return nil, hide(err)
		}
		return []ledger.Ref{ledger.RefTo(ledger.KindEntry, c.Entry)}, nil
	}
	return nil, ledger.Invalid("sha256", "one_question")
}

func (n *Node) startFile(ctx context.Context, sum ledger.Digest) ([]ledger.Ref, error) {
	if err := sum.Validate("sha256"); err != nil {
		return nil, err
	}
	ref := ledger.RefTo(ledger.KindFile, sum)
	links, err := n.links.Links(ctx, ref)
	if err != nil {
		return nil, err
	}
	if len(links) == 0 {
		return nil, unknown()
	}
	return []ledger.Ref{ref}, nil
}

func (n *Node) startReceipt(ctx context.Context, name string) ([]ledger.Ref, error) {
	var k receipts.Kept
	var err error
	if leaf := ledger.Digest(name); leaf.Validate("receipt") == nil {
		k, err = n.receipts.ByLeaf(ctx, leaf)
	} else if err = ledger.ID(name).Validate("receipt"); err == nil {
		k, err = n.receipts.ByID(ctx, ledger.ID(name))
	}
	if errors.Is(err, ledger.NotFound) {
		return nil, n.astray(ctx)
	}
	if err != nil {
		return nil, hide(err)
	}
	return []ledger.Ref{ledger.RefTo(ledger.KindReceipt, k.Leaf)}, nil
}

func (n *Node) startRecord(ctx context.Context, field, kind string, id ledger.ID) ([]ledger.Ref, error) {
	if err := id.Validate(field); err != nil {
		return nil, err
	}
	ref := ledger.RefTo(kind, id)
	if _, err := n.ledger.Value(ctx, ledger.RecordKey(ref)); err != nil {
		return nil, hide(err)
	}
	return []ledger.Ref{ref}, nil
}

// hide makes every not found the same, so that its details tell nothing.
func hide(err error) error {
	if errors.Is(err, ledger.NotFound) {
		return unknown()
	}
	return err
}

// Trace walks back from a record to the rights it rests on, or forward to what
// came of it. A record that the reader may not see ends the way: it is counted,
// and what lies behind it is reached only by other ways. A reader of nil is a
// stranger. What the reader may not see at all is not found.
func (n *Node) Trace(ctx context.Context, reader *ledger.Party, from ledger.Ref, forward bool) (web.Trace, error) {
	w := &walk{
		n: n, eye: n.eye(reader, policies.Read, from), from: from, found: map[ledger.Ref]bool{from: true}, refs: []ledger.Ref{from},
		hidden: map[ledger.Ref]bool{}, links: linkCache{[]provenance.Source{n.links, n.receipts}, map[ledger.Ref][]ledger.Link{}},
	}
	seen, err := w.eye.sees(ctx, from)
	if err != nil {
		return web.Trace{}, err
	}
	if !seen {
		return web.Trace{}, unknown()
	}
	if forward {
		err = w.forward(ctx)
	} else {
		err = w.back(ctx)
	}
	if err != nil {
		return web.Trace{}, err
	}
	if err := w.grants(ctx); err != nil {
		return web.Trace{}, err
	}
	t, err := w.trace(ctx)
	if err != nil {
		return t, err
	}
	return t, n.sight.Note(ctx, reader, from, w.eye.rows...)
}

// walk gathers the records of one trace.
type walk struct {
	n      *Node
	eye    *eye
	from   ledger.Ref
	links  linkCache
	refs   []ledger.Ref // in the order they were met
	found  map[ledger.Ref]bool
	hidden map[ledger.Ref]bool
	extra  []ledger.Link // computed, not recorded
	cut    bool
}

// add keeps a record that the reader may see, and reports whether it is new.
func (w *walk) add(ctx context.Context, ref ledger.Ref) (bool, error) {
	if w.found[ref] || w.hidden[ref] {
		return false, nil
	}
	seen, err := w.eye.sees(ctx, ref)
	if err != nil {
		return false, err
	}
	switch {
	case !seen:
		w.hidden[ref] = true
		return false, nil
	case len(w.refs) >= traceLimit:
		w.cut = true
		return false, nil
	}
	w.found[ref] = true
	w.refs = append(w.refs, ref)
	return true, nil
}

// run walks one way from start, over new records that may be seen.
func (w *walk) run(ctx context.Context, start ledger.Ref, dir provenance.Direction) error {
	var failed error
	g, err := provenance.Walk(ctx, []provenance.Source{w.links}, start, dir, traceLimit, func(l ledger.Link) bool {
		if failed != nil || w.aside(l, dir) {
			return false
		}
		next := l.To
		if dir == provenance.Forward {
			next = l.From
		}
		fresh, err := w.add(ctx, next)
		failed = errors.Join(failed, err)
		return fresh
	})
	w.cut = w.cut || g.Cut
	return errors.Join(err, failed)
}

// aside says which links lead away from the matter: from a product on to
// everything that its license covers, from a resource on to everything that is
// made under a license of it, and to applications that led to no entry.
func (w *walk) aside(l ledger.Link, dir provenance.Direction) bool {
	start := w.from.Kind()
	if l.From.Kind() == ledger.KindApplication && l.To.Kind() == ledger.KindResource {
		return true
	}
	if dir == provenance.Back {
		return l.Rel == relCovers && start != ledger.KindLicense
	}
	if start != ledger.KindResource && start != ledger.KindEntry {
		return false
	}
	return l.From.Kind() != ledger.KindGrant && (l.Rel == relUnder || l.Rel == receipts.RelLicense)
}

// back walks to what the start rests on; from a file or content also over the
// deliveries that name it, so that whoever holds the file finds his own.
func (w *walk) back(ctx context.Context) error {
	if err := w.run(ctx, w.from, provenance.Back); err != nil {
		return err
	}
	if k := w.from.Kind(); k != ledger.KindFile && k != ledger.KindContent {
		return nil
	}
	for _, ref := range slices.Clone(w.refs) {
		if ref.Kind() != ledger.KindContent && ref != w.from {
			continue
		}
		if err := w.deliveries(ctx, ref); err != nil {
			return err
		}
	}
	return nil
}

// deliveries adds the receipts that name ref, their ends, and what they rest on.
func (w *walk) deliveries(ctx context.Context, ref ledger.Ref) error {
	for at := []ledger.Ref{ref}; len(at) > 0; at = at[1:] {
		links, err := w.links.Links(ctx, at[0])
		if err != nil {
			return err
		}
		for _, l := range links {
			if l.To != at[0] || l.From.Kind() != ledger.KindReceipt {
				continue
			}
			fresh, err := w.add(ctx, l.From)
			if err != nil {
				return err
			}
			if fresh {
				at = append(at, l.From)
				if err := w.run(ctx, l.From, provenance.Back); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// forward walks to what came of the start.
func (w *walk) forward(ctx context.Context) error {
	starts := []ledger.Ref{w.from}
	if w.from.Kind() == ledger.KindFile {
		links, err := w.links.Links(ctx, w.from)
		if err != nil {
			return err
		}
		for _, l := range links {
			if l.From != w.from || l.Rel != relContentOf {
				continue
			}
			fresh, err := w.add(ctx, l.To)
			if err != nil {
				return err
			}
			if fresh {
				starts = append(starts, l.To)
			}
		}
	}
	for _, s := range starts {
		if err := w.run(ctx, s, provenance.Forward); err != nil {
			return err
		}
	}
	return w.covering(ctx)
}

// covering adds the licenses that cover the resource traced from: those of a
// whole region or domain name no resource, so that no link leads to them.
func (w *walk) covering(ctx context.Context) error {
	for _, ref := range slices.Clone(w.refs) {
		if ref.Kind() != ledger.KindResource {
			continue
		}
		list, err := w.n.licenses.Covering(ctx, ledger.ID(ref.ID()))
		if err != nil {
			return err
		}
		for _, l := range list {
			license := ledger.RefTo(ledger.KindLicense, l.ID)
			if _, err := w.add(ctx, license); err != nil {
				return err
			}
			w.extra = append(w.extra, ledger.Link{From: license, Rel: relCovers, To: ref})
		}
	}
	return nil
}

// grants adds the rights that rest on what was found.
func (w *walk) grants(ctx context.Context) error {
	for _, ref := range slices.Clone(w.refs) {
		switch ref.Kind() {
		case ledger.KindEntry, ledger.KindLicense, ledger.KindOrder:
		default:
			continue
		}
		links, err := w.links.Links(ctx, ref)
		if err != nil {
			return err
		}
		for _, l := range links {
			if l.Rel == relBasis && l.To == ref {
				if _, err := w.add(ctx, l.From); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// trace makes the answer: every record, and the links between those shown.
func (w *walk) trace(ctx context.Context) (t web.Trace, err error) {
	t = web.Trace{From: w.from, Steps: []web.Step{}, Links: []ledger.Link{}, LeftOut: len(w.hidden), Cut: w.cut}
	names := names{n: w.n, anchored: w.n.anchored(), who: map[ledger.ID]string{}}
	for _, ref := range w.refs {
		step, err := names.step(ctx, ref)
		if err != nil {
			return t, hide(err)
		}
		t.Steps = append(t.Steps, step)
		links, err := w.links.Links(ctx, ref)
		if err != nil {
			return t, err
		}
		for _, l := range links {
			if l.From == ref && w.found[l.To] {
				t.Links = append(t.Links, l)
			}
		}
	}
	for _, l := range w.extra {
		if w.found[l.From] && w.found[l.To] {
			t.Links = append(t.Links, l)
		}
	}
	slices.SortFunc(t.Links, func(a, b ledger.Link) int {
		return strings.Compare(string(a.From)+" "+a.Rel+" "+string(a.To), string(b.From)+" "+b.Rel+" "+string(b.To))
	})
	t.Links = slices.Compact(t.Links)
	t.Elsewhere, err = w.elsewhere(ctx)
	return t, err
}

// anchored is how many receipts the last anchor covers.
func (n *Node) anchored() int64 {
	n.anchors.mu.Lock()
	defer n.anchors.mu.Unlock()
	return n.anchors.size
}

var _ web.Tracer = (*Node)(nil)
