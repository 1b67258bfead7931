package contract_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

func mContent(name string) ledger.Ref  { return ledger.RefTo(ledger.KindContent, mID(name)) }
func mResource(name string) ledger.Ref { return ledger.RefTo(ledger.KindResource, mID(name)) }

// openUp registers a resource as open, behind the contract's back.
func (m *market) openUp(name string) {
	m.t.Helper()
	edit(m, ledger.SubmissionRef(mHash("submitted "+name)), func(s *ledger.Submission) { s.Resource.OpenType = ledger.OpenTypeOpen })
}

// supply adds a file as content of a resource.
func (m *market) supply(resource, bytes string) {
	m.t.Helper()
	m.must("holder", ledger.FnContentAdd, fileArgs("raw of "+resource, mResource(resource), bytes))
}

// TestRawContentIsNoProduct: a file that is or was content of a resource is content of a
// product only if each such resource is registered as open today.
func TestRawContentIsNoProduct(t *testing.T) {
	base := trading(t)
	base.openUp("bus")
	base.openUp("river")
	base.openUp("lapsed")
	entry := ledger.RefTo(ledger.KindEntry, mID("entry-bus"))
	raw := refusal{ledger.Forbidden, ledger.ReasonRawContent, "args.sha256"}
	for _, c := range []struct {
		name string
		make func(*market)
		want refusal
	}{
		{"another file", func(m *market) { m.supply("clinic", "other") }, refusal{}},
		{"open", func(m *market) { m.supply("bus", "file") }, refusal{}},
		{"of two open ones", func(m *market) { m.supply("bus", "file"); m.supply("river", "file") }, refusal{}},
		{"content of another product", func(m *market) {
			m.must("operator", ledger.FnProductList, listArgs("Q", "L"))
			m.must("operator", ledger.FnContentAdd, fileArgs("Q", mProduct("Q"), "file"))
		}, refusal{}},
		{"closed", func(m *market) { m.supply("elsewhere", "file") }, raw},
		{"closed, removed since", func(m *market) {
			m.supply("elsewhere", "file")
			m.must("holder", ledger.FnContentRemove, m.answer(mContent("raw of elsewhere")))
		}, raw},
		{"of two, the first closed", func(m *market) { m.supply("elsewhere", "file"); m.supply("bus", "file") }, raw},
		{"of two, the second closed", func(m *market) { m.supply("bus", "file"); m.supply("elsewhere", "file") }, raw},
		{"open, but suspended", func(m *market) {
			m.supply("bus", "file")
			edit(m, entry, func(e *ledger.Entry) { e.Suspensions = suspendedBy(ledger.RoleRegulator) })
		}, raw},
		{"open, but revoked", func(m *market) {
			m.supply("bus", "file")
			edit(m, entry, func(e *ledger.Entry) { e.State = ledger.EntryRevoked })
		}, raw},
		{"open, but its entry has ended", func(m *market) { m.supply("lapsed", "file") }, raw},
		{"not registered yet", func(m *market) { m.supply("raw", "file") }, raw},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := base.fork(t)
			c.make(m)
			expect(t, m.try("operator", ledger.FnContentAdd, fileArgs("F", mProduct("P"), "file")), c.want)
		})
	}
}

// TestFileOfManyResources: the index has a bound, beyond which nobody can say that all
// resources are open.
func TestFileOfManyResources(t *testing.T) {
	m := trading(t)
	for i := range ledger.MaxFileResources + 2 {
		name := "open " + strconv.Itoa(i)
		m.register(name, ledger.Resource{ID: mID(name), Publisher: mID("holder"), OpenType: ledger.OpenTypeOpen})
		m.supply(name, "file")
		use := get[ledger.FileUse](m, ledger.RefTo(ledger.KindFile, mHash("file")))
		if len(use.Resources) != min(i+1, ledger.MaxFileResources) || use.More != (i >= ledger.MaxFileResources) {
			t.Fatalf("after %d resources: %d listed, more %v", i+1, len(use.Resources), use.More)
		}
		want := refusal{}
		if use.More {
			want = refusal{ledger.Forbidden, ledger.ReasonRawContent, "args.sha256"}
		}
		expect(t, m.fork(t).try("operator", ledger.FnContentAdd, fileArgs("F", mProduct("P"), "file")), want)
	}
}

// TestOrderOfNothing: a product is ordered only while it has content.
func TestOrderOfNothing(t *testing.T) {
	m := licensed(t)
	m.must("operator", ledger.FnProductList, listArgs("P", "L"))
	m.must("operator", ledger.FnProductList, listArgs("Q", "L"))
	none := refusal{ledger.Forbidden, ledger.ReasonNoContent, "args.product_id"}
	place := func(want refusal) {
		t.Helper()
		expect(t, m.fork(t).try("buyer", ledger.FnOrderPlace, m.placeArgs("O", "P")), want)
	}
	m.must("operator", ledger.FnContentAdd, fileArgs("other", mProduct("Q"), "other"))
	m.supply("bus", "raw")
	place(none)
	m.must("operator", ledger.FnContentAdd, fileArgs("F", mProduct("P"), "f"))
	place(refusal{})
	m.must("operator", ledger.FnContentAdd, fileArgs("G", mProduct("P"), "g"))
	m.must("operator", ledger.FnContentRemove, m.answer(mContent("F")))
	place(refusal{})
	m.must("operator", ledger.FnContentRemove, m.answer(mContent("G")))
	place(none)
	m.must("operator", ledger.FnContentAdd, fileArgs("H", mProduct("P"), "f"))
	place(refusal{})
}

// TestSameContentTwice: a file at a node is content of a subject once, until it is
// removed. Another node may store it too.
func TestSameContentTwice(t *testing.T) {
	m := trading(t)
	again := refusal{ledger.Conflict, ledger.ReasonSameContent, "args.sha256"}
	m.supply("bus", "raw")
	expect(t, m.try("holder", ledger.FnContentAdd, fileArgs("again", mResource("bus"), "raw")), again)
	expect(t, m.try("holder", ledger.FnContentAdd, fileArgs("elsewhere", mResource("elsewhere"), "raw")), refusal{})
	expect(t, m.try("operator", ledger.FnContentAdd, fileArgs("again", mProduct("P"), "stock")), again)
	m.seed(ledger.RefTo(ledger.KindLog, ledger.ReceiptLog("other.example")), ledger.LogRecord{Origin: "other.example"})
	elsewhere := fileArgs("at another node", mProduct("P"), "stock")
	elsewhere.Node = "other.example"
	expect(t, m.try("operator", ledger.FnContentAdd, elsewhere), refusal{})
	m.must("operator", ledger.FnContentRemove, m.answer(mContent("stock")))
	expect(t, m.try("operator", ledger.FnContentAdd, fileArgs("again", mProduct("P"), "stock")), refusal{})
	expect(t, m.try("operator", ledger.FnContentAdd, fileArgs("once more", mProduct("P"), "stock")), again)
}

// TestFileIsReadAndWritten: two calls of a shared ledger about the same file conflict:
// what one writes the other has read. Calls about other files do not.
func TestFileIsReadAndWritten(t *testing.T) {
	m := trading(t)
	env := contract.Env{Time: m.now, Rules: contract.Rules}
	sell := apply(t, env, m.state, m.signed("operator", ledger.FnContentAdd, fileArgs("F", mProduct("P"), "file")))
	own := apply(t, env, m.state, m.signed("holder", ledger.FnContentAdd, fileArgs("R", mResource("bus"), "file")))
	key := ledger.FileKey(mHash("file"))
	reads := func(r contract.Result) bool {
		return slices.ContainsFunc(r.Reads, func(l ledger.Line) bool { return l.Key == key })
	}
	writes := func(r contract.Result) bool {
		return slices.ContainsFunc(r.Writes, func(w ledger.Write) bool { return w.Key == key })
	}
	if sell.Err != nil || own.Err != nil || !reads(sell) || writes(sell) || !reads(own) || !writes(own) {
		t.Errorf("product: %v, reads %v, writes %v; resource: %v, reads %v, writes %v",
			sell.Err, reads(sell), writes(sell), own.Err, reads(own), writes(own))
	}
}

// TestContentOnUnknownGroups: without group records, as in a bundle of evidence, calls
// do the same but for these records, and say what they did not consider.
func TestContentOnUnknownGroups(t *testing.T) {
	m := trading(t)
	m.supply("clinic", "file")
	m.must("operator", ledger.FnContentRemove, m.answer(mContent("stock")))
	hidden := contract.Env{Time: m.now, Rules: contract.Rules, Unrelated: func(key string) bool {
		_, group := contract.UnrelatedKind(key)
		return group
	}}
	file, count := ledger.FileKey(mHash("file")), ledger.ProductContentKey(mID("P"))
	for _, c := range []struct {
		who               string
		fn                ledger.Function
		args              any
		unread, unwritten []string
		unproved          []ledger.Reason
	}{
		{"operator", ledger.FnContentAdd, fileArgs("F", mProduct("P"), "file"), []string{file, count}, []string{count}, []ledger.Reason{ledger.ReasonRawContent}},
		{"holder", ledger.FnContentAdd, fileArgs("R", mResource("bus"), "file"), []string{file}, []string{file}, nil},
		{"buyer", ledger.FnOrderPlace, m.placeArgs("O", "P"), []string{count}, nil, []ledger.Reason{ledger.ReasonNoContent}},
	} {
		r := apply(t, hidden, m.state, m.signed(c.who, c.fn, c.args))
		if r.Err != nil {
			t.Errorf("%s: %v", c.fn, r.Err)
		}
		if diff := cmp.Diff([]any{c.unread, c.unwritten, c.unproved}, []any{r.Unread, r.Unwritten, r.Unproved}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.fn, diff)
		}
		for _, w := range r.Writes {
			if _, group := contract.UnrelatedKind(w.Key); group {
				t.Errorf("%s writes %s, which it has not read", c.fn, w.Key)
			}
		}
	}
}

// filesModel is what the state machine of content expects.
type filesModel struct {
	raw       map[string]map[string]bool // by file: resources of which it is or was content
	effective map[string]string          // by name of a content record: its subject and file
}

func (f filesModel) count(subject, file string) (n int) {
	for _, at := range f.effective {
		if at == subject+" "+file || file == "" && len(at) > len(subject) && at[:len(subject)+1] == subject+" " {
			n++
		}
	}
	return n
}

// TestContentIndex drives the indexes of files with random calls and compares each
// answer, and the indexes, with a model.
func TestContentIndex(t *testing.T) {
	base := licensed(t)
	base.openUp("bus")
	subjects := map[string]ledger.Ref{"bus": mResource("bus"), "clinic": mResource("clinic"), "P": mProduct("P"), "Q": mProduct("Q")}
	for _, p := range []string{"P", "Q"} {
		base.must("operator", ledger.FnProductList, listArgs(p, "L"))
	}
	names := []string{"bus", "clinic", "P", "Q"}
	rapid.Check(t, func(rt *rapid.T) {
		m, n := base.fork(t), 0
		model := filesModel{raw: map[string]map[string]bool{}, effective: map[string]string{}}
		rt.Repeat(map[string]func(*rapid.T){
			"add": func(rt *rapid.T) {
				subject, file := rapid.SampledFrom(names).Draw(rt, "to"), rapid.SampledFrom([]string{"x", "y"}).Draw(rt, "file")
				n++
				name, product := "c"+strconv.Itoa(n), subjects[subject].Kind() == ledger.KindProduct
				who, want := "holder", ledger.Reason("")
				if product {
					who = "operator"
				}
				switch {
				case model.count(subject, file) > 0:
					want = ledger.ReasonSameContent
				case product && model.raw[file]["clinic"]:
					want = ledger.ReasonRawContent
				}
				if err := refusedBy(m.try(who, ledger.FnContentAdd, fileArgs(name, subjects[subject], file)), want); err != nil {
					rt.Fatalf("add %s to %s: %v", file, subject, err)
				}
				if want != "" {
					return
				}
				model.effective[name] = subject + " " + file
				if !product {
					if model.raw[file] == nil {
						model.raw[file] = map[string]bool{}
					}
					model.raw[file][subject] = true
				}
			},
			"remove": func(rt *rapid.T) {
				if len(model.effective) == 0 {
					rt.Skip("nothing to remove")
				}
				var list []string
				for name := range model.effective {
					list = append(list, name)
				}
				slices.Sort(list)
				name := rapid.SampledFrom(list).Draw(rt, "what")
				who := "holder"
				if get[ledger.Content](m, mContent(name)).Subject.Kind() == ledger.KindProduct {
					who = "operator"
				}
				if err := m.try(who, ledger.FnContentRemove, m.answer(mContent(name))); err != nil {
					rt.Fatalf("remove %s: %v", name, err)
				}
				delete(model.effective, name)
			},
			"order": func(rt *rapid.T) {
				product, want := rapid.SampledFrom([]string{"P", "Q"}).Draw(rt, "of"), ledger.Reason("")
				if model.count(product, "") == 0 {
					want = ledger.ReasonNoContent
				}
				n++
				if err := refusedBy(m.try("buyer", ledger.FnOrderPlace, m.placeArgs("o"+strconv.Itoa(n), product)), want); err != nil {
					rt.Fatalf("order of %s: %v", product, err)
				}
			},
			"": func(rt *rapid.T) { model.compare(rt, m) },
		})
	})
}

// compare compares the indexes with the model.
func (f filesModel) compare(t fataler, m *market) {
	for _, p := range []string{"P", "Q"} {
		var c ledger.ProductContent
		if _, ok := m.state[ledger.ProductContentKey(mID(p))]; ok {
			c = get[ledger.ProductContent](m, ledger.Ref(ledger.ProductContentKey(mID(p))))
		}
		if c.Effective != int64(f.count(p, "")) {
			t.Fatalf("product %s has %d files by its index, %d by the model", p, c.Effective, f.count(p, ""))
		}
	}
	for _, file := range []string{"x", "y"} {
		var use ledger.FileUse
		if _, ok := m.state[ledger.FileKey(mHash(file))]; ok {
			use = get[ledger.FileUse](m, ledger.Ref(ledger.FileKey(mHash(file))))
		}
		for _, r := range []string{"bus", "clinic"} {
			if slices.Contains(use.Resources, mID(r)) != f.raw[file][r] {
				t.Fatalf("file %s of %s: %v, by the model %v", file, r, use.Resources, f.raw[file])
			}
		}
		if len(use.Resources) != len(f.raw[file]) {
			t.Fatalf("file %s has the resources %v, by the model %v", file, use.Resources, f.raw[file])
		}
	}
}

// refusedBy returns an error if a call was not refused for the reason; "" means that it
// was to be recorded.
func refusedBy(err error, want ledger.Reason) error {
	e := ledger.AsError(err)
	switch {
	case want == "":
		return err
	case e == nil || e.Reason != want:
		return fmt.Errorf("got %w, want a refusal for %s", err, want)
	}
	return nil
}
