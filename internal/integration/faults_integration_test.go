//go:build integration

package integration_test

import (
	"sync"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
)

// saleSize is more than the sockets between two processes hold.
const saleSize = 24 << 20

var theSale struct {
	once sync.Once
	up   wire.Ingested
}

// sold is the one sale that the fault tests deliver.
func (w *world) sold() wire.Ingested {
	w.t.Helper()
	theSale.once.Do(func() {
		w.register("bureau", "sold", "公交线路到站数据")
		theSale.up = w.sale("regulator", "sale", "sold", make([]byte, saleSize))
	})
	if theSale.up.Object == "" {
		w.t.Fatal("the sale failed: see the first test that failed")
	}
	return theSale.up
}

// TestLiveFaults kills under load what the nodes depend on, and repairs it.
func TestLiveFaults(t *testing.T) {
	sale := live(t).sold()
	for _, c := range []struct {
		name string
		at   []string // where the writers are
		kill string   // of the network
		away time.Duration
	}{
		{"another organization's peer", []string{"bureau"}, "peer.operator", 6 * time.Second},
		{"the own peer", []string{"bureau"}, "peer.bureau", 8 * time.Second},
		{"the orderer", organizations, "orderer", 3 * time.Second},
		{"a chaincode server", organizations, "chaincode.bureau", 6 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			live(t).under(c.name, sale, c.at, func(l *load) {
				l.net.do(t, "kill", c.kill)
				time.Sleep(c.away)
				l.net.do(t, "start", c.kill)
			})
		})
	}
}

// TestLiveFaultNode kills a node that writers and deliveries go through: what it
// has answered is recorded, and a delivery that was cut goes on where it was.
func TestLiveFaultNode(t *testing.T) {
	w := live(t)
	sale := w.sold()
	l := w.under("a node", sale, organizations, func(l *load) {
		running, err := l.begin(t.Context(), "operator", l.orderPath("sale", sale.Object), saleSize, 20*time.Second)
		l.ok(err)
		defer running.stop()
		l.nodes["operator"].kill(t)
		if err := <-running.end; err == nil {
			t.Error("a delivery went on although its node was killed")
		}
		time.Sleep(2 * time.Second)
		l.nodes["operator"].start(t)
	})
	l.sentence("the node does not answer")
	if l.delivered.Load() == 0 {
		t.Error("no delivery came to its end")
	}
}

// TestLiveFaultEverything kills the whole network and every node at once.
func TestLiveFaultEverything(t *testing.T) {
	w := live(t)
	w.under("everything at once", w.sold(), organizations, func(l *load) {
		l.net.do(t, "kill", "all")
		for _, o := range organizations {
			l.nodes[o].kill(t)
		}
		l.net.do(t, "start", "all")
		var up sync.WaitGroup
		for _, o := range organizations {
			up.Go(func() { l.nodes[o].start(t) })
		}
		up.Wait()
	})
}

// TestLiveWipedPeerRejoins empties a peer's folder under load: it comes back by
// what the others have, and the node that uses it has missed nothing.
func TestLiveWipedPeerRejoins(t *testing.T) {
	w := live(t)
	w.under("a peer's folder is emptied", w.sold(), []string{"operator"}, func(l *load) {
		l.net.do(t, "wipe", "peer.operator")
	})
}
