//go:build integration

package integration_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// panickingEnv names the file in which the panicking test writes what it started.
const panickingEnv = "CADASTRE_TEST_PANICKING"

// TestPanicking starts a network and a process and panics, when the environment asks for it.
func TestPanicking(t *testing.T) {
	told := os.Getenv(panickingEnv)
	if told == "" {
		t.Skip("for TestLiveNothingOutlivesAPanic alone")
	}
	p := binaries(t)
	genesis := filepath.Join(t.TempDir(), "genesis.jws")
	keep(t, genesis, []byte(ledgertest.NewWorld(t, time.Now).Genesis))
	p.boot(t, "network", genesis)
	cmd := exec.Command("sleep", "600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := report("process", strconv.Itoa(cmd.Process.Pid)+" "+startOf(cmd.Process.Pid)); err != nil {
		t.Fatal(err)
	}
	keep(t, told, []byte(ward.dir+"\n"+strconv.Itoa(cmd.Process.Pid)))
	panic("as told")
}

// TestLiveNothingOutlivesAPanic: what tests started ends although they did not
// get to end it.
func TestLiveNothingOutlivesAPanic(t *testing.T) {
	binaries(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	told := filepath.Join(t.TempDir(), "told")
	cmd := exec.Command(self, "-test.run=^TestPanicking$")
	cmd.Env = append(os.Environ(), panickingEnv+"="+told)
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "panic: as told") {
		t.Fatalf("it did not panic: %v\n%s", err, out)
	}
	b, err := os.ReadFile(told)
	if err != nil {
		t.Fatal(err)
	}
	dir, pid, _ := strings.Cut(string(b), "\n")
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		left := running(t, dir, pid)
		if len(left) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("still there after 20 s: %s", strings.Join(left, "\n"))
		}
	}
}

// running are the processes that name a folder, or have a pid; and the folder.
func running(t *testing.T, dir, pid string) []string {
	t.Helper()
	var left []string
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(lines, dir) {
		b, err := os.ReadFile(file)
		if file == dir {
			if _, err := os.Stat(dir); err == nil {
				left = append(left, dir)
			}
			continue
		}
		text := strings.ReplaceAll(string(b), "\x00", " ")
		if err == nil && text != "" && (strings.Contains(text, dir) || filepath.Base(filepath.Dir(file)) == pid) {
			left = append(left, text)
		}
	}
	return left
}
