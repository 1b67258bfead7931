package main

import (
	"crypto/sha256"
	"encoding/hex"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

// TestRulesHaveWords: each rule that the code names, as a literal, has words in
// both languages on fields.md.
func TestRulesHaveWords(t *testing.T) {
	rules := rulesOfTheCode(t)
	for _, v := range argumentShapes() {
		for _, f := range ledger.FieldsOf(v.zero) {
			if f.Rule != "" {
				rules[f.Rule] = "the form of " + v.name + "." + f.Name
			}
		}
	}
	if len(rules) < 120 {
		t.Errorf("only %d rules were found", len(rules))
	}
	page := fieldsPage()
	for rule, at := range rules {
		w, ok := ledger.RuleOf(rule)
		if !ok || w.ZH == "" || w.EN == "" || !strings.Contains(page, "| `"+w.Rule+"` | "+w.ZH+" | "+w.EN+" |") {
			t.Errorf("%s: the rule %q has no words: add it to ledger/rule_words.go", at, rule)
		}
	}
}

// rulesOfTheCode finds the rules of Invalid(field, rule), By(rule), forbid(reason,
// rule), deny(reason, rule), bad(rule), refuse(rule) and of members rule.
func rulesOfTheCode(t *testing.T) map[string]string {
	t.Helper()
	last := map[string]int{"Invalid": 2, "By": 1, "forbid": 2, "deny": 2, "bad": 1, "refuse": 1}
	found, files := map[string]string{}, token.NewFileSet()
	add := func(e ast.Expr) {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil && s != "" {
				found[s] = files.Position(lit.Pos()).String()
			}
		}
	}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "network" || d.Name() == "demo" || strings.HasPrefix(d.Name(), ".") && len(d.Name()) > 2):
			return fs.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				name := ""
				switch fn := n.Fun.(type) {
				case *ast.Ident:
					name = fn.Name
				case *ast.SelectorExpr:
					name = fn.Sel.Name
				}
				if k := last[name]; k > 0 && len(n.Args) == k {
					add(n.Args[k-1])
				}
			case *ast.KeyValueExpr:
				if id, ok := n.Key.(*ast.Ident); ok && (id.Name == "Rule" || id.Name == "rule" || id.Name == "empty") {
					add(n.Value)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestSaltedVector computes the vector of fields.md from the page alone.
func TestSaltedVector(t *testing.T) {
	page := fieldsPage()
	of := func(row string) string {
		m := regexp.MustCompile(`(?m)^\| ` + regexp.QuoteMeta(row) + " \\| `([^`]+)` \\|$").FindStringSubmatch(page)
		if m == nil {
			t.Fatalf("no row %q", row)
		}
		return m[1]
	}
	salt, err := hex.DecodeString(of("Salt"))
	if err != nil || len(salt) != 16 {
		t.Fatalf("salt %x: %v", salt, err)
	}
	if got := hex.EncodeToString([]byte(of("Text"))); got != of("Its bytes") {
		t.Errorf("the bytes are %s", got)
	}
	sum := sha256.Sum256(append(salt, of("Text")...))
	if got := hex.EncodeToString(sum[:]); got != of("SHA-256 of salt and text") || !strings.Contains(of("As a member of a call"), got) {
		t.Errorf("the SHA-256 is %s", got)
	}
}
