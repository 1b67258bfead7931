//go:build integration

package fabric_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/ledger/fabric"
	"github.com/datacadastre/cadastre/ledger/fabric/proof"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// TestLiveInvalid has two conflicting calls endorsed at once and both ordered: the one
// that is found invalid is in a block, signed by two organizations, and proves
// nothing.
func TestLiveInvalid(t *testing.T) {
	w := ledgertest.NewWorld(t, time.Now)
	n := boot(t, w.Genesis)
	l := n.open("operator")
	w.Begin(t, l)
	check, err := proof.Checker{}.Open(evidence.Trust{Fabric: n.Trust}, json.RawMessage(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	jws, from := conflicting(t, w, l)
	call := ledgertest.Parse(t, jws).Call
	_, err = l.Recorded(t.Context(), call.Party, call.ID)
	ledgertest.Refused(t, err, ledger.NotFound, ledger.ReasonUnknown)
	head, err := l.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for number := from; number <= head.Block; number++ {
		p, found, err := l.Endorsed(t.Context(), number, jws)
		if err != nil {
			t.Fatal(err)
		}
		if !found {
			continue
		}
		slices.SortFunc(p.Endorsements, func(a, b proof.Endorsement) int { return strings.Compare(string(a.Endorser), string(b.Endorser)) })
		raw, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if placed, err := check(raw); err == nil || !strings.Contains(err.Error(), "not the query") {
			t.Errorf("what %d organizations endorsed proves %+v (%v)", len(p.Endorsements), placed, err)
		}
		return
	}
	t.Error("the invalid transaction is in no block")
}

// conflicting is a call that was ordered and found invalid, after a block.
func conflicting(t *testing.T, w *ledgertest.World, l *fabric.Ledger) (jws string, from uint64) {
	t.Helper()
	for range 10 {
		head, err := l.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		a, b := w.Member(t, ledger.RoleHolder), w.Member(t, ledger.RoleHolder)
		b.Profile.USCC = a.Profile.USCC
		pair := []string{w.Admission(t, a), w.Admission(t, b)}
		invalid := make([]bool, 2)
		var both sync.WaitGroup
		for i := range pair {
			both.Go(func() { invalid[i], _ = l.Once(t.Context(), pair[i]) })
		}
		both.Wait()
		if i := slices.Index(invalid, true); i >= 0 {
			return pair[i], head.Block
		}
	}
	t.Fatal("of ten pairs of conflicting calls, no transaction was found invalid")
	return "", 0
}

// TestLiveImport submits what an import sends, many single calls of one party at
// once: they share transactions, and each has its own outcome.
func TestLiveImport(t *testing.T) {
	w := ledgertest.NewWorld(t, time.Now)
	n := boot(t, w.Genesis)
	l := n.open("bureau")
	w.Begin(t, l)
	m := w.Admitted(t, l, ledger.RoleHolder)
	lone := time.Now()
	for i := range 5 {
		ledgertest.Must(t, l, w.Call(t, m, ledger.FnDeposit, ledger.DepositArgs{SHA256: ledger.DigestOf([]byte{byte(i)}), Bytes: 1}))
	}
	t.Logf("a lone call takes %s", time.Since(lone)/5)
	head, err := l.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const records, clients = 4000, 1000
	calls := make([]string, records)
	for i := range calls {
		calls[i] = w.Call(t, m, ledger.FnDeposit, ledger.DepositArgs{SHA256: ledger.DigestOf(fmt.Append(nil, "record ", i)), Bytes: 1})
	}
	done := make([]ledger.Outcome, records)
	begun := time.Now()
	var all sync.WaitGroup
	for c := range clients {
		all.Go(func() {
			for i := c; i < records; i += clients {
				out, err := l.Submit(t.Context(), calls[i])
				if err != nil {
					t.Errorf("record %d: %v", i, err)
				}
				done[i] = out
			}
		})
	}
	all.Wait()
	took := time.Since(begun)
	transactions := map[ledger.Position]bool{}
	places := map[ledger.Position]bool{}
	for i, out := range done {
		if out.Repeated || places[out.Position] || out.Position.Block <= head.Block {
			t.Errorf("record %d: %+v", i, out)
		}
		places[out.Position] = true
		transactions[ledger.Position{Block: out.Position.Block, Tx: out.Position.Tx}] = true
	}
	t.Logf("%d records in %s and %d transactions: %.0f a second", records, took, len(transactions), records/took.Seconds())
	if len(transactions) > records/20 {
		t.Errorf("%d transactions of %d records", len(transactions), records)
	}
}

// TestLiveOpenRefuses checks that the error of Open names the wrong setting.
func TestLiveOpenRefuses(t *testing.T) {
	w := ledgertest.NewWorld(t, time.Now)
	n := boot(t, w.Genesis)
	n.begun(t, w)
	replace := func(old, fresh string) func(*fabric.Config) {
		return func(c *fabric.Config) {
			if !strings.Contains(string(c.Profile), old) {
				t.Errorf("the profile does not say %q", old)
			}
			c.Profile = []byte(strings.ReplaceAll(string(c.Profile), old, fresh))
		}
	}
	for _, c := range []struct {
		name string
		edit func(*fabric.Config)
		want string
	}{
		{"no profile", func(c *fabric.Config) { c.Profile = []byte("{") }, "the profile can't be used"},
		{"unknown channel in the settings", func(c *fabric.Config) { c.Channel = "other" }, "does not name the channel other"},
		{"channel that the peers do not know", func(c *fabric.Config) {
			replace("  "+n.Channel+":", "  other:")(c)
			c.Channel = "other"
		}, "the peers do not know the channel other"},
		{"unknown peer in the profile", replace("      peer.bureau:", "      peer.nowhere:"), "names peer.nowhere, which its peers does not describe"},
		{"unknown chaincode", func(c *fabric.Config) { c.Chaincode = "other" }, "has no chaincode other"},
		{"another version", func(c *fabric.Config) { c.Version = "7" }, "the configured version is 7"},
		{"another genesis", func(c *fabric.Config) { c.Genesis = ledger.DigestOf(nil) }, "began with another genesis"},
		{"unknown organization", func(c *fabric.Config) { c.Organization = "nobody" }, "organization nobody"},
		{"unknown user", func(c *fabric.Config) { c.User = "User9" }, "user User9"},
		{"wrong MSP", func(c *fabric.Config) { replace("mspid: BureauMSP", "mspid: RegulatorMSP")(c) }, "check mspid and cryptoPath of organizations.bureau"},
		{"expired certificate", func(c *fabric.Config) { c.Now = func() time.Time { return time.Now().AddDate(20, 0, 0) } }, "enroll the user again"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := n.config("bureau")
			c.edit(&cfg)
			l, err := fabric.Open(t.Context(), cfg)
			if err == nil {
				l.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want a sentence with %q", err, c.want)
			}
		})
	}
	cfg := n.config("regulator")
	cfg.Genesis, cfg.Version = ledger.DigestOf([]byte(w.Genesis)), "1"
	l, err := fabric.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	_, err = l.Submit(t.Context(), w.Calendar(t, 2026))
	ledgertest.Refused(t, err, ledger.Unavailable, ledger.ReasonBusy)
	_, err = l.Value(t.Context(), "x")
	ledgertest.Refused(t, err, ledger.Unavailable, ledger.ReasonBusy)
}

// begun has the genesis recorded.
func (n *live) begun(t *testing.T, w *ledgertest.World) { w.Begin(t, n.open("operator")) }
