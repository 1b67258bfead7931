package evidence_test

import (
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
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

// BenchmarkAudit replays a ledger of some 2,000 calls. Beside the calls a second it
// gives them as a ratio of the P-256 signatures that the same cores check a second and
// do nothing else.
func BenchmarkAudit(b *testing.B) {
	w := begin(b)
	story(w)
	for i := range 400 {
		w.register("r" + strconv.Itoa(i))
	}
	var bare, whole time.Duration
	calls := int64(len(w.log.entries))
	for b.Loop() {
		begun := time.Now()
		checkSignatures(b, w)
		bare += time.Since(begun)
		begun = time.Now()
		if r := w.audited(); !r.Whole() || r.Replayed != calls {
			b.Fatalf("%+v", r)
		}
		whole += time.Since(begun)
	}
	b.ReportMetric(float64(calls)*float64(b.N)/whole.Seconds(), "calls/s")
	b.ReportMetric(bare.Seconds()/whole.Seconds(), "of-bare")
	b.ReportMetric(0, "ns/op")
}

// checkSignatures checks as many signatures as the log has calls, on all cores.
func checkSignatures(b *testing.B, w *world) {
	b.Helper()
	key := w.key("holder").Public()
	s, err := contract.Parse(w.sign("holder", "holder", ledger.FnDeposit, ledger.DepositArgs{SHA256: sum("x"), Bytes: 1}))
	if err != nil {
		b.Fatal(err)
	}
	var next atomic.Int64
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for next.Add(1) <= int64(len(w.log.entries)) {
				if _, err := contract.Verify(ledger.Standard(), s, key); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wait.Wait()
}
