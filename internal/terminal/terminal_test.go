package terminal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/terminal/terminaltest"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

func TestLanguage(t *testing.T) {
	for _, c := range []struct {
		args, variable, want string
	}{
		{"", "", "zh"},
		{"", "en", "en"},
		{"", "fr", "zh"},
		{"order list --lang en", "", "en"},
		{"--lang=en order list", "zh", "en"},
		{"--lang zh acts", "en", "zh"},
		{"call x -- --lang en", "", "zh"},
		{"acts --lang", "", "zh"},
	} {
		if got := terminal.Language(strings.Fields(c.args), c.variable); got != c.want {
			t.Errorf("%q with %q: %s, want %s", c.args, c.variable, got, c.want)
		}
	}
}

func TestValues(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{terminal.Moment("zh", 1791072000000), "2026-10-04 08:00:00（北京时间）"},
		{terminal.Moment("en", 1791072000000), "2026-10-04 08:00:00 (UTC+8)"},
		{terminal.Money("zh", 243900), "2,439.00元"},
		{terminal.Money("en", 300000), "¥3,000.00"},
		{terminal.Money("en", 123456789005), "¥1,234,567,890.05"},
		{terminal.Money("zh", 7), "0.07元"},
		{terminal.Money("zh", -100000), "-1,000.00元"},
		{terminal.Named("zh", "某局", "01890000-0000-7000-8000-000000000001"), "某局（…00000001）"},
		{terminal.Named("en", "", "01890000-0000-7000-8000-000000000001"), "01890000-0000-7000-8000-000000000001"},
		{words.State("zh", ledger.KindOrder, "placed"), "已下单"},
		{words.State("en", "nothing", "placed"), "placed"},
		{words.EnumWord("en", "roles", ledger.RoleRegistryBody), "Registry body"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	if got := words.Printable("公交\x1b[2J\u009b路\n"); strings.ContainsAny(got, "\x1b\u009b\n") || !strings.Contains(got, "公交") {
		t.Errorf("%q steers the terminal", got)
	}
}

// TestTableAligns: a Chinese character takes two columns.
func TestTableAligns(t *testing.T) {
	var b bytes.Buffer
	if err := terminal.Table(&b, [][]string{{"单位", "x"}, {"a", "y"}, {"某某局", "z"}}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("单位    x\na       y\n某某局  z\n", b.String()); diff != "" {
		t.Error(diff)
	}
}

// orderJSON is an order as a node answers it, with a member that this program does not
// know.
const orderJSON = `{"$schema":"x","id":"01890000-0000-7000-8000-00000000000a","product_id":"01890000-0000-7000-8000-00000000000b",
"operator":"01890000-0000-7000-8000-00000000000c","buyer":"01890000-0000-7000-8000-00000000000d","total":300000,"state":"placed",
"payment":{"reference":"R-1","paid_at":1791072000000,"fen":300000},"active_at":0,"sources":[],"new_member":"v"}`

func TestRecord(t *testing.T) {
	names := map[string]string{"products/01890000-0000-7000-8000-00000000000b": "数据集", "parties/01890000-0000-7000-8000-00000000000c": "运营公司"}
	for lang, want := range map[string]string{
		"zh": "订单编号      01890000-0000-7000-8000-00000000000a\n产品          数据集（…0000000b）\n运营机构      运营公司（…0000000c）\n" +
			"需求方        01890000-0000-7000-8000-00000000000d\n总价          3,000.00元\n付款\n  付款凭证号  R-1\n  付款时间    2026-10-04 08:00:00（北京时间）\n" +
			"  金额        3,000.00元\n状态          已下单\nnew_member    v\n",
		"en": "Order id     01890000-0000-7000-8000-00000000000a\nProduct      数据集 (…0000000b)\nOperator     运营公司 (…0000000c)\n" +
			"Buyer        01890000-0000-7000-8000-00000000000d\nTotal        ¥3,000.00\nPayment\n  Reference  R-1\n  Paid at    2026-10-04 08:00:00 (UTC+8)\n" +
			"  Amount     ¥3,000.00\nState        Placed\nnew_member   v\n",
	} {
		var b bytes.Buffer
		p := terminal.Records{Lang: lang, Names: func(collection string, ids []string) map[string]string {
			known := map[string]string{}
			for _, id := range ids {
				known[id] = names[collection+"/"+id]
			}
			return known
		}}
		if err := p.Record(&b, ledger.Order{}, json.RawMessage(orderJSON)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Errorf("%s: %s", lang, diff)
		}
	}
	p := terminal.Records{Lang: "zh"}
	if err := p.Record(&bytes.Buffer{}, ledger.Order{}, json.RawMessage(`[1]`)); err == nil || !strings.Contains(terminal.Explain(err, "zh"), "不是记录") {
		t.Errorf("a list is taken for a record: %v", err)
	}
}

func TestColumns(t *testing.T) {
	var b bytes.Buffer
	p := terminal.Records{Lang: "zh"}
	items := []json.RawMessage{json.RawMessage(`{"id":"a","roles":["holder","buyer"]}`), json.RawMessage(`{"id":"b"}`)}
	if err := p.Table(&b, ledger.Party{}, items, []string{"id", "roles"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("主体编号  角色\na         数据持有单位、需求方\nb         —\n", b.String()); diff != "" {
		t.Error(diff)
	}
}

// TestIDsOfRecordsHaveTheirNames: each member of a record that is an id is either shown
// with a name or is one of those that are not.
func TestIDsOfRecordsHaveTheirNames(t *testing.T) {
	bare := strings.Fields(`id call application plan_id agreement_id environments supersedes ledger entry entry_id resource
		subject_id objection order_id environment_id content_id start`)
	var look func(path string, fields []ledger.Field)
	look = func(path string, fields []ledger.Field) {
		for _, f := range fields {
			look(path+"."+f.Name, f.Fields)
			if f.Each != nil {
				look(path+"."+f.Name, f.Each.Fields)
			}
			isID := f.Kind == ledger.FieldID || f.Each != nil && f.Each.Kind == ledger.FieldID
			if named := terminal.Collection(f.Name) != ""; isID && named == slices.Contains(bare, f.Name) {
				t.Errorf("%s.%s: say in which collection its record is, or here that it has no name", path, f.Name)
			}
		}
	}
	for kind, record := range ledger.Kinds() {
		look(kind, ledger.FieldsOf(record))
	}
}

func TestExplain(t *testing.T) {
	_, missing := os.Open(filepath.Join(t.TempDir(), "nowhere"))
	short := ledger.CheckText("resource.title", "短", 2, 100)
	for _, c := range []struct {
		name, zh, en string
		err          error
	}{
		{"both", "身份文件：没有", "profile: none", words.Errorf("身份文件：%v", "profile: %v", words.Errorf("没有", "none"))},
		{"around it", "a.json：没有", "a.json: none", fmt.Errorf("a.json: %w", words.Errorf("没有", "none"))},
		{"file", "文件：" + pathOf(missing) + "：文件或文件夹不存在", "file: " + pathOf(missing) + ": no such file or directory", words.Errorf("文件：%v", "file: %v", missing)},
		{"joined", "一\n二", "one\ntwo", errors.Join(words.Errorf("一", "one"), words.Errorf("二", "two"))},
		{"form", "数据资源 › 名称", "Resource › Title", terminal.OfForm(short, &ledger.AppSubmitArgs{})},
		{"no words", "disk", "disk", errors.New("disk")},
	} {
		if got := terminal.Explain(c.err, "zh"); !strings.Contains(got, c.zh) {
			t.Errorf("%s: %q, want %q", c.name, got, c.zh)
		}
		if got := terminal.Explain(c.err, "en"); !strings.Contains(got, c.en) || terminaltest.Han(strings.ReplaceAll(got, "短", "")) && c.name != "form" {
			t.Errorf("%s: %q, want %q", c.name, got, c.en)
		}
	}
	if terminal.OfForm(nil, ledger.Order{}) != nil {
		t.Error("no error is one")
	}
}

func pathOf(err error) string {
	var p *os.PathError
	if !errors.As(err, &p) {
		return ""
	}
	return p.Path
}

// TestFailedAsJSON: the error is one object on one line, in the language, with the
// members of the API's problem.
func TestFailedAsJSON(t *testing.T) {
	var b bytes.Buffer
	v := terminal.Voice{Err: &b, Program: "p", Lang: "zh", JSON: true}
	v.Failed(terminal.OfForm(ledger.Join(ledger.Invalid("resource.title", "required"), ledger.Invalid("body", "uuid")), &ledger.AppSubmitArgs{}), ledger.Words{})
	v.Failed(words.Errorf("没有", "none"), ledger.Words{ZH: "未能核验", EN: "Not proven"})
	v.Misused(errors.New("unknown flag --x"))
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	var got []map[string]any
	for _, line := range lines {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		got = append(got, m)
	}
	if len(got) != 3 || got[0]["code"] != "invalid" || got[0]["reason"] != "field" || got[0]["field"] != "resource.title" || got[0]["rule"] != "required" {
		t.Fatalf("%v", got)
	}
	faults, ok := got[0]["errors"].([]any)
	if !ok || len(faults) != 2 || !reflect.DeepEqual(faults[0].(map[string]any)["label"], "数据资源 › 名称") {
		t.Errorf("faults %v", got[0]["errors"])
	}
	if got[1]["title"] != "未能核验" || got[1]["detail"] != "没有" || got[1]["code"] != nil {
		t.Errorf("%v", got[1])
	}
	if got[2]["title"] != "用法有误" || got[2]["detail"] != "没有选项 --x" {
		t.Errorf("%v", got[2])
	}
}

// TestNoLimit: 0 is no limit, and is not printed as if nothing were allowed.
func TestNoLimit(t *testing.T) {
	for lang, want := range map[string]string{"zh": "限额\n  次数上限  不限\n  字节上限  5\n", "en": "Limits\n  Uses   no limit\n  Bytes  5\n"} {
		var b bytes.Buffer
		p := terminal.Records{Lang: lang, Names: func(string, []string) map[string]string { return nil }}
		if err := p.Record(&b, ledger.Order{}, json.RawMessage(`{"limits":{"uses":0,"bytes":5}}`)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Errorf("%s: %s", lang, diff)
		}
	}
}
