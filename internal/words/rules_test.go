package words_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// makers are the functions that make an error of form, with the place of the rule
// among their arguments.
var makers = map[string]int{"Invalid": 1, "wrongText": 2}

// article is a rule that is a law's, or a section of our own texts.
var article = regexp.MustCompile(`^([A-Z]+[0-9]|[A-Za-z]+ §)`)

// rulesOfForm reads the rules from the source of the whole module, so that a new
// one can't be forgotten.
func rulesOfForm(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if i, ok := makers[nameOf(n.Fun)]; ok && i < len(n.Args) {
					addLiteral(found, n.Args[i], path)
				}
			case *ast.KeyValueExpr:
				if strings.HasSuffix(path, "form_pattern.go") && nameOf(n.Key) == "rule" {
					addLiteral(found, n.Value, path)
				}
			}
			return true
		})
		return nil
	})
	if err != nil || len(found) < 50 {
		t.Fatalf("%d rules, %v", len(found), err)
	}
	return found
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

func addLiteral(found map[string]string, e ast.Expr, path string) {
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		if s, err := strconv.Unquote(lit.Value); err == nil {
			found[s] = path
		}
	}
}

// TestEveryRuleHasItsSentence in both languages, or is an article to look up.
func TestEveryRuleHasItsSentence(t *testing.T) {
	for rule, path := range rulesOfForm(t) {
		if article.MatchString(rule) {
			continue
		}
		for _, lang := range []string{"zh", "en"} {
			if said := words.Said(lang, ledger.Invalid("f", rule)); strings.HasPrefix(said, "不符合规则") || strings.HasPrefix(said, "breaks the rule") {
				t.Errorf("%s: the rule %s has no sentence in %s: %q", path, rule, lang, said)
			}
		}
	}
	var bare []string
	for rule, w := range words.Rules() {
		if w.ZH == "" || w.EN == "" || strings.Contains(w.EN, "breaks the rule") {
			bare = append(bare, rule)
		}
	}
	slices.Sort(bare)
	if len(bare) > 0 {
		t.Errorf("without a sentence: %v", bare)
	}
}

func TestFault(t *testing.T) {
	label := ledger.Words{ZH: "资源名称", EN: "Title"}
	short := ledger.AsError(ledger.CheckText("resource.title", "短", 2, 100))
	missing := ledger.Refuse(ledger.InvalidCode, ledger.ReasonIncomplete).At("materials").By("R9(1)").With("group", "deposit")
	for _, c := range []struct {
		name, lang string
		e          *ledger.Error
		label      ledger.Words
		want       string
	}{
		{"all of it", "zh", short, label, "resource.title（资源名称）：“短” 太短（规则 min_runes；允许：2–100 字/characters）"},
		{"all of it", "en", short, label, `resource.title (Title): "短" is too short (rule min_runes; allowed: 2–100 字/characters)`},
		{"another language", "fr", short, label, "resource.title（资源名称）：“短” 太短（规则 min_runes；允许：2–100 字/characters）"},
		{"no label", "en", ledger.Invalid("a", "required"), ledger.Words{}, "a is missing (rule required)"},
		{"an article", "en", ledger.Invalid("a", "O5"), ledger.Words{}, "a breaks the rule O5"},
		{"bounds", "en", ledger.Invalid("a", "0_to_100").With("value", "101").With("min", "0").With("max", "100"), ledger.Words{}, `a: "101" is out of range (rule 0_to_100; allowed: 0–100)`},
		{"no field", "zh", ledger.Invalid("", "type_object"), ledger.Words{}, "内容 应为对象（规则 type_object）"},
		{"group", "zh", missing, ledger.Words{}, "materials 缺少材料：存证情况（deposit）（规则 R9(1)）"},
		{"group", "en", missing, ledger.Words{}, "materials lack: Deposit (deposit) (rule R9(1))"},
		{"JSON", "en", &ledger.Error{Code: ledger.InvalidCode, Reason: ledger.ReasonJSON, Rule: "syntax", Params: []ledger.Param{{Name: "line", Value: "2"}, {Name: "column", Value: "7"}}}, ledger.Words{}, "the content is not strict JSON, line 2, column 7 (rule syntax)"},
		{"column of a file", "zh", ledger.Invalid("title", "required").With("from", "名称"), label, "列“名称”，title（资源名称） 必须填写（规则 required）"},
		{"other row", "en", ledger.Invalid("id", "not_twice").With("value", "7").With("other_line", "3").With("from", "No."), ledger.Words{}, `column "No.", id: "7" is there twice, the same as line 3 of this file (rule not_twice)`},
	} {
		if got := words.Fault(c.lang, c.e, c.label); got != c.want {
			t.Errorf("%s: got %q\nwant %q", c.name, got, c.want)
		}
	}
}
