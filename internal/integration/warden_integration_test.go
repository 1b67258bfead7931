//go:build integration

package integration_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// wardenEnv makes a process of the test binary the warden.
const wardenEnv = "CADASTRE_TEST_WARDEN"

// TestMain runs the tests under a warden.
func TestMain(m *testing.M) {
	if os.Getenv(wardenEnv) != "" {
		guard(os.Stdin)
		return
	}
	code, err := watched(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "integration:", err)
		code = 1
	}
	os.Exit(code)
}

// ward is where the tests report what they start; the folder is theirs.
var ward struct {
	mu   sync.Mutex
	pipe io.WriteCloser
	dir  string
}

// watched runs the tests with a warden beside them, and waits until it is done.
func watched(m *testing.M) (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	if ward.dir, err = os.MkdirTemp("", "cadastre-live-"); err != nil {
		return 0, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), wardenEnv+"=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C is for the tests
	if ward.pipe, err = cmd.StdinPipe(); err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	if err := report("folder", ward.dir); err != nil {
		return 0, err
	}
	code := m.Run()
	if code != 0 {
		fmt.Fprintln(os.Stderr, "integration: logs remain in", ward.dir)
		err = report("keep", ward.dir)
	}
	return code, errors.Join(err, ward.pipe.Close(), cmd.Wait())
}

// report names to the warden a process that it must end.
func report(kind, what string) error {
	ward.mu.Lock()
	defer ward.mu.Unlock()
	_, err := fmt.Fprintln(ward.pipe, kind, what)
	return err
}

// guard is the warden: it receives what was started until the tests end, however
// they do, then ends it. It knows a process by its pid and when it started.
func guard(in io.Reader) {
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	var processes, networks []string
	folder := ""
	for lines := bufio.NewScanner(in); lines.Scan(); {
		kind, what, _ := strings.Cut(lines.Text(), " ")
		switch kind {
		case "process":
			processes = append(processes, what)
		case "network":
			networks = append(networks, what)
		case "folder":
			folder = what
		case "keep":
			folder = ""
		}
	}
	for _, p := range processes {
		pid, started, _ := strings.Cut(p, " ")
		if n, err := strconv.Atoi(pid); err == nil && n > 1 && startOf(n) == started {
			_ = syscall.Kill(n, syscall.SIGKILL)
		}
	}
	for _, n := range networks {
		program, run, _ := strings.Cut(n, " ")
		if out, err := exec.Command(program, "--run", run, "down").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "integration: network down: %v\n%s", err, out)
		}
	}
	if folder != "" {
		_ = os.RemoveAll(folder)
	}
}

// startOf is when a process started, in ticks of the kernel's; empty when it is gone.
func startOf(pid int) string {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return ""
	}
	_, rest, ok := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 20 {
		return ""
	}
	return fields[19]
}
