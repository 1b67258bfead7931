package words_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// speaking are the packages that speak to users beside this one.
var speaking = []string{
	"cmd/cadastre", "cmd/verify", "internal/backup", "internal/proving", "internal/verdict", "internal/terminal", "internal/demo", "internal/client", "internal/web", "internal/node", "internal/tracing", "internal/trace/prove", "internal/bench",
}

// unheard are English errors that no user reads: the code that makes them catches them.
var unheard = []string{"checked, not recorded", "the file is complete", "the importing party itself is refused"}

// source is one file that is looked at.
type source struct {
	pkg, name string
	file      *ast.File
}

// sources parses the files of packages, tests aside.
func sources(t *testing.T, packages ...string) (list []source) {
	t.Helper()
	for _, pkg := range packages {
		files, err := filepath.Glob(filepath.Join("..", "..", pkg, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s has no source: %v", pkg, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, source{pkg, strings.TrimPrefix(name, "../../"), f})
		}
	}
	return list
}

// textOf is the text of a literal, or of literals joined by +.
func textOf(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		x, okX := textOf(e.X)
		y, okY := textOf(e.Y)
		return x + y, e.Op == token.ADD && (okX || okY)
	case *ast.ParenExpr:
		return textOf(e.X)
	}
	return "", false
}

// TestChineseHasItsEnglish: a literal in Chinese stands beside one in English: in the
// same call, composite or struct tag. The lines of examples are the same in both
// languages; the names and titles that the demonstration records are no sentences.
func TestChineseHasItsEnglish(t *testing.T) {
	seen := 0
	for _, s := range sources(t, speaking...) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if records(s) && nameOf(n.Fun) != "say" && nameOf(n.Fun) != "Errorf" {
					return true
				}
				seen += paired(t, s, n.Args)
			case *ast.CompositeLit:
				if records(s) {
					return true
				}
				seen += paired(t, s, elements(n))
			case *ast.Field:
				if n.Tag != nil && han(n.Tag.Value) {
					seen++
					if !strings.Contains(n.Tag.Value, ` en:"`) {
						t.Errorf("%s: the tag %s has no English", s.name, n.Tag.Value)
					}
				}
			case *ast.ValueSpec, *ast.AssignStmt, *ast.ReturnStmt:
				alone(t, s, n)
			}
			return true
		})
	}
	if seen < 800 {
		t.Errorf("only %d Chinese texts were found", seen)
	}
}

// elements are the values of a composite whose language is not in the key; lines of a
// shell have none.
func elements(c *ast.CompositeLit) (list []ast.Expr) {
	for _, e := range c.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.Ident); ok && key.Name == "Lines" {
				continue
			}
			e = kv.Value
		}
		list = append(list, e)
	}
	return list
}

// paired fails where there are more texts in Chinese than in English among the
// expressions, and counts the former.
func paired(t *testing.T, s source, list []ast.Expr) int {
	t.Helper()
	var zh []string
	en := 0
	for _, e := range list {
		text, ok := textOf(e)
		switch {
		case !ok:
		case han(text):
			zh = append(zh, text)
		default:
			en++
		}
	}
	if len(zh) > en && !recorded(zh[0]) {
		t.Errorf("%s: %q has no English beside it", s.name, zh)
	}
	return len(zh)
}

// alone fails for a text in Chinese that stands for itself.
func alone(t *testing.T, s source, n ast.Node) {
	t.Helper()
	if records(s) {
		return
	}
	var list []ast.Expr
	switch n := n.(type) {
	case *ast.ValueSpec:
		list = n.Values
	case *ast.AssignStmt:
		list = n.Rhs
	case *ast.ReturnStmt:
		list = n.Results
	}
	paired(t, s, list)
}

// records reports whether a package makes records of its own: their names and titles
// are no sentences.
func records(s source) bool { return s.pkg == "internal/demo" || s.pkg == "internal/bench" }

// recorded reports whether a text is no sentence for a user: it is recorded on the
// ledger as it is, says both languages itself, or is a part of a label that is cut off.
func recorded(text string) bool {
	return slices.Contains([]string{
		"演示市数据局", "国务院办公厅关于%d年部分节假日安排的通知", "Cadastre 数籍", " (Unix time in milliseconds Unix 毫秒)", "（分）",
	}, text)
}

func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// verb is a verb of a format, with its place where it says one.
var verb = regexp.MustCompile(`%(?:\[\d+\])?[-+# 0]*[\d.]*(?:\[\d+\])?[a-zA-Z]`)

// TestBothLanguagesSayTheSame: the two formats of a sentence take the same values in
// the same order, and those of an error as many as there are.
func TestBothLanguagesSayTheSame(t *testing.T) {
	seen := 0
	for _, s := range sources(t, speaking...) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			first := 0
			if name := nameOf(call.Fun); name != "say" && name != "Errorf" {
				return true
			} else if name == "say" && s.pkg == "internal/terminal" {
				first = 1 // the language
			}
			if len(call.Args) < first+2 {
				return true
			}
			zh, okZH := textOf(call.Args[first])
			en, okEN := textOf(call.Args[first+1])
			if !okZH || !okEN || !han(zh) && nameOf(call.Fun) == "Errorf" && !strings.Contains(zh, "：") {
				return true
			}
			seen++
			a, b := verb.FindAllString(strings.ReplaceAll(zh, "%%", ""), -1), verb.FindAllString(strings.ReplaceAll(en, "%%", ""), -1)
			if !strings.Contains(zh+en, "%[") && !slices.Equal(a, b) {
				t.Errorf("%s: %q takes %v, %q takes %v", s.name, zh, a, en, b)
			}
			if given := len(call.Args) - first - 2; nameOf(call.Fun) == "Errorf" && !strings.Contains(zh, "%[") && len(a) != given {
				t.Errorf("%s: %q takes %d values and is given %d", s.name, zh, len(a), given)
			}
			return true
		})
	}
	if seen < 300 {
		t.Errorf("only %d sentences were found", seen)
	}
}

// plainWord is an English word of a format, between its verbs.
var plainWord = regexp.MustCompile(`[a-z]{3}`)

// TestErrorsHaveBothLanguages: an error that a user may read is made by words.Errorf.
// fmt.Errorf puts a name before another error; in the node it also says which part of
// the machinery failed, for whoever runs it.
func TestErrorsHaveBothLanguages(t *testing.T) {
	for _, s := range sources(t, speaking...) {
		if s.pkg == "internal/web" || s.pkg == "internal/bench" { // what is no refusal is logged there, and shown to nobody
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || nameOf(sel.X)+"."+sel.Sel.Name != "errors.New" && nameOf(sel.X)+"."+sel.Sel.Name != "fmt.Errorf" {
				return true
			}
			text, ok := textOf(call.Args[0])
			if !ok || slices.Contains(unheard, text) || !plainWord.MatchString(verb.ReplaceAllString(text, "")) {
				return true
			}
			if (s.pkg == "internal/node" || s.pkg == "internal/trace/prove") && (strings.Contains(text, "%w") || slices.Contains(inside, text)) {
				return true
			}
			t.Errorf("%s: %q is English only", s.name, text)
			return true
		})
	}
}

// inside are errors of the node that are logged or caught, and not read at a terminal.
var inside = []string{"past the checkpoint that auditors have cosigned", "the ledger has no anchor of the receipt log"}

// plain are the words that are printed alike in both languages: names.
var plain = []string{"cadastre", "verify", "cursor", "trust", "serve", "dir", "fetch", "output", "file", "csv", "profile", "trace", "sha", "version"}

// TestPrintedTextHasBothLanguages: no command prints a format that is English only.
func TestPrintedTextHasBothLanguages(t *testing.T) {
	prints := []string{"line", "Fprintf", "Fprintln", "Fprint"}
	for _, s := range sources(t, speaking...) {
		if !strings.HasPrefix(s.pkg, "cmd/") && s.pkg != "internal/proving" && s.pkg != "internal/demo" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !slices.Contains(prints, nameOf(call.Fun)) {
				return true
			}
			for _, arg := range call.Args {
				text, ok := textOf(arg)
				if !ok {
					continue
				}
				for _, word := range regexp.MustCompile(`[a-z]{3,}`).FindAllString(verb.ReplaceAllString(text, ""), -1) {
					if !slices.Contains(plain, word) {
						t.Errorf("%s prints %q", s.name, text)
						break
					}
				}
			}
			return true
		})
	}
}
