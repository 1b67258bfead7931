package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestWritingCommandsCanBeChecked: a command takes --check if its code comes to a
// call, of one function or of an import, and no other does.
func TestWritingCommandsCanBeChecked(t *testing.T) {
	var c commands
	parser, err := newParser(&c, "zh")
	if err != nil {
		t.Fatal(err)
	}
	calls, writing := callsOf(t), 0
	for _, leaf := range parser.Model.Leaves(true) {
		writes := calls.leads(leaf.Target.Type())
		if can := slices.ContainsFunc(leaf.Flags, func(f *kong.Flag) bool { return f.Name == "check" }); can != writes {
			t.Errorf("%s: takes --check: %v, writes: %v", leaf.Path(), can, writes)
		}
		if writes {
			writing++
		}
	}
	if writing < len(lines)+5 {
		t.Errorf("only %d commands write", writing)
	}
}

// calls maps each function of this program, and each method by its type and a dot,
// to the names that it calls.
type calls map[string][]string

func callsOf(t *testing.T) calls {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := calls{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				found[nameOf(fn)] = namesIn(fn.Body)
			}
		}
	}
	return found
}

// nameOf names a function, or a method by its type.
func nameOf(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return fn.Name.Name
	}
	typ := fn.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	id, _ := typ.(*ast.Ident)
	return id.Name + "." + fn.Name.Name
}

// namesIn lists what a body names: functions, methods behind a dot, and what stands
// in a package by the name of both.
func namesIn(body *ast.BlockStmt) []string {
	var names []string
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			names = append(names, "."+n.Sel.Name)
			if x, ok := n.X.(*ast.Ident); ok {
				names = append(names, x.Name+"."+n.Sel.Name)
			}
		case *ast.Ident:
			names = append(names, n.Name)
		}
		return true
	})
	return names
}

// leads reports whether the command of a type comes to a call: to program.send, or
// to an import.
func (c calls) leads(command reflect.Type) bool {
	types := typesOf(command)
	seen := map[string]bool{}
	queue := []string{}
	for _, t := range types {
		queue = append(queue, t+".Run")
	}
	for ; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if at == "program.send" {
			return true
		}
		if seen[at] {
			continue
		}
		seen[at] = true
		for _, name := range c[at] {
			if name == "client.Import" {
				return true
			}
			method, isMethod := strings.CutPrefix(name, ".")
			switch {
			case !isMethod:
				queue = append(queue, name)
			case method != "Run" && method != "Help":
				for _, t := range append([]string{"program"}, types...) {
					queue = append(queue, t+"."+method)
				}
			}
		}
	}
	return false
}

// typesOf are a struct and those that it embeds, by name.
func typesOf(t reflect.Type) []string {
	names := []string{t.Name()}
	for f := range t.Fields() {
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			names = append(names, typesOf(f.Type)...)
		}
	}
	return names
}
