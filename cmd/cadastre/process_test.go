package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/proving"
)

// built is the program as it is shipped: without the race detector, whose
// memory is not the program's.
type built struct {
	t    *testing.T
	path string
	lang string
}

func build(t *testing.T) built {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cadastre")
	c := exec.CommandContext(t.Context(), "go", "build", "-o", path, ".")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return built{t, path, "en"}
}

// run gives the exit code of a command and what it printed.
func (b built) run(args ...string) (code int, out, errs string) {
	b.t.Helper()
	var o, e bytes.Buffer
	c := exec.CommandContext(b.t.Context(), b.path, args...)
	c.Env, c.Stdout, c.Stderr = append(os.Environ(), "CADASTRE_LANG="+b.lang, "CADASTRE_PROFILE="), &o, &e
	if err := c.Run(); err != nil && c.ProcessState == nil {
		b.t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), o.String(), e.String()
}

// must runs a command that succeeds, and gives what it printed.
func (b built) must(args ...string) string {
	b.t.Helper()
	code, out, errs := b.run(args...)
	if code != proving.ExitOK {
		b.t.Fatalf("cadastre %s: exit %d: %s", strings.Join(args, " "), code, errs)
	}
	return out
}

// read runs a command with --json and decodes what it printed.
func (b built) read(into any, args ...string) {
	b.t.Helper()
	out := b.must(append(args, "--json")...)
	if err := json.Unmarshal([]byte(out), into); err != nil {
		b.t.Fatalf("cadastre %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// told is what demo prints of itself.
type told struct {
	Order, Code, SHA256, Bundle, Trust, Receipt string
	Profiles                                    map[string]string
}

func (b built) demo(dir string) told {
	b.t.Helper()
	var d told
	b.read(&d, "demo", "--dir", dir)
	return d
}

// serve runs the node of a folder until the test ends.
func (b built) serve(dir string, flags ...string) (url string, pid int) {
	b.t.Helper()
	return b.start(append([]string{"serve", "--dir", dir, "--listen", "127.0.0.1:0", "--lang", "en"}, flags...)...)
}

// start runs a command that serves until the test ends, where Ctrl-C ends it.
func (b built) start(args ...string) (url string, pid int) {
	b.t.Helper()
	url, pid, _ = b.startUntil("http://", args...)
	return url, pid
}

// startUntil is start, and returns all lines up to the first one that has a text.
func (b built) startUntil(text string, args ...string) (url string, pid int, printed []string) {
	b.t.Helper()
	c := exec.Command(b.path, args...)
	errs, err := c.StderrPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.t.Fatal(err)
	}
	lines := bufio.NewScanner(errs)
	for found := false; !found && lines.Scan(); {
		url = cmp.Or(url, regexp.MustCompile(`http://[0-9.:]+`).FindString(lines.Text()))
		printed = append(printed, lines.Text())
		found = strings.Contains(lines.Text(), text)
	}
	said := make(chan string, 1)
	go func() {
		var rest strings.Builder
		for lines.Scan() {
			fmt.Fprintln(&rest, lines.Text())
		}
		said <- rest.String()
	}()
	b.t.Cleanup(func() {
		if err := c.Process.Signal(os.Interrupt); err != nil {
			b.t.Error(err)
		}
		rest := <-said
		if err := c.Wait(); err != nil {
			b.t.Errorf("Ctrl-C: %v\n%s", err, rest)
		}
	})
	if url == "" {
		b.t.Fatal("the node did not say where it is")
	}
	return url, c.Process.Pid, printed
}

// highWater is the most memory that a process has had resident, in bytes.
func highWater(t *testing.T, pid int) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		t.Fatalf("no VmHWM in %s", status)
	}
	kb, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kb << 10
}
