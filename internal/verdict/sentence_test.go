package verdict

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/datacadastre/cadastre/ledger/evidence"
)

// TestEveryCheckHasItsSentence reads the list of checks from the source.
func TestEveryCheckHasItsSentence(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "../../ledger/evidence/failure.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	checks := 0
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		lit, ok := spec.Values[0].(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		name, err := strconv.Unquote(lit.Value)
		if err != nil {
			t.Fatal(err)
		}
		checks++
		if words := sentences[evidence.Check(name)]; words[0] == "" || words[1] == "" {
			t.Errorf("%s has no sentence", name)
		}
		return true
	})
	if checks != len(sentences) {
		t.Errorf("%d checks and %d sentences", checks, len(sentences))
	}
}
