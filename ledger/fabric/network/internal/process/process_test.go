package process_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger/fabric/network/internal/ports"
	"github.com/datacadastre/cadastre/ledger/fabric/network/internal/process"
)

func spec(t *testing.T, script string) process.Spec {
	t.Helper()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("no /proc: the package is for Linux only")
	}
	dir := t.TempDir()
	s := process.Spec{
		Program: "/bin/sh", Args: []string{"-c", script}, Env: []string{"PATH=" + os.Getenv("PATH")},
		Dir: dir, Log: filepath.Join(dir, "log"), Record: filepath.Join(dir, "record.json"),
	}
	t.Cleanup(func() { process.Kill(context.Background(), s.Record) })
	return s
}

func start(t *testing.T, s process.Spec) process.Process {
	t.Helper()
	p, err := process.Start(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// eventually waits for what another process does.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 6000 {
		if done() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("%s: not within thirty seconds", what)
}

func TestStartAndKill(t *testing.T) {
	s := spec(t, "echo begun; exec sleep 600")
	p := start(t, s)
	if found, running, err := process.Find(s.Record); err != nil || !running || found != p {
		t.Errorf("found %+v, running %t, %v; want %+v", found, running, err, p)
	}
	if sid, err := sessionOf(p.PID); err != nil || sid != p.PID {
		t.Errorf("session %d (%v), want the process's own: it must outlive its terminal", sid, err)
	}
	eventually(t, "the log", func() bool { log, _ := os.ReadFile(s.Log); return string(log) == "begun\n" })
	if _, err := process.Start(s); !errors.Is(err, process.ErrRunning) {
		t.Errorf("started again: %v, want %v", err, process.ErrRunning)
	}
	if ran, err := process.Kill(t.Context(), s.Record); err != nil || !ran {
		t.Fatalf("kill: ran %t, %v", ran, err)
	}
	if p.Alive() {
		t.Error("it lives after Kill")
	}
	if ran, err := process.Kill(t.Context(), s.Record); err != nil || ran {
		t.Errorf("kill again: ran %t, %v", ran, err)
	}
	again := start(t, s)
	if again == p {
		t.Error("two processes are one")
	}
	eventually(t, "the log goes on", func() bool { log, _ := os.ReadFile(s.Log); return string(log) == "begun\nbegun\n" })
}

func sessionOf(pid int) (int, error) {
	sid, _, errno := syscall.Syscall(syscall.SYS_GETSID, uintptr(pid), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(sid), nil
}

// TestStranger gives the pid of a record to somebody else, as the kernel may.
func TestStranger(t *testing.T) {
	s := spec(t, "exec sleep 600")
	stranger := start(t, s)
	for what, forge := range map[string]func(*process.Process){
		"started at another time": func(p *process.Process) { p.Started++ },
		"since another boot":      func(p *process.Process) { p.Boot = "00000000-0000-0000-0000-000000000000" },
	} {
		forged := stranger
		forge(&forged)
		record := filepath.Join(t.TempDir(), "record.json")
		data, err := json.Marshal(forged)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(record, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, running, err := process.Find(record); running || err != nil {
			t.Errorf("%s: running %t, %v", what, running, err)
		}
		if ran, err := process.Kill(t.Context(), record); ran || err != nil {
			t.Errorf("%s: killed %t, %v", what, ran, err)
		}
		if !stranger.Alive() {
			t.Fatalf("%s: the stranger was killed", what)
		}
		if _, err := os.Stat(record); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the record is still there (%v)", what, err)
		}
	}
}

func TestDamagedRecord(t *testing.T) {
	for _, content := range []string{"", "{", `{"pid":0}`, `{"pid":1}`, `{"pid":-1}`} {
		record := filepath.Join(t.TempDir(), "record.json")
		if err := os.WriteFile(record, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := process.Kill(t.Context(), record); err == nil || !strings.Contains(err.Error(), "not the record of a process") {
			t.Errorf("%q: %v", content, err)
		}
	}
}

func TestEndedByItself(t *testing.T) {
	s := spec(t, "exit 3")
	if p, err := process.Start(s); err == nil { // it may end before or after Start has looked
		eventually(t, "its end", func() bool { return !p.Alive() })
	} else if !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("start: %v", err)
	}
	s.Program = filepath.Join(s.Dir, "missing")
	if _, err := process.Start(s); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("start of nothing: %v", err)
	}
}

// TestPortIsFree kills a server of many threads: after Kill its port is free.
func TestPortIsFree(t *testing.T) {
	free, err := ports.Reserve(t.Context(), 20)
	if err != nil {
		t.Fatal(err)
	}
	for _, port := range free {
		s := spec(t, "")
		s.Program, s.Args = os.Args[0], []string{"-test.run=^TestServe$"}
		address := port.Address()
		port.Release()
		s.Env = append(s.Env, serveAt+"="+address)
		start(t, s)
		eventually(t, "the server", func() bool {
			c, err := net.Dial("tcp", address)
			if err == nil {
				c.Close()
			}
			return err == nil
		})
		if _, err := process.Kill(t.Context(), s.Record); err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatalf("the port of a killed server: %v", err)
		}
		l.Close()
	}
}

const serveAt = "CADASTRE_TEST_SERVE"

// TestServe is the server of TestPortIsFree, in a process of its own.
func TestServe(t *testing.T) {
	address := os.Getenv(serveAt)
	if address == "" {
		t.Skip("only TestPortIsFree runs this")
	}
	for range 64 { // threads that a kill must end
		go func() {
			var fds [2]int
			if syscall.Pipe(fds[:]) == nil {
				syscall.Read(fds[0], make([]byte, 1))
			}
		}()
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	for {
		if c, err := l.Accept(); err == nil {
			c.Close()
		}
	}
}
