package catalog_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/registry/catalog"
)

// faults reads a source and writes all that is wrong with each record: line, column,
// member, value, rule and what is allowed.
func faults(t *testing.T, m catalog.Mapping, source string) (list []string, good int) {
	t.Helper()
	for _, err := range catalog.Read(t.Context(), strings.NewReader(source), m, book, owner) {
		re, ok := errors.AsType[*catalog.RecordError](err)
		if !ok {
			if err != nil {
				t.Fatal(err)
			}
			good++
			continue
		}
		for _, f := range re.Err.All() {
			list = append(list, strings.Join([]string{f.Param("from"), f.Field, f.Param("value"), f.Rule, f.Allowed(), f.Param("other_line")}, " | "))
		}
	}
	return list, good
}

// TestAllFaultsOfARow: all faults of a row are reported, with column and member.
func TestAllFaultsOfARow(t *testing.T) {
	m := csvMapping(t)
	m.Fields.Level = &catalog.Field{From: "级别"}
	m.Fields.Modified = &catalog.Field{From: "更新"}
	m.Fields.ShareType = &catalog.Field{From: "共享", Values: []byte(`{"全部":"unconditional","部分":"conditional"}`)}
	m.Fields.TemporalStart = &catalog.Field{From: "起始"}
	got, good := faults(t, m, "编号,名称,摘要,关键词,信息项,规模,级别,更新,共享,起始\n"+
		"1,好,"+summary+",甲、乙,甲,1,一般数据,2026-01-01,全部,2026-01-01\n"+
		"1,公\u202e交,短,甲、乙、丙、丁,,许多,绝密,昨天,也许,2026-13-01\n")
	want := []string{
		"编号 | id | 1 | not_twice |  | 2",
		"名称 | title | U+202E | text_character | 看得见的字符、空格，不分行/characters that are seen, blank, on one line | ",
		"关键词 | keywords | 4 | max_members | ≤ 3 | ",
		"共享 | share_type | 也许 | known_value | 全部, 部分 | ",
		"规模 | row_count | 许多 | whole_number | ≥ 0 | ",
		"更新 | modified | 昨天 | date_or_ms | YYYY-MM-DD, YYYY-MM-DD hh:mm:ss, RFC 3339, 毫秒/Unix milliseconds | ",
		"摘要 | description | 短 | min_runes | 20–4000 字/characters | ",
		"起始 | temporal.start | 2026-13-01 | date | a day, YYYY-MM-DD | ",
		"级别 | level | 绝密 | enum | general, important, core | ",
		"信息项 | items |  | required |  | ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if good != 1 {
		t.Errorf("%d good records, want the first", good)
	}
}

// TestAllFaultsOfAnObject: the same of JSON, with members that are there twice.
func TestAllFaultsOfAnObject(t *testing.T) {
	got, _ := faults(t, sourcesMapping(t), `{"name":{"zh":"站","zh":"台"},"description":{"zh":["a",{}]},"extra":{"x":1,"x":2},"domains":"law",`+
		`"update_frequency":"often","website":"https://example.org/","data_content":{"zh":["站\u0007点","公\u202e交"]}}`)
	var fields []string
	for _, line := range got {
		parts := strings.Split(line, " | ")
		fields = append(fields, parts[0]+" | "+parts[1]+" | "+parts[3])
	}
	want := []string{
		" | extra.x | not_twice", "id | id | required", "name.zh | title | not_twice", "description.zh | description | list_of_text",
		"update_frequency | accrual_periodicity | known_value", "data_content.zh | items[0] | text_character", "data_content.zh | items[1] | text_character",
	}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("-want +got\n%s\n%s", diff, strings.Join(got, "\n"))
	}
}

// TestColumnIsQuotable: a column's title turns no text about in the answer.
func TestColumnIsQuotable(t *testing.T) {
	m := csvMapping(t)
	m.Fields.Title.From = "名\u202e称\u001b[2J"
	got, _ := faults(t, m, "编号,名\u202e称\u001b[2J,摘要,关键词,信息项,规模\n1,,"+summary+",,甲,1\n")
	if want := "名\ufffd称\ufffd[2J | title |  | required | 1–100 字/characters | "; len(got) != 1 || got[0] != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestColumnsAndWordsByLabel: a file of the register's own labels needs no words in
// its mapping.
func TestColumnsAndWordsByLabel(t *testing.T) {
	m := csvMapping(t)
	m.Fields = catalog.Fields{
		Title: &catalog.Field{From: "title"}, Description: &catalog.Field{From: "Description"}, Items: &catalog.Field{From: "信息项", Split: ";"},
		ShareType: &catalog.Field{From: "share_type"}, SupplyMode: &catalog.Field{From: "supply_mode", Split: "、"}, TemporalStart: &catalog.Field{From: "temporal_start"},
	}
	share, _ := ledger.EnumOf("share_types")
	supply, _ := ledger.EnumOf("supply_modes")
	rows := "编号,名称,摘要,信息项,共享属性,供给方式,开始日期\n" +
		"1,公交站点," + summary + ",甲," + share.Values[1].ZH + "," + supply.Values[0].ZH + "、" + supply.Values[1].Word + ",2026-01-01\n" +
		"2,," + summary + ",甲," + strings.ToUpper(share.Values[0].EN) + ",无偿,2026-02-30\n"
	o := read(t, m, strings.NewReader(rows))
	if len(o.records) != 1 {
		t.Fatalf("%+v", o)
	}
	r := o.records[0].Resource
	if r.Title != "公交站点" || r.ShareType != share.Values[1].Word || r.Temporal.Start != "2026-01-01" {
		t.Errorf("%+v", r)
	}
	if diff := cmp.Diff([]string{supply.Values[0].Word, supply.Values[1].Word}, r.SupplyMode); diff != "" {
		t.Error(diff)
	}
	if got := catalog.Column(o.records[0].Columns, "title"); got != "名称" {
		t.Errorf("the title is taken from %q", got)
	}
	got, _ := faults(t, m, rows)
	want := []string{
		"名称 | title |  | required | 1–100 字/characters | ",
		"开始日期 | temporal.start | 2026-02-30 | date | a day, YYYY-MM-DD | ",
		"供给方式 | supply_mode[0] | 无偿 | enum | " + supply.String() + " | ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestAllFaultsOfHeaderAndMapping are reported at once, too.
func TestAllFaultsOfHeaderAndMapping(t *testing.T) {
	got, _ := faults(t, csvMapping(t), "编号,名称,名称,,\n")
	var short []string
	for _, line := range got {
		short = append(short, strings.Join(strings.Split(line, " | ")[1:4], " | "))
	}
	want := []string{
		"header | 名称 | not_twice", "header | 4 | required", "header | 5 | required", "header | 摘要 | column_missing",
		"header | 关键词 | column_missing", "header | 信息项 | column_missing", "header | 规模 | column_missing",
	}
	if diff := cmp.Diff(want, short); diff != "" {
		t.Errorf("header: -want +got\n%s", diff)
	}
	_, err := catalog.ParseMapping([]byte(`{"format":"xml","id":"","fields":{"title":{"from":"","max":-1,"otherwise":"x"}},"constants":{}}`))
	short = nil
	for _, f := range ledger.AsError(err).All() {
		short = append(short, f.Field+" "+f.Rule)
	}
	want = []string{"format enum", "id required", "fields.description required", "fields.title.from required", "fields.title.max at_least_0", "fields.title.otherwise with_values"}
	if diff := cmp.Diff(want, short); diff != "" {
		t.Errorf("mapping: -want +got\n%s", diff)
	}
}
