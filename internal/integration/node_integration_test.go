//go:build integration

package integration_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/node"
)

// served is a node of one owner: its folder, and the process that serves it.
type served struct {
	programs
	name, origin string // of the organization that runs it
	dir, log     string
	profile      string // connection profile of Fabric
	address, url string

	cmd  *exec.Cmd
	down chan struct{} // closed when the process has ended
}

// freeAddress is one that nobody listens on now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// place chooses where a node will be; nothing of it exists yet. The connection
// profile is an empty file until the network is up.
func (p programs) place(t *testing.T, name string) *served {
	t.Helper()
	home := filepath.Join(ward.dir, "node-"+name)
	s := &served{
		programs: p, name: name, origin: name + ".example", dir: filepath.Join(home, "node"), log: filepath.Join(home, "log"),
		profile: filepath.Join(home, "profile.yaml"), address: freeAddress(t),
	}
	s.url = "http://" + s.address
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.profile, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// connect gives the node its organization's connection profile.
func (s *served) connect(t *testing.T, n *fabricNet) {
	t.Helper()
	b, err := os.ReadFile(n.of(t, s.name).Profile)
	if err == nil {
		err = os.WriteFile(s.profile, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// settings changes node.json.
func (s *served) settings(t *testing.T, change func(*node.Settings)) {
	t.Helper()
	path := filepath.Join(s.dir, "node.json")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var set node.Settings
	if err := json.Unmarshal(b, &set); err != nil {
		t.Fatal(err)
	}
	change(&set)
	if b, err = json.Marshal(set); err == nil {
		err = os.WriteFile(path, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// start serves the node and waits until it is ready. A node that does not find
// its network ends with a sentence; its operator starts it again, and so does
// this.
func (s *served) start(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(90 * time.Second); ; {
		s.serve(t)
		for s.running() && time.Now().Before(deadline) {
			if h, err := s.health(); err == nil && h.Ready {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		if time.Now().After(deadline) {
			t.Fatalf("the node of %s is not ready: %s", s.name, s.tail())
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func (s *served) running() bool {
	select {
	case <-s.down:
		return false
	default:
		return true
	}
}

func (s *served) serve(t *testing.T) {
	t.Helper()
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	s.cmd = exec.Command(s.cadastre, "serve", "--dir", s.dir, "--listen", s.address, "--lang", "en")
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := report("process", fmt.Sprintf("%d %s", s.cmd.Process.Pid, startOf(s.cmd.Process.Pid))); err != nil {
		t.Fatal(err)
	}
	down := make(chan struct{})
	s.down = down
	go func(cmd *exec.Cmd) {
		_ = cmd.Wait()
		close(down)
	}(s.cmd)
}

// kill ends the process as a fault would.
func (s *served) kill(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.down
}

// health is what /readyz says.
func (s *served) health() (wire.Health, error) {
	var h wire.Health
	c := http.Client{Timeout: 5 * time.Second}
	resp, err := c.Get(s.url + "/readyz")
	if err != nil {
		return h, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&h); err != nil {
		return h, err
	}
	if (resp.StatusCode == http.StatusOK) != h.Ready {
		return h, fmt.Errorf("/readyz says ready %v with status %d", h.Ready, resp.StatusCode)
	}
	return h, nil
}

// tail is the end of the node's log.
func (s *served) tail() string {
	b, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-12):], "\n")
}
