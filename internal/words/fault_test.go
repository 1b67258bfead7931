package words_test

import (
	"testing"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

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
		{"all of it", "zh", short, label, "resource.title（资源名称）：“短” 不符合规则 min_runes：过短：字符数不少于 2；允许：2–100 字"},
		{"all of it", "en", short, label, `resource.title (Title): "短" breaks the rule min_runes: It has too few characters: at least 2; allowed: 2–100 characters`},
		{"another language", "fr", short, label, "resource.title（资源名称）：“短” 不符合规则 min_runes：过短：字符数不少于 2；允许：2–100 字"},
		{"no label", "en", ledger.Invalid("a", "required"), ledger.Words{}, "a breaks the rule required: It is required"},
		{"an article", "en", ledger.Invalid("a", "O5"), ledger.Words{}, "a breaks the rule O5: An article (item) of the trial rules on authorized operation"},
		{"bounds", "en", ledger.Invalid("a", "0_to_100").With("value", "101").With("min", "0").With("max", "100"), ledger.Words{}, `a: "101" breaks the rule 0_to_100: It must be between 0 and 100, both included; allowed: 0–100`},
		{"no field", "zh", ledger.Invalid("", "type_object"), ledger.Words{}, "内容 不符合规则 type_object：须为对象"},
		{"group", "zh", missing, ledger.Words{}, "materials 不符合规则 R9(1)：缺少材料：存证情况（deposit）"},
		{"group", "en", missing, ledger.Words{}, "materials breaks the rule R9(1): materials are missing: Deposit (deposit)"},
		{"JSON", "en", &ledger.Error{Code: ledger.InvalidCode, Reason: ledger.ReasonJSON, Rule: "syntax", Params: []ledger.Param{{Name: "line", Value: "2"}, {Name: "column", Value: "7"}}}, ledger.Words{}, "the content breaks the rule syntax: It is not JSON, or the query can't be decoded, line 2, column 7"},
		{"column of a file", "zh", ledger.Invalid("title", "required").With("from", "名称"), label, "列“名称”，title（资源名称） 不符合规则 required：必须填写"},
		{"a rule of no words", "en", ledger.Invalid("a", "nowhere").With("other_line", "3"), ledger.Words{}, "a breaks the rule nowhere: the same as line 3 of this file"},
		{"other row", "en", ledger.Invalid("id", "not_twice").With("value", "7").With("other_line", "3").With("from", "No."), ledger.Words{}, `column "No.", id: "7" breaks the rule not_twice: It must not be repeated, the same as line 3 of this file`},
	} {
		if got := words.OfFault(c.lang, c.e, c.label); got != c.want {
			t.Errorf("%s: got %q\nwant %q", c.name, got, c.want)
		}
	}
}
