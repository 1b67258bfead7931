package node_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/web"
	"github.com/datacadastre/cadastre/ledger"
)

// TestAllFaultsAtOnce: a call with several faults names each, with its value, the
// rule and what is allowed, in the reader's language.
func TestAllFaultsAtOnce(t *testing.T) {
	w := serve(t, nil)
	review := ledger.Review{By: "评估机构", On: date(0, -5), SHA256: sum("review"), ValidUntil: date(1, 0)}
	a := ledger.ProductListArgs{ProductOffer: ledger.ProductOffer{
		ID: id("p"), Version: 1, Title: "线路到站预测数据集", Description: "短", License: id("none"), Sources: []ledger.ID{id("resource bus")},
		Form: "paper", Purposes: []ledger.Purpose{{Class: ledger.Governance, Code: "emergency"}},
		Terms: ledger.ProductTerms{RetentionDays: -1, NoReidentify: true}, Level: ledger.General, PIStatus: ledger.PINone,
		SecurityReview: review, ConformityReview: review, Price: ledger.Price{Unit: "row", Fen: 3, Status: ledger.PriceTrial},
	}}
	resp := w.check(w.token("operator"), ledger.FnProductList, a)
	var p web.Problem
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

// TestQueryFaults: what a query may not say is refused like a member of a body.
func TestQueryFaults(t *testing.T) {
	w := serve(t, nil)
	for path, want := range map[string]string{
		"/v1/products?state=sold":                          "query.state | sold | enum | listed, delisted",
		"/v1/products?state=":                              "query.state |  | required | ",
		"/v1/products?stat=listed":                         "query.stat |  | known_member | ",
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
		"/v1/products/zzz":                                 "path.id | zzz | uuid | UUID, version 7 or 8",
		"/v1/products?limit=0":                             "query.limit | 0 | range | ≥ 1",
		"/v1/products?state=%E2%80%AElisted":               "query.state | \ufffdlisted | enum | listed, delisted",
	} {
		var p web.Problem
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
