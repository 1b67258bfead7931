package receipts_test

import (
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// TestDenialsOfOnePartyAreBounded is refused 500 different things for five minutes:
// before, each was a permanent receipt, 24,645 in 8 seconds from one token.
func TestDenialsOfOnePartyAreBounded(t *testing.T) {
	f := newFixture(t)
	const minutes, asked = 5, 500
	for range minutes {
		before := f.Size()
		for i := range int64(asked) {
			f.append(t, f.denial(party(1), order(i), ledger.ReasonScope))
		}
		f.append(t, f.denial(party(2), order(1), ledger.ReasonScope))
		f.pass(time.Minute + time.Second)
		f.append(t, f.ingest(party(3), "o")) // the counts of the minute are stored with it
		if n := f.Size() - before - 1; n > 2*(60+1)+2 {
			t.Fatalf("%d receipts in a minute", n)
		}
		if n := f.Windows(); n > 62 {
			t.Fatalf("%d windows are open", n)
		}
	}
	f.pass(time.Minute + time.Second)
	f.append(t, f.ingest(party(3), "o"))
	counts, others := map[ledger.ID]int64{}, int64(0)
	for i := range f.Size() {
		r := f.get(t, i)
		if r.Kind != ledger.ReceiptDenial {
			continue
		}
		counts[r.Party] += r.Count
		if r.Subject.Kind() == ledger.KindParty {
			others += r.Count
			if r.Order != "" || r.License != "" || r.Subject != ledger.RefTo(ledger.KindParty, r.Party) {
				t.Errorf("what is counted together names %+v", r)
			}
		}
	}
	if counts[party(1)] != minutes*asked || counts[party(2)] != minutes || others == 0 {
		t.Errorf("counted %v, %d of them together", counts, others)
	}
	f.pass(time.Minute + time.Second)
	f.append(t, f.ingest(party(3), "o"))
	if n := f.Windows(); n != 0 {
		t.Errorf("%d windows stay open", n)
	}
}
