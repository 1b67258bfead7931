package receipts_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// story stores: 0 ingest o, 1 start, 2 end (party 2, order 1, o), 3 start by
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
	next(f.append(t, f.denial(party(3), "product/"+ledger.Ref(idOf("product", 1)), ledger.ReasonLimit)))
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
		query, args := receipts.Query(c.filter, 1<<40, 50)
		if all := f.plan(t, query, args); !strings.Contains(all, c.index+" (") || strings.Contains(all, "TEMP B-TREE") {
			t.Errorf("%s: %s", name, all)
		}
	}
}

// plan returns how the database answers a query.
func (f *fixture) plan(t *testing.T, query string, args []any) string {
	t.Helper()
	var plan []string
	rows, err := f.W().QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var a, b, n int
		var detail string
		if err := rows.Scan(&a, &b, &n, &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
	}
	return strings.Join(plan, "; ")
}

// TestDeliveriesReadOnlyWhatTheyReturn compares the index that finds deliveries with the
// one in whose order they come: a search by another reads a whole log to find a few.
func TestDeliveriesReadOnlyWhatTheyReturn(t *testing.T) {
	f := newFixture(t)
	for index, q := range map[string]receipts.DeliveryQuery{
		"receipt_order (order_id=?)":                   {Orders: []ledger.ID{party(1)}},
		"receipt_delivered (order_id=? AND content=?)": {Orders: []ledger.ID{party(1)}, OnlyContents: []ledger.ID{party(2)}},
		"receipt_content (content=?)":                  {Contents: []ledger.ID{party(1)}},
		"receipt_subject (subject=?)":                  {Subjects: []ledger.Ref{order(1)}},
		"receipt_license (license=?)":                  {Licenses: []ledger.ID{party(1)}},
		"receipt_ingested (sha256=?)":                  {Files: []ledger.Digest{hashOf("o")}},
	} {
		query, args, _ := q.Starts()
		if all := f.plan(t, query, args); !strings.Contains(all, index) || strings.Contains(all, "TEMP B-TREE") {
			t.Errorf("%s: %s", index, all)
		}
	}
	for index, r := range map[string]ledger.Receipt{
		"receipt_delivered (order_id=? AND content=?)": {Order: party(1), License: party(2), Content: party(3), Party: party(4)},
		"receipt_supplied (license=? AND content=?)":   {License: party(2), Content: party(3), Party: party(4)},
	} {
		if all := f.plan(t, receipts.SameDelivery(r), []any{r.Order, r.License, r.Content, r.Party, 10}); !strings.Contains(all, index) || strings.Contains(all, "TEMP B-TREE") {
			t.Errorf("%s: %s", index, all)
		}
	}
}

// sum is what is summed of the deliveries of one file.
type sum struct {
	count, bytes int64
	newest       int64
	outcomes     []ledger.DeliveryOutcome
	running      bool
}

// sums is a store with deliveries, and their sums one by one.
type sums struct {
	*fixture
	of      map[string]sum
	brought receipts.Placed // an ingest
}

func keyOf(r ledger.Receipt) string {
	return string(r.Party) + string(ledger.RefTo(ledger.KindOrder, r.Order)) + r.Object
}

// deliver makes the i-th delivery, which is over unless it is left running.
func (s *sums) deliver(t *testing.T, i int, running bool) {
	t.Helper()
	r := s.reserve(t, s.start(party(int64(i%3)), order(int64(i%3%2)), fmt.Sprint("o", i%2), 100, 0, 100))
	key := keyOf(s.get(t, r.Placed.Index))
	of := s.of[key]
	of.count, of.newest, of.running = of.count+1, r.Placed.Index, of.running || running
	if !running {
		n, out := int64(100), ledger.Complete
		if i%5 == 0 {
			n, out = 40, ledger.Partial
		}
		s.end(t, r, n, out)
		if of.bytes += n; !slices.Contains(of.outcomes, out) {
			of.outcomes = append(of.outcomes, out)
			slices.Sort(of.outcomes)
		}
	}
	s.of[key] = of
}

// check compares what a query finds with the sums of the receipts that were sought.
func (s *sums) check(t *testing.T, name string, q receipts.DeliveryQuery, sought func(ledger.Receipt) bool) {
	t.Helper()
	list, cut, err := s.Deliveries(t.Context(), q)
	if err != nil || cut {
		t.Fatalf("%s: cut %v, %v", name, cut, err)
	}
	got, want := map[string]sum{}, map[string]sum{}
	for _, d := range list {
		if d.Receipt.Kind == ledger.ReceiptIngest {
			if d.Leaf != s.brought.Leaf {
				t.Errorf("%s: another ingest: %+v", name, d)
			}
			continue
		}
		slices.Sort(d.Outcomes)
		got[keyOf(d.Receipt)] = sum{d.Count, d.Bytes, d.Newest, d.Outcomes, d.Running}
		s.checkOne(t, name, d)
		if !sought(d.Receipt) {
			t.Errorf("%s: %+v was not sought", name, d.Receipt)
		}
	}
	page, err := s.Find(t.Context(), receipts.Filter{Kinds: []ledger.ReceiptKind{ledger.ReceiptStart}}, 0, 500)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range page.Items {
		if sought(k.Receipt) {
			want[keyOf(k.Receipt)] = s.of[keyOf(k.Receipt)]
		}
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(sum{}), cmpopts.EquateEmpty()); diff != "" || len(want) == 0 {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// checkOne compares the deliveries of one file with the newest receipt of them.
func (s *sums) checkOne(t *testing.T, name string, d receipts.Delivered) {
	t.Helper()
	if stored, err := s.ByLeaf(t.Context(), d.Leaf); err != nil || stored.Index != d.Newest || stored.Receipt.ID != d.Receipt.ID {
		t.Errorf("%s: stands for %+v: %+v, %v", name, d.Placed, stored, err)
	}
	one, err := s.DeliveryOf(t.Context(), d.Leaf, 1000)
	slices.Sort(one.Outcomes)
	if diff := cmp.Diff(d, one); err != nil || diff != "" {
		t.Errorf("%s: the delivery of %s, %v: %s", name, d.Leaf, err, diff)
	}
}

// TestDeliveries holds the sums of deliveries, found by order, content, subject, license
// and file, to what is summed one by one.
func TestDeliveries(t *testing.T) {
	f := &sums{fixture: newFixture(t), of: map[string]sum{}}
	for i := range 60 {
		f.deliver(t, i, false)
	}
	f.deliver(t, 1, true)
	f.brought = f.append(t, f.ingest(party(9), "o0"))
	first := f.get(t, 0)
	check := func(name string, q receipts.DeliveryQuery, sought func(ledger.Receipt) bool) {
		t.Helper()
		q.Limit = 1000
		f.check(t, name, q, sought)
	}
	o := ledger.ID(order(1).ID())
	check("order", receipts.DeliveryQuery{Orders: []ledger.ID{o}}, func(r ledger.Receipt) bool { return r.Order == o })
	check("content", receipts.DeliveryQuery{Contents: []ledger.ID{first.Content}, Files: []ledger.Digest{hashOf("o0")}},
		func(r ledger.Receipt) bool { return r.Content == first.Content })
	check("order and content", receipts.DeliveryQuery{Orders: []ledger.ID{o}, OnlyContents: []ledger.ID{first.Content}},
		func(r ledger.Receipt) bool { return r.Order == o && r.Content == first.Content })
	check("subject", receipts.DeliveryQuery{Subjects: []ledger.Ref{first.Subject}}, func(r ledger.Receipt) bool { return r.Subject == first.Subject })
	check("license", receipts.DeliveryQuery{Licenses: []ledger.ID{first.License}}, func(r ledger.Receipt) bool { return r.License == first.License })
	if list, cut, err := f.Deliveries(t.Context(), receipts.DeliveryQuery{Licenses: []ledger.ID{first.License}, Limit: 20}); err != nil || !cut || len(list) == 0 {
		t.Errorf("of the newest: %d, cut %v, %v", len(list), cut, err)
	}
	if list, cut, err := f.Deliveries(t.Context(), receipts.DeliveryQuery{Limit: 20}); err != nil || cut || len(list) != 0 {
		t.Errorf("of nothing: %v, %v, %v", list, cut, err)
	}
	if d, err := f.DeliveryOf(t.Context(), f.brought.Leaf, 1000); err != nil || d.Count != 1 || d.Receipt.Kind != ledger.ReceiptIngest {
		t.Errorf("an ingest: %+v, %v", d, err)
	}
	end, err := f.EndsOf(t.Context(), first.ID)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := f.DeliveryOf(t.Context(), end[0].Leaf, 1000); err != nil || d.Receipt.ID != first.ID || d.Count < 2 {
		t.Errorf("from an end: %+v, %v", d, err)
	}
	if _, err := f.DeliveryOf(t.Context(), hashOf("no"), 1000); !errors.Is(err, ledger.NotFound) {
		t.Errorf("no receipt: %v", err)
	}
}
