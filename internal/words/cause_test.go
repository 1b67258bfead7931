package words_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// latin are words that a Chinese sentence may have in Latin letters.
var latin = regexp.MustCompile(`P-256|DER|PEM|SHA-256|C2SP|signed-note|NAME\+HASH\+KEY|calls\[|endorsements|fabric|organizations|quorum|mspid|cas\[|cas：|crls|channel|chaincode|VALUE|"[^"]*"|party, id`)

// TestEveryCauseHasItsChinese reads every format of an error from the packages that make
// and check evidence. Filled with values it must be translated whole.
func TestEveryCauseHasItsChinese(t *testing.T) {
	values := strings.NewReplacer("%d", "7", "%q", `"x"`, "%s", "VALUE", "%w", "VALUE", "%v", "VALUE")
	seen := 0
	for _, pattern := range []string{"ledger/evidence/*.go", "ledger/audit/*.go", "ledger/fabric/proof/*.go", "ledger/fabric/history.go", "internal/cosign/*.go"} {
		files, err := filepath.Glob(filepath.Join("..", "..", pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no source: %v", pattern, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			for _, format := range formats(t, name) {
				seen++
				zh := words.Translate("zh", values.Replace(format))
				if left := english.FindString(latin.ReplaceAllString(zh, "")); left != "" || strings.Contains(zh, "%!") {
					t.Errorf("%s: %q has no Chinese (%q): add it to causes", name, format, zh)
				}
				if en := words.Translate("en", format); en != format {
					t.Errorf("%q is %q in English", format, en)
				}
			}
		}
	}
	if seen < 150 {
		t.Errorf("only %d formats were found", seen)
	}
}

// formats returns the formats of errors in a file.
func formats(t *testing.T, name string) (list []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		at := 0
		switch name := nameOf(call.Fun); {
		case name == "failf" && len(call.Args) > 2:
			at = 2
		case name == "Errorf":
		case name == "New":
			if sel, ok := call.Fun.(*ast.SelectorExpr); !ok || nameOf(sel.X) != "errors" {
				return true
			}
		case strings.HasSuffix(strings.ToLower(name), "at") || name == "Sprintf": // a place
			if text, ok := textOf(call.Args[0]); !ok || !strings.Contains(text, " of ") {
				return true
			}
		default:
			return true
		}
		if text, ok := textOf(call.Args[at]); ok && plainWord.MatchString(verb.ReplaceAllString(text, "")) {
			list = append(list, text)
		}
		return true
	})
	return list
}

// TestEachCauseIsInTheSource checks that no text of the table has lost its error, except
// for those of other modules.
func TestEachCauseIsInTheSource(t *testing.T) {
	all := map[string]bool{"entry %d": true, "block %d: %w": true}
	for _, pattern := range []string{"ledger/evidence/*.go", "ledger/audit/*.go", "ledger/fabric/proof/*.go", "ledger/fabric/history.go", "internal/cosign/*.go"} {
		files, _ := filepath.Glob(filepath.Join("..", "..", pattern))
		for _, name := range files {
			for _, format := range formats(t, name) {
				all[format] = true
			}
		}
	}
	foreign := false
	for _, c := range words.Causes() {
		foreign = foreign || c.EN == "malformed note"
		if !foreign && !all[c.EN] && !strings.HasPrefix(c.EN, "fabric.organizations[%d].") {
			t.Errorf("no error has the text %q", c.EN)
		}
		if !han(c.ZH) && !strings.HasPrefix(c.ZH, "fabric") && !strings.Contains(c.ZH, "：") {
			t.Errorf("%q has no Chinese: %q", c.EN, c.ZH)
		}
		if a, b := verbOfs(c.EN), verbOfs(c.ZH); len(a) != len(b) {
			t.Errorf("%q takes %v, %q takes %v", c.EN, a, c.ZH, b)
		}
	}
}

func verbOfs(s string) []string { return verb.FindAllString(s, -1) }

// TestCause checks errors within errors.
func TestCause(t *testing.T) {
	role := ledger.Refuse(ledger.Forbidden, ledger.ReasonRole)
	for _, c := range []struct {
		err    error
		zh, en string
	}{
		{errors.New("no call"), "没有请求", "no call"},
		{fmt.Errorf("%s: %w", ledger.FnAppSubmit, role), "提交登记申请（application.submit）：本单位的角色不能办理此事项", "application.submit: Your roles do not allow this"},
		{errors.New("application.submit wrote something else"), "提交登记申请（application.submit）所写另有不同", "application.submit wrote something else"},
		{fmt.Errorf("checkpoint: %w", errors.New("malformed note")), "检查点：格式不是 signed note", "checkpoint: malformed note"},
		{errors.New("it covers 3 receipts of log, fewer than the previous anchor"), "其涵盖 log 的 3 份回执，少于前一次锚定", "it covers 3 receipts of log, fewer than the previous anchor"},
		{errors.New("evidence: proof at calls[3]: no call"), "请求的证明不成立，或检查点不是信任文件所列密钥签署的（calls[3]）：没有请求", "evidence: proof at calls[3]: no call"},
		{errors.Join(errors.New("no call"), errors.New("entry: no call")), "没有请求\n条目：没有请求", "no call\nentry: no call"},
		{words.Errorf("甲：%v", "A: %v", errors.New("no call")), "甲：没有请求", "A: no call"},
		{fmt.Errorf("trust file: %w", ledger.Invalid("v", "known_version")), "信任文件：v 不符合规则 known_version：不认识的格式版本", "trust file: v breaks the rule known_version: The version of the format is unknown"},
		{errors.New("nobody knows"), "nobody knows", "nobody knows"},
	} {
		if zh, en := words.CauseIn("zh", c.err), words.CauseIn("en", c.err); zh != c.zh || en != c.en {
			t.Errorf("%v:\n%s\n%s", c.err, zh, en)
		}
		if got := words.Cause(c.err); got.Error() != c.err.Error() || !errors.Is(got, c.err) {
			t.Errorf("%v is not kept in the chain", c.err)
		}
	}
}

// TestEveryCheckHasItsSentence reads the checks of bundles and audits from the source.
func TestEveryCheckHasItsSentence(t *testing.T) {
	seen := 0
	for _, name := range []string{"evidence/failure.go", "audit/report.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), "../../ledger/"+name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "Check") {
				return true
			}
			check, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			seen++
			bothLanguages(t, check, ledger.Words{ZH: words.Check("zh", check), EN: words.Check("en", check)})
			return true
		})
	}
	if seen != words.CheckCount() {
		t.Errorf("%d checks, and %d have sentences", seen, words.CheckCount())
	}
}
