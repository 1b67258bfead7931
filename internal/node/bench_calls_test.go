//go:build unix

package node_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// BenchmarkCalls records signed calls of many writers by turns through a node's
// API, where each is answered when the read model shows it, and at a ledger that
// nothing reads; it reports both rates and their ratio.
func BenchmarkCalls(b *testing.B) {
	for _, c := range []struct{ writers, rate int }{{1, 0}, {128, 0}, {24, 0}, {24, 1 << 16}} { // so high a rate refuses nothing; 32 bodies of an address arrive at a time
		b.Run(fmt.Sprintf("writers=%d/rate=%d", c.writers, c.rate), func(b *testing.B) {
			writers := c.writers
			w, bare := serve(b, func(l *node.Limits) { l.Rate = c.rate }), newBare(b)
			h := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: writers}}
			defer h.CloseIdleConnections()
			var through, alone, cpuThrough, cpuAlone time.Duration
			each := 16 * writers
			for b.Loop() {
				took, busy := race(b, writers, w.deposits(each), func(jws string) error { return post(h, w.url, jws) })
				through, cpuThrough = through+took, cpuThrough+busy
				took, busy = race(b, writers, bare.deposits(b, each), func(jws string) error {
					_, err := bare.ledger.Submit(b.Context(), jws)
					return err
				})
				alone, cpuAlone = alone+took, cpuAlone+busy
			}
			n := float64(b.N * each)
			b.ReportMetric(n/through.Seconds(), "node-calls/s")
			b.ReportMetric(n/alone.Seconds(), "ledger-calls/s")
			b.ReportMetric(alone.Seconds()/through.Seconds(), "node/ledger")
			b.ReportMetric(cpuThrough.Seconds()*1e6/n, "node-cpu-µs")
			b.ReportMetric(cpuAlone.Seconds()*1e6/n, "ledger-cpu-µs")
		})
	}
}

// deposits signs n deposits of fresh hashes.
func (w *world) deposits(n int) []string {
	w.t.Helper()
	list := make([]string, n)
	for i := range list {
		var err error
		id := client.NewID()
		list[i], err = w.party["holder"].Sign(id, ledger.FnDeposit, ledger.DepositArgs{SHA256: sum(string(id)), Bytes: 1})
		w.ok(err)
	}
	return list
}

// bare is a ledger alone, with a holder.
type bare struct {
	*ledgertest.World
	ledger *embedded.Ledger
	holder *ledgertest.Member
}

func newBare(b *testing.B) *bare {
	b.Helper()
	skey, _, err := tlog.NewKey(ledger.LedgerLog(nodeOrigin))
	if err != nil {
		b.Fatal(err)
	}
	key, err := tlog.ParseKey(skey)
	if err != nil {
		b.Fatal(err)
	}
	l, err := embedded.Open(b.Context(), embedded.Config{
		Path: filepath.Join(b.TempDir(), "ledger.db"), Key: key, Algorithms: ledger.Standard(), Now: time.Now,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	w := ledgertest.NewWorld(b, time.Now)
	w.Begin(b, l)
	return &bare{w, l, w.Admitted(b, l, ledger.RoleHolder)}
}

func (w *bare) deposits(b *testing.B, n int) []string {
	b.Helper()
	list := make([]string, n)
	for i := range list {
		list[i] = w.Call(b, w.holder, ledger.FnDeposit, ledger.DepositArgs{SHA256: sum(string(client.NewID())), Bytes: 1})
	}
	return list
}

// race sends calls by so many writers at once and returns how long it took, by the
// clock and of all processors.
func race(b *testing.B, writers int, calls []string, send func(string) error) (took, busy time.Duration) {
	b.Helper()
	var next atomic.Int64
	var all sync.WaitGroup
	begin, worked := time.Now(), cpu(b)
	for range writers {
		all.Go(func() {
			for i := next.Add(1); i <= int64(len(calls)); i = next.Add(1) {
				if err := send(calls[i-1]); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	return time.Since(begin), cpu(b) - worked
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func post(c *http.Client, url, jws string) error {
	body, err := json.Marshal(map[string]string{"call": jws})
	if err != nil {
		return err
	}
	resp, err := c.Post(url+"/v1/calls", "application/json", strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, answer)
	}
	return err
}
