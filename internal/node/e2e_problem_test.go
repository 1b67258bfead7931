package node_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode"

	"github.com/datacadastre/cadastre/ledger"
)

func chinese(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

// TestProblemsInBothLanguages: every refusal is a problem of RFC 9457 that says
// what, why, where and what next, in the reader's language.
func TestProblemsInBothLanguages(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	up := w.upload("operator", data(1000))
	w.sale("sale", "bus", up, ledger.Quota{Uses: 1})
	w.refused(w.ask(http.MethodGet, "", "/v1/nothing"), http.StatusNotFound, ledger.ReasonUnknown)
	old, err := w.party["buyer"].Sign(id("a call"), ledger.FnOrderCancel, ledger.AnswerArgs{ID: id("sale"), Answers: sum("old")})
	w.ok(err)
	order, token := orderPath("sale", up.Object), w.token("buyer")
	if status, err := w.once(order, "Bearer "+token); err != nil || status != http.StatusOK {
		t.Fatal(status, err)
	}
	for name, c := range map[string]struct {
		method, path, body, who string
		status                  int
		code                    ledger.Code
		reason                  ledger.Reason
		field, rule             string
	}{
		"unknown path":             {http.MethodGet, "/v2/x", "", "", 404, ledger.NotFound, ledger.ReasonUnknown, "path", ""},
		"unknown page":             {http.MethodGet, "/v1/orders/x/y/z", "", "", 404, ledger.NotFound, ledger.ReasonUnknown, "path", ""},
		"wrong method":             {http.MethodDelete, "/v1/about", "", "", 405, ledger.InvalidCode, ledger.ReasonMethod, "method", ""},
		"no such product":          {http.MethodGet, "/v1/products/" + string(id("none")), "", "", 404, ledger.NotFound, ledger.ReasonUnknown, "", ""},
		"no id":                    {http.MethodGet, order[:strings.LastIndex(order, "/")] + "/" + strings.Repeat("a", 65), "", "buyer", 422, ledger.InvalidCode, ledger.ReasonField, "object", "object_id"},
		"no such object":           {http.MethodGet, order[:len(order)-1] + "!", "", "buyer", 404, ledger.NotFound, ledger.ReasonContent, "object", ""},
		"path trick":               {http.MethodGet, order[:strings.LastIndex(order, "/")] + "/..%2f..%2fnode.json", "", "buyer", 404, ledger.NotFound, ledger.ReasonContent, "object", ""},
		"order no id":              {http.MethodGet, "/v1/orders/x/content/y", "", "buyer", 422, ledger.InvalidCode, ledger.ReasonField, "id", "uuid"},
		"limit":                    {http.MethodGet, order, "", "buyer", 403, ledger.Forbidden, ledger.ReasonLimit, "limits.uses", "D2"},
		"no token":                 {http.MethodGet, "/v1/orders", "", "", 401, ledger.Forbidden, ledger.ReasonAuthorization, "authorization", ""},
		"page too large":           {http.MethodGet, "/v1/products?limit=501", "", "", 422, ledger.InvalidCode, ledger.ReasonField, "query.limit", "*"},
		"empty query":              {http.MethodGet, "/v1/products?state=", "", "", 422, ledger.InvalidCode, ledger.ReasonField, "query.state", "required"},
		"unknown query":            {http.MethodGet, "/v1/products?stat=listed", "", "", 422, ledger.InvalidCode, ledger.ReasonField, "query.stat", "*"},
		"no JSON":                  {http.MethodPost, "/v1/calls", "{", "", 422, ledger.InvalidCode, ledger.ReasonJSON, "body", "syntax"},
		"a member twice":           {http.MethodPost, "/v1/calls", `{"call":"x","call":"y"}`, "", 422, ledger.InvalidCode, ledger.ReasonField, "call", "not_twice"},
		"another case":             {http.MethodPost, "/v1/calls", `{"CALL":"x"}`, "", 422, ledger.InvalidCode, ledger.ReasonField, "*", "*"},
		"no call":                  {http.MethodPost, "/v1/calls", `{}`, "", 422, ledger.InvalidCode, ledger.ReasonField, "*", "*"},
		"a member more":            {http.MethodPost, "/v1/calls", `{"call":"x","more":1}`, "", 422, ledger.InvalidCode, ledger.ReasonField, "more", "*"},
		"no JWS":                   {http.MethodPost, "/v1/calls", `{"call":"x"}`, "", 422, ledger.InvalidCode, ledger.ReasonJWS, "", "*"},
		"wrong state":              {http.MethodPost, "/v1/calls", `{"call":"` + old + `"}`, "", 409, ledger.Conflict, ledger.ReasonState, "*", "*"},
		"too large":                {http.MethodPost, "/v1/calls", `{"call":"` + strings.Repeat("a", 2<<20) + `"}`, "", 413, ledger.InvalidCode, ledger.ReasonTooLarge, "body", "body_bytes"},
		"a body that no call fits": {http.MethodPost, "/v1/acts/order.place/check", `{"` + strings.Repeat("a", 128<<10) + `":1}`, "buyer", 413, ledger.InvalidCode, ledger.ReasonTooLarge, "body", "body_bytes"},
	} {
		for header, han := range map[string]bool{
			"": true, "en": false, "zh-CN,zh;q=0.9,en;q=0.8": true, "en-US,en;q=0.9,zh;q=0.1": false, "fr, en;q=0.5": false, "fr": true,
		} {
			headers := []string{"Accept-Language", header, "Content-Type", "application/json"}
			if c.who != "" {
				headers = append(headers, "Authorization", "Bearer "+token)
			}
			var body io.Reader
			if c.body != "" {
				body = strings.NewReader(c.body)
			}
			resp, err := w.send(c.method, c.path, body, headers...)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			p := w.refused(resp, c.status, c.reason)
			if p.Type != "about:blank" || p.Code != string(c.code) || c.field != "*" && p.Field != c.field || c.rule != "*" && p.Rule != c.rule {
				t.Errorf("%s: %+v", name, p)
			}
			if p.Title == "" || p.Detail == "" || chinese(p.Title) != han || chinese(p.Detail) != han {
				t.Errorf("%s, asked in %q: %q, %q", name, header, p.Title, p.Detail)
			}
			if strings.ContainsAny(p.Title+p.Detail, "{}") {
				t.Errorf("%s: a word is missing in %q", name, p.Title)
			}
		}
	}
}

// problem is what a refusal says.
type problem struct {
	Type, Title, Detail, Code, Reason, Field, Rule string
	Status                                         int
}

// refused holds that an answer is a problem of a status and reason, and no more.
func (w *world) refused(resp *http.Response, status int, reason ledger.Reason) problem {
	w.t.Helper()
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	w.ok(err)
	var p problem
	if err := json.Unmarshal(b, &p); err != nil {
		w.t.Fatalf("%s %s: %d %q is no problem: %v", resp.Request.Method, resp.Request.URL.Path, resp.StatusCode, b[:min(len(b), 100)], err)
	}
	if resp.StatusCode != status || p.Status != status || p.Reason != string(reason) {
		w.t.Errorf("%s %s: %d, want %d %s: %s", resp.Request.Method, resp.Request.URL.Path, resp.StatusCode, status, reason, b)
	}
	if got := resp.Header.Get("Content-Type"); got != "application/problem+json" {
		w.t.Errorf("a problem of type %q", got)
	}
	if resp.Header.Get("Cadastre-Receipt") != "" || resp.Header.Get("ETag") != "" {
		w.t.Error("a refusal tells of the content")
	}
	return p
}
