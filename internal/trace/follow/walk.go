package follow

import (
	"context"
	"slices"

	"github.com/datacadastre/cadastre/internal/sight"
	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
	"github.com/datacadastre/cadastre/policies"
)

// walk finds the way among the gathered records.
type walk struct {
	*gather
	out, in map[ledger.Ref][]ledger.Link // by their start and by their end
	groups  map[ledger.Ref]receipts.Delivered
	facts   sight.Facts
	seen    map[ledger.Ref]policies.Row // what the reader may see, with the rule that allows it
	steps   []ledger.Ref                // in the order of the walk
	found   map[ledger.Ref]bool
	hidden  map[ledger.Ref]bool
}

func (w *walk) link(l ledger.Link) {
	w.out[l.From] = append(w.out[l.From], l)
	w.in[l.To] = append(w.in[l.To], l)
}

// maySee reports whether the reader may see a record. A file may be seen if one of the
// contents to which it links may be seen.
func (w *walk) maySee(ref ledger.Ref) bool {
	if ref.Kind() == ledger.KindFile {
		return slices.ContainsFunc(w.out[ref], func(l ledger.Link) bool { return w.maySee(l.To) })
	}
	_, ok := w.seen[ref]
	return ok
}

// rows returns the rules by which the reader may see the steps.
func (w *walk) rows() []policies.Row {
	var list []policies.Row
	for _, ref := range w.steps {
		if row, ok := w.seen[ref]; ok && !slices.Contains(list, row) {
			list = append(list, row)
		}
	}
	return list
}

// visit adds a record that the reader may see, and reports whether it is new.
func (w *walk) visit(ref ledger.Ref) bool {
	switch {
	case w.found[ref] || w.hidden[ref]:
		return false
	case !w.maySee(ref):
		w.hidden[ref] = true
		return false
	case len(w.steps) >= maxSteps:
		w.cut = true
		return false
	}
	w.found[ref] = true
	w.steps = append(w.steps, ref)
	return true
}

// run walks one way from start, over records that the reader may see.
func (w *walk) run(start ledger.Ref, next func(ledger.Ref) []ledger.Ref) {
	for at := []ledger.Ref{start}; len(at) > 0; at = at[1:] {
		for _, ref := range next(at[0]) {
			if w.visit(ref) {
				at = append(at, ref)
			}
		}
	}
}

// basis returns the records on which a record is based.
func (w *walk) basis(ref ledger.Ref) []ledger.Ref {
	way, list := w.backward(), []ledger.Ref{}
	for _, l := range w.out[ref] {
		if !slices.Contains(way.Without, l.Rel) || l.From.Kind() == ledger.KindReceipt {
			list = append(list, l.To)
		}
	}
	return list
}

// uses returns the records that are based on a record.
func (w *walk) uses(ref ledger.Ref) []ledger.Ref {
	var list []ledger.Ref
	for _, l := range w.in[ref] {
		aside := l.Rel == relSubject && l.From.Kind() == ledger.KindApplication ||
			w.registered() && l.From.Kind() != ledger.KindGrant && (l.Rel == relUnder || l.Rel == receipts.RelLicense)
		if !aside {
			list = append(list, l.From)
		}
	}
	return list
}

// goBack walks to what the start is based on; from a file or content it also walks over
// the deliveries that name it.
func (w *walk) goBack() {
	w.visit(w.from)
	w.run(w.from, w.basis)
	if k := w.from.Kind(); k != ledger.KindFile && k != ledger.KindContent {
		return
	}
	for _, ref := range slices.Clone(w.steps) {
		if ref.Kind() != ledger.KindContent && ref != w.from {
			continue
		}
		for _, l := range w.in[ref] {
			if l.From.Kind() == ledger.KindReceipt && w.visit(l.From) {
				w.run(l.From, w.basis)
			}
		}
	}
}

// goForward walks to what was made of the start.
func (w *walk) goForward() {
	w.visit(w.from)
	starts := []ledger.Ref{w.from}
	for _, content := range w.knownContent {
		if w.visit(content) {
			starts = append(starts, content)
		}
	}
	for _, s := range starts {
		w.run(s, w.uses)
	}
	for _, l := range w.extra {
		w.visit(l.From)
	}
}

// grants adds the rights that are based on the steps.
func (w *walk) grants() {
	for _, ref := range slices.Clone(w.steps) {
		for _, l := range w.in[ref] {
			if l.Rel == relBasis {
				w.visit(l.From)
			}
		}
	}
}

// trace returns the answer: every step, and the links between them.
func (w *walk) trace(ctx context.Context) (t trace.Trace, err error) {
	t = trace.Trace{From: w.from, Steps: []trace.Step{}, Links: []ledger.Link{}, LeftOut: len(w.hidden), Cut: w.cut}
	scope, _, err := w.f.c.Sight.Scope(w.reader, ledger.KindOrder)
	if err != nil {
		return t, err
	}
	t.OwnOnly = !scope.All && scope.Region == ""
	var written []ledger.Ref
	for _, ref := range w.steps {
		if ref.Kind() != ledger.KindReceipt && ref.Kind() != ledger.KindFile {
			written = append(written, ref)
		}
	}
	acts, err := w.f.c.Acts(ctx, written)
	if err != nil {
		return t, err
	}
	for _, ref := range w.steps {
		t.Steps = append(t.Steps, w.step(ref, acts[ref]))
		for _, l := range w.out[ref] {
			if w.found[l.To] {
				t.Links = append(t.Links, l)
			}
		}
	}
	slices.SortFunc(t.Links, trace.CompareLinks)
	t.Links = slices.Compact(t.Links)
	if t.Elsewhere, err = w.elsewhere(ctx); err != nil {
		return t, err
	}
	t.Says = t.Sentence()
	return t, nil
}

// step describes one record. Of the calls on a resource it shows only the coding:
// applications and their outcomes are visible to their parties only.
func (w *walk) step(ref ledger.Ref, acts []trace.Act) trace.Step {
	if d, ok := w.groups[ref]; ok {
		return w.delivery(ref, d)
	}
	l := w.facts.Label(ref)
	s := trace.Step{Ref: ref, Name: l.Name, Right: l.Right, Party: l.Party, Who: w.who(l.Party), State: l.State, Node: l.Node, Proof: trace.Recorded}
	for _, a := range acts {
		if ref.Kind() != ledger.KindResource || a.Name == ledger.FnAppCode {
			s.Acts = append(s.Acts, a)
		}
	}
	return s
}

// who returns the name of a party, or "" if it was never admitted.
func (w *walk) who(id ledger.ID) string {
	return w.facts[ledger.RefTo(ledger.KindParty, id)].Label.Name
}

// delivery describes the deliveries of one file, or another receipt.
func (w *walk) delivery(ref ledger.Ref, d receipts.Delivered) trace.Step {
	l := d.Receipt.Label()
	s := trace.Step{
		Ref: ref, Name: l.Name, Party: l.Party, Who: w.who(l.Party), State: l.State, Receipt: &d.Receipt, Index: d.Index,
		Node: w.f.c.Origin, Proof: trace.Logged,
	}
	if d.Newest < w.f.c.Anchored() {
		s.Proof = trace.Anchored
	}
	if d.Receipt.Kind != ledger.ReceiptStart {
		return s
	}
	s.Delivered = &trace.Delivered{Count: d.Count, Bytes: d.Bytes, First: d.First, Last: d.Last}
	switch {
	case d.Running:
		s.State = "running"
	case len(d.Outcomes) == 1:
		s.State = string(d.Outcomes[0])
	default:
		s.State = "mixed"
	}
	return s
}

// elsewhere returns the other nodes that store content of the steps.
func (w *walk) elsewhere(ctx context.Context) ([]trace.Place, error) {
	origins := map[string]bool{}
	note := func(content ledger.Ref) { origins[w.facts[content].Label.Node] = true }
	for _, ref := range w.steps {
		switch ref.Kind() {
		case ledger.KindProduct, ledger.KindResource:
			for _, l := range w.in[ref] {
				if l.Rel == relContentOf {
					note(l.From)
				}
			}
		case ledger.KindContent:
			note(ref)
		}
	}
	delete(origins, w.f.c.Origin)
	delete(origins, "")
	if len(origins) == 0 {
		return nil, nil
	}
	places, err := w.f.c.Others(ctx)
	return slices.DeleteFunc(slices.Clone(places), func(p trace.Place) bool { return !origins[p.Origin] }), err
}
