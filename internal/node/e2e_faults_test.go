package node_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/ledger"
)

// TestAllFaultsAtOnce: a call with several faults names each, with its value, the
// rule and what is allowed, in the reader's language.
func TestAllFaultsAtOnce(t *testing.T) {
	w := serve(t, nil)
	a := tale.Listing("p", "none", "bus")
	a.Description, a.Form, a.Terms = "短", "paper", ledger.ProductTerms{RetentionDays: -1, NoReidentify: true}
	a.Purposes = []ledger.Purpose{emergency}
	resp := w.check(w.token("operator"), ledger.FnProductList, a)
	var p wire.Problem
	w.ok(json.Unmarshal(w.body(resp), &p))
	if resp.StatusCode != http.StatusUnprocessableEntity || p.Reason != ledger.ReasonField || p.Field != "description" {
		t.Errorf("%d %+v", resp.StatusCode, p)
	}
	var got []string
	for _, f := range p.Errors {
		got = append(got, strings.Join([]string{f.Field, f.Value, f.Rule, f.Allowed}, " | "))
		if !chinese(f.Message) || !strings.Contains(f.Message, f.Field) {
			t.Errorf("%s is worded %q", f.Field, f.Message)
		}
	}
	want := []string{
		"description | 短 | min_runes | 20–4000 字/characters",
		"form | paper | enum | api, dataset, report, statistic, model, verify, sandbox, raw",
		"terms.retention_days | -1 | 0_to_36500 | 0–36500",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	_, err := w.party["operator"].Call(t.Context(), ledger.FnProductList, a)
	for _, field := range []string{"args.description", "args.form", "args.terms.retention_days"} {
		if err == nil || !strings.Contains(err.Error(), "\n  "+field) {
			t.Errorf("the client does not name %s: %v", field, err)
		}
	}
}

// mangled are the arguments of a listing with faults of every kind: of reading, of
// form, and between members.
func mangled(t *testing.T) json.RawMessage {
	t.Helper()
	return json.RawMessage(`{"id":"` + string(id("p")) + `","version":"1","title":null,"titel":"线路","description":"短","description":"短短",` +
		`"license_id":"","sources":[5,"` + string(id("resource bus")) + `"],"form":"paper","allowed_purposes":[{"class":"governance","code":"e"}],` +
		`"terms":{"retention_days":-1,"no_reidentify":true},"level":"general","pi_status":"none",` +
		`"security_review":{"by":"评估机构","on":"2026-02-30","sha256":""},"conformity_review":[],"price":{"unit":"row","price":3,"price_status":"trial"}}`)
}

// TestFaultsOfReadingAndFormAtOnce: API, check and signed call tell every fault of
// the same arguments alike, with label and sentence in the reader's language.
func TestFaultsOfReadingAndFormAtOnce(t *testing.T) {
	w := serve(t, nil)
	want := []string{
		"version | 版本 | 1 | type_integer | 整数/integer, ≤ 9223372036854775807",
		"title | 名称 |  | not_null | 文本/text",
		"titel |  |  | known_member | …",
		"description | 简介 |  | not_twice | ",
		"sources[0] | 来源资源 1 | 5 | type_text | 文本/text",
		"conformity_review | 规范审核 |  | type_object | 对象/object",
		"license_id | 授权 |  | required | UUID, version 7 or 8",
		"form | 形态 | paper | enum | api, dataset, report, statistic, model, verify, sandbox, raw",
		"terms.retention_days | 使用条件 › 保存天数 | -1 | 0_to_36500 | 0–36500",
		"security_review.on | 安全审核 › 审核日期 | 2026-02-30 | date | a day, YYYY-MM-DD",
		"security_review.sha256 | 安全审核 › 审核文件摘要 |  | required | SHA-256, 64 digits of 0–9 a–f",
		"security_review.valid_until | 安全审核 › 有效期至 |  | required | a day, YYYY-MM-DD",
	}
	read := func(resp *http.Response) []string {
		var p wire.Problem
		w.ok(json.Unmarshal(w.body(resp), &p))
		if resp.StatusCode != http.StatusUnprocessableEntity || p.Reason != ledger.ReasonField {
			t.Errorf("%d %+v", resp.StatusCode, p)
		}
		var got []string
		for _, f := range p.Errors {
			if strings.HasPrefix(f.Allowed, "id, version, title, ") {
				f.Allowed = "…"
			}
			field := strings.TrimPrefix(f.Field, "args.")
			got = append(got, strings.Join([]string{field, f.Label, f.Value, f.Rule, f.Allowed}, " | "))
			if !chinese(f.Message) || !strings.Contains(f.Message, f.Field) {
				t.Errorf("%s is worded %q", f.Field, f.Message)
			}
		}
		return got
	}
	args := mangled(t)
	if diff := cmp.Diff(want, read(w.check(w.token("operator"), ledger.FnProductList, args))); diff != "" {
		t.Errorf("check: -want +got:\n%s", diff)
	}
	resp, err := w.send(http.MethodPost, "/v1/acts/"+string(ledger.FnProductList), bytes.NewReader(args), "Content-Type", "application/json", "Authorization", "Bearer "+w.token("operator"))
	w.ok(err)
	if diff := cmp.Diff(want, read(resp)); diff != "" {
		t.Errorf("act: -want +got:\n%s", diff)
	}
	jws, err := w.party["operator"].Sign(id("a call"), ledger.FnProductList, args)
	w.ok(err)
	resp, err = w.send(http.MethodPost, "/v1/calls", strings.NewReader(`{"call":"`+jws+`"}`), "Content-Type", "application/json")
	w.ok(err)
	if diff := cmp.Diff(want, read(resp)); diff != "" {
		t.Errorf("call: -want +got:\n%s", diff)
	}
}

// TestMissingMaterialsAreNamed: of five groups that are missing each is named, by API
// and client.
func TestMissingMaterialsAreNamed(t *testing.T) {
	w := serve(t, nil)
	a := application("bus", "holder")
	a.Materials = a.Materials[:1]
	resp := w.check(w.token("holder"), ledger.FnAppSubmit, a)
	var p wire.Problem
	w.ok(json.Unmarshal(w.body(resp), &p))
	said := map[string]bool{}
	for _, f := range p.Errors {
		said[f.Message] = true
		if f.Reason != ledger.ReasonIncomplete || len(f.Params) != 1 || f.Params[0].Name != "group" {
			t.Errorf("%+v", f)
		}
	}
	if len(said) != 5 {
		t.Errorf("five groups are told by %v", said)
	}
	_, err := w.party["holder"].Call(t.Context(), ledger.FnAppSubmit, a)
	for _, g := range ledger.MaterialGroups()[1:] {
		if err == nil || !strings.Contains(err.Error(), "("+string(g)+")") {
			t.Errorf("the client does not name %s: %v", g, err)
		}
	}
	groups := map[string]bool{}
	if e := ledger.AsError(err); e != nil {
		for _, f := range e.All() {
			groups[f.Param("group")] = true
		}
	}
	if len(groups) != 5 {
		t.Errorf("a program reads %v", groups)
	}
}

// TestFaultsOnAPage: a page shows each fault with its label, in both languages.
func TestFaultsOnAPage(t *testing.T) {
	w := serve(t, nil)
	for lang, want := range map[string][]string{
		"zh": {"下一页的位置", "须为上一页给出的 next", "所填</dt><dd>&lt;b&gt;", "允许</dt><dd>", "规则</dt><dd>as_given"},
		"en": {"Place of the next page", "It must be the next value of the previous page", "Given</dt><dd>&lt;b&gt;", "Allowed</dt><dd>", "Rule</dt><dd>as_given"},
	} {
		resp, err := w.send(http.MethodGet, "/?cursor=%3Cb%3E", nil, "Accept", "text/html", "Accept-Language", lang)
		w.ok(err)
		page := string(w.body(resp))
		for _, s := range want {
			if !strings.Contains(page, s) {
				t.Errorf("%s: the page lacks %q:\n%s", lang, s, page)
			}
		}
	}
}

// TestQueryFaultsAtOnce: of a query, too, each fault is told.
func TestQueryFaultsAtOnce(t *testing.T) {
	w := serve(t, nil)
	for path, want := range map[string]string{
		"/v1/products?state=&limit=&cursor=a&cursor=b&more=1": "query.cursor not_twice, query.limit required, query.state required, query.more known_member",
		"/v1/products?state=sold&limit=900":                   "query.limit range, query.state enum",
		"/v1/products?more=1&state=sold&limit=900":            "query.more known_member, query.limit range, query.state enum",
		"/v1/products?more=1&limit=many&operator=me":          "query.more known_member, query.limit type_integer, query.operator uuid",
		"/v1/licenses/explain?resource=&class=fun":            "query.resource required, query.class enum, query.party required",
		"/v1/parties?more=1&ids=me":                           "query.more known_member, query.ids[0] uuid",
	} {
		var p wire.Problem
		resp := w.ask(http.MethodGet, "", path)
		w.ok(json.Unmarshal(w.body(resp), &p))
		var got []string
		for _, f := range p.Errors {
			got = append(got, f.Field+" "+f.Rule)
		}
		slices.Sort(got)
		sorted := strings.Split(want, ", ")
		slices.Sort(sorted)
		if diff := cmp.Diff(sorted, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", path, diff)
		}
	}
}

// TestQueryFaults: what a query may not say is refused like a member of a body.
func TestQueryFaults(t *testing.T) {
	w := serve(t, nil)
	for path, want := range map[string]string{
		"/v1/products?state=sold":                          "query.state | sold | enum | listed, delisted",
		"/v1/products?state=":                              "query.state |  | required | ",
		"/v1/products?stat=listed":                         "query.stat |  | known_member | cursor, limit, operator, license, state, q, ids",
		"/v1/products?limit=501":                           "query.limit | 501 | range | ≤ 500",
		"/v1/products?limit=many":                          "query.limit | many | type_integer | 整数/integer",
		"/v1/parties?role=king":                            "query.role | king | enum | holder, registry_body, data_authority, grantor, implementer, operator, buyer, assessor, regulator, platform",
		"/v1/licenses/explain?resource=" + string(id("x")): "query.party |  | required | ",
		"/v1/applications?state=%zz":                       "query |  | syntax | ",
		"/v1/products?state=listed&state=sold":             "query.state |  | not_twice | ",
		"/v1/resources?holder=zzz":                         "query.holder | zzz | uuid | UUID, version 7 or 8",
		"/v1/resources?state=listed":                       "query.state | listed | enum | active, suspended, expired, cancelled, revoked",
		"/v1/resources?region=43":                          "query.region | 43 | gbt2260 | GB/T 2260, six digits",
		"/v1/licenses?resource=zzz":                        "query.resource | zzz | uuid | UUID, version 7 or 8",
		"/v1/products?operator=zzz":                        "query.operator | zzz | uuid | UUID, version 7 or 8",
		"/v1/trace?sha256=zzz":                             "query.sha256 | zzz | sha256 | SHA-256, 64 digits of 0–9 a–f",
		"/v1/parties?ids=zzz":                              "query.ids[0] | zzz | uuid | UUID, version 7 or 8",
		"/v1/products/zzz":                                 "path.id | zzz | uuid | UUID, version 7 or 8",
		"/v1/products?limit=0":                             "query.limit | 0 | range | ≥ 1",
		"/v1/products?state=%E2%80%AElisted":               "query.state | \ufffdlisted | enum | listed, delisted",
	} {
		var p wire.Problem
		resp := w.ask(http.MethodGet, "", path)
		w.ok(json.Unmarshal(w.body(resp), &p))
		if resp.StatusCode != http.StatusUnprocessableEntity || len(p.Errors) != 1 {
			t.Errorf("%s: %d %+v", path, resp.StatusCode, p)
			continue
		}
		f := p.Errors[0]
		if got := strings.Join([]string{f.Field, f.Value, f.Rule, f.Allowed}, " | "); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
