package ledger_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/datacadastre/cadastre/ledger"
)

// TestAllFaultsAtOnce: one error names everything that must be fixed.
func TestAllFaultsAtOnce(t *testing.T) {
	a := goodSubmit()
	a.Body = "nobody"
	a.Resource.Title = ""
	a.Resource.Domain = "交通"
	a.Resource.Items[1].Level = "secret"
	a.Resource.Temporal.End = "2023-12-31"
	a.Resource.Quality.Timely = 101
	a.Materials[0].Name.Salt = "pssst"
	a.Materials = append(a.Materials, a.Materials[1])
	e := ledger.AsError(a.Validate())
	if e == nil {
		t.Fatal("taken")
	}
	var got []string
	for _, f := range e.All() {
		if f.Code != ledger.InvalidCode || len(f.More) > 0 {
			t.Errorf("%v has More", f)
		}
		got = append(got, f.Field+" "+f.Rule+" "+f.Param("value"))
	}
	want := []string{
		"body uuid nobody", "resource.title required ", "resource.domain enum 交通", "resource.temporal.end not_before_start 2023-12-31",
		"resource.items[1].level enum secret", "resource.quality.timely 0_to_100 101", "materials[0].name.salt hex32 ", "materials[6] not_twice ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, want := e.Error(), "invalid: field (field body, rule uuid) and 7 more"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	back, err := ledger.ParseError(e.Text())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e, back); diff != "" {
		t.Errorf("through its text (-want +got):\n%s", diff)
	}
}

// TestMissingMaterialsAtOnce: every group that is missing is named (R10: all at once).
func TestMissingMaterialsAtOnce(t *testing.T) {
	a := goodSubmit()
	a.Materials = a.Materials[:3]
	var got []string
	for _, f := range ledger.AsError(a.Validate()).All() {
		got = append(got, string(f.Reason)+" "+f.Param("group"))
	}
	if diff := cmp.Diff([]string{"incomplete deposit", "incomplete risk_assessment", "incomplete internal_review"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFaultsAreBounded(t *testing.T) {
	a := ledger.AppReturnArgs{Defects: make([]ledger.Defect, 400)}
	e := ledger.AsError(a.Validate())
	if n := len(e.All()); n != ledger.MaxFaults {
		t.Errorf("%d faults are listed", n)
	}
	if len(e.Text()) > 32<<10 {
		t.Errorf("the error is %d bytes long", len(e.Text()))
	}
}

// TestFaultSaysWhatIsAllowed: the value at fault and what would do.
func TestFaultSaysWhatIsAllowed(t *testing.T) {
	long := strings.Repeat("公", 200)
	for _, c := range []struct {
		name string
		err  error
		want map[string]string
	}{
		{"enum", editSubmit(func(a *ledger.AppSubmitArgs) { a.Resource.ShareType = "maybe" }), map[string]string{"value": "maybe", "allowed": "unconditional, conditional, none"}},
		{"enum left out", editSubmit(func(a *ledger.AppSubmitArgs) { a.Resource.ShareType = "" }), map[string]string{"allowed": "unconditional, conditional, none"}},
		{"title left out", editSubmit(func(a *ledger.AppSubmitArgs) { a.Resource.Title = "" }), map[string]string{"min": "1", "allowed": "1–100 字/characters"}},
		{"blank edge", editSubmit(func(a *ledger.AppSubmitArgs) { a.Resource.Title = " 公交" }), map[string]string{"value": " 公交", "allowed": "首尾不留空白/no blank at the beginning or end"}},
		{"token", ledger.AnchorArgs{Log: "a b", Size: 1, Root: ledger.DigestOf(nil)}.Validate(), map[string]string{"value": "a b", "allowed": "1–250: A–Z a–z 0–9 . _ : / -"}},
		{"token left out", ledger.AnchorArgs{Size: 1, Root: ledger.DigestOf(nil)}.Validate(), map[string]string{"allowed": "1–250: A–Z a–z 0–9 . _ : / -"}},
		{"region", editSubmit(func(a *ledger.AppSubmitArgs) { a.Resource.Spatial = "4303" }), map[string]string{"value": "4303", "allowed": "GB/T 2260, six digits"}},
		{"day", editSubmit(func(a *ledger.AppSubmitArgs) { a.InternalReview.On = "2026-02-30" }), map[string]string{"value": "2026-02-30", "allowed": "a day, YYYY-MM-DD"}},
		{"pattern", editSubmit(func(a *ledger.AppSubmitArgs) { a.Resource.Sector = "U1" }), map[string]string{"value": "U1", "allowed": "GB/T 4754, A–T with 0 or 2 to 4 digits"}},
		{"number", editSubmit(func(a *ledger.AppSubmitArgs) { a.Resource.RowCount = -1 }), map[string]string{"value": "-1", "min": "0"}},
		{"range", editSubmit(func(a *ledger.AppSubmitArgs) { a.Resource.Quality.Normative = 101 }), map[string]string{"value": "101", "min": "0", "max": "100"}},
		{"long text", editSubmit(func(a *ledger.AppSubmitArgs) { a.Resource.Title = long }), map[string]string{"value": long[:99*3] + "…", "limit": "100", "allowed": "1–100 字/characters"}},
		{"turned text", editSubmit(func(a *ledger.AppSubmitArgs) { a.Resource.Title = "公\u202e交" }), map[string]string{"value": "U+202E", "allowed": "看得见的字符、空格，不分行/characters that are seen, blank, on one line"}},
		{"list", ledger.CalendarArgs{Year: 2026, Off: []ledger.Date{"2026-01-01"}, Work: manyDays(61), Source: "国办"}.Validate(), map[string]string{"value": "61", "limit": "60"}},
		{"salt", editSubmit(func(a *ledger.AppSubmitArgs) { a.Resource.LevelBasis.Salt = "x" }), map[string]string{"allowed": "32 digits of 0–9 a–f"}},
		{"key", ledger.KeyRotateArgs{New: ledger.NewKeyArg{JWK: ledger.JWK{Kty: "EC"}, Use: "sign", Custody: "self"}, Old: "x", Proof: "p"}.Validate(), map[string]string{"allowed": "RFC 7638 thumbprint"}},
	} {
		e := ledger.AsError(c.err)
		if e == nil {
			t.Errorf("%s: taken", c.name)
			continue
		}
		got := map[string]string{}
		for _, p := range e.Params {
			got[p.Name] = p.Value
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func editSubmit(edit func(*ledger.AppSubmitArgs)) error {
	a := goodSubmit()
	edit(&a)
	return a.Validate()
}

func manyDays(n int) []ledger.Date {
	days := make([]ledger.Date, n)
	for i := range days {
		days[i] = ledger.Date("2026-01-0" + string(rune('1'+i%9)))
	}
	return days
}

func TestMember(t *testing.T) {
	a := ledger.AppReturnArgs{AppStepArgs: ledger.AppStepArgs{Application: "a"}, Defects: []ledger.Defect{{Field: "f"}}}
	for _, v := range []any{a, &a} {
		if m, ok := ledger.Member(v, "application"); !ok || m.String() != "a" {
			t.Errorf("application: got %v, %v", m, ok)
		}
		if m, ok := ledger.Member(v, "defects"); !ok || m.Len() != 1 {
			t.Errorf("defects: got %v, %v", m, ok)
		}
		if _, ok := ledger.Member(v, "Application"); ok {
			t.Error("a member is found by its name in Go")
		}
	}
	if _, ok := ledger.Member((*ledger.AppReturnArgs)(nil), "defects"); ok {
		t.Error("nothing has a member")
	}
	if _, ok := ledger.Member(3, "defects"); ok {
		t.Error("a number has a member")
	}
}

func TestFieldsOf(t *testing.T) {
	fields := ledger.FieldsOf(&ledger.LicenseOfferArgs{})
	find := func(name string) ledger.Field {
		i := slices.IndexFunc(fields, func(f ledger.Field) bool { return f.Name == name })
		if i < 0 {
			t.Fatalf("no field %s", name)
		}
		return fields[i]
	}
	number := func(n int64) *int64 { return &n }
	uuid := "^[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
	modes, _ := ledger.EnumOf("modes")
	for _, want := range []ledger.Field{
		{Name: "id", Label: ledger.Words{ZH: "授权编号", EN: "License id"}, Kind: ledger.FieldID, Required: true, Pattern: "UUID, version 7 or 8", Regexp: uuid, Rule: "uuid"},
		{Name: "mode", Label: ledger.Words{ZH: "授权方式", EN: "Mode"}, Kind: ledger.FieldEnum, Required: true, Enum: &modes, Rule: "enum"},
		{
			Name: "resource_ids", Label: ledger.Words{ZH: "授权资源", EN: "Resources"}, Kind: ledger.FieldList, Min: number(0), Max: number(500), Unique: true,
			Need: &ledger.Words{ZH: "mode 为 scenario 时必填", EN: "needed if mode is scenario"},
			Each: &ledger.Field{Kind: ledger.FieldID, Required: true, Pattern: "UUID, version 7 or 8", Regexp: uuid, Rule: "uuid"},
		},
		{Name: "filing_no", Label: ledger.Words{ZH: "备案号", EN: "Filing number"}, Kind: ledger.FieldText, Min: number(0), Max: number(64)},
		{
			Name: "limits", Label: ledger.Words{ZH: "限额", EN: "Limits"}, Kind: ledger.FieldObject, Fields: []ledger.Field{
				{Name: "uses", Label: ledger.Words{ZH: "次数上限", EN: "Uses"}, Kind: ledger.FieldInteger, Min: number(0)},
				{Name: "bytes", Label: ledger.Words{ZH: "字节上限", EN: "Bytes"}, Kind: ledger.FieldInteger, Min: number(0)},
			},
		},
	} {
		if diff := cmp.Diff(want, find(want.Name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", want.Name, diff)
		}
	}
	if w := find("resource_ids").Words(); w != (ledger.Words{ZH: "授权资源（mode 为 scenario 时必填）", EN: "Resources (needed if mode is scenario)"}) {
		t.Errorf("resource_ids reads %q", w)
	}
	var last *ledger.Field
	for _, f := range fields {
		last = &f
	}
	if last == nil || last.Name != "supersedes" || last.Required {
		t.Errorf("the last field is %v", last)
	}
}

func TestFieldsOfOptional(t *testing.T) {
	required := map[string]bool{}
	for _, f := range ledger.FieldsOf(ledger.Resource{}) {
		required[f.Name] = f.Required
	}
	want := map[string]bool{
		"id": true, "title": true, "description": true, "identifier": false, "keywords": false, "landing_page": false, "sector": true,
		"sharer_consent": false, "items": false, "row_count": false, "modified": true, "temporal": true, "quality": true, "supply_mode": true,
	}
	if diff := cmp.Diff(want, required, cmpopts.IgnoreMapEntries(func(k string, _ bool) bool { _, ok := want[k]; return !ok })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEnums(t *testing.T) {
	levels, ok := ledger.EnumOf("levels")
	if !ok || levels.String() != "general, important, core" {
		t.Fatalf("got %v, %v", levels, ok)
	}
	if got, want := levels.Words("core"), (ledger.Words{ZH: "核心数据", EN: "Core"}); got != want {
		t.Errorf("got %v", got)
	}
	if got := levels.Words("secret"); got != (ledger.Words{}) {
		t.Errorf("an unknown value has the words %v", got)
	}
	if _, ok := ledger.EnumOf("colors"); ok {
		t.Error("an unknown list is found")
	}
	names := map[string]bool{}
	for _, e := range ledger.Enums() {
		if names[e.Name] {
			t.Errorf("%s is there twice", e.Name)
		}
		names[e.Name] = true
		words := map[string]bool{}
		for _, v := range e.Values {
			if v.ZH == "" || v.EN == "" || v.Word == "" || words[v.Word] {
				t.Errorf("%s: %v", e.Name, v)
			}
			words[v.Word] = true
		}
	}
	if slices.Contains(ledger.Forms(), ledger.FormRaw) {
		t.Error("raw data are a product")
	}
	list := ledger.Roles()
	list[0] = "changed"
	if ledger.Roles()[0] != ledger.RoleHolder {
		t.Error("a caller has changed the list")
	}
}

var errOther = errors.New("other")

func TestJoin(t *testing.T) {
	if err := ledger.Join(nil, nil); err != nil {
		t.Errorf("got %v of nothing", err)
	}
	a, b, c := ledger.Invalid("a", "x"), ledger.Invalid("b", "x"), ledger.Invalid("c", "x")
	joined := ledger.AsError(ledger.Join(nil, a, ledger.Join(b, c)))
	if diff := cmp.Diff([]*ledger.Error{a, b, c}, joined.All()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(a.More) > 0 {
		t.Error("joining has changed the first error")
	}
	under := joined.Rename(func(f string) string { return "args." + f })
	if under.Field != "args.a" || under.More[1].Field != "args.c" || joined.More[1].Field != "c" {
		t.Errorf("renamed: %v, %v", under, joined)
	}
	other := ledger.Join(a, errOther)
	if !errors.Is(other, errOther) || ledger.AsError(other) != nil {
		t.Errorf("got %v", other)
	}
}

// TestUnlistedStruct: a struct that is in no list has a form all the same.
func TestUnlistedStruct(t *testing.T) {
	type inner struct {
		Name string `json:"name" form:"text=1..3" zh:"名" en:"Name"`
	}
	type outer struct {
		Inner *inner   `json:"inner,omitempty"`
		Words []string `json:"words" form:"list=1..2,token=3"`
	}
	for _, c := range []struct {
		v     outer
		field string
	}{
		{outer{Words: []string{"a"}}, ""},
		{outer{}, "x.words"},
		{outer{Words: []string{"a", "b b"}}, "x.words[1]"},
		{outer{Words: []string{"a"}, Inner: &inner{}}, "x.inner.name"},
	} {
		if got := field(ledger.CheckForm("x", c.v)); got != c.field {
			t.Errorf("%+v: got field %q, want %q", c.v, got, c.field)
		}
	}
	if m, ok := ledger.Member(outer{Words: []string{"a"}}, "words"); !ok || m.Kind() != reflect.Slice {
		t.Errorf("got %v, %v", m, ok)
	}
}
