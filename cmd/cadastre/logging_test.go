package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// line is a line of the log of serve.
type line struct {
	Time    time.Time
	Level   string
	Msg     string
	URL     string `json:"url"`
	Method  string
	Route   string
	Status  int
	Bytes   int
	MS      *float64 `json:"ms"`
	Party   string
	Reason  string
	Address string
	To      string
	ID      string `json:"request_id"`
}

// logged is a node whose log is read.
type logged struct {
	t     *testing.T
	lines chan line
	url   string
	cmd   *exec.Cmd
}

// next returns the next line that has the message.
func (l *logged) next(msg string) line {
	l.t.Helper()
	for {
		select {
		case n, ok := <-l.lines:
			if !ok {
				l.t.Fatalf("the log ended before %q", msg)
			}
			if n.Msg == msg {
				return n
			}
		case <-time.After(time.Minute):
			l.t.Fatalf("no line %q", msg)
		}
	}
}

func (l *logged) get(path, token string) (id string) {
	l.t.Helper()
	r, err := http.NewRequestWithContext(l.t.Context(), http.MethodGet, l.url+path, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		l.t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.Header.Get("X-Request-Id")
}

// TestLog: every line is JSON, each request has one, and a signal changes the level.
func TestLog(t *testing.T) {
	b := build(t)
	dir := filepath.Join(t.TempDir(), "node")
	b.must("init", "--dir", dir, "--demo", "--name", "N", "--region", "430300", "--origin", "node.example", "--uscc", "12430300000000009B")
	l := &logged{t: t, lines: make(chan line, 1000), cmd: exec.Command(b.path, "serve", "--dir", dir, "--listen", "127.0.0.1:0", "--log-format", "json")}
	errs, err := l.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.cmd.Process.Kill() })
	go func() {
		defer close(l.lines)
		for s := bufio.NewScanner(errs); s.Scan(); {
			var n line
			if err := json.Unmarshal(s.Bytes(), &n); err != nil {
				t.Errorf("not JSON: %s", s.Text())
			}
			l.lines <- n
		}
	}()
	l.next("starting")
	l.url = l.next("serving").URL
	token := strings.TrimSpace(b.must("token", "--dir", dir))
	id := l.get("/v1/parties/0198c0de-0000-7000-8000-000000000001?lang=canary", token)
	n := l.next("request")
	if n.ID != id || n.Level != "INFO" || n.Method != "GET" || n.Route != "/v1/parties/{id}" || n.Status != http.StatusUnprocessableEntity || n.Bytes == 0 ||
		n.MS == nil || n.Party == "" || n.Reason != "field" || n.Address != "127.0.0.1" {
		t.Errorf("the request %s is logged as %+v", id, n)
	}
	l.get("/healthz", "") // logged at debug only
	l.get("/v1/about", "")
	if n := l.next("request"); n.Route != "/v1/about" || n.Party != "" || n.Reason != "" {
		t.Errorf("at info, after /healthz: %+v", n)
	}
	signal := func(s os.Signal) {
		if err := l.cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []struct{ level, route string }{{"DEBUG", "/healthz"}, {"INFO", "/v1/about"}, {"DEBUG", "/healthz"}} {
		signal(syscall.SIGUSR1)
		if n := l.next("log level changed"); n.To != want.level {
			t.Errorf("the level is %s, want %s", n.To, want.level)
		}
		l.get("/healthz", "")
		l.get("/v1/about", "")
		if n := l.next("request"); n.Route != want.route {
			t.Errorf("at %s the first request in the log is %s, want %s", want.level, n.Route, want.route)
		}
		if want.level == "DEBUG" {
			l.next("request")
		}
	}
	signal(os.Interrupt)
	l.next("stopping")
	l.next("stopped")
	for range l.lines { // to its end
		t.Error("a line after the stop")
	}
	if err := l.cmd.Wait(); err != nil {
		t.Error(err)
	}
}
