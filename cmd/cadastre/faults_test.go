package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/proving"
	"github.com/datacadastre/cadastre/ledger"
)

// TestEveryFaultOfAFile: a command tells all that is wrong with its file, of reading
// and of form, with and without --check, and sends nothing. What the command fills
// in itself is not missing.
func TestEveryFaultOfAFile(t *testing.T) {
	n := newNode(t)
	party := profile(t, n.URL)
	file := write(t, "a.json", `{"body":"","deposit_hash":"abc","materials":[],"internal_review":{"by":"x","on":"today","sha256":5},
		"resource":{"title":null,"tilte":"x","domain":"交通","keywords":"公交"}}`)
	want := []string{
		`resource.title (Resource › Title) breaks the rule not_null: It must not be null: leave the member out; allowed: text`,
		`resource.tilte breaks the rule known_member: There is no such member or parameter; names must match exactly; allowed: id, title, description, `,
		`resource.keywords (Resource › Keywords): "公交" breaks the rule type_list: It must be a list; allowed: list`,
		`internal_review.sha256 (Internal review › Hash of review): "5" breaks the rule type_text: It must be a text; allowed: text`,
		`body (Registry body) breaks the rule required: It is required; allowed: UUID of version 7 or 8, in lower case`,
		`deposit_hash (Deposited hash): "abc" breaks the rule sha256`,
		`resource.domain (Resource › Domain): "交通" breaks the rule enum`,
		`resource.spatial (Resource › Region) breaks the rule required: It is required; allowed: code of GB/T 2260, six digits`,
		`internal_review.on (Internal review › Reviewed on): "today" breaks the rule date: It must be a day that exists, YYYY-MM-DD, from 1900 on; allowed: a day, YYYY-MM-DD`,
	}
	for _, args := range [][]string{
		{"registry", "submit", file},
		{"registry", "submit", file, "--check"},
		{"call", "application.submit", file},
		{"call", "application.submit", file, "--check"},
	} {
		code, _, errs := command(t, append(args, "--profile", party, "--lang", "en")...)
		if code != proving.ExitRefused {
			t.Errorf("%v: exit %d", args, code)
		}
		for _, s := range want {
			if strings.Count(errs, s) != 1 {
				t.Errorf("%v: %q is not told once:\n%s", args, s, errs)
			}
		}
		for _, field := range []string{"resource.id ", "resource.publisher ", "\n  application "} {
			if said := strings.Contains(errs, field+"("); said != (args[0] == "call") {
				t.Errorf("%v: %s is missing: %t", args, field, said)
			}
		}
	}
	if len(n.order) != 0 {
		t.Errorf("%d calls were sent", len(n.order))
	}
}

// TestEveryFaultOfARow: an import tells all that is wrong with a row, in words and
// as JSON, with and without --check.
func TestEveryFaultOfARow(t *testing.T) {
	n := newNode(t)
	party := profile(t, n.URL)
	mapping := write(t, "map.json", `{"format":"csv","id":"编号","fields":{"title":{"from":"名称"},"description":{"from":"摘要"},"level":{"from":"级别"}},"constants":{}}`)
	file := write(t, "catalog.csv", "编号,名称,摘要,级别\n1,,短,绝密\n1,公交,短,一般数据\n")
	for _, check := range [][]string{nil, {"--check"}} {
		args := append([]string{"registry", "import", file, "--map", mapping, "--body", string(testBody), "--profile", party, "--lang", "zh"}, check...)
		code, _, errs := command(t, args...)
		if code == proving.ExitOK {
			t.Errorf("%v succeeded", args)
		}
		for _, s := range []string{
			"行 2  1  拒绝：", "列“摘要”，description（摘要）：“短” 不符合规则 min_runes：过短：字符数不少于 20；允许：20–4000 字", "列“级别”，level（级别）：“绝密” 不符合规则 enum",
			"列“名称”，title（名称） 不符合规则 required：必须填写；允许：1–100 字", "domain（所属领域） 不符合规则 required：必须填写", "列“编号”，id（资源标识）：“1” 不符合规则 not_twice：不得重复，与本文件第 2 行相同",
		} {
			if !strings.Contains(errs, s) {
				t.Errorf("%v: %q is not told:\n%s", check, s, errs)
			}
		}
		_, out, _ := command(t, append(args, "--json")...)
		var sum client.ImportSummary
		if err := json.Unmarshal([]byte(out), &sum); err != nil {
			t.Fatal(err)
		}
		first := map[string]client.ImportProblem{}
		for _, p := range sum.Problems {
			if p.Line == 2 {
				first[p.Field] = p
			}
		}
		levels, _ := ledger.EnumOf("levels")
		if p := first["level"]; sum.Refused != 2 || p.Column != "级别" || p.Value != "绝密" || p.Rule != "enum" || p.Allowed != levels.String() {
			t.Errorf("%+v", sum)
		}
	}
	if len(n.order) != 0 {
		t.Errorf("%d calls were sent", len(n.order))
	}
}
