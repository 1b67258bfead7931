package ledger_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/datacadastre/cadastre/ledger"
)

// noForms are structs with JSON names that nobody fills in: what carries calls
// and records, and values that a kind of field stands for.
var noForms = strings.Fields("Act ActRow ActsDocument Answer Applied Call CallRecord Cited Clock Committed DeliveryFacts Enum Error Event Field FileUse Header JWK Label Line Link LogEntry Move Open Outcome Param ProductContent " +
	"Position Proof Readers Record Recorded Restored Revision RuleGroup RuleWords Salted Value Who Words Write")

// structsOf are the structs of the package that have JSON names, read from its
// source so that a new one can't be forgotten, and the structs that have rules.
func structsOf(t *testing.T) (named map[string]*ast.StructType, ruled map[string]bool) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no source: %v", err)
	}
	named, ruled = map[string]*ast.StructType{}, map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.TypeSpec:
				if s, ok := n.Type.(*ast.StructType); ok && n.Name.IsExported() && isForm(s) {
					named[n.Name.Name] = s
				}
			case *ast.FuncDecl:
				if n.Name.Name == "rules" && n.Recv != nil {
					if id, ok := n.Recv.List[0].Type.(*ast.Ident); ok {
						ruled[id.Name] = true
					}
				}
			}
			return true
		})
	}
	return named, ruled
}

// isForm reports whether a struct has JSON names, or embeds one that may.
func isForm(s *ast.StructType) bool {
	return slices.ContainsFunc(s.Fields.List, func(f *ast.Field) bool {
		return len(f.Names) == 0 || f.Tag != nil && strings.Contains(f.Tag.Value, `json:"`)
	})
}

func TestEveryStructHasItsForm(t *testing.T) {
	known := map[string]bool{}
	for _, v := range ledger.FormTypes {
		known[reflect.TypeOf(v).Name()] = true
	}
	named, ruled := structsOf(t)
	if len(named) < 60 {
		t.Fatalf("only %d structs were found", len(named))
	}
	for name, s := range named {
		if known[name] == slices.Contains(noForms, name) {
			t.Errorf("%s: no act takes it and no record holds it: plannedTypes or noForms of this test names it", name)
		}
		for _, f := range s.Fields.List {
			if id, ok := f.Type.(*ast.Ident); ok && len(f.Names) == 0 && ruled[id.Name] && ruled[name] {
				t.Errorf("%s has rules and embeds %s, whose rules it hides: call them, and except it here", name, id.Name)
			}
		}
	}
}

// TestEveryMemberHasItsLabel: people read a label, and something checks the value.
func TestEveryMemberHasItsLabel(t *testing.T) {
	for _, v := range ledger.FormTypes {
		typ := reflect.TypeOf(v)
		for f := range typ.Fields() {
			if f.Anonymous || !f.IsExported() {
				continue
			}
			at := typ.Name() + "." + f.Name
			zh, en, form := f.Tag.Get("zh"), f.Tag.Get("en"), f.Tag.Get("form")
			if !strings.ContainsFunc(zh, func(r rune) bool { return unicode.Is(unicode.Han, r) }) || ledger.CheckText("", zh, 1, 20) != nil {
				t.Errorf("%s: %q is no label in Chinese", at, zh)
			}
			if ledger.CheckText("", en, 1, 40) != nil || strings.ContainsFunc(en, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
				t.Errorf("%s: %q is no label in English", at, en)
			}
			if need, tagged := f.Tag.Lookup("need"); tagged {
				zh, en, both := strings.Cut(need, "|")
				if !both || !strings.ContainsFunc(zh, func(r rune) bool { return unicode.Is(unicode.Han, r) }) || en == "" {
					t.Errorf("%s: %q does not say in both languages when it is needed", at, need)
				}
			}
			if f.Type.Kind() == reflect.Slice && !strings.HasPrefix(form, "list=") {
				t.Errorf("%s: a list without bounds", at)
			}
			if form == "" && !checksItself(f.Type) {
				t.Errorf("%s: nothing checks it; %q says that a method does", at, "-")
			}
		}
	}
}

// checksItself reports whether a type needs no word in a tag.
func checksItself(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	own := reflect.TypeFor[interface{ Validate(field string) error }]()
	planned := slices.ContainsFunc(ledger.FormTypes, func(v any) bool { return reflect.TypeOf(v) == t })
	return t.Kind() == reflect.Bool || t.Implements(own) || planned
}
