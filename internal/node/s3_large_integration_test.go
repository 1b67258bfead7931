//go:build integration

package node_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

// child is the program itself, serving a world's node.
type child struct {
	*exec.Cmd
	w *world
}

// program builds the program.
func program(t *testing.T) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "cadastre")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", out, "../../cmd/cadastre")
	if b, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, b)
	}
	return out
}

var serving = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// serveBy runs the node as its own process until the test ends.
func (w *world) serveBy(program string) child {
	w.t.Helper()
	c := child{exec.CommandContext(context.Background(), program, "serve", "--dir", w.dir, "--listen", "127.0.0.1:0", "--lang", "en"), w}
	errs, err := c.StderrPipe()
	w.ok(err)
	w.ok(c.Start())
	w.t.Cleanup(c.kill)
	up := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(errs)
		for lines.Scan() {
			if url := serving.FindString(lines.Text()); url != "" {
				up <- url
			}
			fmt.Fprintln(w.t.Output(), lines.Text())
		}
		close(up)
	}()
	if w.url = <-up; w.url == "" {
		w.t.Fatal("the node does not start")
	}
	return c
}

// kill ends the node at once.
func (c child) kill() {
	_ = c.Process.Kill()
	_ = c.Wait()
}

// peak is the most memory that the node has held, in MiB.
func (c child) peak() int {
	c.w.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.Process.Pid))
	c.w.ok(err)
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	c.w.ok(err)
	return kib >> 10
}

// TestS3Gigabyte brings 1 GiB up and down through a node of its own process,
// whose connection is cut, which is killed, and which goes on each time.
func TestS3Gigabyte(t *testing.T) {
	const size, most = 1 << 30, 64 // bytes; MiB by which the peak may rise
	w, _ := layS3(t)
	binary := program(t)
	node := w.serveBy(binary)
	w.admit()
	w.register("bus", "holder")
	small := w.upload("operator", data(1<<20))
	w.sale("small", "bus", small, ledger.Quota{})
	w.fetches("small", small.Object, data(1<<20))
	idle := node.peak()

	sum := sha256.New()
	up, err := w.party["operator"].Upload(t.Context(), io.TeeReader(io.LimitReader(rand.NewChaCha8([32]byte{7}), size), sum))
	w.ok(err)
	want := hex.EncodeToString(sum.Sum(nil))
	if string(up.SHA256) != want || up.Bytes != size {
		t.Errorf("uploaded %d bytes as %s, want %s", up.Bytes, up.SHA256, want)
	}
	full := node.peak()
	if rise := full - idle; rise > most {
		t.Errorf("the upload raised the node's memory by %d MiB, from %d", rise, idle)
	}
	w.sale("sale", "bus", up, ledger.Quota{})

	got := sha256.New()
	n := w.part("sale", up.Object, 0, 300<<20, got) // cut by the receiver
	n = w.part("sale", up.Object, n, 300<<20, got)
	t.Logf("peaks: %d MiB after 1 MiB, %d after 1 GiB up, %d after 600 MiB down", idle, full, node.peak())
	if rise := node.peak() - idle; rise > most {
		t.Errorf("the delivery raised the node's memory by %d MiB, from %d", rise, idle)
	}
	node.kill()
	w.http.CloseIdleConnections()
	node = w.serveBy(binary)
	w.again()
	idle = node.peak()
	n = w.part("sale", up.Object, n, size, got)
	if n != size || hex.EncodeToString(got.Sum(nil)) != want {
		t.Errorf("delivered %d bytes with hash %x, want %s", n, got.Sum(nil), want)
	}
	if rise := node.peak() - idle; rise > most {
		t.Errorf("the rest raised the node's memory by %d MiB, from %d", rise, idle)
	}
}

// part fetches at most so many bytes from an offset on and then hangs up; it
// returns where to go on.
func (w *world) part(sale, object string, from, most int64, into io.Writer) int64 {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.url+orderPath(sale, object), nil)
	w.ok(err)
	req.Header.Set("Authorization", "Bearer "+w.token("buyer"))
	if from > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	}
	resp, err := w.http.Do(req)
	w.ok(err)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusPartialContent {
		w.t.Fatalf("fetch from %d: %d", from, resp.StatusCode)
	}
	n, err := io.Copy(into, io.LimitReader(resp.Body, most))
	w.ok(err)
	return from + n
}

// TestS3RotationKilled kills the program as soon as the first keys are sealed
// anew: the node refuses to start, and the same command ends it.
func TestS3RotationKilled(t *testing.T) {
	w, b := layS3(t)
	stop := w.run()
	w.admit()
	w.register("bus", "holder")
	file := data(50_000)
	up := w.upload("operator", file)
	const more = 300 // so that it is under way when it is killed
	for range more {
		w.upload("operator", file[:100])
	}
	w.sale("sale", "bus", up, ledger.Quota{})
	stop()
	binary, before, from := program(t), b.kept(), w.masterKey()
	rotate := func() *exec.Cmd {
		return exec.CommandContext(t.Context(), binary, "rotate-master-key", "--dir", w.dir, "--json")
	}
	sealed := func() (anew int) {
		for key := range b.kept() {
			if _, was := before[key]; !was && strings.Contains(key, ".key.") {
				anew++
			}
		}
		return anew
	}
	c := rotate()
	w.ok(c.Start())
	until(t, "the first keys are sealed anew", func() bool { return sealed() > 3 })
	w.ok(c.Process.Kill())
	if err := c.Wait(); err == nil {
		t.Fatal("it ended before it was killed: it shows nothing")
	}
	if n := sealed(); n > more || w.masterKey() != from {
		t.Fatalf("%d keys were sealed again before it was killed: it shows nothing", n)
	}
	w.refusesToStart()
	if out, err := rotate().Output(); err != nil || !strings.Contains(string(out), `"from":"`+from+`"`) {
		t.Errorf("run again: %s %v", out, err)
	}
	if n := sealed(); n != more+1 || len(b.kept()) != len(before) {
		t.Errorf("%d keys of %d are sealed again, in %d names of %d", n, more+1, len(b.kept()), len(before))
	}
	w.open()
	w.again()
	w.fetches("sale", up.Object, file)
}
