package words_test

import (
	"go/ast"
	"regexp"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// TestAllowed checks texts that are computed.
func TestAllowed(t *testing.T) {
	for _, c := range []struct{ text, zh, en string }{
		{"2–100 字/characters", "2–100 字", "2–100 characters"},
		{"≤ 12288 字节/bytes", "≤ 12288 字节", "≤ 12288 bytes"},
		{"整数/integer, ≤ 255", "整数 ≤ 255", "whole number ≤ 255"},
		{"1–64: A–Z a–z 0–9 . _ : / -", "1–64: A–Z a–z 0–9 . _ : / -", "1–64: A–Z a–z 0–9 . _ : / -"},
		{"KIND/ID, KIND one of order, license", "种类/编号，种类为下列之一：order, license", "KIND/ID, where KIND is one of order, license"},
		{"general, important, core", "general（一般数据）、important（重要数据）、core（核心数据）", "general, important, core"},
		{"title, level", "title、level", "title, level"},
		{"≥ 3", "≥ 3", "≥ 3"},
		{"2–5", "2–5", "2–5"},
		{"", "", ""},
	} {
		if zh, en := words.Allowed("zh", c.text), words.Allowed("en", c.text); zh != c.zh || en != c.en {
			t.Errorf("%q is %q and %q, want %q and %q", c.text, zh, en, c.zh, c.en)
		}
	}
}

// english is an English word that a Chinese text may not have; alike are those that
// are names.
var (
	english = regexp.MustCompile(`[A-Za-z]{3,}`)
	alike   = regexp.MustCompile(`UUID|SHA|application/json|base64url|YYYY|MM-DD|JWS|compact|RFC|https?|UTF|Unicode|NFC|Unix|next|true|false`)
)

// TestEveryAllowedTextHasBothLanguages reads from the source what an error may say is
// allowed: literals in calls of allow and wrongText, in With("allowed", …), members
// named allowed, and constants named …Words or …Characters.
func TestEveryAllowedTextHasBothLanguages(t *testing.T) {
	seen := 0
	check := func(name string, e ast.Expr) {
		text, ok := textOf(e)
		if !ok || text == "" || text == ", " {
			return
		}
		if strings.HasPrefix(text, " ") || strings.HasPrefix(text, ": ") {
			text = "1–9" + text // what stands before is a number
		}
		if strings.HasSuffix(text, "one of ") || strings.HasSuffix(text, "page of ") {
			text += "x" // and after it a list
		}
		seen++
		if zh := words.Allowed("zh", text); english.MatchString(alike.ReplaceAllString(zh, "")) {
			t.Errorf("%s: %q has no Chinese: %q", name, text, zh)
		}
		if en := words.Allowed("en", text); han(en) {
			t.Errorf("%s: %q has no English: %q", name, text, en)
		}
	}
	for _, f := range sources(t, "ledger", "ledger/contract", "registry", "registry/catalog", "internal/readmodel", "internal/web", "internal/client") {
		ast.Inspect(f.file, func(n ast.Node) bool { eachAllowed(n, func(e ast.Expr) { check(f.name, e) }); return true })
	}
	if seen < 45 {
		t.Errorf("only %d texts were found", seen)
	}
	for _, e := range ledger.Enums() {
		if len(e.Values) > 1 && !han(words.Allowed("zh", e.String())) {
			t.Errorf("list %s has no Chinese: %s", e.Name, words.Allowed("zh", e.String()))
		}
	}
}

// eachAllowed calls found for each expression of a node that says what is allowed.
func eachAllowed(n ast.Node, found func(ast.Expr)) {
	switch n := n.(type) {
	case *ast.CallExpr:
		switch name := nameOf(n.Fun); {
		case name == "allow" && len(n.Args) == 1:
			found(n.Args[0])
		case name == "With" && len(n.Args) == 2:
			if key, _ := textOf(n.Args[0]); key == "allowed" {
				found(n.Args[1])
			}
		case name == "own" && len(n.Args) == 4:
			found(n.Args[1])
		}
	case *ast.KeyValueExpr:
		if nameOf(n.Key) == "allowed" {
			found(n.Value)
		}
	case *ast.AssignStmt:
		for i, left := range n.Lhs {
			if len(n.Rhs) == len(n.Lhs) && nameOf(left) == "allowed" {
				found(n.Rhs[i])
			}
		}
	case *ast.ValueSpec:
		for i, name := range n.Names {
			if i < len(n.Values) && (strings.HasSuffix(name.Name, "Words") || name.Name == "plainCharacters") {
				found(n.Values[i])
			}
		}
	case *ast.FuncDecl:
		if n.Body == nil || !strings.HasSuffix(n.Name.Name, "Words") && n.Name.Name != "typeNames" {
			return
		}
		ast.Inspect(n.Body, func(n ast.Node) bool {
			if r, ok := n.(*ast.ReturnStmt); ok {
				found(r.Results[len(r.Results)-1])
			}
			return true
		})
	}
}

// TestHumaRulesHaveBothLanguages checks what huma's rules say is allowed.
func TestHumaRulesHaveBothLanguages(t *testing.T) {
	for _, text := range []string{"true, false", "数/number", "整数/integer", "文本/text", "列表/list", "对象/object", "UUID", "YYYY-MM-DD", "≥ 3"} {
		if zh, en := words.Allowed("zh", text), words.Allowed("en", text); english.MatchString(alike.ReplaceAllString(zh, "")) || han(en) {
			t.Errorf("%q is %q and %q", text, zh, en)
		}
	}
}
