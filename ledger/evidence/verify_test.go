package evidence_test

import (
	"slices"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

func TestBundlesVerify(t *testing.T) {
	w := begin(t)
	story(w)
	delivered := w.deliver("O", "data")
	w.anchor("node", node)
	found := map[ledger.Custody]bool{}
	for _, c := range []struct {
		about    ledger.Ref
		receipts int
		rights   int
		files    int
	}{
		{ref(ledger.KindOrder, "O"), 3, 4, 1},
		{ref(ledger.KindOrder, "O2"), 1, 4, 1},
		{ref(ledger.KindProduct, "P"), 0, 3, 0},
		{ref(ledger.KindLicense, "L"), 1, 3, 1},
		{ref(ledger.KindEntry, "bus"), 0, 1, 0},
		{ref(ledger.KindEntry, "river"), 0, 1, 0},
		{ref(ledger.KindApplication, "bus"), 0, 1, 0}, // up to its coding, which gives the right to hold
		{ref(ledger.KindResource, "resource bus"), 1, 3, 1},
		{ref(ledger.KindContent, "data"), 0, 3, 1},
		{ref(ledger.KindContent, "raw"), 0, 1, 1},
		{ref(ledger.KindEnvironment, "env"), 0, 0, 0},
		{ledger.RefTo(ledger.KindReceipt, delivered), 1, 4, 1},
	} {
		t.Run(string(c.about), func(t *testing.T) {
			w := *w
			w.t = t
			b, r := w.build(c.about)
			if len(r.Receipts) != c.receipts || len(r.Rights) != c.rights || len(r.Files) != c.files {
				t.Errorf("%d receipts, %d rights, %d files: %+v", len(r.Receipts), len(r.Rights), len(r.Files), r)
			}
			if len(r.Steps) != len(b.Calls) || r.About != c.about || !r.Demo || len(r.NotProven) < 5 {
				t.Errorf("report: %+v", r)
			}
			for custody, said := range map[ledger.Custody]evidence.Limitation{ledger.CustodyNode: evidence.CustodySigned, ledger.CustodyBrowser: evidence.BrowserSigned} {
				signed := slices.ContainsFunc(r.Steps, func(s evidence.Step) bool { return s.Custody == custody })
				if signed != slices.Contains(r.NotProven, said) {
					t.Errorf("signed in custody %s: %t, not proven: %v", custody, signed, r.NotProven)
				}
				found[custody] = found[custody] || signed
			}
		})
	}
	if !found[ledger.CustodyNode] || !found[ledger.CustodyBrowser] {
		t.Errorf("no step was signed by a key of each custody: %v", found)
	}
}
