package node_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// read reads a record of the ledger.
func (w *world) read(r ledger.Ref, v any) {
	w.t.Helper()
	b, err := w.Ledger().Value(w.t.Context(), ledger.RecordKey(r))
	w.ok(err)
	w.ok(json.Unmarshal(b, v))
}

// reader is a party as the edge knows it; an empty name is a stranger.
func (s *story) reader(name string) *ledger.Party {
	s.t.Helper()
	if name == "" {
		return nil
	}
	var p ledger.Party
	s.read(ref(ledger.KindParty, name), &p)
	return &p
}

func (s *story) start(q trace.Question) ledger.Ref {
	s.t.Helper()
	list, err := s.Start(s.t.Context(), q)
	s.ok(err)
	if len(list) != 1 {
		s.t.Fatalf("%d records begin the trace, want one", len(list))
	}
	return list[0]
}

// receiptsOf are the receipts of the story by flow and kind.
func (s *story) receiptsOf(flow ledger.Flow) (start, end ledger.Ref) {
	s.t.Helper()
	page, err := s.Receipts().Find(s.t.Context(), receipts.Filter{Kinds: []ledger.ReceiptKind{ledger.ReceiptStart}}, 0, 10)
	s.ok(err)
	for _, k := range page.Items {
		if k.Receipt.Flow != flow {
			continue
		}
		ends, err := s.Receipts().EndsOf(s.t.Context(), k.Receipt.ID)
		s.ok(err)
		return ledger.RefTo(ledger.KindReceipt, k.Leaf), ledger.RefTo(ledger.KindReceipt, ends[0].Leaf)
	}
	s.t.Fatalf("no %s", flow)
	return "", ""
}

func refs(t trace.Trace) []ledger.Ref {
	var list []ledger.Ref
	for _, s := range t.Steps {
		list = append(list, s.Ref)
	}
	slices.Sort(list)
	return list
}

// orderGrant is the right that an order gives its buyer.
func orderGrant(of string) ledger.Ref {
	return ledger.RefTo(ledger.KindGrant, ledger.DeriveID("grant", ledger.KindOrder, string(id(of))))
}

// grants are those that rest on a record: one for each right, or the only one.
func grants(of string, rights ...string) []ledger.Ref {
	if len(rights) == 0 {
		return []ledger.Ref{ledger.RefTo(ledger.KindGrant, ledger.DeriveID("grant", string(id(of))))}
	}
	var list []ledger.Ref
	for _, r := range rights {
		list = append(list, ledger.RefTo(ledger.KindGrant, ledger.DeriveID("grant", string(id(of)), r)))
	}
	return list
}

// public is what everyone sees behind a file of the product.
func (s *story) public() []ledger.Ref {
	list := []ledger.Ref{
		ledger.RefTo(ledger.KindFile, s.made.SHA256), ref(ledger.KindContent, "made"),
		ref(ledger.KindProduct, "product"), ref(ledger.KindLicense, "license"), ref(ledger.KindResource, "resource bus"),
		ref(ledger.KindEntry, "bus"), ref(ledger.KindParty, "holder"), ref(ledger.KindParty, "body"), ref(ledger.KindParty, "operator"),
	}
	return append(append(list, grants("bus")...), grants("license", "use", "operate")...)
}

// delivered is what the parties of the order see besides.
func (s *story) delivered() []ledger.Ref {
	start, _ := s.receiptsOf(ledger.Delivery)
	return []ledger.Ref{
		start, ref(ledger.KindOrder, "order"), ref(ledger.KindParty, "buyer"),
		orderGrant("order"),
	}
}

func TestTraceBackFromAFile(t *testing.T) {
	s := told(t)
	file := s.start(trace.Question{SHA256: s.made.SHA256})
	ingest := ledger.RefTo(ledger.KindReceipt, s.made.Receipt)
	application := []ledger.Ref{ref(ledger.KindApplication, "bus"), ledger.RefTo(ledger.KindDeposit, sum("deposit bus"))}
	for name, c := range map[string]struct {
		more []ledger.Ref
		out  int
	}{
		"":          {nil, 1}, // application: receipts are not even looked for
		"rival":     {nil, 3},
		"holder":    {application, 2},
		"buyer":     {s.delivered(), 2},
		"operator":  {append(s.delivered(), ingest), 1},
		"regulator": {append(append(s.delivered(), ingest), application...), 0},
	} {
		got, err := s.Trace(t.Context(), s.reader(name), file, false)
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		want := append(s.public(), c.more...)
		slices.Sort(want)
		if diff := cmp.Diff(want, refs(got)); diff != "" {
			t.Errorf("%q sees others than it may (-want +got):\n%s", name, diff)
		}
		if got.LeftOut != c.out || got.Cut || got.OwnOnly != (name != "regulator") {
			t.Errorf("%q: %d left out, cut %v, own only %v; want %d", name, got.LeftOut, got.Cut, got.OwnOnly, c.out)
		}
		s.whole(got)
	}
}

// whole holds that links join what is shown, and that each record but the
// start and those that rest on others is reached by one.
func (s *story) whole(t trace.Trace) {
	s.t.Helper()
	shown := map[ledger.Ref]bool{}
	for _, step := range t.Steps {
		shown[step.Ref] = true
	}
	joined := map[ledger.Ref]bool{}
	for _, l := range t.Links {
		if !shown[l.From] || !shown[l.To] {
			s.t.Errorf("link %v names what is not shown", l)
		}
		joined[l.From], joined[l.To] = true, true
	}
	for r := range shown {
		if !joined[r] {
			s.t.Errorf("%s is joined to nothing", r)
		}
	}
}

func TestStepsSayWhoseAndHowProved(t *testing.T) {
	s := told(t)
	s.ok(s.Anchored(t.Context(), s.Receipts().Size()))
	got, err := s.Trace(t.Context(), s.reader("buyer"), s.start(trace.Question{SHA256: s.made.SHA256}), false)
	s.ok(err)
	steps := map[ledger.Ref]trace.Step{}
	for _, step := range got.Steps {
		steps[step.Ref] = step
	}
	start, _ := s.receiptsOf(ledger.Delivery)
	hold := grants("bus")[0]
	for r, want := range map[ledger.Ref]trace.Step{
		ref(ledger.KindProduct, "product"): {Name: "线路到站预测数据集product", Who: "operator", State: "listed", Proof: "recorded"},
		ref(ledger.KindOrder, "order"):     {Who: "buyer", State: "active", Proof: "recorded"},
		ref(ledger.KindEntry, "bus"):       {Name: "公交车辆到离站信息bus", Who: "holder", State: "active", Proof: "recorded"},
		hold:                               {Right: ledger.Hold, Who: "holder", Proof: "recorded"},
		start:                              {Name: "start", Who: "buyer", State: "complete", Proof: "anchored"},
	} {
		g := steps[r]
		if g.Name != want.Name || g.Who != want.Who || g.State != want.State || g.Right != want.Right || g.Proof != want.Proof {
			t.Errorf("%s is told as %+v, want %+v", r, g, want)
		}
	}
	if acts := steps[ref(ledger.KindOrder, "order")].Acts; len(acts) != 2 || acts[0].Name != ledger.FnOrderPlace || acts[0].Party != id("buyer") {
		t.Errorf("the order was made by %+v", acts)
	}
	if r := steps[start].Receipt; r == nil || r.Order != id("order") || r.Revision == nil {
		t.Errorf("the receipt tells no order or decision: %+v", r)
	}
}

func TestTraceForwardFromAResource(t *testing.T) {
	s := told(t)
	from := s.start(trace.Question{Resource: id("resource bus")})
	supply, _ := s.receiptsOf(ledger.Supply)
	start, _ := s.receiptsOf(ledger.Delivery)
	common := []ledger.Ref{
		from, ref(ledger.KindProduct, "product"),
		ref(ledger.KindContent, "made"), ledger.RefTo(ledger.KindFile, s.made.SHA256), ref(ledger.KindLicense, "license"),
	}
	common = append(common, grants("license", "use", "operate")...)
	orders := []ledger.Ref{ref(ledger.KindOrder, "order"), orderGrant("order")}
	rival := []ledger.Ref{ref(ledger.KindOrder, "rival order"), orderGrant("rival order")}
	raw, made := ledger.RefTo(ledger.KindReceipt, s.raw.Receipt), ledger.RefTo(ledger.KindReceipt, s.made.Receipt)
	supplied := []ledger.Ref{ref(ledger.KindContent, "raw"), ledger.RefTo(ledger.KindFile, s.raw.SHA256), supply}
	for name, more := range map[string][]ledger.Ref{
		"":          nil,
		"other":     nil,
		"holder":    append(slices.Clone(supplied), raw),
		"buyer":     append([]ledger.Ref{start}, orders...),
		"rival":     rival,
		"operator":  slices.Concat(supplied, []ledger.Ref{start, made}, orders, rival),
		"regulator": slices.Concat(supplied, []ledger.Ref{start, made, raw}, orders, rival),
	} {
		got, err := s.Trace(t.Context(), s.reader(name), from, true)
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		want := slices.Concat(common, more)
		slices.Sort(want)
		if diff := cmp.Diff(want, refs(got)); diff != "" {
			t.Errorf("%q sees others than it may (-want +got):\n%s", name, diff)
		}
		if all := name == "regulator"; all == got.OwnOnly || all && got.LeftOut > 0 {
			t.Errorf("%q: %d left out, own only %v", name, got.LeftOut, got.OwnOnly)
		}
		s.whole(got)
	}
}

// TestWhoeverHasTheFileLearnsWhatItIs: names and hashes of what can be supplied are
// for the licensed, but whoever has a file learns of which resource it is.
func TestWhoeverHasTheFileLearnsWhatItIs(t *testing.T) {
	s := told(t)
	got, err := s.Trace(t.Context(), nil, s.start(trace.Question{SHA256: s.raw.SHA256}), false)
	s.ok(err)
	for _, want := range []ledger.Ref{ref(ledger.KindContent, "raw"), ref(ledger.KindResource, "resource bus"), ref(ledger.KindEntry, "bus")} {
		if !slices.Contains(refs(got), want) {
			t.Errorf("who has the file does not learn of %s", want)
		}
	}
}

func TestWhatMayNotBeSeenIsNotThere(t *testing.T) {
	s := told(t)
	start, end := s.receiptsOf(ledger.Delivery)
	supply, _ := s.receiptsOf(ledger.Supply)
	absent := unseen(s.Trace(t.Context(), nil, ref(ledger.KindOrder, "no such"), false))
	for name, hidden := range map[string][]ledger.Ref{
		"":       {ref(ledger.KindOrder, "order"), start, end, supply, ref(ledger.KindApplication, "bus"), ref(ledger.KindEnvironment, "environment")},
		"rival":  {ref(ledger.KindOrder, "order"), start, end, supply},
		"holder": {ref(ledger.KindOrder, "order"), start, end, ref(ledger.KindApplication, "river")},
		"other":  {ref(ledger.KindOrder, "order"), start, supply},
		"buyer":  {ref(ledger.KindOrder, "rival order"), supply},
	} {
		for _, r := range hidden {
			if got := unseen(s.Trace(t.Context(), s.reader(name), r, false)); got != absent {
				t.Errorf("%q learns of %s: %v", name, r, got)
			}
			if _, _, err := s.Evidence(t.Context(), s.reader(name), r, 200); !errors.Is(err, ledger.NotFound) {
				t.Errorf("%q may have the bundle of %s: %v", name, r, err)
			}
		}
	}
	for _, q := range []trace.Question{
		{SHA256: sum("nothing")},
		{Order: id("no such")},
		{Receipt: string(sum("nothing"))},
		{Certificate: "no such"},
		{Receipt: string(id("no such"))},
	} {
		list, err := s.Start(t.Context(), q)
		if err == nil {
			_, err = s.Trace(t.Context(), s.reader("regulator"), list[0], false)
		}
		if err == nil || err.Error() != absent {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

func unseen(_ trace.Trace, err error) string {
	if err == nil {
		return "seen"
	}
	return err.Error()
}

func TestStartByEveryName(t *testing.T) {
	s := told(t)
	start, _ := s.receiptsOf(ledger.Delivery)
	kept, err := s.Receipts().ByLeaf(t.Context(), ledger.Digest(start.ID()))
	s.ok(err)
	var entry ledger.Entry
	s.read(ref(ledger.KindEntry, "bus"), &entry)
	for want, q := range map[ledger.Ref]trace.Question{
		start:                                    {Receipt: start.ID()},
		ref(ledger.KindOrder, "order"):           {Order: id("order")},
		ref(ledger.KindProduct, "product"):       {Product: id("product")},
		ref(ledger.KindLicense, "license"):       {License: id("license")},
		ref(ledger.KindResource, "resource bus"): {Resource: id("resource bus")},
		ref(ledger.KindEntry, "bus"):             {Certificate: string(entry.CadCode)},
	} {
		if got := s.start(q); got != want {
			t.Errorf("%+v begins at %s, want %s", q, got, want)
		}
	}
	if got := s.start(trace.Question{Receipt: string(kept.Receipt.ID)}); got != start {
		t.Errorf("a receipt's id begins at %s, want %s", got, start)
	}
	for _, q := range []trace.Question{{}, {SHA256: "x"}, {Order: "x"}, {Receipt: "x"}} {
		if _, err := s.Start(t.Context(), q); !errors.Is(err, ledger.InvalidCode) {
			t.Errorf("%+v: %v", q, err)
		}
	}
}
