package guards_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// guarded are the files that hold guards: the contract, and the rules of sale and
// delivery that it shares with the marketplace. The tests of their own package must
// notice each one's absence.
var guarded = []string{"../../ledger/contract/*.go", "../../ledger/rule*.go"}

const atOnce = 2 // builds and test runs beside each other

// What a run takes: how many guards (a number, "all", or part of the places, such as
// "party.go"; by default no guard), and the seed that chooses them. Without a seed each
// day has its own.
const (
	envGuards = "CADASTRE_GUARDS"
	envSeed   = "CADASTRE_GUARDS_SEED"
)

// TestEachGuardIsTested removes guards of the contract, one at a time, and fails
// for each whose absence no test of the contract notices.
func TestEachGuardIsTested(t *testing.T) {
	n := os.Getenv(envGuards)
	if n == "" {
		t.Skipf("make guards runs this: it sets %s", envGuards)
	}
	dir := t.TempDir()
	for i, files := range guarded {
		if out := try(t, filepath.Join(dir, "all", strconv.Itoa(i)), filepath.Dir(files), guard{}); out.failed != "" || out.unbuilt {
			t.Fatalf("with all guards %s fails:\n%s", out.failed, out.log)
		}
	}
	guards := choose(t, findGuards(t, guarded...), n)
	begin := time.Now()
	var wait sync.WaitGroup
	free := make(chan struct{}, atOnce)
	for i, g := range guards {
		wait.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			at := filepath.Join(dir, strconv.Itoa(i))
			out := try(t, at, filepath.Dir(g.file), g)
			switch {
			case out.unbuilt:
				t.Errorf("%s\ndoes not compile without it: find_test.go must remove it otherwise:\n%s", g, out.log)
			case out.failed == "":
				t.Errorf("%s\nno test of its package notices its absence", g)
			default:
				t.Logf("%s\n%s notices", g, out.failed)
			}
			if err := os.RemoveAll(at); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	t.Logf("%d guards in %s", len(guards), time.Since(begin).Round(time.Second))
}

// choose picks guards, n of them by the seed, which it prints.
func choose(t *testing.T, guards []guard, n string) []guard {
	t.Helper()
	if len(guards) < 100 {
		t.Fatalf("only %d guards were found", len(guards))
	}
	if n == "all" {
		return guards
	}
	count, err := strconv.Atoi(n)
	if err != nil {
		return slices.DeleteFunc(guards, func(g guard) bool { return !strings.Contains(g.String(), n) })
	}
	text := os.Getenv(envSeed)
	if text == "" {
		text = time.Now().UTC().Format(time.DateOnly)
	}
	t.Logf("%s=%s: %d of %d guards", envSeed, text, count, len(guards))
	h := fnv.New64a()
	h.Write([]byte(text))
	order := rand.New(rand.NewPCG(h.Sum64(), 0)).Perm(len(guards))
	var list []guard
	for _, i := range order[:min(count, len(order))] {
		list = append(list, guards[i])
	}
	slices.SortFunc(list, func(a, b guard) int { return strings.Compare(a.String(), b.String()) })
	return list
}

// outcome is what came of the contract's tests without a guard.
type outcome struct {
	unbuilt bool
	failed  string // the first test that failed; empty: no test failed
	log     string
}

var failedTest = regexp.MustCompile(`(?m)^--- FAIL: (\S+)|^(panic: .*)$`)

// try builds the tests of a package without a guard and runs them. Most guards
// are noticed by tests of single cases, so that tests by random draws draw little
// at first.
func try(t *testing.T, dir, pkg string, g guard) outcome {
	binary, err := filepath.Abs(filepath.Join(dir, "contract.test"))
	if err != nil {
		return outcome{unbuilt: true, log: err.Error()}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return outcome{unbuilt: true, log: err.Error()}
	}
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-o", binary)
	if g.file != "" {
		overlay, err := overlayFile(dir, g)
		if err != nil {
			return outcome{unbuilt: true, log: err.Error()}
		}
		build.Args = append(build.Args, "-overlay", overlay)
	}
	build.Args = append(build.Args, ".")
	build.Dir = pkg
	if out, err := build.CombinedOutput(); err != nil {
		return outcome{unbuilt: true, log: string(out)}
	}
	for _, checks := range []string{"5", "100"} {
		run := exec.CommandContext(t.Context(), binary, "-test.failfast", "-test.timeout=2m", "-rapid.checks="+checks,
			"-rapid.nofailfile", "-rapid.shrinktime=1ms")
		run.Dir, run.Env = pkg, append(os.Environ(), "CADASTRE_GUARDS_MUTANT=1")
		out, err := run.CombinedOutput()
		if err == nil {
			continue
		}
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
			return outcome{unbuilt: true, log: err.Error()}
		}
		name := "a test that says no name"
		if m := failedTest.FindSubmatch(out); m != nil {
			name = string(m[1]) + string(m[2])
		}
		return outcome{failed: name, log: string(out)}
	}
	return outcome{}
}

// overlayFile writes the file without the guard, and which file it replaces.
func overlayFile(dir string, g guard) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make folder: %w", err)
	}
	original, err := filepath.Abs(g.file)
	if err != nil {
		return "", fmt.Errorf("find %s: %w", g.file, err)
	}
	without := filepath.Join(dir, filepath.Base(g.file))
	overlay := filepath.Join(dir, "overlay.json")
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{original: without}})
	if err != nil {
		return "", fmt.Errorf("encode overlay: %w", err)
	}
	return overlay, errors.Join(os.WriteFile(without, g.without, 0o600), os.WriteFile(overlay, text, 0o600))
}
