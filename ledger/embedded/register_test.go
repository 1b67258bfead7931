package embedded_test

import (
	"sync"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// register is a demonstration ledger on which resources are registered: its
// limits are 0 days, so that a notice is over at once.
type register struct {
	*ledgertest.World
	*embedded.Ledger
	cfg          embedded.Config
	holder, body *ledgertest.Member
}

// newRegister begins one whose rows have the form of codec, nil that of every ledger.
func newRegister(t testing.TB, codec tlog.Codec) *register {
	t.Helper()
	w := ledgertest.NewWorld(t, time.Now)
	w.Args.Limits = ledger.Limits{}
	w.Genesis = w.Call(t, w.Authority, ledger.FnGenesis, w.Args)
	r := &register{World: w, cfg: newConfig(t, w.Genesis).With(codec)}
	r.Ledger = open(t, r.cfg)
	w.Begin(t, r.Ledger)
	r.holder = w.Admitted(t, r.Ledger, ledger.RoleHolder)
	r.body = w.Admitted(t, r.Ledger, ledger.RoleRegistryBody)
	return r
}

// fill registers n resources, several at a time.
func (r *register) fill(t testing.TB, n int) {
	t.Helper()
	r.fillFrom(t, 0, n)
}

// fillFrom registers the resources from number n up to another.
func (r *register) fillFrom(t testing.TB, n, to int) {
	t.Helper()
	var wg sync.WaitGroup
	const writers = 16
	for w := range writers {
		wg.Go(func() {
			for i := n + w; i < to; i += writers {
				if err := r.Register(t, r.Ledger, r.holder, r.body, uint64(i)); err != nil {
					t.Errorf("resource %d: %v", i, err)
					return
				}
			}
		})
	}
	wg.Wait()
}
