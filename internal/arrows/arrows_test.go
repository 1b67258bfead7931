// Package arrows_test holds the law of arrows: which package may import which,
// and that the contract and the calendar are deterministic. It promises that a
// package outside the table, an arrow outside its row and a clock in the contract
// fail the build's tests with a sentence; it has no code of its own.
//
// The table is that of the architecture ("Packages"); this is its only copy.
package arrows_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/datacadastre/cadastre"
	root   = "../.."
)

// listed is what the go command says of a package.
type listed struct {
	ImportPath string
	Dir        string
	Export     string
	GoFiles    []string
	Imports    []string // of the package itself, not of its tests
	Deps       []string // what it links, at any distance
}

func TestArrows(t *testing.T) {
	noticeSources(t)
	pkgs := list(t, "-json=ImportPath,Imports,Deps", "./...")
	if len(pkgs) < 3 {
		t.Fatalf("the module has %d packages: the list is not believed", len(pkgs))
	}
	for _, p := range pkgs {
		if p.ImportPath == module+"/internal/deps" { // keeps go.mod together while packages are written
			continue
		}
		for _, o := range offenses(p) {
			t.Error(o)
		}
	}
}

// offenses are the sentences about a package that breaks the law.
func offenses(p listed) []string {
	name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
	r, ok := law[name]
	if !ok {
		return []string{fmt.Sprintf("package %q is not in the table: say in the architecture what its one purpose is and give it a row", name)}
	}
	var found []string
	for _, i := range p.Imports {
		if why := r.refuses(name, i); why != "" {
			found = append(found, fmt.Sprintf("package %q imports %q: %s", name, i, why))
		}
	}
	for _, d := range p.Deps {
		if below(d, r.unlinked) {
			found = append(found, fmt.Sprintf("package %q is linked with %q, which must not be in its binary", name, d))
		}
	}
	return found
}

// refuses says why the package called name may not import path; empty: it may.
func (r row) refuses(name, path string) string {
	own, isOwn := strings.CutPrefix(path, module+"/")
	switch {
	case isOwn && !slices.Contains(r.own, own):
		return "the table has no such arrow"
	case isOwn:
		return ""
	case isStandard(path):
		if r.pure && below(path, impure) && !slices.Contains(excepted[name], path) {
			return "the recorded state would depend on the machine"
		}
		return ""
	case !below(path, r.third):
		return "the table gives this library to other packages, or to none"
	}
	return ""
}

// isStandard reports whether path is of the standard library, whose paths begin
// without a domain.
func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// below reports whether path is one of the roots or lies below one.
func below(path string, roots []string) bool {
	return slices.ContainsFunc(roots, func(r string) bool { return path == r || strings.HasPrefix(path, r+"/") })
}

// list runs go list in the module's root.
func list(t *testing.T, args ...string) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-e"}, args...)...)
	cmd.Dir = root
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var pkgs []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		pkgs = append(pkgs, p)
	}
}

// noticeSources looks at every source file of the module: a result that go test
// kept from an earlier run counts only while what the test itself looked at is
// unchanged, and what go list reads it doesn't know.
func noticeSources(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		if filepath.Ext(path) == ".go" {
			_, err = os.Stat(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestOffenses plants what the law forbids.
func TestOffenses(t *testing.T) {
	for _, c := range []struct {
		name string
		pkg  listed
		want string // in the only sentence; empty: none
	}{
		{"allowed", listed{ImportPath: module + "/ledger/contract", Imports: []string{"fmt", module + "/ledger", tlog}}, ""},
		{"below a library", listed{ImportPath: module + "/internal/web", Imports: []string{huma + "/adapters/humachi"}}, ""},
		{"signing", listed{ImportPath: module + "/ledger", Imports: []string{"crypto/rand", "crypto/ecdsa"}}, ""},
		{"unknown package", listed{ImportPath: module + "/internal/util"}, "is not in the table"},
		{"domains are strangers", listed{ImportPath: module + "/registry", Imports: []string{module + "/licensing"}}, "no such arrow"},
		{"upwards", listed{ImportPath: module + "/ledger", Imports: []string{module + "/ledger/contract"}}, "no such arrow"},
		{"sole importer", listed{ImportPath: module + "/licensing", Imports: []string{casbin}}, "gives this library"},
		{"a name's mere beginning", listed{ImportPath: module + "/policies", Imports: []string{casbin + "x"}}, "gives this library"},
		{"unknown library", listed{ImportPath: module + "/registry", Imports: []string{"example.org/x"}}, "gives this library"},
		{"network in the language", listed{ImportPath: module + "/ledger", Imports: []string{"net/http"}}, "depend on the machine"},
		{"log in the calendar", listed{ImportPath: module + "/ledger/calendar", Imports: []string{"log/slog"}}, "depend on the machine"},
		{"randomness in the contract", listed{ImportPath: module + "/ledger/contract", Imports: []string{"crypto/rand"}}, "depend on the machine"},
		{"linked at a distance", listed{ImportPath: module + "/cmd/chaincode", Deps: []string{fabric + "/pkg/gateway"}}, "must not be in its binary"},
	} {
		got := offenses(c.pkg)
		if c.want == "" && len(got) > 0 || c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// TestTable holds that every arrow ends at a package of the table.
func TestTable(t *testing.T) {
	for name, r := range law {
		for _, o := range r.own {
			if _, ok := law[o]; !ok {
				t.Errorf("the row of %q names %q, which has no row", name, o)
			}
		}
	}
}
