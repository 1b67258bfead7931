package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
)

// TestPagesAreTheCode fails when a page of docs/ is not what the code says.
func TestPagesAreTheCode(t *testing.T) {
	for name, page := range pages {
		got, err := os.ReadFile(filepath.Join("../../docs", name))
		if err != nil {
			t.Fatalf("%v: run make generate", err)
		}
		if want := page(); string(got) != want {
			t.Errorf("docs/%s differs from the code: run make generate (-code +page):\n%s", name, cmp.Diff(want, string(got)))
		}
		if again := page(); again != page() {
			t.Errorf("docs/%s is written differently each time", name)
		}
	}
}

// TestPagesNameEverything: each function, record and closed list is on its page.
func TestPagesNameEverything(t *testing.T) {
	acts, fields := actsPage(), fieldsPage()
	for _, a := range ledger.Acts() {
		if !strings.Contains(acts, "| `"+string(a.Name)+"` |") {
			t.Errorf("acts.md lacks %s", a.Name)
		}
	}
	for _, s := range append(argumentShapes(), recordShapes()...) {
		if !strings.Contains(fields, "### "+s.name+"\n") {
			t.Errorf("fields.md lacks %s", s.name)
		}
	}
	if n := strings.Count(acts, "stateDiagram-v2"); n != 6 {
		t.Errorf("acts.md has %d diagrams, want one for each of the 6 kinds of record that have states", n)
	}
}
