package evidence_test

import (
	"fmt"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// BenchmarkVerify checks the bundle of an order with one delivery, and of one with 200.
func BenchmarkVerify(b *testing.B) {
	for _, n := range []int{1, 200} {
		w := begin(b)
		market(w)
		w.order("O", "P", "buyer")
		for range n {
			w.deliver("O", "data")
		}
		w.anchor("node", node)
		bundle, _ := w.build(theOrder)
		data, trust := encode(b, bundle), w.trust()
		b.Run(fmt.Sprintf("deliveries=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := evidence.Verify(data, trust, ledger.Standard(), checkers()); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("gather/deliveries=%d", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := evidence.Lenient(b.Context(), w, theOrder, trust, checkers()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
