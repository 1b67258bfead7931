package receipts_test

import (
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

// TestSlicesGiveTheObjectOnceMore: a client that asks for a file in slices, resets each
// and asks for it again, gets no more than by resumes of the whole file. Before, each
// slice could be sent again as often as the file has slices: 6.45 objects for one use.
func TestSlicesGiveTheObjectOnceMore(t *testing.T) {
	f := newFixture(t)
	const size, slice = 128 * mib, 16 * mib
	got := int64(0)
	for refused := 0; refused < 8; {
		refused = 0
		for from := int64(0); from < size; from += slice {
			r, err := f.Reserve(t.Context(), limit(f.start(party(1), order(1), "o", size, from, slice), 1, 0))
			if e := ledger.AsError(err); e != nil && e.Reason == ledger.ReasonLimit {
				refused++
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			f.end(t, r, slice-1, ledger.Partial)
			got += slice - 1
		}
	}
	if got > 2*size || got < 2*size-slice {
		t.Errorf("%d bytes sent of an object of %d for one use", got, size)
	}
}
