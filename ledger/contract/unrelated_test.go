package contract_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// TestNoLedgerSetsUnrelated reads the whole source: only the verifier of evidence sets
// Env.Unrelated, so that every ledger reads all records that a license names.
func TestNoLedgerSetsUnrelated(t *testing.T) {
	files := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files++
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if filepath.ToSlash(filepath.Dir(path)) != "../../ledger/evidence" && setsUnrelated(f) {
			t.Errorf("%s sets Unrelated", path)
		}
		return nil
	})
	if err != nil || files < 100 {
		t.Fatalf("%d files: %v", files, err)
	}
}

// setsUnrelated reports whether a file names the member in a literal or assigns to it.
func setsUnrelated(f *ast.File) (found bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			if s, ok := n.Type.(*ast.SelectorExpr); ok && s.Sel.Name == "Env" {
				for _, e := range n.Elts {
					if kv, ok := e.(*ast.KeyValueExpr); ok && fmt.Sprint(kv.Key) == "Unrelated" {
						found = true
					}
				}
			}
		case *ast.AssignStmt:
			for _, l := range n.Lhs {
				if s, ok := l.(*ast.SelectorExpr); ok && s.Sel.Name == "Unrelated" {
					found = true
				}
			}
		}
		return true
	})
	return found
}

// TestOfferSkipsUnrelated offers a license of one resource with all that it names
// besides marked as unrelated: the event and the writes are the same, and those
// records are not read.
func TestOfferSkipsUnrelated(t *testing.T) {
	m := newMarket(t)
	a := offerArgs("L")
	a.Mode, a.Domains, a.Resources = ledger.Scenario, []string{}, []ledger.ID{mID("bus")}
	a.Purposes = []ledger.Purpose{{Class: ledger.Industry, Code: "logistics"}}
	v := m.signed("implementer", ledger.FnLicenseOffer, a)
	env := contract.Env{Time: m.now, Rules: contract.Rules}
	whole := apply(t, env, m.state, v)
	env.Unrelated = func(key string) bool { may, _ := contract.UnrelatedKind(key); return may }
	short := apply(t, env, m.state, v)
	if whole.Err != nil || short.Err != nil || whole.Unrelated != 0 || short.Unrelated != 1+len(a.Environments) {
		t.Fatalf("%v, %v; unrelated %d and %d", whole.Err, short.Err, whole.Unrelated, short.Unrelated)
	}
	if whole.Record.Event != short.Record.Event || whole.Record.Writes != short.Record.Writes {
		t.Error("what is unrelated changes what the call does")
	}
	var rest []ledger.Line
	for _, l := range whole.Reads {
		if may, _ := contract.UnrelatedKind(l.Key); !may || l.Key == ledger.RecordKey(mLicense("L")) {
			rest = append(rest, l)
		}
	}
	if diff := cmp.Diff(rest, short.Reads); diff != "" || len(rest) == len(whole.Reads) {
		t.Errorf("reads with what is unrelated (-want +got):\n%s", diff)
	}
}

// TestUnrelatedKinds names the kinds: a new one needs its reason in the list.
func TestUnrelatedKinds(t *testing.T) {
	for key, want := range map[string][2]bool{
		"resource/a": {true, false}, "entry/a": {true, false}, "application/a": {true, false}, "environment/a": {true, false}, "license/a": {true, false},
		"bodies/430300": {true, true}, "affiliate/a": {true, true}, "affiliation/a": {true, true}, "file/a": {true, true}, "licenses_of/a": {true, true}, "product_content/a": {true, true}, "content_of/product/a/b": {},
		"order/a": {}, "party/a": {}, "key/a": {}, "product/a": {}, "content/a": {}, "grant/a": {}, "genesis": {}, "call/a/b": {}, "deposit/a": {},
	} {
		if may, always := contract.UnrelatedKind(key); [2]bool{may, always} != want {
			t.Errorf("%s: %v, %v", key, may, always)
		}
	}
}
