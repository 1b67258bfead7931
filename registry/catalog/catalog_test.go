package catalog_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/registry/catalog"
)

var (
	book  = ledger.DeriveID("ledger")
	owner = ledger.DeriveID("holder")
)

func sourcesMapping(t testing.TB) catalog.Mapping {
	t.Helper()
	m, err := catalog.SourcesMapping()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// csvMapping is a mapping of CSV with the constants of the built-in one.
func csvMapping(t testing.TB) catalog.Mapping {
	t.Helper()
	m := sourcesMapping(t)
	m.Format, m.ID, m.Constants.Periodicity = catalog.CSV, "编号", "daily"
	m.Fields = catalog.Fields{
		Title: &catalog.Field{From: "名称"}, Description: &catalog.Field{From: "摘要"},
		Keywords: &catalog.Field{From: "关键词", Split: "、", Max: 3}, Items: &catalog.Field{From: "信息项", Split: ";"}, RowCount: &catalog.Field{From: "规模"},
	}
	return m
}

type outcome struct {
	records []catalog.Record
	errs    []string // line, field and rule
	fatal   error
}

func read(t testing.TB, m catalog.Mapping, r io.Reader) outcome {
	t.Helper()
	var o outcome
	for record, err := range catalog.Read(t.Context(), r, m, book, owner) {
		var re *catalog.RecordError
		switch {
		case errors.As(err, &re):
			b, err := json.Marshal([]any{re.Line, re.Source, re.Field, re.Rule})
			if err != nil {
				t.Fatal(err)
			}
			o.errs = append(o.errs, string(b))
		case err != nil:
			o.fatal = err
		default:
			o.records = append(o.records, record)
		}
	}
	return o
}

// realSources opens the real records beside the repository or above it.
func realSources(t *testing.T) *os.File {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		f, err := os.Open(filepath.Join(dir, "shared", "data", "catalogue-sources.jsonl"))
		if err == nil {
			t.Cleanup(func() { _ = f.Close() })
			return f
		}
	}
	t.Skip("no shared/data/catalogue-sources.jsonl beside the repository: the real records are not read")
	return nil
}

// TestRealSources holds that every real record maps, is valid, and fits a call.
func TestRealSources(t *testing.T) {
	f := realSources(t)
	first := read(t, sourcesMapping(t), f)
	if len(first.errs) > 0 || first.fatal != nil || len(first.records) != 576 {
		t.Fatalf("%d records, errors %v, %v", len(first.records), first.errs, first.fatal)
	}
	domains, ids := map[string]int{}, map[ledger.ID]bool{}
	for _, r := range first.records {
		if err := r.Resource.Validate("resource"); err != nil {
			t.Errorf("line %d, %s: %v", r.Line, r.Source, err)
		}
		b, err := json.Marshal(r.Resource)
		if err != nil || len(b) > ledger.MaxCall/2 {
			t.Errorf("line %d: %d bytes, %v", r.Line, len(b), err)
		}
		domains[r.Resource.Domain]++
		ids[r.Resource.ID] = true
	}
	if len(ids) != 576 || len(domains) < 8 {
		t.Errorf("%d ids, domains %v", len(ids), domains)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.records, read(t, sourcesMapping(t), f).records); diff != "" {
		t.Errorf("a second reading differs: %s", diff)
	}
}

const (
	summary = "这是一段足够长的摘要，说明该数据资源的内容、来源和用途。"
	good    = `{"id":"a","name":{"zh":" 公交\t站点 "},"description":{"zh":"` + summary + `"},"domains":["law","transportation","law"],` +
		`"update_frequency":"real-time","website":"https://example.org/","data_content":{"zh":["站点编号","站点名称"]},"extra":null}`
)

func TestRecord(t *testing.T) {
	o := read(t, sourcesMapping(t), strings.NewReader("\ufeff\n"+good+"\r\n\n"))
	if len(o.records) != 1 || o.errs != nil {
		t.Fatalf("%+v", o)
	}
	got := o.records[0]
	if got.Line != 2 || got.Source != "a" || got.Hash != ledger.DigestOf([]byte(good)) {
		t.Errorf("line %d, source %q, hash %s", got.Line, got.Source, got.Hash)
	}
	r := got.Resource
	if r.Title != "公交 站点" || r.Domain != "transport" || r.Periodicity != "realtime" || r.Publisher != owner || r.Modified != 1767196800000 {
		t.Errorf("resource %+v", r)
	}
	if diff := cmp.Diff([]string{"law", "transportation"}, r.Keywords); diff != "" {
		t.Errorf("keywords: %s", diff)
	}
	wantItems := []ledger.Item{
		{Name: "item_001", Label: "站点编号", DataType: "string", Nullable: true, Level: ledger.General, PIStatus: ledger.PINone},
		{Name: "item_002", Label: "站点名称", DataType: "string", Nullable: true, Level: ledger.General, PIStatus: ledger.PINone},
	}
	if diff := cmp.Diff(wantItems, r.Items); diff != "" {
		t.Errorf("items: %s", diff)
	}
	for _, p := range got.Private {
		want := r.SourceBasis
		if p.Field == "level_basis" {
			want = r.LevelBasis
		}
		if p.Salted != want || p.Text == "" {
			t.Errorf("%s: %+v, want %+v", p.Field, p, want)
		}
	}
	if len(got.Private) != 2 || r.SourceBasis.Salt == r.LevelBasis.Salt {
		t.Errorf("private texts %+v", got.Private)
	}
	wantAssumed := []string{
		"catalog_class", "sector", "spatial", "temporal_start", "modified", "obtained", "source_basis", "share_type",
		"open_type", "supply_mode", "format", "row_count", "byte_size", "level", "level_basis", "pi_status", "quality",
	}
	if diff := cmp.Diff(wantAssumed, got.Assumed); diff != "" {
		t.Errorf("assumed: %s", diff)
	}
}

func TestIDs(t *testing.T) {
	r := read(t, sourcesMapping(t), strings.NewReader(good)).records[0]
	if r.Resource.ID != catalog.ResourceID(book, owner, "a") {
		t.Errorf("resource id %s", r.Resource.ID)
	}
	call := catalog.CallID(book, ledger.FnAppSubmit, owner, "a", r.Hash)
	seen := map[ledger.ID]bool{
		r.Resource.ID: true, catalog.ApplicationID(book, owner, "a"): true, call: true,
		catalog.CallID(book, ledger.FnDeposit, owner, "a", r.Hash):                 true,
		catalog.CallID(book, ledger.FnAppSubmit, owner, "b", r.Hash):               true,
		catalog.CallID(book, ledger.FnAppSubmit, owner, "a", ledger.DigestOf(nil)): true,
		catalog.CallID(owner, ledger.FnAppSubmit, book, "a", r.Hash):               true,
		catalog.ResourceID(book, book, "a"):                                        true,
		catalog.ResourceID(owner, owner, "a"):                                      true,
		catalog.ApplicationID(book, owner, "aa"):                                   true,
	}
	if len(seen) != 10 {
		t.Errorf("%d different ids, want 10", len(seen))
	}
	for id := range seen {
		if err := id.Validate("id"); err != nil {
			t.Error(err)
		}
	}
}

// TestBadRecords holds that each bad record is named, and the good ones between
// them are read.
func TestBadRecords(t *testing.T) {
	with := func(old, replacement string) string { return strings.Replace(good, old, replacement, 1) }
	for _, c := range []struct{ name, line, want string }{
		{"no JSON", `{`, `[2,"","","syntax"]`},
		{"a list", `[]`, `[2,"","","object"]`},
		{"two values", good + good, `[2,"","","one_value"]`},
		{"member twice", `{"id":"x","id":"y"}`, `[2,"","id","not_twice"]`},
		{"no UTF-8", "{\"id\":\"\xff\"}", `[2,"","","utf8"]`},
		{"too deep", `{"id":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, `[2,"","","depth"]`},
		{"too long", `{"id":"` + strings.Repeat("x", catalog.MaxRecord) + `"}`, `[2,"","","record_1_mib"]`},
		{"no id", `{}`, `[2,"","id","required"]`},
		{"id of another form", `{"id":{"a":1}}`, `[2,"","id","text_or_list"]`},
		{"id twice", good, `[2,"a","id","not_twice"]`},
		{"no title", with(`"a","name":{"zh":" 公交\t站点 "}`, `"b","name":null`), `[2,"b","title","required"]`},
		{"name is no object", with(`"a","name":{"zh":" 公交\t站点 "}`, `"b","name":"站点"`), `[2,"b","title","object"]`},
		{"two titles", with(`"a","name":{"zh":" 公交\t站点 "}`, `"b","name":{"zh":["一","二"]}`), `[2,"b","title","one_value"]`},
		{"long title", with(`"a","name":{"zh":" 公交\t站点 "}`, `"b","name":{"zh":"`+strings.Repeat("长", 101)+`"}`), `[2,"b","title","max_runes"]`},
		{"control", with(`"a","name":{"zh":" 公交\t站点 "}`, `"b","name":{"zh":"公\u0007交"}`), `[2,"b","title","text_character"]`},
		{"direction", with(`"a","name":{"zh":" 公交\t站点 "}`, `"b","name":{"zh":"公\u202e交"}`), `[2,"b","title","text_character"]`},
		{"lost text", with(`"a","name":{"zh":" 公交\t站点 "}`, `"b","name":{"zh":"公\ud800交"}`), `[2,"b","title","replacement_character"]`},
		{"short description", strings.Replace(with(`"a"`, `"b"`), summary, "短", 1), `[2,"b","description","min_runes"]`},
		{"long description", strings.Replace(with(`"a"`, `"b"`), summary, strings.Repeat("长", 4001), 1), `[2,"b","description","max_runes"]`},
		{"unknown word", strings.Replace(with(`"a"`, `"b"`), "real-time", "often", 1), `[2,"b","accrual_periodicity","known_value"]`},
		{"list of objects", strings.Replace(with(`"a"`, `"b"`), `["law",`, `[{},`, 1), `[2,"b","domain","list_of_text"]`},
		{"page", strings.Replace(with(`"a"`, `"b"`), "https://", "javascript:", 1), `[2,"b","landing_page","http_url"]`},
		{"no items", strings.Replace(with(`"a"`, `"b"`), `["站点编号","站点名称"]`, `[]`, 1), `[2,"b","items","required"]`},
	} {
		last := strings.Replace(good, `"a"`, `"z"`, 1)
		o := read(t, sourcesMapping(t), strings.NewReader(good+"\n"+c.line+"\n"+last))
		if diff := cmp.Diff([]string{c.want}, o.errs); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.name, diff)
		}
		if len(o.records) != 2 || o.records[1].Source != "z" || o.records[1].Line != 3 || o.fatal != nil {
			t.Errorf("%s: %d good records, %v", c.name, len(o.records), o.fatal)
		}
	}
}

func TestLongItems(t *testing.T) {
	labels := []string{strings.Repeat("项", 157)}
	for len(labels) < 100 {
		labels = append(labels, strings.Repeat("信息", 20))
	}
	list, err := json.Marshal(labels)
	if err != nil {
		t.Fatal(err)
	}
	o := read(t, sourcesMapping(t), strings.NewReader(strings.Replace(good, `["站点编号","站点名称"]`, string(list), 1)))
	if len(o.records) != 1 {
		t.Fatalf("%+v", o)
	}
	r := o.records[0]
	if len(r.Resource.Items) != 0 || r.Resource.ItemsObject != ledger.DigestOf(r.Items) {
		t.Errorf("%d items inline, object %s", len(r.Resource.Items), r.Resource.ItemsObject)
	}
	var items []ledger.Item
	if err := json.Unmarshal(r.Items, &items); err != nil || len(items) != 100 {
		t.Fatalf("%d items, %v", len(items), err)
	}
	if want := strings.Repeat("项", 99) + "…"; items[0].Label != want || items[99].Name != "item_100" {
		t.Errorf("first label %q, last name %s", items[0].Label, items[99].Name)
	}
	if !strings.Contains(strings.Join(r.Assumed, " "), "items") {
		t.Errorf("cut label not noted: %v", r.Assumed)
	}
}

func TestCSV(t *testing.T) {
	const header = "\ufeff\"编号\",名称,摘要,关键词,信息项,规模,无用\r\n"
	o := read(t, csvMapping(t), strings.NewReader(header+
		"1,\"道路，\"\"主干\"\"\",\""+summary+"\r\n第二段。\",交通、道路,名称; 长度 ;,12,\r\n"+
		"\r\n"+
		"2,少一列\r\n"+
		"3,引\"号,"+summary+",,甲,1,\r\n"+
		"4,四个词,"+summary+",一、二、三、四,甲,1,\r\n"+
		"5,规模不明,"+summary+",,甲,许多,\r\n"+
		"6,无规模,"+summary+",,甲,,\r\n"+
		"7,\"没有结束,"+summary+",,甲,,"))
	wantErrs := []string{
		`[5,"","","columns_of_header"]`, `[6,"","","csv_quotes"]`, `[7,"4","keywords","max_members"]`,
		`[8,"5","row_count","whole_number"]`, `[10,"","","csv_quotes"]`,
	}
	if diff := cmp.Diff(wantErrs, o.errs); diff != "" {
		t.Errorf("errors: -want +got\n%s", diff)
	}
	if len(o.records) != 2 || o.fatal != nil {
		t.Fatalf("%+v", o)
	}
	r := o.records[0].Resource
	if r.Title != `道路，"主干"` || r.Description != summary+"\n第二段。" || r.RowCount != 12 || len(r.Items) != 2 || r.Items[1].Label != "长度" {
		t.Errorf("first: %+v", r)
	}
	if o.records[1].Line != 9 || !strings.Contains(strings.Join(o.records[1].Assumed, " "), "row_count") || o.records[1].Resource.Keywords == nil {
		t.Errorf("last: %+v", o.records[1])
	}
}

func TestCSVHeader(t *testing.T) {
	for header, rule := range map[string]string{
		"编号,名称,摘要,关键词,信息项":        "column_missing",
		"编号,名称,摘要,关键词,信息项,规模,名称":  "not_twice",
		"编号,名称,摘要,关键词,信息项,规模,":    "required",
		"编号,名\"称,摘要,关键词,信息项,规模":   "csv_quotes",
		"\xff编号,名称,摘要,关键词,信息项,规模": "utf8",
	} {
		o := read(t, csvMapping(t), strings.NewReader(header+"\n1,a,b,c,d,1\n"))
		if len(o.errs) != 1 || !strings.Contains(o.errs[0], `"`+rule+`"`) || len(o.records) != 0 {
			t.Errorf("%q: %v, want %s alone", header, o.errs, rule)
		}
	}
	m := csvMapping(t)
	m.Delimiter = ";"
	m.Fields.Items.Split = "|"
	o := read(t, m, strings.NewReader("编号;名称;摘要;关键词;信息项;规模\n1;a,b;"+summary+";;\"x;1|y\";1\n"))
	if len(o.records) != 1 || o.records[0].Resource.Title != "a,b" || o.records[0].Resource.Items[0].Label != "x;1" {
		t.Errorf("semicolons: %+v", o)
	}
}

func TestReadEnds(t *testing.T) {
	broken := errors.New("broken pipe")
	o := read(t, sourcesMapping(t), io.MultiReader(strings.NewReader(good+"\n"), iotest.ErrReader(broken)))
	if len(o.records) != 1 || !errors.Is(o.fatal, broken) {
		t.Errorf("%d records, %v", len(o.records), o.fatal)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for _, err := range catalog.Read(ctx, strings.NewReader(strings.Repeat(good+"\n", 3)), sourcesMapping(t), book, owner) {
		if n++; n == 1 {
			cancel()
			continue
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after the end of ctx: %v", err)
		}
	}
	if n != 2 {
		t.Errorf("%d answers, want a record and the end", n)
	}
	for range catalog.Read(t.Context(), strings.NewReader(good+"\n"+good), sourcesMapping(t), book, owner) {
		break
	}
	for _, err := range catalog.Read(t.Context(), strings.NewReader(good), sourcesMapping(t), "x", owner) {
		if ledger.AsError(err) == nil || ledger.AsError(err).Field != "ledger" {
			t.Errorf("no ledger: %v", err)
		}
	}
}
