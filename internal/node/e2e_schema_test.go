package node_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/datacadastre/cadastre/ledger"
)

// described is the served description of the API.
type described struct {
	Paths map[string]map[string]struct {
		Responses map[string]struct {
			Content map[string]struct{ Schema map[string]any }
		}
	}
	Components struct{ Schemas map[string]map[string]any }
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)

// TestAnswersAreAsDescribed reads all that can be read of a ledger with a sale, as
// several parties, and holds each answer, refusals too, against the description.
func TestAnswersAreAsDescribed(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	w.sale("sale", "bus", w.upload("operator", data(1000)), ledger.Quota{})
	w.act("authority", ref(ledger.KindLicense, "sale"), ledger.FnLicenseSuspend)
	var d described
	w.ok(json.Unmarshal(w.body(w.ask(http.MethodGet, "", "/openapi.json")), &d))
	found := map[string]bool{}
	answered := map[string]bool{}
	read := func(who, template, path string) {
		resp := w.ask(http.MethodGet, who, path)
		body := w.body(resp)
		for _, id := range uuids.FindAllString(string(body), -1) {
			found[id] = true
		}
		for _, fault := range d.hold(template, resp.StatusCode, resp.Header.Get("Content-Type"), body) {
			t.Errorf("%s as %s (%d): %s", path, who, resp.StatusCode, fault)
		}
		if resp.StatusCode == http.StatusOK {
			answered[template] = true
		}
	}
	readers := []string{"regulator", "operator", "buyer"}
	for range 2 { // what the first round finds the second asks for
		var known []string
		for id := range found {
			known = append(known, id)
		}
		slices.Sort(known)
		for template, methods := range d.Paths {
			if _, ok := methods["get"]; !ok || strings.Contains(template, "/content/") || template == "/healthz" {
				continue
			}
			for _, who := range readers {
				if !strings.Contains(template, "{") {
					read(who, template, template)
					continue
				}
				for _, id := range known {
					if strings.Count(template, "{") == 1 {
						read(who, template, regexp.MustCompile(`\{.*\}`).ReplaceAllString(template, id))
					}
				}
			}
		}
	}
	explain := fmt.Sprintf("/v1/licenses/explain?party=%s&resource=%s", id("operator"), id("resource bus"))
	for _, path := range []string{explain, explain + "&class=industry", explain + "&class=industry&code=logistics&action=use", explain + "&day=2026-02-31"} {
		read("regulator", "/v1/licenses/explain", path)
	}
	for _, question := range []string{"order=" + string(id("sale")), "order=" + string(id("sale")) + "&forward=true", "resource=" + string(id("resource bus")) + "&forward=true"} {
		read("regulator", "/v1/trace", "/v1/trace?"+question)
	}
	read("regulator", "/v1/evidence", "/v1/evidence?order="+string(id("sale")))
	for _, template := range []string{
		"/v1/licenses/explain", "/v1/evidence", "/v1/trace", "/v1/orders/{id}", "/v1/products/{id}", "/v1/parties/{id}", "/v1/applications/{id}",
		"/v1/entries/{id}", "/v1/resources/{id}", "/v1/licenses/{id}", "/v1/acts.json", "/readyz",
	} {
		if !answered[template] {
			t.Errorf("nothing was read of %s", template)
		}
	}
}

// hold says how an answer differs from its description.
func (d described) hold(template string, status int, contentType string, body []byte) []string {
	responses := d.Paths[template]["get"].Responses
	r, ok := responses[fmt.Sprint(status)]
	if !ok {
		r = responses["default"]
	}
	media, ok := r.Content[strings.Split(contentType, ";")[0]]
	if !ok {
		return []string{"no answer of type " + contentType + " is described"}
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return []string{err.Error()}
	}
	return d.differ("", media.Schema, v)
}

// differ says where a value is not as a schema says.
func (d described) differ(at string, s map[string]any, v any) []string {
	if ref, ok := s["$ref"].(string); ok {
		return d.differ(at, d.Components.Schemas[strings.TrimPrefix(ref, "#/components/schemas/")], v)
	}
	var faults []string
	off := func(what string, wrong bool) {
		if wrong {
			faults = append(faults, fmt.Sprintf("%s is %.80q: %s %v", at, fmt.Sprint(v), what, s[what]))
		}
	}
	switch v := v.(type) {
	case string:
		off("type", s["type"] != nil && s["type"] != "string")
		if values, ok := s["enum"].([]any); ok {
			off("enum", !slices.Contains(values, any(v)))
		}
		if p, ok := s["pattern"].(string); ok {
			off("pattern", !regexp.MustCompile(p).MatchString(v))
		}
		off("minLength", under(s["minLength"], utf8.RuneCountInString(v)))
		off("maxLength", over(s["maxLength"], utf8.RuneCountInString(v)))
	case float64:
		off("type", s["type"] != "integer" && s["type"] != "number")
		off("minimum", under(s["minimum"], int(v)))
		off("maximum", over(s["maximum"], int(v)))
	case bool:
		off("type", s["type"] != "boolean")
	case []any:
		off("type", s["type"] != nil && s["type"] != "array")
		off("minItems", under(s["minItems"], len(v)))
		off("maxItems", over(s["maxItems"], len(v)))
		if items, ok := s["items"].(map[string]any); ok {
			for i, one := range v {
				faults = append(faults, d.differ(fmt.Sprintf("%s[%d]", at, i), items, one)...)
			}
		}
	case map[string]any:
		off("type", s["type"] != nil && s["type"] != "object")
		faults = append(faults, d.members(at, s, v)...)
	case nil:
		off("type", s["type"] != nil)
	}
	return faults
}

func (d described) members(at string, s, v map[string]any) (faults []string) {
	properties, closed := s["properties"].(map[string]any)
	for name, value := range v {
		p, ok := properties[name].(map[string]any)
		if closed && !ok {
			faults = append(faults, at+"."+name+" is not described")
		}
		if ok {
			faults = append(faults, d.differ(at+"."+name, p, value)...)
		}
	}
	needed, _ := s["required"].([]any)
	for _, name := range needed {
		if _, ok := v[fmt.Sprint(name)]; !ok {
			faults = append(faults, fmt.Sprintf("%s lacks %v", at, name))
		}
	}
	return faults
}

// under and over report whether a number breaks a limit.
func under(limit any, n int) bool { l, ok := limit.(float64); return ok && n < int(l) }

func over(limit any, n int) bool { l, ok := limit.(float64); return ok && n > int(l) }
