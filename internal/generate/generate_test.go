package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

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
	for kind := range ledger.Kinds() {
		title := "## " + strings.ToUpper(kind[:1]) + kind[1:] + "\n"
		_, section, _ := strings.Cut(acts, "\n"+title)
		section, _, _ = strings.Cut(section, "\n## ")
		if drawn, has := strings.Contains(section, "stateDiagram-v2"), len(statesOf(kind).Values) > 0; drawn != has {
			t.Errorf("acts.md: a %s has states: %v, and a diagram: %v", kind, has, drawn)
		}
	}
}

// TestDiagrams pins one line of each sort: a record that is made, one that an act
// on another kind makes, two functions of one step, and a state's words.
func TestDiagrams(t *testing.T) {
	acts := actsPage()
	for _, line := range []string{
		"    [*] --> offered: license.offer\n", "    [*] --> active: application.code\n",
		"    accepted --> accepted: license.suspend, license.resume\n", "    noticed: noticed 公示中\n",
		"No function of this version leads to `cancelled` `revoked`.\n",
	} {
		if !strings.Contains(acts, "\n"+line) {
			t.Errorf("no line %q", line)
		}
	}
}

// TestEntriesBeginActive: the diagram takes the first state of the closed list for
// that of a record which an act on another kind makes. The only such kind is the
// entry: another one needs a look.
func TestEntriesBeginActive(t *testing.T) {
	for _, a := range ledger.Acts() {
		if a.Makes != "" && len(statesOf(a.Makes).Values) > 0 && a.Makes != ledger.KindEntry {
			t.Errorf("%s makes a %s: in which state does it begin?", a.Name, a.Makes)
		}
	}
	if first := statesOf(ledger.KindEntry).Values[0].Word; first != string(ledger.EntryActive) {
		t.Errorf("the first state of an entry is %q", first)
	}
}

var (
	headingForm = regexp.MustCompile(`(?m)^#+ (.*)$`)
	linkForm    = regexp.MustCompile(`\]\(([a-z]+\.md)?(?:#([^)]+))?\)`)
)

// TestLinksLead: the links between the pages of docs/ lead to a page and a heading
// of it, and no two headings of a page share an address.
func TestLinksLead(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d pages: %v", len(files), err)
	}
	text, headings := map[string]string{}, map[string]map[string]bool{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		text[name], headings[name] = string(b), map[string]bool{}
		for _, m := range headingForm.FindAllStringSubmatch(string(b), -1) {
			a := address(m[1])
			if headings[name][a] && (name == "acts.md" || name == "fields.md") {
				t.Errorf("%s: two headings share #%s", name, a)
			}
			headings[name][a] = true
		}
	}
	for name := range text {
		for _, m := range linkForm.FindAllStringSubmatch(text[name], -1) {
			to := name
			if m[1] != "" {
				to = m[1]
			}
			if headings[to] == nil || m[2] != "" && !headings[to][m[2]] {
				t.Errorf("%s: the link to %s#%s leads nowhere", name, to, m[2])
			}
		}
	}
}

// address is what a heading is linked by: lower case, blanks as hyphens, without
// punctuation.
func address(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}
