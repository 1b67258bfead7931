package words_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// bothLanguages fails unless a text is there in both languages and both take the same
// values: in the same order, or by number.
func bothLanguages(t *testing.T, name string, w ledger.Words) {
	t.Helper()
	if !han(w.ZH) || w.EN == "" || han(w.EN) {
		t.Errorf("%s: %q and %q are not Chinese and English", name, w.ZH, w.EN)
	}
	zh, en := verb.FindAllString(w.ZH, -1), verb.FindAllString(w.EN, -1)
	if strings.Contains(w.ZH+w.EN, "%[") {
		for _, list := range [][]string{zh, en} {
			for i, v := range list {
				list[i] = strings.TrimRight(v, "dqs")
			}
			slices.Sort(list)
		}
	}
	if !slices.Equal(zh, en) {
		t.Errorf("%s: %q takes %v, %q takes %v", name, w.ZH, zh, w.EN, en)
	}
}

// TestTraceHasBothLanguages checks every part of the sentence of a trace.
func TestTraceHasBothLanguages(t *testing.T) {
	v := reflect.ValueOf(words.Trace)
	for f, value := range v.Fields() {
		w, ok := reflect.TypeAssert[ledger.Words](value)
		if !ok {
			t.Fatalf("%s is no text", f.Name)
		}
		bothLanguages(t, f.Name, w)
	}
}

// pageKey finds the keys of the texts that a page uses.
var pageKey = regexp.MustCompile(`\.Say "([^"]*)"|Say\("([^"]*)"`)

// TestPagesTakeTheirTextsFromHere checks that each page uses known texts only and has
// none itself, and that each text is used.
func TestPagesTakeTheirTextsFromHere(t *testing.T) {
	files, err := filepath.Glob("../web/pages/*.html")
	if err != nil || len(files) < 3 {
		t.Fatalf("the pages are missing: %v", err)
	}
	used := map[string]bool{}
	for _, name := range append(files, "../web/pages.go") {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".html") && han(string(b)) {
			t.Errorf("%s has Chinese text: it belongs into package words", name)
		}
		for _, m := range pageKey.FindAllStringSubmatch(string(b), -1) {
			used[m[1]+m[2]] = true
		}
	}
	for key := range used {
		if _, ok := words.Page("zh", key); !ok {
			t.Errorf("no text has the key %q, which a page uses", key)
		}
	}
	for _, key := range words.PageKeys() {
		if !used[key] {
			t.Errorf("no page uses the text %q", key)
		}
		zh, _ := words.Page("zh", key)
		en, _ := words.Page("en", key)
		bothLanguages(t, key, ledger.Words{ZH: zh, EN: en})
	}
}

// elsewhere are the packages outside this one that may have Chinese texts without being
// in speaking, each with its reason.
var elsewhere = map[string]string{
	"ledger":            "facts have their names with them: titles, labels, rules, closed lists",
	"ledger/ledgertest": "records for tests",
	"registry/catalog":  "what is allowed: TestEveryAllowedTextHasBothLanguages",
	"internal/bigram":   "bounds of characters",
	"internal/generate": "pages of docs, in both languages",
}

// TestOtherPackagesHaveNoSentences checks that every other package of the module has
// Chinese in the tags of its wire types only. A package that prints sentences is listed
// in speaking, where each must have its English.
func TestOtherPackagesHaveNoSentences(t *testing.T) {
	const root = "../.."
	seen := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		name := strings.TrimPrefix(filepath.ToSlash(path), root+"/")
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		pkg := filepath.ToSlash(filepath.Dir(name))
		if slices.Contains(speaking, pkg) || pkg == "internal/words" || elsewhere[pkg] != "" {
			return nil
		}
		seen[pkg] = true
		noSentences(t, path, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range []string{"internal/trace", "internal/trace/follow", "internal/api/wire", "ledger/evidence", "marketplace"} {
		if !seen[pkg] {
			t.Errorf("%s was not read", pkg)
		}
	}
}

// noSentences fails for each Chinese text of a file outside its struct tags.
func noSentences(t *testing.T, path, name string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field: // its tag is part of the API's description
			return n.Tag == nil
		case *ast.BasicLit:
			if s, err := strconv.Unquote(n.Value); err == nil && han(s) {
				t.Errorf("%s: %q belongs into package words, or %s into speaking", name, s, filepath.Dir(name))
			}
		}
		return true
	})
}

// TestEveryKindHasItsWords checks the names of the kinds of record, and of what has
// references beside them.
func TestEveryKindHasItsWords(t *testing.T) {
	for _, kind := range append(slices.Collect(maps.Keys(ledger.Kinds())), ledger.KindReceipt, ledger.KindFile) {
		if zh, en := words.Kind("zh", kind), words.Kind("en", kind); !han(zh) || en == "" || han(en) {
			t.Errorf("kind %s is called %q and %q", kind, zh, en)
		}
	}
}

// TestEveryStateHasItsWords checks the states of each kind of record, and those that
// follow from other members.
func TestEveryStateHasItsWords(t *testing.T) {
	seen := 0
	check := func(kind, state string) {
		seen++
		if w := words.StateOf(kind, state); !han(w.ZH) || w.EN == state {
			t.Errorf("state %s of a %s is called %q and %q", state, kind, w.ZH, w.EN)
		}
	}
	for kind, record := range ledger.Kinds() {
		for _, f := range ledger.FieldsOf(record) {
			if f.Name != "state" || f.Enum == nil {
				continue
			}
			for _, state := range f.Enum.List() {
				check(kind, state)
			}
		}
		check(kind, "suspended")
	}
	for _, state := range []string{"complete", "aborted", "running", "mixed"} {
		check(ledger.KindReceipt, state)
	}
	check(ledger.KindParty, "admitted")
	if seen < 40 {
		t.Errorf("only %d states were found", seen)
	}
}

// TestFormat checks that values with words follow the language of the sentence.
func TestFormat(t *testing.T) {
	for _, c := range []struct {
		value  any
		zh, en string
	}{
		{ledger.Words{ZH: "有效", EN: "Active"}, "现状：有效", "now: active"},
		{ledger.Words{ZH: "接口", EN: "API"}, "现状：接口", "now: API"},
		{"x", "现状：x", "now: x"},
	} {
		if got := words.Format(ledger.Words{ZH: "现状：%s", EN: "now: %s"}, c.value); got.ZH != c.zh || got.EN != c.en {
			t.Errorf("got %q and %q", got.ZH, got.EN)
		}
	}
	got := words.Join([]ledger.Words{{ZH: "甲", EN: "one"}, {ZH: "乙", EN: "two"}})
	if got.ZH != "甲；乙。" || got.EN != "One; two." {
		t.Errorf("got %q and %q", got.ZH, got.EN)
	}
}

// TestAnswersHaveWords checks the words of answers that have no closed list: those of
// the table of readers, and of a certificate's statement.
func TestAnswersHaveWords(t *testing.T) {
	b, err := os.ReadFile("../../policies/roles.csv")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	check := func(member, value string) {
		seen++
		zh, okZH := words.Answer("zh", member, value)
		en, okEN := words.Answer("en", member, value)
		if !okZH || !okEN || !han(zh) || en == "" || han(en) {
			t.Errorf("%s %q is %q and %q", member, value, zh, en)
		}
	}
	for line := range strings.Lines(string(b)) {
		cells := strings.Split(strings.TrimSpace(line), ",")
		if cells[0] != "p" || len(cells) != 7 {
			continue
		}
		for i, member := range []string{"role", "standing", "place", "act", "what"} {
			if value := strings.TrimSpace(cells[i+1]); value != member {
				check(member, value)
			}
		}
	}
	entry, err := os.ReadFile("../../registry/entry.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`const Statement\w+ = "([^"]+)"`).FindAllStringSubmatch(string(entry), -1) {
		check("statement", m[1])
	}
	if seen < 100 {
		t.Errorf("only %d words were found", seen)
	}
	for value, want := range map[string]string{"license/1": "授权 1", "nothing": "", "license": "", "x/1": ""} {
		if got, _ := words.Answer("zh", "ref", value); got != want {
			t.Errorf("record %q is %q", value, got)
		}
	}
}
