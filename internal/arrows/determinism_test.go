package arrows_test

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// deterministic are the packages whose result must be the same on every machine
// that applies the same call.
var deterministic = []string{module + "/ledger/contract", module + "/ledger/calendar"}

// machineBound are functions and variables whose value depends on the machine,
// and the walks over maps, whose order is random.
var machineBound = map[string][]string{
	"time": {"Now", "Since", "Until", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "Sleep", "Local", "LoadLocation"},
	"maps": {"All", "Keys", "Values"},
}

func TestDeterminism(t *testing.T) {
	noticeSources(t)
	exports := exportsOf(t, deterministic...)
	for _, path := range deterministic {
		p := exports.pkgs[path]
		if len(p.GoFiles) == 0 {
			t.Errorf("package %s has no source", path)
		}
		fset := token.NewFileSet()
		var files []*ast.File
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
		for _, o := range exports.impurities(t, path, fset, files) {
			t.Error(o)
		}
	}
}

// exports is the compiled form of packages and of all they import.
type exports struct{ pkgs map[string]listed }

func exportsOf(t *testing.T, paths ...string) exports {
	t.Helper()
	e := exports{map[string]listed{}}
	for _, p := range list(t, append([]string{"-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles"}, paths...)...) {
		e.pkgs[p.ImportPath] = p
	}
	return e
}

func (e exports) open(path string) (io.ReadCloser, error) {
	if e.pkgs[path].Export == "" {
		return nil, fmt.Errorf("package %s does not compile", path)
	}
	return os.Open(e.pkgs[path].Export)
}

// impurities are the sentences about a package that is not deterministic.
func (e exports) impurities(t *testing.T, path string, fset *token.FileSet, files []*ast.File) []string {
	t.Helper()
	info := &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{},
		Uses: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{},
	}
	conf := types.Config{Importer: importer.ForCompiler(fset, "gc", e.open)}
	if _, err := conf.Check(path, fset, files, info); err != nil {
		t.Fatalf("check types of %s: %v", path, err)
	}
	s := &search{fset: fset, info: info}
	for _, f := range files {
		ast.Inspect(f, s.visit)
	}
	return s.found
}

type search struct {
	fset  *token.FileSet
	info  *types.Info
	found []string
}

func (s *search) report(n ast.Node, what string) {
	at := s.fset.Position(n.Pos())
	sentence := fmt.Sprintf("%s:%d: %s", filepath.Base(at.Filename), at.Line, what)
	if !slices.Contains(s.found, sentence) {
		s.found = append(s.found, sentence)
	}
}

func (s *search) visit(n ast.Node) bool {
	if e, ok := n.(ast.Expr); ok && isFloat(s.info.TypeOf(e)) {
		s.report(n, "float")
	}
	switch n := n.(type) {
	case *ast.GoStmt:
		s.report(n, "goroutine")
	case *ast.SelectStmt:
		s.report(n, "select")
	case *ast.RangeStmt:
		if isMap(s.info.TypeOf(n.X)) {
			s.report(n, "range over a map")
		}
		s.changed(n.Key, n.Value)
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			s.changed(n.Lhs...)
		}
	case *ast.IncDecStmt:
		s.changed(n.X)
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			s.changed(n.X)
		}
	case *ast.CallExpr:
		s.call(n)
	case *ast.Ident:
		s.ident(n)
	case *ast.BasicLit:
		if n.Kind == token.FLOAT || n.Kind == token.IMAG {
			s.report(n, "float")
		}
	}
	return true
}

// call looks for what changes its receiver or first argument.
func (s *search) call(c *ast.CallExpr) {
	if f, ok := c.Fun.(*ast.Ident); ok {
		b, ok := s.info.Uses[f].(*types.Builtin)
		if ok && slices.Contains([]string{"delete", "clear", "copy"}, b.Name()) {
			s.changed(c.Args[0])
		}
	}
	if f, ok := c.Fun.(*ast.SelectorExpr); ok {
		sel := s.info.Selections[f]
		if sel == nil || sel.Kind() != types.MethodVal {
			return
		}
		_, byPointer := sel.Obj().Type().(*types.Signature).Recv().Type().(*types.Pointer)
		if _, isPointer := sel.Recv().(*types.Pointer); byPointer && !isPointer {
			s.changed(f.X)
		}
	}
}

// changed reports the expressions that lie in a package-level variable.
func (s *search) changed(exprs ...ast.Expr) {
	for _, e := range exprs {
		for e != nil {
			switch x := e.(type) {
			case *ast.Ident:
				if v, ok := s.info.Uses[x].(*types.Var); ok && v.Pkg() != nil && v.Parent() == v.Pkg().Scope() {
					s.report(x, "package variable "+x.Name+" is changed after its declaration")
				}
				e = nil
			case *ast.SelectorExpr:
				e = x.X
				if s.info.Selections[x] == nil { // of another package
					e = x.Sel
				}
			case *ast.IndexExpr:
				e = x.X
			case *ast.StarExpr:
				e = x.X
			case *ast.ParenExpr:
				e = x.X
			case *ast.SliceExpr:
				e = x.X
			default:
				e = nil
			}
		}
	}
}

// ident looks at what a name stands for.
func (s *search) ident(id *ast.Ident) {
	o := s.info.ObjectOf(id)
	if o == nil {
		return
	}
	if o.Pkg() != nil && slices.Contains(machineBound[o.Pkg().Path()], o.Name()) {
		s.report(id, o.Pkg().Path()+"."+o.Name())
	}
}

func isFloat(t types.Type) bool {
	if t == nil {
		return false
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&(types.IsFloat|types.IsComplex) != 0
}

func isMap(t types.Type) bool {
	if t == nil {
		return false
	}
	if p, ok := t.(*types.TypeParam); ok {
		found := false
		for u := range p.Constraint().Underlying().(*types.Interface).EmbeddedTypes() {
			found = found || strings.Contains(u.Underlying().String(), "map[")
		}
		return found
	}
	_, ok := t.Underlying().(*types.Map)
	return ok
}

// TestImpurities plants each thing that the contract may not do.
func TestImpurities(t *testing.T) {
	e := exportsOf(t, "time", "maps", "slices", "strings")
	for _, c := range []struct{ body, want string }{
		{`func f() int { return table["a"]() }`, ""},
		{`func f() { local := map[string]int{}; local["a"]++; delete(local, "a"); _ = local }`, ""},
		{`func f() time.Time { return time.UnixMilli(0).UTC().Add(2 * time.Hour) }`, ""},
		{`func f(m map[string]int) (n int) { for _, v := range m { n += v }; return n }`, "range over a map"},
		{`func f[M ~map[string]int](m M) (n int) { for _, v := range m { n += v }; return n }`, "range over a map"},
		{`func f(m map[string]int) []string { return slices.Collect(maps.Keys(m)) }`, "maps.Keys"},
		{`func f() { go f() }`, "goroutine"},
		{`func f(c chan int) { select { case <-c: default: } }`, "select"},
		{`func f(n int64) int64 { x := float64(n); return int64(x) }`, "float"},
		{`func f(n int64) int64 { return n * 1e3 }`, "float"},
		{`func f(d time.Duration) bool { return d.Seconds() > 2 }`, "float"},
		{`func f() int64 { return time.Now().Unix() }`, "time.Now"},
		{`func f() time.Time { return time.Unix(0, 0).Local() }`, "time.Local"},
		{`var clock = time.Now`, "time.Now"},
		{`func f() { count++ }`, "package variable count"},
		{`func f() { count = 3 }`, "package variable count"},
		{`func f() *int { return &count }`, "package variable count"},
		{`func f() { table["b"] = nil }`, "package variable table"},
		{`func f() { delete(table, "a") }`, "package variable table"},
		{`func f() { built.WriteString("x") }`, "package variable built"},
		{`func f() { (list[0]) = 2 }`, "package variable list"},
		{`func f() { for count = range 3 { } }`, "package variable count"},
		{`func f() { time.UTC = nil }`, "package variable UTC"},
	} {
		src := `package planted
import ("maps"; "slices"; "strings"; "time")
var (
	count int
	list = []int{1}
	table = map[string]func() int{"a": func() int { return list[0] + count }}
	built strings.Builder
	_ = []any{maps.Clone[map[string]int], slices.Clone[[]int], time.UTC}
)
` + c.body
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, "planted.go", src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatalf("%s: %v", c.body, err)
		}
		got := strings.Join(e.impurities(t, "planted", fset, []*ast.File{file}), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.body, got, c.want)
		}
	}
}
