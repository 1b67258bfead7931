package evidence_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// sameFile adds a file under another name, as content of a subject.
func sameFile(name, file string, subject ledger.Ref) ledger.ContentArgs {
	return ledger.ContentArgs{
		ID: id(name), Subject: subject, Object: "object-" + name, SHA256: sum(file), Bytes: 1000, Ingest: sum("ingest " + name), Node: node, Name: name + ".csv",
	}
}

var theBus = ref(ledger.KindResource, "resource bus")

// rawLater is a market whose product is delivered, becomes raw content of a resource,
// and is delivered again by a dishonest node.
func rawLater(w *world) {
	w.t.Helper()
	market(w)
	w.order("O", "P", "buyer")
	w.deliver("O", "data")
	w.must("holder", ledger.FnContentAdd, sameFile("raw", "data", theBus))
	w.deliver("O", "data")
	w.anchor("node", node)
}

// TestRawContentIsForAnAudit: that a product's file was raw content of a resource is in
// a record that many parties write. A bundle does not contain it, so its report names
// the refusal, and only an audit finds the delivery.
func TestRawContentIsForAnAudit(t *testing.T) {
	w := begin(t)
	rawLater(w)
	_, r := w.build(theOrder)
	if len(r.Receipts) != 2 || !slices.Contains(r.NotProven, evidence.OnlyAudit) {
		t.Errorf("%d receipts, not proven: %v", len(r.Receipts), r.NotProven)
	}
	if diff := cmp.Diff([]ledger.Reason{ledger.ReasonNoContent, ledger.ReasonRawContent}, r.Unproved); diff != "" {
		t.Errorf("only an audit proves (-want +got):\n%s", diff)
	}
	a := w.audited()
	if len(a.Findings) != 1 || a.Findings[0].Check != evidence.CheckDelivery {
		t.Fatalf("audit finds %v, want the second delivery", a.Findings)
	}
	if e := ledger.AsError(a.Findings[0].Err); e == nil || e.Reason != ledger.ReasonRawContent {
		t.Errorf("audit finds %v", a.Findings[0].Err)
	}
}

// TestGroupRecordsThatANodeHid: a node lets a call pass as if a group record were not
// there. The bundle verifies and names the refusal; an audit finds the call.
func TestGroupRecordsThatANodeHid(t *testing.T) {
	for name, c := range map[string]struct {
		do    func(w *world)
		about ledger.Ref
		want  ledger.Reason
	}{
		"raw content of a product": {func(w *world) {
			market(w)
			w.must("holder", ledger.FnContentAdd, sameFile("raw", "file", theBus))
			w.pretend(w.sign("operator", "operator", ledger.FnContentAdd, sameFile("sold", "file", ref(ledger.KindProduct, "P"))),
				map[string][]byte{ledger.FileKey(sum("file")): nil})
		}, ref(ledger.KindContent, "sold"), ledger.ReasonRawContent},
		"an order of nothing": {func(w *world) {
			market(w)
			w.must("operator", ledger.FnContentRemove, w.answer(ref(ledger.KindContent, "data")))
			w.pretend(w.sign("buyer", "buyer", ledger.FnOrderPlace, place(w, "O")),
				map[string][]byte{ledger.ProductContentKey(id("P")): encode(w.t, ledger.ProductContent{Effective: 1})})
		}, theOrder, ledger.ReasonNoContent},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			c.do(w)
			b := w.lenient(c.about)
			last := &b.Calls[len(b.Calls)-1]
			last.Reads = w.read // as the node pretends
			if c.want == ledger.ReasonRawContent {
				last.Writes = shownWrites(w.writes[w.seq(*last)])
			}
			r, err := w.verify(encode(t, b))
			if err != nil || !slices.Contains(r.Unproved, c.want) {
				t.Errorf("the bundle: %v; only an audit proves %v", err, r.Unproved)
			}
			a := w.audited()
			if len(a.Findings) == 0 || a.Findings[0].Check != evidence.CheckRefused {
				t.Fatalf("audit finds %v", a.Findings)
			}
			if e := ledger.AsError(a.Findings[0].Err); e == nil || e.Reason != c.want {
				t.Errorf("audit finds %v, want %s", a.Findings[0].Err, c.want)
			}
		})
	}
}

// TestLinesOfGroupRecords: the lines of a call that read or wrote group records are
// those of its entry, without values, and nothing else is in them.
func TestLinesOfGroupRecords(t *testing.T) {
	w := begin(t)
	market(w)
	b, r := w.build(ref(ledger.KindContent, "data"))
	if r.Unrelated == 0 || len(r.Unproved) == 0 {
		t.Fatalf("report: %+v", r)
	}
	at := slices.IndexFunc(b.Calls, func(c evidence.Call) bool { return w.fn(w.seq(c)) == ledger.FnContentAdd })
	file, count := ledger.FileKey(sum("data")), ledger.ProductContentKey(id("P"))
	lines := func(c evidence.Call) (list []ledger.Line) {
		for _, x := range c.Writes {
			list = append(list, x.Line)
		}
		return list
	}
	group := func(list []ledger.Line) (keys []string) {
		for _, l := range list {
			if _, always := contract.UnrelatedKind(l.Key); always {
				keys = append(keys, l.Key)
			}
		}
		return keys
	}
	if diff := cmp.Diff([][]string{{file, count}, {count}}, [][]string{group(b.Calls[at].Reads), group(lines(b.Calls[at]))}); diff != "" {
		t.Fatalf("group records read and written (-want +got):\n%s", diff)
	}
	other := string(sum("other"))
	for name, c := range map[string]struct {
		change func(c *evidence.Call)
		want   evidence.Check
	}{
		"no reads":   {func(c *evidence.Call) { c.Reads = nil }, evidence.CheckReads},
		"no writes":  {func(c *evidence.Call) { c.Writes = nil }, evidence.CheckWrites},
		"false read": {func(c *evidence.Call) { c.Reads[indexOf(c.Reads, count)].SHA256 = other }, evidence.CheckReads},
		"one read fewer": {func(c *evidence.Call) {
			i := indexOf(c.Reads, file)
			c.Reads = slices.Delete(c.Reads, i, i+1)
		}, evidence.CheckReads},
		"another file":            {func(c *evidence.Call) { c.Reads[indexOf(c.Reads, file)].Key = ledger.FileKey(sum("other")) }, evidence.CheckReads},
		"false write":             {func(c *evidence.Call) { c.Writes[len(c.Writes)-1].SHA256 = other }, evidence.CheckWrites},
		"false write of a record": {func(c *evidence.Call) { c.Writes[0].SHA256 = other }, evidence.CheckWrites},
		"one write fewer":         {func(c *evidence.Call) { c.Writes = c.Writes[:len(c.Writes)-1] }, evidence.CheckWrites},
		"one write more": {func(c *evidence.Call) {
			c.Writes = append(c.Writes, evidence.WriteLine{Line: ledger.Line{Key: "zone/a", SHA256: other}})
		}, evidence.CheckWrites},
		"writes out of order": {func(c *evidence.Call) { slices.Reverse(c.Writes) }, evidence.CheckWrites},
		"a value":             {func(c *evidence.Call) { c.Writes[0].Value = w.state[c.Writes[0].Key] }, evidence.CheckNotNeeded},
	} {
		t.Run(name, func(t *testing.T) {
			changed := b
			changed.Calls = slices.Clone(b.Calls)
			changed.Calls[at].Reads, changed.Calls[at].Writes = slices.Clone(b.Calls[at].Reads), slices.Clone(b.Calls[at].Writes)
			c.change(&changed.Calls[at])
			w := *w
			w.t = t
			w.fails(changed, c.want)
		})
	}
}

// shownWrites are the lines of a call that wrote group records.
func shownWrites(writes []ledger.Write) (list []evidence.WriteLine) {
	for _, l := range ledger.WriteLines(writes) {
		if !ledger.IsCallKey(l.Key) {
			list = append(list, evidence.WriteLine{Line: l})
		}
	}
	return list
}

func indexOf(lines []ledger.Line, key string) int {
	return slices.IndexFunc(lines, func(l ledger.Line) bool { return l.Key == key })
}

// TestOrderWithoutTheFilesOfItsProduct: an order's bundle does not grow with the files
// that its product had.
func TestOrderWithoutTheFilesOfItsProduct(t *testing.T) {
	w := begin(t)
	market(w)
	for _, name := range []string{"monday", "tuesday", "wednesday"} {
		w.content(name, "operator", ref(ledger.KindProduct, "P"))
		w.must("operator", ledger.FnContentRemove, w.answer(ref(ledger.KindContent, name)))
	}
	w.order("O", "P", "buyer")
	_, r := w.build(theOrder)
	if did(r, ledger.FnContentAdd) || did(r, ledger.FnContentRemove) {
		t.Errorf("the bundle of an order without deliveries has content: %+v", r.Steps)
	}
	if _, r = w.build(ref(ledger.KindContent, "tuesday")); !did(r, ledger.FnContentAdd) || !did(r, ledger.FnContentRemove) {
		t.Errorf("the bundle of a removed file: %+v", r.Steps)
	}
}
