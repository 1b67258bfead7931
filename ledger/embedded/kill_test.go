package embedded_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// victimEnv names the folder of a process that is to be killed.
const victimEnv = "CADASTRE_TEST_VICTIM"

// task is what the victim is to do.
type task struct {
	Key     string   `json:"key"`
	Genesis string   `json:"genesis"`
	Calls   []string `json:"calls"`
}

const taskFile = "task.json"

// TestVictim is no test: it is the process that TestKill starts and kills. It
// submits calls by several writers and prints the number of each acknowledged.
func TestVictim(t *testing.T) {
	dir := os.Getenv(victimEnv)
	if dir == "" {
		t.Skip("started by TestKill only")
	}
	job, cfg := readTask(t, dir)
	l, err := embedded.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Submit(context.Background(), job.Genesis); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	const writers = 8
	for w := range writers {
		wg.Go(func() {
			for i := w; i < len(job.Calls); i += writers {
				if _, err := l.Submit(context.Background(), job.Calls[i]); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				fmt.Printf("recorded %d\n", i)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

func readTask(t *testing.T, dir string) (task, embedded.Config) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, taskFile))
	if err != nil {
		t.Fatal(err)
	}
	var job task
	if err := json.Unmarshal(b, &job); err != nil {
		t.Fatal(err)
	}
	key, err := tlog.ParseKey(job.Key)
	if err != nil {
		t.Fatal(err)
	}
	return job, embedded.Config{
		Path: filepath.Join(dir, "ledger.db"), Key: key, Algorithms: ledger.Standard(),
		Genesis: ledger.DigestOf([]byte(job.Genesis)), Now: time.Now,
	}
}

// TestKill kills a process in the middle of its work, twice over the same file:
// everything it acknowledged is there, the log opens, and state and log agree.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	w := ledgertest.NewWorld(t, time.Now)
	skey, _, err := tlog.NewKey(ledger.LedgerLog(w.Args.Origin))
	if err != nil {
		t.Fatal(err)
	}
	job := task{Key: skey, Genesis: w.Genesis}
	for i := range 4000 {
		job.Calls = append(job.Calls, w.Calendar(t, 2001+i%199))
	}
	b, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, taskFile), b, 0o600); err != nil {
		t.Fatal(err)
	}
	acknowledged := map[int]bool{}
	for _, kill := range []int{1, 150, 400} {
		for _, i := range victim(t, dir, kill) {
			acknowledged[i] = true
		}
		inspect(t, dir, acknowledged)
	}
	if len(acknowledged) < 400 || len(acknowledged) == len(job.Calls) {
		t.Errorf("%d of %d calls were acknowledged: nobody was killed at work", len(acknowledged), len(job.Calls))
	}
}

// victim runs the process and kills it when it has acknowledged so many calls.
func victim(t *testing.T, dir string, kill int) []int {
	t.Helper()
	cmd := osexec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestVictim$")
	cmd.Env = append(os.Environ(), victimEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var done []int
	var said strings.Builder
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil { // a line cut off by the end is no acknowledgment
			if err != io.EOF {
				t.Fatal(err)
			}
			break
		}
		var i int
		if _, err := fmt.Sscanf(line, "recorded %d\n", &i); err != nil {
			said.WriteString(line)
			continue
		}
		if done = append(done, i); len(done) == kill {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || len(done) < kill {
		t.Fatalf("the victim ended by itself after %d calls: %v\n%s", len(done), err, said.String())
	}
	return done
}

// inspect opens what a killed process left.
func inspect(t *testing.T, dir string, acknowledged map[int]bool) {
	t.Helper()
	job, cfg := readTask(t, dir)
	l := open(t, cfg)
	if err := l.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range acknowledged {
		call := ledgertest.Parse(t, job.Calls[i]).Call
		r, err := l.Recorded(t.Context(), call.Party, call.ID)
		if err != nil || r.JWS != job.Calls[i] {
			t.Fatalf("call %d was acknowledged: %v", i, err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}
