package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/web"
	"github.com/datacadastre/cadastre/ledger"
)

// The parts of an OpenAPI document that these tests read.
type (
	document struct {
		Paths      map[string]map[string]operation
		Components struct {
			Schemas         map[string]schema
			SecuritySchemes map[string]struct{ Type, Scheme, Description string }
		}
	}
	operation struct {
		OperationID, Summary, Description string
		Parameters                        []parameter
		Security                          []map[string][]string
		Responses                         map[string]struct {
			Content map[string]struct{ Schema schema }
		}
	}
	parameter struct {
		Name, In, Description string
		Required              bool
		Schema                schema
	}
	schema struct {
		Ref                  string `json:"$ref"`
		Type                 any
		Description, Pattern string
		Format               string
		ContentEncoding      string
		Enum                 []string
		Required             []string
		MinLength, MaxLength *int64
		MinItems, MaxItems   *int64
		Minimum, Maximum     *float64
		UniqueItems          bool
		Items                *schema
		Properties           map[string]schema
	}
)

func openAPI(t *testing.T) document {
	t.Helper()
	b, err := edge().OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// each calls f with every operation.
func (d document) each(f func(method, path string, o operation)) {
	for path, methods := range d.Paths {
		for method, o := range methods {
			f(strings.ToUpper(method), path, o)
		}
	}
}

// inBoth reports whether a text speaks Chinese and English.
func inBoth(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) }) &&
		strings.ContainsFunc(s, func(r rune) bool { return r < unicode.MaxASCII && unicode.IsLetter(r) })
}

// TestEverythingIsDescribed: each operation, parameter and member is in both languages.
func TestEverythingIsDescribed(t *testing.T) {
	d := openAPI(t)
	d.each(func(method, path string, o operation) {
		if !inBoth(o.Summary) || !inBoth(o.Description) {
			t.Errorf("%s %s: summary %q, description %q", method, path, o.Summary, o.Description)
		}
		for _, p := range o.Parameters {
			if !inBoth(p.Description) {
				t.Errorf("%s %s: parameter %s: %q", method, path, p.Name, p.Description)
			}
		}
	})
	for name, s := range d.Components.Schemas {
		for member, p := range s.Properties {
			if !inBoth(p.Description) {
				t.Errorf("%s.%s: %q", name, member, p.Description)
			}
		}
	}
	if len(d.Components.Schemas) < 100 {
		t.Errorf("only %d schemas are described", len(d.Components.Schemas))
	}
	for name, s := range d.Components.SecuritySchemes {
		if !inBoth(s.Description) {
			t.Errorf("%s: %q", name, s.Description)
		}
	}
}

// TestEveryRouteIsDescribed, but pages, the description itself and the logs, whose
// form is a standard of its own (C2SP tlog-tiles).
func TestEveryRouteIsDescribed(t *testing.T) {
	described := map[string]bool{}
	openAPI(t).each(func(method, path string, _ operation) { described[method+" "+path] = true })
	routes := edge().Routes()
	if len(routes) < 50 {
		t.Fatalf("only the routes %v", routes)
	}
	for _, r := range routes {
		_, path, _ := strings.Cut(r, " ")
		apart := path == "/" || path == "/favicon.ico" || path == "/c/{code}" || strings.HasPrefix(path, "/openapi") || strings.HasPrefix(path, "/schemas/")
		if !apart && !described[r] {
			t.Errorf("%s is a route, and no operation of the description", r)
		}
		delete(described, r)
	}
	for r := range described {
		t.Errorf("%s is described, and no route", r)
	}
}

// TestFormsAreInTheDescription: what a form tag says the schema says.
func TestFormsAreInTheDescription(t *testing.T) {
	d := openAPI(t)
	values := []any{}
	for _, a := range ledger.Acts() {
		if a.Name != ledger.FnGenesis { // no endpoint takes it
			values = append(values, a.Args())
		}
	}
	args := map[reflect.Type]bool{} // and what is within them
	for _, v := range values {
		within(reflect.TypeOf(v), args)
	}
	for _, record := range ledger.Kinds() {
		if _, ok := d.Components.Schemas[reflect.TypeOf(record).Elem().Name()]; ok {
			values = append(values, record)
		}
	}
	seen := map[reflect.Type]bool{}
	for i := 0; i < len(values); i++ { // the structs within come along
		typ := reflect.TypeOf(values[i]).Elem()
		if seen[typ] {
			continue
		}
		seen[typ] = true
		s, ok := d.Components.Schemas[typ.Name()]
		if !ok {
			t.Errorf("no schema %s", typ.Name())
			continue
		}
		var required []string
		for _, f := range ledger.FieldsOf(values[i]) {
			if f.Required {
				required = append(required, f.Name)
			}
			if faults := differences(s.Properties[f.Name], f); len(faults) > 0 {
				t.Errorf("%s.%s: %v are not as its form says: %+v", typ.Name(), f.Name, faults, f)
			}
			m, _ := ledger.Member(values[i], f.Name)
			if inner := innermost(m.Type()); inner.Kind() == reflect.Struct {
				values = append(values, reflect.New(inner).Interface())
			}
		}
		slices.Sort(required)
		slices.Sort(s.Required)
		if !args[typ] {
			continue // an answer has what it has
		}
		if diff := cmp.Diff(required, s.Required); diff != "" {
			t.Errorf("%s: required (-form +schema):\n%s", typ.Name(), diff)
		}
	}
	if len(args) < 40 || len(seen) < 50 {
		t.Errorf("only %d structs were looked at, %d of them sent", len(seen), len(args))
	}
}

// within adds the structs that a type is made of, embedded ones too.
func within(t reflect.Type, found map[reflect.Type]bool) {
	t = innermost(t)
	if t.Kind() != reflect.Struct || found[t] {
		return
	}
	found[t] = true
	for f := range t.Fields() {
		within(f.Type, found)
	}
}

func innermost(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t
}

// differences names what a schema says otherwise than a form.
func differences(s schema, f ledger.Field) (faults []string) {
	if s.Ref != "" {
		return nil // said there
	}
	off := func(what string, wrong bool) {
		if wrong {
			faults = append(faults, what)
		}
	}
	off("pattern", s.Pattern != f.Regexp)
	off("words of the pattern", !strings.Contains(s.Description, f.Pattern) && s.Description != "")
	if f.Enum != nil {
		off("enum", !slices.Equal(s.Enum, f.Enum.List()))
	}
	least, most := f.Min, f.Max
	switch f.Kind {
	case ledger.FieldList:
		off("items", !same(s.MinItems, least) || !same(s.MaxItems, most) || s.UniqueItems != f.Unique || s.Items == nil)
		if s.Items != nil {
			faults = append(faults, differences(*s.Items, *f.Each)...)
		}
	case ledger.FieldText, ledger.FieldToken, ledger.FieldWord:
		off("length", !same(s.MinLength, least) || !same(s.MaxLength, most))
	case ledger.FieldInteger, ledger.FieldFen, ledger.FieldMoment:
		off("range", !same(s.Minimum, least) || !same(s.Maximum, most))
	default:
		off("a bound", least != nil || most != nil)
	}
	return faults
}

func same[T int64 | float64](a *T, b *int64) bool {
	return (a == nil) == (b == nil) && (a == nil || *a == T(*b))
}

// TestParametersAreChecked: a value that a parameter's schema does not take is
// refused with field, value, rule and what is allowed, at every operation.
func TestParametersAreChecked(t *testing.T) {
	const wrong = "zzz!"
	e, n := edge(), 0
	openAPI(t).each(func(method, path string, o operation) {
		for _, p := range o.Parameters {
			shaped := p.Schema.Pattern != "" || p.Schema.Enum != nil
			if id := strings.HasSuffix(p.Name, "id"); !shaped && id {
				t.Errorf("%s %s: %s takes anything", method, path, p.Name)
			}
			if !shaped || p.In == "header" || method != http.MethodGet || strings.Contains(path, "/content/") { // whose handlers say it
				continue
			}
			n++
			var got web.Problem
			w := ask(t, e, path, o, p.Name, wrong)
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusUnprocessableEntity || len(got.Errors) != 1 {
				t.Errorf("%s?%s=%s: %d, %v: %s", path, p.Name, wrong, w.Code, err, w.Body)
				continue
			}
			if f := got.Errors[0]; f.Field != p.In+"."+p.Name || f.Value != wrong || f.Rule == "" || f.Rule == "pattern" || f.Allowed == "" {
				t.Errorf("%s?%s=%s: %+v", path, p.Name, wrong, f)
			}
		}
	})
	if n < 40 {
		t.Errorf("only %d parameters were tried", n)
	}
}

// ask asks an operation with good values for what it needs, but for one parameter.
func ask(t *testing.T, e *web.Server, path string, o operation, name, value string) *httptest.ResponseRecorder {
	t.Helper()
	query := url.Values{}
	for _, p := range o.Parameters {
		v := "01994b6e-7c00-7a3f-9d21-5f1c2b3a4d5e"
		switch {
		case p.Name == name:
			v = value
		case p.Name == "sha256":
			v = strings.Repeat("0", 64)
		case len(p.Schema.Enum) > 0:
			v = fmt.Sprint(p.Schema.Enum[0])
		}
		switch {
		case p.In == "path":
			path = strings.Replace(path, "{"+p.Name+"}", v, 1)
		case p.In == "query" && (p.Required || p.Name == name):
			query.Set(p.Name, v)
		}
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path+"?"+query.Encode(), nil))
	return w
}

// TestSecurity: an operation that says so needs a token, and all that are private say so.
func TestSecurity(t *testing.T) {
	e, n := edge(), 0
	d := openAPI(t)
	if s := d.Components.SecuritySchemes["bearer"]; s.Type != "http" || s.Scheme != "bearer" {
		t.Errorf("the scheme is %+v", s)
	}
	d.each(func(method, path string, o operation) {
		for _, p := range o.Parameters {
			if p.Name == "Authorization" {
				t.Errorf("%s %s: a header that the scheme describes", method, path)
			}
		}
		if len(o.Security) != 1 {
			return
		}
		n++
		if method != http.MethodGet {
			return
		}
		if w := ask(t, e, path, o, "", ""); w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%s %s without a token: %d", method, path, w.Code)
		}
	})
	if n < 80 { // 13 reads, content, and every act twice
		t.Errorf("only %d operations need a token", n)
	}
	for _, open := range []string{"/v1/trace", "/v1/evidence"} {
		if len(d.Paths[open]["get"].Security) != 2 {
			t.Errorf("%s needs a token", open)
		}
	}
}

// TestTheBundleIsDescribed as what it is, not as bytes.
func TestTheBundleIsDescribed(t *testing.T) {
	d := openAPI(t)
	s := d.Paths["/v1/evidence"]["get"].Responses["200"].Content["application/json"].Schema
	bundle := d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	for _, member := range []string{"v", "ledger", "about", "proof", "calls", "receipts"} {
		if bundle.Properties[member].Description == "" {
			t.Errorf("the bundle (%q) lacks %s", s.Ref, member)
		}
	}
}

// TestSchemas: what an answer links to is there, and nothing else.
func TestSchemas(t *testing.T) {
	s := edge()
	for path, want := range map[string]int{"/schemas/AppCodeArgs.json": http.StatusOK, "/schemas/AppCodeArgs": http.StatusOK, "/schemas/anything": http.StatusNotFound, "/schemas/": http.StatusNotFound} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
		if w.Code != want || w.Body.String() == "null" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
