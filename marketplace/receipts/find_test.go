package receipts_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/provenance"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// story keeps: 0 ingest o, 1 start, 2 end (party 2, order 1, o), 3 start by
// party 3 under order 2 of p, 4 denial of party 3, 5 read by party 4; each a
// second after the one before.
func story(t *testing.T, f *fixture) []receipts.Placed {
	t.Helper()
	var all []receipts.Placed
	next := func(p receipts.Placed) { all = append(all, p); f.pass(time.Second) }
	next(f.append(t, f.ingest(party(1), "o")))
	r := f.reserve(t, f.start(party(2), order(1), "o", 5, 0, 5))
	next(r.Placed)
	next(f.end(t, r, 5, ledger.Complete))
	next(f.reserve(t, f.start(party(3), order(2), "p", 5, 0, 5)).Placed)
	next(f.append(t, f.denial(party(3), "product/"+ledger.Ref(idOf("product", 1)), ledger.ReasonQuota)))
	read := f.receipt(ledger.ReceiptRead, party(4))
	read.Subject = order(1)
	next(f.append(t, read))
	return all
}

func TestFind(t *testing.T) {
	f := newFixture(t)
	story(t, f)
	first := f.get(t, 1)
	for name, c := range map[string]struct {
		filter receipts.Filter
		want   []int64
	}{
		"all":         {receipts.Filter{}, []int64{5, 4, 3, 2, 1, 0}},
		"party":       {receipts.Filter{Party: party(3)}, []int64{4, 3}},
		"order":       {receipts.Filter{Order: first.Order}, []int64{2, 1}},
		"license":     {receipts.Filter{License: first.License}, []int64{3, 2, 1}},
		"subject":     {receipts.Filter{Subject: first.Subject}, []int64{4, 3, 2, 1}},
		"target":      {receipts.Filter{Subject: order(1)}, []int64{5}},
		"content":     {receipts.Filter{Content: first.Content}, []int64{2, 1}},
		"sha256":      {receipts.Filter{SHA256: hashOf("o")}, []int64{2, 1, 0}},
		"start":       {receipts.Filter{Start: first.ID}, []int64{2}},
		"kind":        {receipts.Filter{Kinds: []ledger.ReceiptKind{ledger.ReceiptEnd, ledger.ReceiptRead}}, []int64{5, 2}},
		"time":        {receipts.Filter{From: epoch + 1000, Until: epoch + 3000}, []int64{2, 1}},
		"two":         {receipts.Filter{Party: party(2), Kinds: []ledger.ReceiptKind{ledger.ReceiptEnd}}, []int64{2}},
		"order, time": {receipts.Filter{Order: first.Order, From: epoch + 2000}, []int64{2}},
		"none":        {receipts.Filter{Party: party(9)}, nil},
	} {
		for _, limit := range []int{1, 2, 50} {
			var got []int64
			for cursor := int64(0); ; {
				page, err := f.Find(t.Context(), c.filter, cursor, limit)
				if err != nil {
					t.Fatal(err)
				}
				for _, k := range page.Items {
					got = append(got, k.Index)
					if k.Receipt.ID != f.get(t, k.Index).ID {
						t.Errorf("%s: %d holds another receipt", name, k.Index)
					}
				}
				if cursor = page.Next; cursor == 0 {
					break
				}
			}
			if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s by %d: %s", name, limit, diff)
			}
		}
	}
}

func TestFindUsesTheIndexOfWhatTellsMost(t *testing.T) {
	f := newFixture(t)
	for name, c := range map[string]struct {
		filter receipts.Filter
		index  string
	}{
		"party":   {receipts.Filter{Party: party(1), Kinds: []ledger.ReceiptKind{ledger.ReceiptEnd}}, "receipt_party"},
		"order":   {receipts.Filter{Party: party(1), Order: party(1), From: 1}, "receipt_order"},
		"license": {receipts.Filter{License: party(1)}, "receipt_license"},
		"subject": {receipts.Filter{Subject: order(1), License: party(1)}, "receipt_subject"},
		"content": {receipts.Filter{Content: party(1)}, "receipt_content"},
		"sha256":  {receipts.Filter{SHA256: hashOf("o")}, "receipt_sha256"},
		"start":   {receipts.Filter{Start: party(1)}, "receipt_start"},
	} {
		var plan []string
		query, args := receipts.Query(c.filter, 1<<40, 50)
		rows, err := f.W().QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var a, b, n int
			var detail string
			if err := rows.Scan(&a, &b, &n, &detail); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, detail)
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(plan, "; "); !strings.Contains(all, c.index+" (") || strings.Contains(all, "TEMP B-TREE") {
			t.Errorf("%s: %s", name, all)
		}
	}
}

func TestLinksGoBothWays(t *testing.T) {
	f := newFixture(t)
	placed := story(t, f)
	first := f.get(t, 1)
	ref := func(i int) ledger.Ref { return ledger.RefTo(ledger.KindReceipt, placed[i].Leaf) }
	product, license := first.Subject, ledger.RefTo(ledger.KindLicense, first.License)
	content := ledger.RefTo(ledger.KindContent, first.Content)
	start := []ledger.Link{
		{From: ref(1), Rel: "order", To: order(1)},
		{From: ref(1), Rel: "license", To: license},
		{From: ref(1), Rel: "content", To: content},
		{From: ref(1), Rel: "subject", To: product},
	}
	ended := ledger.Link{From: ref(2), Rel: "start", To: ref(1)}
	for at, want := range map[ledger.Ref][]ledger.Link{
		ref(0):                                {{From: ref(0), Rel: "file", To: ledger.RefTo(ledger.KindFile, hashOf("o"))}},
		ref(1):                                append(slices.Clone(start), ended),
		ref(2):                                {ended},
		ref(4):                                nil,
		ref(5):                                nil,
		order(1):                              start[:1],
		content:                               start[2:3],
		license:                               {{From: ref(3), Rel: "license", To: license}, start[1]},
		product:                               {{From: ref(3), Rel: "subject", To: product}, start[3]},
		ledger.RefTo("file", hashOf("o")):     {{From: ref(0), Rel: "file", To: ledger.RefTo("file", hashOf("o"))}},
		ledger.RefTo("receipt", hashOf("no")): nil, "receipt/x": nil, "party/x": nil,
	} {
		got, err := f.Links(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", at, diff)
		}
	}
	g, err := provenance.Walk(t.Context(), []provenance.Source{f}, ref(2), provenance.Back, 100, nil)
	if err != nil || !slices.Contains(g.Refs, order(1)) || !slices.Contains(g.Refs, product) {
		t.Errorf("from an end back: %+v, %v", g, err)
	}
	g, err = provenance.Walk(t.Context(), []provenance.Source{f}, order(1), provenance.Forward, 100, nil)
	if err != nil || !slices.Equal(g.Refs, []ledger.Ref{order(1), ref(1), ref(2)}) {
		t.Errorf("from an order forward: %+v, %v", g, err)
	}
}
