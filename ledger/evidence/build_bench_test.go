package evidence_test

import (
	"context"
	"encoding/json"
	"runtime"
	"runtime/metrics"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// BenchmarkBuild makes and sends one of the largest bundles that there may be: a party
// was suspended and resumed some 5,000 times. It reports the memory in use that this
// adds at its peak, garbage left out.
func BenchmarkBuild(b *testing.B) {
	w := begin(b)
	for i := range evidence.MaxCalls - 100 {
		fn := ledger.FnPartySuspend
		if i%2 == 1 {
			fn = ledger.FnPartyResume
		}
		w.must("regulator", fn, w.target(ref(ledger.KindParty, "holder")))
	}
	trust := w.trust()
	for b.Loop() {
		m := &weighed{world: w}
		m.base = inUse()
		bundle, _, err := evidence.Build(b.Context(), m, ref(ledger.KindParty, "holder"), trust, ledger.Standard(), map[string]evidence.Checker{evidence.TLogKind: weighing{m}})
		if err != nil {
			b.Fatal(err)
		}
		n, err := bundle.WriteTo(m)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(m.most/1e6, "MB-peak")
		b.ReportMetric(float64(n)/1e6, "MB-bundle")
		b.ReportMetric(float64(len(bundle.Calls)), "calls")
	}
}

// weighed weighs the memory in use now and then, while calls are proved, their proofs
// checked, and the bundle is written.
type weighed struct {
	*world
	n          int
	base, most float64
}

func (m *weighed) weigh() {
	if m.n++; m.n%200 == 0 {
		m.most = max(m.most, inUse()-m.base)
	}
}

func (m *weighed) Prove(ctx context.Context, at ledger.Position) (evidence.Proven, error) {
	m.weigh()
	return m.world.Prove(ctx, at)
}

func (m *weighed) Write(p []byte) (int, error) {
	m.weigh()
	return len(p), nil
}

// weighing is the checker of weighed.
type weighing struct{ *weighed }

func (m weighing) Open(t evidence.Trust, common json.RawMessage) (evidence.CallChecker, error) {
	prove, err := evidence.TLog{}.Open(t, common)
	return func(p json.RawMessage) (evidence.Placed, error) {
		m.weigh()
		return prove(p)
	}, err
}

// inUse is the memory of all objects that something refers to, in bytes.
func inUse() float64 {
	runtime.GC()
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return float64(s[0].Value.Uint64())
}
