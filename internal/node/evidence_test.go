package node_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

func TestEvidenceVerifiesWithTheTrustFile(t *testing.T) {
	s := told(t)
	start, end := s.receiptsOf(ledger.Delivery)
	supply, _ := s.receiptsOf(ledger.Supply)
	for _, c := range []struct {
		who        string
		about      ledger.Ref
		deliveries int
	}{
		{"buyer", ref(ledger.KindOrder, "order"), 1},
		{"operator", ref(ledger.KindOrder, "rival order"), 0},
		{"buyer", start, 1},
		{"operator", end, 1},
		{"holder", supply, 1},
		{"holder", ref(ledger.KindEntry, "bus"), 0},
		{"holder", ref(ledger.KindResource, "resource bus"), 1},
		{"holder", ref(ledger.KindLicense, "license"), 1},
		{"other", ref(ledger.KindLicense, "license"), 0}, // its own resource was not supplied
		{"operator", ref(ledger.KindProduct, "product"), 0},
		{"operator", ledger.RefTo(ledger.KindFile, s.made.SHA256), 0},
		{"body", ref(ledger.KindApplication, "bus"), 0},
		{"regulator", ref(ledger.KindOrder, "order"), 1},
	} {
		made, _, err := s.Evidence(t.Context(), s.reader(c.who), c.about, 200)
		if err != nil {
			t.Errorf("%s about %s: %v", c.who, c.about, err)
			continue
		}
		var b bytes.Buffer
		_, err = made.WriteTo(&b)
		s.ok(err)
		report, err := evidence.Verify(b.Bytes(), s.trust, ledger.Standard(), map[string]evidence.Checker{evidence.TLogKind: evidence.TLog{}})
		if err != nil {
			t.Errorf("%s about %s: %v", c.who, c.about, err)
			continue
		}
		if len(report.Receipts) != c.deliveries {
			t.Errorf("%s about %s: %d deliveries, want %d", c.who, c.about, len(report.Receipts), c.deliveries)
		}
	}
}

// TestABundleHoldsTheNewestDeliveries, as many as are asked for, and says whether there
// are older ones.
func TestABundleHoldsTheNewestDeliveries(t *testing.T) {
	s := told(t)
	s.deliver("order", "buyer")
	for most, want := range map[int]int{1: 1, 2: 2, 200: 2} {
		b, older, err := s.Evidence(t.Context(), s.reader("buyer"), ref(ledger.KindOrder, "order"), most)
		s.ok(err)
		var data bytes.Buffer
		_, err = b.WriteTo(&data)
		s.ok(err)
		r, err := evidence.Verify(data.Bytes(), s.trust, ledger.Standard(), map[string]evidence.Checker{evidence.TLogKind: evidence.TLog{}})
		s.ok(err)
		if len(r.Receipts) != want || older != (most == 1) {
			t.Errorf("of 2 deliveries at most %d: %d, older ones: %t", most, len(r.Receipts), older)
		}
		if newest, _ := s.receiptsOf(ledger.Delivery); most == 1 && string(r.Receipts[0].Start) != newest.ID() {
			t.Errorf("the delivery in the bundle is %s, the newest %s", r.Receipts[0].Start, newest)
		}
	}
}

func TestEvidenceIsForFewerThanTheTrace(t *testing.T) {
	s := told(t)
	for who, about := range map[string]ledger.Ref{
		"": ref(ledger.KindEntry, "bus"), "rival": ref(ledger.KindProduct, "product"),
		"buyer": ref(ledger.KindLicense, "license"), "other": ref(ledger.KindEntry, "bus"),
	} {
		if _, _, err := s.Evidence(t.Context(), s.reader(who), about, 200); !errors.Is(err, ledger.Forbidden) {
			t.Errorf("%q about %s: %v", who, about, err)
		}
	}
	reads := receipts.Filter{Kinds: []ledger.ReceiptKind{ledger.ReceiptRead}}
	page, err := s.Receipts().Find(t.Context(), reads, 0, 10)
	s.ok(err)
	if len(page.Items) != 0 {
		t.Fatalf("%d looks were noted before anyone looked", len(page.Items))
	}
	_, _, err = s.Evidence(t.Context(), s.reader("regulator"), ref(ledger.KindEntry, "bus"), 200)
	s.ok(err)
	if page, err = s.Receipts().Find(t.Context(), reads, 0, 10); err != nil || len(page.Items) != 1 ||
		page.Items[0].Receipt.Subject != ref(ledger.KindEntry, "bus") || page.Items[0].Receipt.Party != id("regulator") {
		t.Errorf("the regulator's look left %+v (%v)", page.Items, err)
	}
}
