package contract_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// BenchmarkTransaction measures the work of an endorser for a transaction of an
// import: a hundred deposits and the applications that use them.
func BenchmarkTransaction(b *testing.B) {
	w := newWorld(b)
	var calls []string
	for i := range ledger.MaxBatch / 2 {
		name := fmt.Sprint("b", i)
		args := w.submitArgs(name, "holder")
		calls = append(calls,
			w.sign("holder", ledger.FnDeposit, ledger.DepositArgs{SHA256: args.Deposit, Bytes: 1}), w.sign("holder", ledger.FnAppSubmit, args))
	}
	b.ResetTimer()
	for b.Loop() {
		state := maps.Clone(w.state)
		results, err := contract.Transaction(contract.Env{Time: w.now, Rules: contract.Rules}, ledger.Standard(), state, calls)
		if err != nil {
			b.Fatal(err)
		}
		for i, r := range results {
			if r.Err != nil {
				b.Fatalf("call %d: %v", i, r.Err)
			}
		}
	}
	b.ReportMetric(float64(len(calls)*b.N)/b.Elapsed().Seconds(), "calls/s")
}
