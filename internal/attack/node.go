package main

import (
	"bufio"
	"bytes"
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
	"regexp"
	"strings"
	"sync"
	"time"
)

// node is a running node after the demonstration, with the profiles of its parties.
type node struct {
	program string
	folder  string // of the node; deleted at the end
	size    int64  // bytes of a large object
	url     string
	serving *exec.Cmd
	seq     int // of deposits
	http    *http.Client
}

// begin plays the demonstration and serves its node.
func begin(ctx context.Context, program string, size int64) (*node, error) {
	folder, err := os.MkdirTemp("", "cadastre-attack-")
	if err != nil {
		return nil, err
	}
	n := &node{program: program, folder: folder, size: size, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}}
	if _, err := n.run(ctx, "demo", "--dir", n.path("node")); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	if err := n.serve(ctx); err != nil {
		return nil, errors.Join(err, n.end())
	}
	return n, nil
}

func (n *node) path(names ...string) string {
	return filepath.Join(append([]string{n.folder}, names...)...)
}

func (n *node) profile(who string) string { return n.path("node", "profiles", who+".json") }

var address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// serve serves the node on a free port, and waits until it is ready.
func (n *node) serve(ctx context.Context, args ...string) error {
	n.serving = exec.CommandContext(ctx, n.program, append([]string{"serve", "--dir", n.path("node"), "--listen", "127.0.0.1:0"}, args...)...) //nolint:gosec // the program is what is attacked
	n.serving.Cancel = func() error { return n.serving.Process.Signal(os.Interrupt) }
	n.serving.WaitDelay = 20 * time.Second
	out, err := n.serving.StdoutPipe()
	if err != nil {
		return err
	}
	n.serving.Stderr = n.serving.Stdout
	if err := n.serving.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if n.url = address.FindString(lines.Text()); n.url != "" {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return nil
		}
	}
	return errors.Join(errors.New("the node does not serve"), n.serving.Wait())
}

// stop stops serving.
func (n *node) stop() error {
	if n.serving == nil || n.serving.Process == nil {
		return nil
	}
	defer func() { n.serving = nil }()
	if err := n.serving.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return n.serving.Wait()
}

func (n *node) end() error {
	n.http.CloseIdleConnections()
	return errors.Join(n.stop(), os.RemoveAll(n.folder))
}

// run runs a command of the program and returns what it printed.
func (n *node) run(ctx context.Context, args ...string) ([]byte, error) {
	if n.url != "" {
		args = append(args, "--url", n.url)
	}
	c := exec.CommandContext(ctx, n.program, args...) //nolint:gosec // the program is what is attacked
	c.Env = append(os.Environ(), "CADASTRE_LANG=en", "CADASTRE_PROFILE=")
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		return out.Bytes(), fmt.Errorf("cadastre %s: %w: %s", strings.Join(args[:min(2, len(args))], " "), err, firstLine(errs.String()))
	}
	return out.Bytes(), nil
}

// as runs a command of a party and returns the members of its JSON answer.
func (n *node) as(ctx context.Context, who string, args ...string) (map[string]any, error) {
	out, err := n.run(ctx, append(args, "--json", "--profile", n.profile(who))...)
	if err != nil {
		return nil, err
	}
	answer := map[string]any{}
	return answer, json.Unmarshal(out, &answer)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// token returns a new token of a party for reading.
func (n *node) token(ctx context.Context, who string) (string, error) {
	out, err := n.run(ctx, "token", "--age", "10m", "--profile", n.profile(who))
	return "Bearer " + strings.TrimSpace(string(out)), err
}

// ask sends a request; header has names and values by turns.
func (n *node) ask(ctx context.Context, method, path string, body io.Reader, header ...string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, n.url+path, body)
	if err != nil {
		return nil, err
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i+1] != "" {
			req.Header.Set(header[i], header[i+1])
		}
	}
	return n.http.Do(req)
}

// status sends a request and returns the status and header of the answer.
func (n *node) status(ctx context.Context, method, path string, header ...string) (int, http.Header, error) {
	resp, err := n.ask(ctx, method, path, nil, header...)
	if err != nil {
		return 0, nil, err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, resp.Header, errors.Join(err, resp.Body.Close())
}

// read decodes a JSON answer.
func (n *node) read(ctx context.Context, path string, into any, header ...string) error {
	resp, err := n.ask(ctx, http.MethodGet, path, nil, header...)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// receipts returns the number of receipts of the node.
func (n *node) receipts(ctx context.Context) (float64, error) {
	var h struct {
		Receipts struct{ Size float64 }
	}
	resp, err := n.ask(ctx, http.MethodGet, "/readyz", nil)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	err = json.NewDecoder(resp.Body).Decode(&h)
	return h.Receipts.Size, err
}

// slow returns a client whose connections have a small buffer, a separate one for each
// request. The function returns the last one.
func slow() (*http.Client, func() *net.TCPConn) {
	var conn *net.TCPConn
	t := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		if tcp, ok := c.(*net.TCPConn); ok {
			conn = tcp
			_ = tcp.SetReadBuffer(64 << 10)
		}
		return c, err
	}}
	return &http.Client{Transport: t}, func() *net.TCPConn { return conn }
}

// together runs f with 0 to n-1 at once.
func together(n int64, f func(i int64) error) error {
	var group sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		group.Go(func() { errs[i] = f(i) })
	}
	group.Wait()
	return errors.Join(errs...)
}
