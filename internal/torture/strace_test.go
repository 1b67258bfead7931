package torture_test

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// traced are the system calls that change files, and those that move a file's offset.
const traced = "open,openat,creat,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,fsync,fdatasync,sync_file_range," +
	"rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,copy_file_range,sendfile,splice,lseek"

// straced reports whether strace can run here; if it can't, it skips the test.
func straced(t *testing.T) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "strace", "-f", "--seccomp-bpf", "-qq", "-o", os.DevNull, "-e", "trace=fsync", "true").CombinedOutput()
	if err != nil {
		t.Skipf("strace can't run here, so that no system calls can be recorded or made to fail: %v %s", err, out)
	}
}

// tracing returns a command that runs the copy of this program under strace, whose output
// goes to a file.
func tracing(t *testing.T, out string, options ...string) *exec.Cmd {
	t.Helper()
	args := append([]string{"-f", "--seccomp-bpf", "-qq", "-xx", "-y", "-s", "4194304", "-e", "signal=none", "-o", out}, options...)
	program, err := os.Executable()
	ok(t, err)
	return exec.CommandContext(t.Context(), "strace", append(args, program)...)
}

// injected returns how many calls of a trace failed, or were slow, on purpose.
func injected(trace string) (int, error) {
	b, err := os.ReadFile(trace)
	return strings.Count(string(b), "(INJECTED)") + strings.Count(string(b), "(DELAYED)"), err
}

// nth is the n-th call of a name: strace counts the calls of each thread and name apart.
type nth struct {
	call string
	n    int
}

// writes returns all that can be made to fail, one at a time, of the calls in a trace.
func writes(trace string) (all []nth, err error) {
	b, err := os.ReadFile(trace)
	counts, largest := map[[2]string]int{}, map[string]int{}
	for line := range strings.Lines(string(b)) {
		thread, rest, _ := strings.Cut(line, " ")
		name, _, found := strings.Cut(strings.TrimSpace(rest), "(")
		if !found || strings.HasPrefix(name, "<") {
			continue
		}
		if counts[[2]string{thread, name}]++; counts[[2]string{thread, name}] > largest[name] {
			largest[name]++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(largest)) {
		for n := range largest[name] {
			all = append(all, nth{name, n + 1})
		}
	}
	return all, err
}

// inject returns the option that makes it fail, or with a "+" at the end of how all calls
// from it on, of any name in calls.
func (w nth) inject(calls, how string) []string {
	how, on := strings.CutSuffix(how, "+")
	if on {
		return []string{"-e", fmt.Sprintf("inject=%s:%s:when=%d+", calls, how, w.n)}
	}
	return []string{"-e", fmt.Sprintf("inject=%s:%s:when=%d", w.call, how, w.n)}
}

// sample returns every write, or about n of them.
func sample(all []nth, n int, r *rand.Rand) []nth {
	if n == 0 {
		return all
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:min(n, len(all))]
}

// newCommand returns a command that runs the copy of this program.
func newCommand(t *testing.T, env ...string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	ok(t, err)
	c := exec.CommandContext(t.Context(), program)
	c.Env = append(os.Environ(), env...)
	return c
}

// call is a system call of a trace.
type call struct {
	name string
	args []string
	ret  int64
}

// file returns the path of a descriptor that is an argument.
func (c *call) file(arg int) string { return pathIn(c.args[arg]) }

// fd returns the number of a descriptor that is an argument.
func (c *call) fd(arg int) int {
	n, _, _ := strings.Cut(c.args[arg], "<")
	fd, _ := strconv.Atoi(n)
	return fd
}

// path returns the path that two arguments name: a folder, and a name in it.
func (c *call) path(folder, name int) string {
	p := string(c.text(name))
	if !filepath.IsAbs(p) {
		p = filepath.Join(c.file(folder), p)
	}
	return filepath.Clean(p)
}

func (c *call) text(arg int) []byte {
	quoted := strings.Trim(c.args[arg], `"`)
	b, err := hex.DecodeString(strings.ReplaceAll(quoted, `\x`, ""))
	if err != nil || strings.HasSuffix(c.args[arg], "...") {
		panic(fmt.Sprintf("%s: its argument %d is cut off: %v", c.name, arg, err))
	}
	return b
}

func (c *call) number(arg int) int64 {
	n, err := strconv.ParseInt(c.args[arg], 0, 64)
	if err != nil {
		panic(fmt.Sprintf("%s: argument %d is no number: %v", c.name, arg, err))
	}
	return n
}

func pathIn(s string) string {
	_, rest, _ := strings.Cut(s, "<")
	b, _ := hex.DecodeString(strings.ReplaceAll(strings.TrimSuffix(rest, ">"), `\x`, ""))
	return string(b)
}

// returned matches the end of a line whose call has returned.
var returned = regexp.MustCompile(`\) += (-?[0-9]+)(<[^>]*>)?( [A-Z].*)?$`)

// readTrace calls enter when a call begins and leave when it has returned, in the order
// of the trace.
func readTrace(r io.Reader, enter, leave func(*call) error) error {
	running := map[string]*call{} // by thread
	lines := bufio.NewReaderSize(r, 1<<20)
	for {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		thread, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		rest = strings.TrimLeft(rest, " ")
		if strings.HasPrefix(rest, "+++") || strings.HasPrefix(rest, "---") {
			continue
		}
		c := running[thread]
		if resumed, found := strings.CutPrefix(rest, "<... "); found {
			_, rest, _ = strings.Cut(resumed, "resumed>")
		} else {
			name, args, _ := strings.Cut(rest, "(")
			c = newCall(name, split(args))
			rest = args
			if err := enter(c); err != nil {
				return err
			}
			if strings.HasSuffix(rest, "<unfinished ...>") {
				running[thread] = c
				continue
			}
		}
		delete(running, thread)
		if c == nil {
			return fmt.Errorf("a call that never began returns: %.200s", line)
		}
		end := returned.FindStringSubmatch(rest)
		if end == nil {
			continue // the process ended in the call
		}
		if c.ret, err = strconv.ParseInt(end[1], 10, 64); err != nil {
			return err
		}
		if err := leave(c); err != nil {
			return err
		}
	}
}

// newCall returns the older calls with paths as the newer ones that name a folder too.
func newCall(name string, args []string) *call {
	const here = "AT_FDCWD"
	switch name {
	case "open", "unlink", "mkdir":
		return &call{name: name + "at", args: append([]string{here}, args...)}
	case "rename":
		return &call{name: "renameat", args: []string{here, args[0], here, args[1]}}
	}
	return &call{name: name, args: args}
}

// split returns the arguments of a call: with -xx no text has a comma or a bracket.
func split(s string) []string {
	s, _, _ = strings.Cut(s, " <unfinished ...>")
	if at := strings.LastIndex(s, ")"); at >= 0 {
		s = s[:at]
	}
	return strings.Split(s, ", ")
}
