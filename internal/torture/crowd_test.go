package torture_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// audience is what a crowd does at an address: so many connections ask once and stay, and
// so many fetch a content and read only its beginning.
type audience struct {
	Address, Path, Token string
	Idle, Slow           int
}

// beCrowd opens the connections of an audience and says how many were answered. When a
// line comes in, the slow readers read on, and it says how many got all their bytes.
func beCrowd(arg string) error {
	var a audience
	if err := json.Unmarshal([]byte(arg), &a); err != nil {
		return err
	}
	asking := make(chan struct{}, 64)
	var idle, slow atomic.Int64
	open := make([]net.Conn, a.Idle)
	readers := make([]*http.Response, a.Slow)
	var all sync.WaitGroup
	for i := range a.Idle + a.Slow {
		all.Go(func() {
			asking <- struct{}{}
			defer func() { <-asking }()
			path, count := "/v1/about", &idle
			if i >= a.Idle {
				path, count = a.Path, &slow
			}
			c, resp, err := a.ask(path)
			if err != nil || resp.StatusCode != http.StatusOK {
				return
			}
			count.Add(1)
			if i >= a.Idle {
				readers[i-a.Idle] = resp
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			open[i] = c
		})
	}
	all.Wait()
	fmt.Println(idle.Load(), slow.Load())
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return err
	}
	var whole atomic.Int64
	for _, r := range readers {
		all.Go(func() {
			if r == nil {
				return
			}
			if n, err := io.Copy(io.Discard, r.Body); err == nil && n == r.ContentLength {
				whole.Add(1)
			}
		})
	}
	all.Wait()
	fmt.Println(whole.Load(), len(open))
	_, _ = in.ReadString('\n')
	return nil
}

// ask sends a request on a new connection with a small buffer.
func (a audience) ask(path string) (net.Conn, *http.Response, error) {
	c, err := net.Dial("tcp", a.Address)
	if err != nil {
		return nil, nil, err
	}
	if tcp, is := c.(*net.TCPConn); is {
		_ = tcp.SetReadBuffer(16 << 10)
	}
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: node\r\nAuthorization: Bearer %s\r\n\r\n", path, a.Token); err != nil {
		return nil, nil, err
	}
	resp, err := http.ReadResponse(bufio.NewReaderSize(c, 4096), nil)
	return c, resp, err
}

// shipped returns the program as it is shipped, which is built once.
func shipped(t *testing.T) string {
	t.Helper()
	path, err := program()
	ok(t, err)
	return path
}

var program = sync.OnceValues(func() (string, error) {
	dir, err := scratch()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "cadastre")
	c := exec.Command("go", "build", "-trimpath", "-o", path, "../../cmd/cadastre")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// launch serves a folder with the program.
func launch(t *testing.T, program, dir string) *process {
	t.Helper()
	p := &process{cmd: exec.CommandContext(t.Context(), program, "serve", "--dir", dir, "--listen", "127.0.0.1:0")}
	p.cmd.Env = append(os.Environ(), "CADASTRE_LANG=en")
	says, err := p.cmd.StderrPipe()
	ok(t, err)
	ok(t, p.cmd.Start())
	lines := bufio.NewReader(says)
	for p.url == "" {
		line, err := lines.ReadString('\n')
		ok(t, err)
		if at := strings.Index(line, "http://"); at >= 0 {
			p.url = strings.Fields(line[at:])[0]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	return p
}

// memory returns the bytes that a process has in memory now.
func (p *process) memory() (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmRSS:" {
			kib, err := strconv.ParseInt(f[1], 10, 64)
			return kib << 10, err
		}
	}
	return 0, err
}

// allow sets how many deliveries of a party may run.
func allow(t *testing.T, dir string, deliveries int) {
	t.Helper()
	path := filepath.Join(dir, "node.json")
	b, err := os.ReadFile(path)
	ok(t, err)
	var s map[string]any
	ok(t, json.Unmarshal(b, &s))
	s["limits"].(map[string]any)["running_deliveries"] = deliveries
	b, err = json.Marshal(s)
	ok(t, err)
	ok(t, os.WriteFile(path, b, 0o600))
}

// TestCrowd holds many idle connections and many readers that read slowly, all of another
// process: the node serves others meanwhile, and each slow reader gets all its bytes in
// the end. With 10,000 idle connections it has less than 300 MB.
func TestCrowd(t *testing.T) {
	forTorture(t)
	dir := lay(t, medium)
	allow(t, dir, *crowd)
	p := launch(t, shipped(t), dir)
	defer p.kill()
	c, err := castOf(dir, p.url)
	ok(t, err)
	sale, err := readSold(dir)
	ok(t, err)
	token, err := c("emergency").Token(5 * time.Minute)
	ok(t, err)
	before, err := p.memory()
	ok(t, err)
	size := map[string]int64{}
	for _, a := range []audience{{Idle: *crowd}, {Slow: *crowd / 5}} {
		a.Address, a.Path, a.Token = strings.TrimPrefix(p.url, "http://"), sale.path(), token
		answered, whole := a.come(t, func() {
			if _, err := c("holder").Call(t.Context(), ledger.FnDeposit, ledger.DepositArgs{SHA256: ledger.DigestOf(fmt.Append(nil, a.Idle)), Bytes: 1}); err != nil {
				t.Errorf("a call beside them: %v", err)
			}
			name := map[bool]string{true: "idle", false: "slow"}[a.Idle > 0]
			size[name], err = p.memory()
			ok(t, err)
		})
		if answered != a.Idle+a.Slow || whole != a.Slow {
			t.Errorf("%d idle connections and %d slow readers: %d answered, %d readers got everything", a.Idle, a.Slow, answered, whole)
		}
	}
	fmt.Printf("crowd: the node has %d MB alone, %d MB with %d idle connections, then %d MB with %d readers that read slowly\n",
		before/1e6, size["idle"]/1e6, *crowd, size["slow"]/1e6, *crowd/5)
	if size["idle"] > 300e6 {
		t.Errorf("with %d idle connections the node has %d MB", *crowd, size["idle"]/1e6)
	}
}

// come runs a crowd in a process of its own. It returns how many were answered, and how
// many readers got all their bytes after beside was called.
func (a audience) come(t *testing.T, beside func()) (answered, whole int) {
	t.Helper()
	program, err := os.Executable()
	ok(t, err)
	arg, err := json.Marshal(a)
	ok(t, err)
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env, cmd.Stderr = append(os.Environ(), crowdEnv+"="+string(arg)), os.Stderr
	in, err := cmd.StdinPipe()
	ok(t, err)
	out, err := cmd.StdoutPipe()
	ok(t, err)
	ok(t, cmd.Start())
	var idle, slow, rest int
	_, err = fmt.Fscan(out, &idle, &slow)
	ok(t, err)
	beside()
	_, err = fmt.Fprintln(in)
	ok(t, err)
	_, err = fmt.Fscan(out, &whole, &rest)
	ok(t, err)
	ok(t, in.Close())
	ok(t, cmd.Wait())
	return idle + slow, whole
}

// TestHeaderFlood sends headers that never end on many connections: each is refused, and
// the node answers others.
func TestHeaderFlood(t *testing.T) {
	forTorture(t)
	s, _ := running(t)
	address := strings.TrimPrefix(s.url, "http://")
	var refused, sent atomic.Int64
	var all sync.WaitGroup
	for range *crowd / 2 {
		all.Go(func() {
			c, err := net.Dial("tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(2 * time.Minute)) // only where the node listens on
			_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: node\r\n")
			go func() {
				for err := error(nil); err == nil; sent.Add(1) {
					_, err = io.WriteString(c, "X-Flood: "+strings.Repeat("x", 1000)+"\r\n")
				}
			}()
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) || err == nil && resp.StatusCode == http.StatusRequestHeaderFieldsTooLarge {
				refused.Add(1)
			}
		})
	}
	all.Wait()
	fmt.Printf("header flood: %d of %d connections refused after %d KB each\n", refused.Load(), *crowd/2, sent.Load()/int64(*crowd/2))
	if refused.Load() != int64(*crowd/2) {
		t.Error("a flood of headers was not refused")
	}
	if _, err := about(t.Context(), s.cast("holder")); err != nil {
		t.Error(err)
	}
}

// TestTermination sends SIGTERM to the program while 64 deliveries are stalled: it ends by
// itself, and each delivery has its end before that.
func TestTermination(t *testing.T) {
	forTorture(t)
	const stalled = 64
	dir := lay(t, large)
	p := launch(t, shipped(t), dir)
	defer p.kill()
	c, err := castOf(dir, p.url)
	ok(t, err)
	sale, err := readSold(dir)
	ok(t, err)
	token, err := c("emergency").Token(5 * time.Minute)
	ok(t, err)
	a := audience{Address: strings.TrimPrefix(p.url, "http://"), Path: sale.path(), Token: token}
	var acks []ack
	for range stalled {
		conn, resp, err := a.ask(a.Path) // it stays open: that is the test
		ok(t, err)
		defer conn.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("a delivery: %s", resp.Status)
		}
		acks = append(acks, ack{Start: ledger.ID(resp.Header.Get("Cadastre-Receipt"))})
	}
	asked := time.Now()
	ok(t, p.cmd.Process.Signal(syscall.SIGTERM))
	ok(t, p.cmd.Wait())
	fmt.Printf("SIGTERM: with %d stalled deliveries the program ended after %.1f s\n", stalled, time.Since(asked).Seconds())
	h := &held{dir: dir}
	ok(t, h.inspect(context.WithoutCancel(t.Context()), acks, true))
	for _, a := range acks {
		if end := h.ends[a.Start]; end.Outcome == ledger.Interrupted || end.Outcome == ledger.Complete {
			t.Errorf("delivery %s ended as %s: the program did not end it", a.Start, end.Outcome)
		}
	}
}
