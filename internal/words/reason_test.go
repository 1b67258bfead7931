package words_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// reasons are all constants of type Reason, read from the ledger's own source so
// that a new one can't be forgotten here.
func reasons(t *testing.T) map[string]ledger.Reason {
	t.Helper()
	files, err := filepath.Glob("../../ledger/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("the ledger's source is not there: %v", err)
	}
	list := map[string]ledger.Reason{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
				constants(t, g, list)
			}
		}
	}
	return list
}

// constants adds those of type Reason, and refuses one whose type can't be seen.
func constants(t *testing.T, g *ast.GenDecl, list map[string]ledger.Reason) {
	t.Helper()
	for _, s := range g.Specs {
		v, ok := s.(*ast.ValueSpec)
		if !ok {
			continue
		}
		typed, _ := v.Type.(*ast.Ident)
		for i, name := range v.Names {
			isReason := typed != nil && typed.Name == "Reason"
			if !isReason && strings.HasPrefix(name.Name, "Reason") {
				t.Errorf("constant %s is not of type Reason", name.Name)
			}
			if !isReason {
				continue
			}
			lit, ok := v.Values[i].(*ast.BasicLit)
			if !ok {
				t.Fatalf("constant %s is no plain string", name.Name)
			}
			s, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			list[name.Name] = ledger.Reason(s)
		}
	}
}

func TestEveryReasonHasItsSentences(t *testing.T) {
	all := reasons(t)
	if len(all) < 60 {
		t.Fatalf("only %d reasons were found", len(all))
	}
	known := map[ledger.Reason]string{}
	for name, r := range all {
		if other, twice := known[r]; twice {
			t.Errorf("%s and %s are both %q", name, other, r)
		}
		known[r] = name
		zhTitle, zhNext, enTitle, enNext, ok := words.Sayings(r)
		if !ok {
			t.Errorf("%s (%q) has no sentences", name, r)
			continue
		}
		for _, s := range []string{zhTitle, zhNext} {
			if !han(s) {
				t.Errorf("%s: %q is no Chinese", name, s)
			}
		}
		for _, s := range []string{enTitle, enNext} {
			if s == "" || han(s) {
				t.Errorf("%s: %q is no English", name, s)
			}
		}
		if names(zhTitle) != names(enTitle) {
			t.Errorf("%s names %s in Chinese, %s in English", name, names(zhTitle), names(enTitle))
		}
	}
	for _, r := range words.Reasons() {
		if known[r] == "" {
			t.Errorf("there are sentences for %q, which is no reason", r)
		}
	}
}

func han(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

// names are the places of a sentence that are filled.
func names(s string) string {
	var list []string
	for {
		_, rest, found := strings.Cut(s, "{")
		if !found {
			slices.Sort(list)
			return strings.Join(list, " ")
		}
		name, after, _ := strings.Cut(rest, "}")
		list, s = append(list, name), after
	}
}

// TestSentencesLeaveNoBraces: what the error does not tell is left out whole.
func TestSentencesLeaveNoBraces(t *testing.T) {
	for _, r := range words.Reasons() {
		for _, lang := range []string{"zh", "en"} {
			for _, e := range []*ledger.Error{
				{Reason: r},
				{Reason: r, Field: "title", Rule: "required", Params: []ledger.Param{{Name: "state", Value: "coded"}, {Name: "due", Value: "2026-10-20"}, {Name: "ref", Value: "order/1"}}},
			} {
				title, next := words.Sentence(lang, e)
				if title == "" || next == "" || strings.ContainsAny(title+next, "{}") || strings.Contains(title, "()") || strings.Contains(title, "（）") {
					t.Errorf("%s in %s: %q, %q", r, lang, title, next)
				}
			}
		}
	}
}

// TestSentencesSayRulesInWords: a title has the words of a rule instead of its name.
func TestSentencesSayRulesInWords(t *testing.T) {
	for _, c := range []struct {
		e      ledger.Error
		zh, en string
	}{
		{ledger.Error{Reason: ledger.ReasonField, Field: "query.limit", Rule: "range"}, "query.limit 不符合规则：数值超出允许的范围", "query.limit breaks a rule: the number is out of its allowed range"},
		{ledger.Error{Reason: ledger.ReasonField, Rule: "9_to_1000_bytes"}, "该项不符合规则：在 9 与 1000 之间", "This breaks a rule: it must be between 9 and 1000, both included"},
		{ledger.Error{Reason: ledger.ReasonField, Field: "a", Rule: "at_least_2"}, "a 不符合规则：不小于 2", "a breaks a rule: it must be at least 2"},
		{ledger.Error{Reason: ledger.ReasonField, Field: "a", Rule: "O5"}, "a 不符合规则：O5，《公共数据资源授权运营实施规范（试行）》的条（项）", "a breaks a rule: O5, an article (item) of the trial rules on authorized operation"},
		{ledger.Error{Reason: ledger.ReasonToken, Rule: "key"}, "访问令牌无效（令牌的密钥未登记或已停用）", "The access token is not valid (the token's key is not registered, or is no longer valid)"},
		{ledger.Error{Reason: ledger.ReasonToken, Rule: "max_length", Params: []ledger.Param{{Name: "limit", Value: "4096"}}}, "访问令牌无效（过长：不多于 4096 字节或字符）", "The access token is not valid (it is too long: at most 4096 bytes or characters)"},
		{ledger.Error{Reason: ledger.ReasonJWS, Rule: "compact"}, "签名格式不正确（须为由两个点分成三段的 compact JWS）", "This is not a compact JWS in the required form (it must be a compact JWS: three parts with two dots)"},
		{ledger.Error{Reason: ledger.ReasonJSON, Rule: "depth"}, "内容不是规范的 JSON（嵌套过深）", "The content is not strict JSON (it is nested too deeply)"},
		{ledger.Error{Reason: ledger.ReasonField, Field: "a", Rule: "nowhere"}, "a 不符合规则：nowhere", "a breaks a rule: nowhere"},
		{
			ledger.Error{Reason: ledger.ReasonTooLarge, Rule: "upload_bytes", Params: []ledger.Param{{Name: "limit", Value: "1048576"}}},
			"内容超过允许的大小：文件超过节点的上传上限，至多 1048576 字节", "The content is larger than allowed: the file is larger than the node accepts, at most 1048576 bytes",
		},
		{ledger.Error{Reason: ledger.ReasonTooLarge, Params: []ledger.Param{{Name: "limit", Value: "9"}}}, "内容超过允许的大小：至多 9 字节", "The content is larger than allowed: at most 9 bytes"},
		{ledger.Error{Reason: ledger.ReasonLimit, Rule: "D2", Params: []ledger.Param{{Name: "scope", Value: "order/1"}}}, "已达到使用次数或流量上限（订单 1）", "The limit of uses or bytes of order 1 is reached"},
		{ledger.Error{Reason: ledger.ReasonLimit}, "已达到使用次数或流量上限（订单或授权）", "The limit of uses or bytes of the order or license is reached"},
		{ledger.Error{Reason: ledger.ReasonKeyUse, Rule: "environment_key"}, "该密钥不能用于此操作（受控环境的密钥只能取得供给该环境的内容）", "This key may not be used for this (the key of an environment may only fetch what is supplied to it)"},
		{ledger.Error{Reason: ledger.ReasonToken}, "访问令牌无效", "The access token is not valid"},
	} {
		for lang, want := range map[string]string{"zh": c.zh, "en": c.en} {
			if got, _ := words.Sentence(lang, &c.e); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		}
	}
	for _, g := range ledger.Rules() {
		for _, r := range g.Rules {
			for _, lang := range []string{"zh", "en"} {
				title, _ := words.Sentence(lang, &ledger.Error{Reason: ledger.ReasonField, Field: "a", Rule: r.Rule})
				if strings.HasSuffix(title, ": "+r.Rule) || strings.HasSuffix(title, "："+r.Rule) {
					t.Errorf("the title has a raw rule: %s", title)
				}
			}
		}
	}
}

// TestSentencesSayWhatIsTold: a place that the error fills is not left out.
func TestSentencesSayWhatIsTold(t *testing.T) {
	for _, c := range []struct {
		reason      ledger.Reason
		name, value string
		zh, en      string
	}{
		{ledger.ReasonState, "state", "coded", "（已赋码）", "(coded)"},
		{ledger.ReasonEarly, "due", "2026-10-20", "（2026-10-20）", "(until 2026-10-20)"},
		{ledger.ReasonOrder, "state", "cancelled", "（已取消）", "(cancelled)"},
		{ledger.ReasonLedgerAway, "part", "orderer", "（orderer）", "(orderer)"},
		{ledger.ReasonUnknown, "ref", "order/1", "没有找到 订单 1", "Not found order 1"},
	} {
		for lang, want := range map[string]string{"zh": c.zh, "en": c.en} {
			title, _ := words.Sentence(lang, &ledger.Error{Reason: c.reason, Params: []ledger.Param{{Name: "on", Value: ledger.KindApplication}, {Name: c.name, Value: c.value}}})
			if !strings.Contains(title, want) {
				t.Errorf("%s in %s: %q does not say %q", c.reason, lang, title, want)
			}
		}
	}
}
