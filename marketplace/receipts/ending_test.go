package receipts_test

import (
	"errors"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// TestAnEndThatIsStoredLater: whoever asks after EndLater returned finds the end, and a new
// delivery is counted after it.
func TestAnEndThatIsStoredLater(t *testing.T) {
	f := newFixture(t)
	settled := make(chan error, 100)
	for i := range 100 {
		q := f.start(party(1), order(1), "o", 100, 0, 1)
		q.Limits[0].Quota.Bytes = 100 // all running deliveries are counted at their most
		r := f.reserve(t, q)
		if err := f.EndLater(r, 1, ledger.Complete, func(err error) { settled <- err }); err != nil {
			t.Fatal(err)
		}
		switch i % 4 {
		case 0:
			if u := f.used(t, order(1)); u.Bytes != int64(i+1) {
				t.Errorf("%d bytes are counted after %d", u.Bytes, i+1)
			}
		case 1:
			if ends, err := f.EndsOf(t.Context(), r.Start); err != nil || len(ends) != 1 {
				t.Errorf("ends %v, %v", ends, err)
			}
		case 2:
			d, err := f.DeliveryOf(t.Context(), r.Placed.Leaf, 500)
			if err != nil || d.Running || d.Bytes != int64(i+1) {
				t.Errorf("%+v, %v", d, err)
			}
		}
	}
	q := f.start(party(1), order(1), "o", 100, 0, 1)
	q.Limits[0].Quota.Bytes = 100
	if _, err := f.Reserve(t.Context(), q); !errors.Is(err, ledger.Forbidden) {
		t.Errorf("beyond the limit: %v", err)
	}
	for range 100 {
		if err := <-settled; err != nil {
			t.Error(err)
		}
	}
}

func TestAnEndAfterTheCloseIsRefused(t *testing.T) {
	f := newFixture(t)
	r := f.reserve(t, f.start(party(1), order(1), "o", 100, 0, 1))
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.EndLater(r, 1, ledger.Complete, func(error) { t.Error("it was settled") }); !errors.Is(err, ledger.Unavailable) {
		t.Errorf("after the close: %v", err)
	}
	if err := f.EndLater(receipts.Running{}, 1, ledger.Complete, nil); !errors.Is(err, ledger.InvalidCode) {
		t.Errorf("nothing that runs: %v", err)
	}
}
