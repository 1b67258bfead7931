package node_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace"
)

// TestATraceTakesFewQueries: at most eight whatever its length, and none of the ledger.
func TestATraceTakesFewQueries(t *testing.T) {
	s := told(t)
	s.ok(s.Anchored(t.Context(), s.Receipts().Size()))
	questions := map[string]trace.Question{
		"file": {SHA256: s.made.SHA256}, "raw file": {SHA256: s.raw.SHA256}, "order": {Order: id("order")}, "product": {Product: id("product")},
		"license": {License: id("license")}, "resource": {Resource: id("resource bus")},
	}
	for flow, name := range map[ledger.Flow]string{ledger.Delivery: "delivery", ledger.Supply: "supply"} {
		start, _ := s.receiptsOf(flow)
		questions[name] = trace.Question{Receipt: start.ID()}
	}
	cost := func() (most int) {
		for name, q := range questions {
			from := s.start(q)
			for _, who := range []string{"", "buyer", "rival", "holder", "operator", "body", "regulator", "authority"} {
				for _, forward := range []bool{false, true} {
					var queries []string
					ctx := sqldb.Observe(t.Context(), func(file, query string) { queries = append(queries, file+": "+query) })
					got, err := s.Trace(ctx, s.reader(who), from, forward)
					if err != nil || len(got.Steps) == 0 {
						continue // what may not be seen
					}
					for _, q := range queries {
						if strings.HasPrefix(q, "ledger.db") {
							t.Errorf("%s for %q reads the ledger: %s", name, who, q)
						}
					}
					if most = max(most, len(queries)); len(queries) > 8 {
						t.Errorf("%s for %q, forward %v: %d queries:\n%s", name, who, forward, len(queries), strings.Join(shortened(queries), "\n"))
					}
				}
			}
		}
		return most
	}
	before := cost()
	for i := range 20 {
		name := "order " + string(rune('a'+i))
		s.order(name, "buyer", "operator", "product", ledger.Quota{})
		s.deliver(name, "buyer")
		s.supply()
	}
	if after := cost(); after != before || before < 5 {
		t.Errorf("a trace took %d queries, and %d when there was more to show", before, after)
	}
}

func shortened(queries []string) (list []string) {
	for _, q := range queries {
		list = append(list, q[:min(len(q), 120)])
	}
	return list
}

// TestAFileFetchedInRangesIsOneStep: with how many there were and what was sent.
func TestAFileFetchedInRangesIsOneStep(t *testing.T) {
	s := told(t)
	size := s.made.Bytes
	for i := range 16 {
		x, err := s.Market().Begin(t.Context(), marketplace.Ask{
			Party: id("buyer"), Key: s.key("buyer").ID(), Order: id("order"), Object: s.made.Object,
			Range: func(int64, ledger.Digest) (int64, int64, error) { return int64(i) % size, 1, nil },
		})
		s.ok(err)
		var got bytes.Buffer
		s.ok(x.Send(&got))
	}
	first, _ := s.receiptsOf(ledger.Delivery) // the newest
	for _, from := range []ledger.Ref{ledger.RefTo(ledger.KindFile, s.made.SHA256), first} {
		got, err := s.Trace(t.Context(), s.reader("buyer"), from, false)
		s.ok(err)
		n := 0
		for _, step := range got.Steps {
			if step.Receipt == nil {
				continue
			}
			n++
			if d := step.Delivered; d == nil || d.Count != 17 || d.Bytes != size+16 || step.State != "complete" || step.Ref != first {
				t.Errorf("from %s: %s is told as %+v, %s", from, step.Ref, d, step.State)
			}
		}
		if n != 1 {
			t.Errorf("from %s: the deliveries of one file are %d steps", from, n)
		}
	}
}

// TestATraceBeginsWithASentence: whose it is, by which right, and whether it was allowed.
func TestATraceBeginsWithASentence(t *testing.T) {
	s := told(t)
	start, _ := s.receiptsOf(ledger.Delivery)
	supply, _ := s.receiptsOf(ledger.Supply)
	for _, c := range []struct {
		who  string
		from ledger.Ref
		says []string
		not  []string
	}{
		{
			"", ledger.RefTo(ledger.KindFile, s.made.SHA256),
			[]string{"operator的产品“线路到站预测数据集product”", "依据授权“交通领域授权运营协议”", "由holder持有", `content of the product "线路到站预测数据集product" of operator`, "held by holder"},
			[]string{"buyer", "交付"},
		},
		{"buyer", ledger.RefTo(ledger.KindFile, s.made.SHA256), []string{"交付buyer，当时依订单判定允许", "delivered to buyer on 20", "allowed then (policy revision: block "}, nil},
		{"buyer", start, []string{"交付buyer", "依据授权", "由holder持有"}, nil},
		{"holder", supply, []string{"供给operator，当时依授权判定允许", "supplied to operator"}, []string{"buyer"}},
		{"buyer", ref(ledger.KindOrder, "order"), []string{"订购方为buyer，订单现状：履行中", "Buyer placed the order, which is now: active"}, nil},
		{"", ref(ledger.KindResource, "resource bus"), []string{"资源“公交车辆到离站信息bus”由holder持有，登记现状：有效"}, nil},
		{"", ref(ledger.KindLicense, "license"), []string{"被授权方为operator，授权现状：已接受"}, nil},
		{"", ref(ledger.KindProduct, "product"), []string{"依据授权", "由holder持有"}, nil},
	} {
		got, err := s.Trace(t.Context(), s.reader(c.who), c.from, false)
		s.ok(err)
		both := got.Says.ZH + "\n" + got.Says.EN
		for _, want := range c.says {
			if !strings.Contains(both, want) {
				t.Errorf("%q about %s does not say %q:\n%s", c.who, c.from, want, both)
			}
		}
		for _, not := range c.not {
			if strings.Contains(both, not) {
				t.Errorf("%q about %s says %q:\n%s", c.who, c.from, not, both)
			}
		}
	}
}
