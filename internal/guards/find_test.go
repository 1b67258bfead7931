package guards_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// guard is one place at which the contract refuses a call, and the file without it.
type guard struct {
	file    string // path of the file
	line    int
	text    string // first line of what is removed
	without []byte
}

// String names the guard by its place.
func (g guard) String() string {
	return fmt.Sprintf("%s:%d: %s", filepath.Base(g.file), g.line, g.text)
}

// source is one parsed file.
type source struct {
	path  string
	bytes []byte
	tree  *ast.File
	fset  *token.FileSet
}

// findGuards returns the guards in the files of the patterns, in their order.
func findGuards(t *testing.T, patterns ...string) []guard {
	t.Helper()
	var files []source
	var paths []string
	for _, pattern := range patterns {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		fset := token.NewFileSet()
		tree, err := parser.ParseFile(fset, path, b, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, source{path, b, tree, fset})
	}
	refusing := refusingFunctions(files)
	var list []guard
	for _, f := range files {
		s := search{source: f, refusing: refusing, refusals: map[string]bool{}}
		ast.Inspect(f.tree, s.visit)
		list = append(list, s.found...)
	}
	return list
}

// refusingFunctions returns the names of the functions and methods that may give a
// refusal: they return one, or call another that may. Those of package ledger
// that check what is given them begin the list.
func refusingFunctions(files []source) map[string]bool {
	names := map[string]bool{
		"firstRefusal": true, ".Validate": true, ".DecodeStrict": true, ".ParseProfile": true, ".CheckRotation": true, ".CheckEnvironment": true, ".Verify": true,
	}
	for grown := true; grown; {
		grown = false
		for _, f := range files {
			for _, d := range f.tree.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok {
					continue
				}
				name := fn.Name.Name
				if fn.Recv != nil {
					name = "." + name
				}
				if names[name] {
					continue
				}
				ast.Inspect(fn, func(n ast.Node) bool {
					if call, ok := n.(*ast.CallExpr); ok && (isRefusal(call) || names[called(call)]) {
						grown, names[name] = true, true
						if fn.Name.IsExported() { // ledger.CheckListed
							names["."+fn.Name.Name] = true
						}
					}
					return true
				})
			}
		}
	}
	return names
}

// called returns the name of the function or, behind a dot, of the method or the
// function of package ledger that an expression calls.
func called(e ast.Expr) string {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return ""
	}
	fun := call.Fun
	if i, ok := fun.(*ast.IndexExpr); ok { // load[ledger.Party]
		fun = i.X
	}
	switch fun := fun.(type) {
	case *ast.Ident:
		if fun.Name == "inArgs" && len(call.Args) == 1 {
			return called(call.Args[0])
		}
		return fun.Name
	case *ast.SelectorExpr:
		return "." + fun.Sel.Name
	}
	return ""
}

// isRefusal reports whether an expression is ledger.Refuse(…) or ledger.Invalid(…),
// or the same in package ledger, with whatever is called on it.
func isRefusal(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	if fun, ok := call.Fun.(*ast.Ident); ok { // in package ledger itself
		return fun.Name == "Refuse" || fun.Name == "Invalid" || fun.Name == "forbid"
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	if x, ok := sel.X.(*ast.Ident); ok && x.Name == "ledger" {
		return sel.Sel.Name == "Refuse" || sel.Sel.Name == "Invalid"
	}
	return isRefusal(sel.X)
}

// search collects the guards of a file.
type search struct {
	source
	refusing map[string]bool
	refusals map[string]bool // variables that are set to a refusal
	funcs    []span          // the functions seen so far
	found    []guard
}

// span is the place of a function, and the number of its results.
type span struct {
	from, to token.Pos
	results  int
}

func (s *search) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.FuncDecl:
		s.funcs = append(s.funcs, span{n.Pos(), n.End(), n.Type.Results.NumFields()})
		if n.Body != nil && n.Type.Results != nil {
			s.block(n.Body.List, true)
		}
	case *ast.FuncLit:
		s.funcs = append(s.funcs, span{n.Pos(), n.End(), n.Type.Results.NumFields()})
		if n.Type.Results != nil {
			s.block(n.Body.List, true)
		}
	case *ast.AssignStmt:
		if id, ok := n.Lhs[0].(*ast.Ident); ok && isRefusal(n.Rhs[0]) {
			s.refusals[id.Name] = true
		}
	case *ast.CallExpr:
		s.listed(n)
	case *ast.IfStmt:
		s.block(n.Body.List, false)
	case *ast.ForStmt:
		s.block(n.Body.List, false)
	case *ast.RangeStmt:
		s.block(n.Body.List, false)
	case *ast.CaseClause:
		s.block(n.Body, false)
	}
	return true
}

// block looks for guards among the statements of one block. Where the block ends
// the function, its last return must stay a return.
func (s *search) block(list []ast.Stmt, ends bool) {
	for i, stmt := range list {
		switch stmt := stmt.(type) {
		case *ast.ReturnStmt:
			s.returned(stmt, ends && i == len(list)-1)
			if i > 0 && s.sets(list[i-1], "err") && len(stmt.Results) > 0 && s.text(stmt.Results[len(stmt.Results)-1]) == "err" {
				s.remove(stmt, "_ = err; return "+s.others(stmt)+"nil")
			}
		case *ast.IfStmt:
			before := stmt.Init
			if before == nil && i > 0 {
				before = list[i-1]
			}
			s.checked(stmt, before)
		}
	}
}

// returned takes out a return of a refusal: the refusal is made and dropped, and
// the code goes on. A call of a function that may refuse is made, and its error dropped.
func (s *search) returned(r *ast.ReturnStmt, last bool) {
	var within span
	for _, f := range s.funcs {
		if f.from <= r.Pos() && r.Pos() < f.to {
			within = f
		}
	}
	if len(r.Results) == 0 || len(r.Results) != within.results {
		return // return f(), where f has two results
	}
	e := r.Results[len(r.Results)-1]
	if !isRefusal(e) && !s.refusals[s.text(e)] {
		if s.refusing[called(e)] && called(e) != "handle" {
			s.remove(r, "_ = "+s.text(e)+"; return "+s.others(r)+"nil")
		}
		return
	}
	if last {
		s.remove(r, "_ = "+s.text(e)+"; return "+s.others(r)+"nil")
		return
	}
	s.remove(r, s.dropped(r))
}

// dropped makes what a return would have returned, and drops it.
func (s *search) dropped(r *ast.ReturnStmt) string {
	drop := ""
	for _, e := range r.Results {
		if id, ok := e.(*ast.Ident); !ok || id.Name != "nil" {
			drop += "; _ = " + s.text(e)
		}
	}
	return strings.TrimPrefix(drop, "; ")
}

// checked takes out the check of an error that a guard's call returned.
func (s *search) checked(stmt *ast.IfStmt, before ast.Stmt) {
	name, ok := strings.CutSuffix(s.text(stmt.Cond), " != nil")
	if !ok || stmt.Else != nil || !s.sets(before, name) {
		return
	}
	drop := "_ = " + name
	if r, ok := stmt.Body.List[0].(*ast.ReturnStmt); ok {
		drop += "; " + s.dropped(r)
	}
	s.remove(stmt, strings.TrimSuffix(s.text(stmt), s.text(stmt.Body))+"{ "+drop+" }")
}

// sets reports whether a statement sets the variable to what a guard returns.
func (s *search) sets(stmt ast.Stmt, name string) bool {
	set, ok := stmt.(*ast.AssignStmt)
	return ok && len(set.Rhs) == 1 && s.refusing[called(set.Rhs[0])] && s.text(set.Lhs[len(set.Lhs)-1]) == name
}

// listed takes the guards of a list of them out, one at a time.
func (s *search) listed(call *ast.CallExpr) {
	if called(call) != "firstRefusal" {
		return
	}
	for _, e := range call.Args {
		s.remove(e, "func() *Error { _ = "+s.text(e)+"; return nil }()")
	}
}

// others returns all results of a return but the last, each with its comma.
func (s *search) others(r *ast.ReturnStmt) string {
	list := ""
	for _, e := range r.Results[:len(r.Results)-1] {
		list += s.text(e) + ", "
	}
	return list
}

func (s *search) text(n ast.Node) string {
	return string(s.bytes[s.fset.Position(n.Pos()).Offset:s.fset.Position(n.End()).Offset])
}

// remove notes a guard, and the file with other code in its place.
func (s *search) remove(n ast.Node, instead string) {
	from, to := s.fset.Position(n.Pos()), s.fset.Position(n.End())
	first, _, _ := strings.Cut(s.text(n), "\n")
	without := string(s.bytes[:from.Offset]) + instead + string(s.bytes[to.Offset:])
	s.found = append(s.found, guard{s.path, from.Line, first, []byte(without)})
}
