package node_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

var uuids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)

// TestAnswersAreAsDescribed reads all that can be read of a ledger with a sale, as
// several parties. The world checks each answer, also each refusal.
func TestAnswersAreAsDescribed(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	w.sale("sale", "bus", w.upload("operator", data(1000)), ledger.Quota{})
	w.act("authority", ref(ledger.KindLicense, "sale"), ledger.FnLicenseSuspend)
	var d struct {
		Paths map[string]map[string]any
	}
	w.ok(json.Unmarshal(w.body(w.ask(http.MethodGet, "", "/openapi.json")), &d))
	found := map[string]bool{}
	answered := map[string]bool{}
	read := func(who, template, path string) {
		resp := w.ask(http.MethodGet, who, path)
		body := w.body(resp)
		for _, id := range uuids.FindAllString(string(body), -1) {
			found[id] = true
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
