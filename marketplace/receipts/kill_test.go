package receipts_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// The environment variable of the copy of the test program that is killed.
const (
	killDir = "RECEIPTS_TEST_KILL_DIR"
	killKey = "RECEIPTS_TEST_KILL_KEY"
	killRun = "RECEIPTS_TEST_KILL_RUN"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		if err := writeUntilKilled(dir, os.Getenv(killKey), os.Getenv(killRun)); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeUntilKilled stores receipts from eight goroutines and says on standard
// output what was acknowledged, one line each.
func writeUntilKilled(dir, skey, run string) error {
	key, err := tlog.ParseKey(skey)
	if err != nil {
		return err
	}
	ctx := context.Background()
	s, err := receipts.Open(ctx, receipts.Config{Dir: dir, Key: key, Now: time.Now})
	if err != nil {
		return err
	}
	failed := make(chan error)
	var mu sync.Mutex
	say := func(form string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = os.Stdout.WriteString(fmt.Sprintf(form, args...) + "\n")
	}
	for w := range int64(8) {
		go func() {
			f := &fixture{Store: s}
			f.clock.Store(epoch)
			for n := int64(0); ; n++ {
				f.ids.Store(w<<40 | n<<8)
				if err := oneOfEach(ctx, f, run, w, say); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	return <-failed
}

// oneOfEach stores some ingests, and a delivery of 20 MiB with a note of progress:
// far enough that no later start is a resume of it.
func oneOfEach(ctx context.Context, f *fixture, run string, w int64, say func(string, ...any)) error {
	for range 1 + w%4 { // so that the writers are at different steps
		r := f.ingest(party(w), "object")
		r.ID = ledger.DeriveID(run, string(r.ID))
		p, err := f.Append(ctx, r)
		if err != nil {
			return err
		}
		say("kept %d %s", p.Index, p.Leaf)
	}
	q := f.start(party(w), order(w), "large", 20*mib, 0, 20*mib)
	q.Receipt.ID = ledger.DeriveID(run, string(q.Receipt.ID))
	d, err := f.Reserve(ctx, q)
	if err != nil {
		return err
	}
	say("kept %d %s", d.Placed.Index, d.Placed.Leaf)
	if err := f.Progress(ctx, d, 18*mib); err != nil {
		return err
	}
	say("noted %s", d.Start)
	p, err := f.End(ctx, d, 20*mib, ledger.Complete)
	if err != nil {
		return err
	}
	say("kept %d %s", p.Index, p.Leaf)
	return nil
}

func TestKilledNodesLoseNothingAcknowledged(t *testing.T) {
	f := &fixture{dir: t.TempDir()}
	f.clock.Store(epoch)
	skey, _, err := tlog.NewKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	if f.key, err = tlog.ParseKey(skey); err != nil {
		t.Fatal(err)
	}
	var said []string
	for run := range 4 {
		said = append(said, killAfter(t, f.dir, skey, fmt.Sprint("run", run), 60+97*run)...)
	}
	f.open(t)
	defer func() { _ = f.Close() }()
	for _, line := range said {
		checkSaid(t, f, line)
	}
	checkWhole(t, f)
	if err := f.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// killAfter lets a copy of this program write, kills it without warning once it
// has said n lines, and returns all whole lines that it said.
func killAfter(t *testing.T, dir, skey, run string, n int) (said []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), killDir+"="+dir, killKey+"="+skey, killRun+"="+run)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for killed := false; ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			break
		}
		if said = append(said, strings.TrimSpace(line)); len(said) >= n && !killed {
			killed = true
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // it was killed
	if len(said) < n {
		t.Fatalf("%s said only %d lines", run, len(said))
	}
	return said
}

func checkSaid(t *testing.T, f *fixture, line string) {
	t.Helper()
	var index int64
	var leaf, start string
	if _, err := fmt.Sscanf(line, "kept %d %s", &index, &leaf); err == nil {
		if k, err := f.Get(t.Context(), index); err != nil || string(k.Leaf) != leaf {
			t.Errorf("%s: found %s, %v", line, k.Leaf, err)
		}
		return
	}
	if _, err := fmt.Sscanf(line, "noted %s", &start); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	ends, err := f.EndsOf(t.Context(), ledger.ID(start))
	if err != nil || len(ends) != 1 || ends[0].Receipt.Bytes < 18*mib {
		t.Errorf("%s: ends %+v, %v", line, ends, err)
	}
}

// checkWhole compares starts with ends, and the counters with the log.
func checkWhole(t *testing.T, f *fixture) {
	t.Helper()
	open, interrupted, bytes := map[ledger.ID]bool{}, 0, map[ledger.ID]int64{}
	for i := range f.Size() {
		switch r := f.get(t, i); r.Kind {
		case ledger.ReceiptStart:
			open[r.ID] = true
		case ledger.ReceiptEnd:
			if !open[r.Start] {
				t.Errorf("receipt %d ends %s, which does not run", i, r.Start)
			}
			delete(open, r.Start)
			bytes[r.Order] += r.Bytes
			if r.Outcome == ledger.Interrupted {
				interrupted++
				if r.BytesMax != min(r.Bytes+receipts.Step, 20*mib) {
					t.Errorf("interrupted: %+v", r)
				}
			}
		case ledger.ReceiptIngest, ledger.ReceiptDenial, ledger.ReceiptRead:
		}
	}
	if len(open) != 0 {
		t.Errorf("without end: %v", open)
	}
	if interrupted == 0 {
		t.Error("nothing was interrupted: the test shows nothing")
	}
	for id, want := range bytes {
		if u := f.used(t, ledger.RefTo(ledger.KindOrder, id)); u.Bytes != want {
			t.Errorf("order %s: counted %d bytes, its receipts say %d", id, u.Bytes, want)
		}
	}
}
