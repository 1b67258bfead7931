//go:build integration

package integration_test

import (
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// TestLiveOrdererAway stops the orderer for longer than receipts may stay
// unanchored: deliveries go on from what is committed until then, and what cannot
// be done says so.
func TestLiveOrdererAway(t *testing.T) {
	w := live(t)
	sale := w.sold()
	path := w.orderPath("sale", sale.Object)
	l := w.under("the orderer, past the anchor lag", sale, []string{"bureau"}, func(l *load) {
		running, err := l.begin(t.Context(), "operator", path, saleSize, maxAnchorLag+8*time.Second)
		l.ok(err)
		defer running.stop()
		l.net.do(t, "kill", "orderer")
		gone := time.Now()
		l.deliversUntil(path, gone)
		h, err := l.nodes["operator"].health()
		if err != nil || h.Ready || h.Reason != ledger.ReasonAnchorLag || !h.Ledger.Reachable || h.Receipts.Anchored >= h.Receipts.Size ||
			h.Receipts.Age < int64(maxAnchorLag/time.Second) {
			t.Errorf("/readyz while receipts are not anchored: %+v, %v", h, err)
		}
		if err := <-running.end; err != nil {
			t.Errorf("a delivery that was running broke off: %v", err)
		}
		l.net.do(t, "start", "orderer")
	})
	l.sentence("The ledger does not answer (orderer)")
}

// deliversUntil: new deliveries begin until the receipts are anchored too long
// ago, and are then refused for that.
func (l *load) deliversUntil(path string, gone time.Time) {
	l.t.Helper()
	begun := 0
	for {
		d, err := l.begin(l.t.Context(), "operator", path, saleSize, time.Second)
		since := time.Since(gone)
		switch {
		case err == nil:
			begun++
			d.stop()
			<-d.end
		case why(err) == ledger.ReasonAnchorLag:
			if since < maxAnchorLag-2*time.Second || begun == 0 {
				l.t.Errorf("refused %s after the orderer went, after %d deliveries: %s", since, begun, told(err))
			}
			l.t.Logf("%d deliveries began until %s after the orderer went; then: %s", begun, since.Round(time.Second), told(err))
			return
		default:
			l.t.Errorf("a delivery %s after the orderer went: %s", since, told(err))
			return
		}
		if since > maxAnchorLag+10*time.Second {
			l.t.Errorf("deliveries still begin %s after the orderer went", since)
			return
		}
		time.Sleep(500 * time.Millisecond)
	}
}
