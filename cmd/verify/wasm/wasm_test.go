// Package main_test builds the verifier for browsers and, where Node.js is on the
// machine, compares its verdicts with those of the program itself.
package main_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/verdict"
)

// vectors are bundles of a ledger that the tests of package evidence made.
const vectors = "../../../ledger/evidence/testdata/"

// given is what one call of cadastreVerify is given.
type given struct {
	Bundle  []byte `json:"bundle,omitempty"`
	Trust   string `json:"trust"`
	Options string `json:"options,omitempty"`
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func command(t *testing.T, in []byte, name string, args ...string) (out string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	cmd.Stdin = bytes.NewReader(in)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	b, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, errs.String())
	}
	t.Log(errs.String())
	return strings.TrimSpace(string(b))
}

// cases are all bundles of the vectors, whole, asked in both languages, for a file,
// with a byte changed, and with options and trust files that are none.
func cases(t *testing.T) []given {
	t.Helper()
	trust := string(read(t, vectors+"trust.json"))
	files, err := filepath.Glob(vectors + "*.json")
	if err != nil {
		t.Fatal(err)
	}
	order := read(t, vectors+"order.json")
	list := []given{
		{order, trust, `{"lang":"en"}`},
		{order, trust, `{"lang":"en","sha256":"` + strings.Repeat("0", 64) + `"}`},
		{order, trust, `{"file":1}`},
		{order, "{}", ""},
	}
	for i := range 20 {
		changed := bytes.Clone(order)
		changed[len(order)*i/20] ^= 1
		list = append(list, given{changed, trust, ""})
	}
	for _, f := range files {
		list = append(list, given{read(t, f), trust, ""})
	}
	return append(list, given{order, trust, ""})
}

func TestSameVerdicts(t *testing.T) {
	read(t, "main_js.go") // a cached result does not outlive it
	module := filepath.Join(t.TempDir(), "verify.wasm")
	command(t, nil, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", module, ".")
	list := cases(t)
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not on this machine: the verifier for browsers was built, and not run")
	}
	support := filepath.Join(command(t, nil, "go", "env", "GOROOT"), "lib", "wasm", "wasm_exec.js")
	in, err := json.Marshal(append(list, given{Trust: "no bytes"}))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	if err := json.Unmarshal([]byte(command(t, in, node, filepath.Join("testdata", "run.js"), support, module)), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(list)+1 {
		t.Fatalf("%d verdicts of %d", len(got), len(list)+1)
	}
	proven := 0
	for i, c := range list {
		want := string(verdict.JSON(c.Bundle, []byte(c.Trust), []byte(c.Options)))
		if diff := cmp.Diff(want, got[i]); diff != "" {
			t.Errorf("case %d: %s", i, diff)
		}
		if strings.HasPrefix(want, `{"proven":true`) {
			proven++
		}
	}
	if proven < 4 {
		t.Errorf("only %d bundles are proven", proven)
	}
	if last := got[len(list)]; !strings.HasPrefix(last, "TypeError") {
		t.Errorf("a bundle that is no bytes: %s", last)
	}
}
