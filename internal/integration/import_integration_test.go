//go:build integration

package integration_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
)

const imported = 400

// TestLiveImport imports records through a node, twice: the second time nothing is
// recorded again. Two equal titles that are on their way at once, from a client
// that checks nothing, give one application.
func TestLiveImport(t *testing.T) {
	w := live(t)
	var lines strings.Builder
	for i := range imported {
		record, err := json.Marshal(map[string]any{
			"id": fmt.Sprint("import-", i), "name": map[string]string{"zh": fmt.Sprint("导入的数据资源", i)},
			"description": map[string]string{"zh": "示范数据资源的说明文字，说明来源、内容与更新方式，供检索使用。"}, "website": "https://example.org/",
			"domains": []string{"transportation"}, "update_frequency": "daily", "data_content": map[string]any{"zh": []string{"线路"}},
		})
		w.ok(err)
		lines.Write(append(record, '\n'))
	}
	file := filepath.Join(t.TempDir(), "sources.jsonl")
	keep(t, file, []byte(lines.String()))
	run := func() (sum client.ImportSummary, took time.Duration) {
		begun := time.Now()
		out := w.run(t, "registry", "import", file, "--map", "sources", "--profile", w.profiles["holder"], "--json")
		took = time.Since(begun)
		w.ok(json.Unmarshal([]byte(out), &sum))
		return sum, took
	}
	sum, took := run()
	fmt.Printf("IMPORT %d records in %.1f s: %.0f records/s through one node, two calls each\n", sum.Registered, took.Seconds(), imported/took.Seconds())
	if sum.Registered != imported || sum.Refused > 0 {
		t.Errorf("registered %d, refused %d of %d: %+v", sum.Registered, sum.Refused, imported, sum.Problems)
	}
	if again, took := run(); again.Unchanged != imported || again.Registered > 0 {
		t.Errorf("again, in %s: registered %d, unchanged %d", took, again.Registered, again.Unchanged)
	}
	var found struct{ Total int }
	w.settle()
	w.ok(w.as("body", "operator").Get(t.Context(), "/v1/applications?limit=1", &found))
	w.twins()
	w.equal(nil)
}

// twins submits pairs of applications with one title, all at once and through one
// node, so that pairs share transactions.
func (w *world) twins() {
	w.t.Helper()
	const pairs = 16
	var list []ledger.AppSubmitArgs
	for i := range pairs {
		for _, twin := range []string{"a", "b"} {
			title := fmt.Sprint("同名数据资源", i)
			a := w.application(title+twin, title)
			w.call("holder", "bureau", ledger.RefTo(ledger.KindDeposit, a.Deposit), ledger.FnDeposit, ledger.DepositArgs{SHA256: a.Deposit, Bytes: 1})
			list = append(list, a)
		}
	}
	var mu sync.Mutex
	won, lost := map[string]int{}, map[string]int{}
	transactions := map[ledger.Position]int{}
	var all sync.WaitGroup
	for _, a := range list {
		all.Go(func() {
			out, err := w.as("holder", "bureau").Call(w.t.Context(), ledger.FnAppSubmit, a)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won[a.Resource.Title]++
				transactions[ledger.Position{Block: out.Position.Block, Tx: out.Position.Tx}]++
			case why(err) == ledger.ReasonDuplicate:
				lost[a.Resource.Title]++
			default:
				w.t.Error(told(err))
			}
		})
	}
	all.Wait()
	for i := range pairs {
		if title := fmt.Sprint("同名数据资源", i); won[title] != 1 || lost[title] != 1 {
			w.t.Errorf("%s: %d recorded, %d refused", title, won[title], lost[title])
		}
	}
	if len(transactions) >= pairs {
		w.t.Errorf("%d applications in %d transactions: none went with another", pairs, len(transactions))
	}
	w.t.Logf("%d pairs: one of each recorded, in %d transactions", pairs, len(transactions))
}
