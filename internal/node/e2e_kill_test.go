package node_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/web"
	"github.com/datacadastre/cadastre/ledger"
)

// victimEnv names the folder that a child of this process serves, to be killed.
const victimEnv = "CADASTRE_TEST_NODE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimEnv); dir != "" {
		if err := victim(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// victim serves a node until it is killed, or its parent goes.
func victim(dir string) error {
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	n, err := node.Open(ctx, node.Options{Dir: dir, Log: slog.New(slog.DiscardHandler), Now: time.Now, Version: "test"})
	if err != nil {
		return err
	}
	return web.New(n.Services()).Serve(ctx, web.Listen{Address: "127.0.0.1:0"}, func(url string) { fmt.Println(url) })
}

// spawn serves the folder in a process of its own, and gives what kills it as
// a power cut would: without a word.
func (w *world) spawn() (kill func()) {
	w.t.Helper()
	program, err := os.Executable()
	w.ok(err)
	c := exec.CommandContext(w.t.Context(), program)
	c.Env, c.Stderr = append(os.Environ(), victimEnv+"="+w.dir), os.Stderr
	_, err = c.StdinPipe() // held open: its end tells the child that we are gone
	w.ok(err)
	out, err := c.StdoutPipe()
	w.ok(err)
	return w.start(c, out)
}

// start runs a node in a process and waits until it says its address. It reads what the
// node says afterwards, too: a log that nobody reads stops a node when the pipe is full.
func (w *world) start(c *exec.Cmd, says io.Reader) (kill func()) {
	w.t.Helper()
	w.ok(c.Start())
	for lines := bufio.NewScanner(says); w.url == "" && lines.Scan(); {
		w.url = address.FindString(lines.Text())
	}
	if w.url == "" {
		w.t.Fatal("the node did not say where it is")
	}
	go func() { _, _ = io.Copy(io.Discard, says) }()
	return sync.OnceFunc(func() {
		w.ok(c.Process.Kill())
		_ = c.Wait() // it says that the child was killed
	})
}

var address = regexp.MustCompile(`http://[0-9.:]+`)

// shipped builds the program as it is shipped: what asks it much need not wait
// for the race detector, which watches the same code in the other tests.
func shipped(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "cadastre")
	c := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../cmd/cadastre")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// launch serves the folder with a built program until the test ends.
func (w *world) launch(program string) {
	w.t.Helper()
	c := exec.CommandContext(w.t.Context(), program, "serve", "--dir", w.dir, "--listen", "127.0.0.1:0")
	says, err := c.StderrPipe()
	w.ok(err)
	w.t.Cleanup(w.start(c, says))
}

// writers record deposits without pause until the node is gone, and note which
// of them were acknowledged.
type writers struct {
	mu    sync.Mutex
	calls []ledger.ID
	done  sync.WaitGroup
}

func (a *writers) write(ctx context.Context, c *client.Client, n int) {
	for i := range n {
		a.done.Go(func() {
			for j := 0; ; j++ {
				call := client.NewID()
				if _, err := c.CallAs(ctx, call, ledger.FnDeposit, ledger.DepositArgs{SHA256: sum(fmt.Sprint(i, j)), Bytes: 4096}); err != nil {
					return
				}
				a.mu.Lock()
				a.calls = append(a.calls, call)
				a.mu.Unlock()
			}
		})
	}
}

func (a *writers) acknowledged() []ledger.ID {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.calls)
}

// TestKilledNode kills a node amid calls, a delivery and an upload: every call
// that was acknowledged is there, the delivery has its end and is resumed under
// a limit of one use, and of the upload there is nothing.
func TestKilledNode(t *testing.T) {
	w := lay(t, limits(nil))
	kill := w.spawn()
	w.admit()
	w.register("bus", "holder")
	file := data(32 << 20)
	up := w.upload("operator", file)
	w.sale("sale", "bus", up, ledger.Quota{Uses: 1})
	path, before := orderPath("sale", up.Object), w.files()

	running := w.ask(http.MethodGet, "buyer", path)
	part := make([]byte, 20<<20)
	if _, err := io.ReadFull(running.Body, part); err != nil {
		t.Fatal(err)
	}
	cut, uploaded := make(chan struct{}), make(chan error, 1)
	go func() {
		_, err := w.party["operator"].Upload(t.Context(), &half{bytes.NewReader(data(2 << 20)), cut})
		uploaded <- err
	}()
	until(t, "the upload is under way", func() bool { return len(w.files()) > len(before) })
	var all writers
	writing, stop := context.WithCancel(t.Context())
	all.write(writing, w.party["holder"], 8)
	until(t, "calls are recorded", func() bool { return len(all.acknowledged()) > 100 })
	kill()
	close(cut)
	stop() // no call is sent again
	all.done.Wait()
	if err := <-uploaded; err == nil {
		t.Error("an upload whose node was killed was answered")
	}
	rest, err := io.ReadAll(running.Body)
	if came := len(part) + len(rest); err == nil || came >= len(file) {
		t.Fatalf("the delivery went on to its end: %d bytes, %v", came, err)
	}
	part = append(part, rest...)

	w.open()
	w.speak("holder", id("holder"))
	w.speak("buyer", id("buyer"))
	for _, call := range all.acknowledged() {
		if _, err := w.party["holder"].Payload(t.Context(), call); err != nil {
			t.Errorf("an acknowledged call is lost: %v", err)
		}
	}
	if got := w.files(); !slices.Equal(got, before) {
		t.Errorf("of the upload is left: %d files, want %d", len(got), len(before))
	}
	if n := w.ingests(); n != 1 {
		t.Errorf("%d ingest receipts, want 1", n)
	}
	end := w.ended(ledger.ID(running.Header.Get("Cadastre-Receipt")))
	if end.Outcome != ledger.Interrupted || end.Bytes > int64(len(part)) || end.BytesMax < int64(len(part)) {
		t.Errorf("the end receipt says %s, %d to %d bytes; %d came", end.Outcome, end.Bytes, end.BytesMax, len(part))
	}
	again := w.ask(http.MethodGet, "buyer", path, "Range", "bytes="+strconv.Itoa(len(part))+"-", "If-Range", running.Header.Get("ETag"))
	got, err := io.ReadAll(again.Body)
	if err != nil || !bytes.Equal(append(part, got...), file) {
		t.Errorf("resumed with %d and %d bytes, and that is not the file: %v", again.StatusCode, len(got), err)
	}
	w.refused(w.ask(http.MethodGet, "buyer", path), http.StatusForbidden, ledger.ReasonLimit)
}
