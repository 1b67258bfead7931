package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/proving"
	"github.com/datacadastre/cadastre/internal/sight"
	"github.com/datacadastre/cadastre/internal/terminal/terminaltest"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/licensing"
	"github.com/datacadastre/cadastre/registry"
)

// sample is a record with every member of a form.
func sample(fields []ledger.Field) map[string]any {
	m := map[string]any{}
	for _, f := range fields {
		m[f.Name] = sampleOf(f)
	}
	return m
}

func sampleOf(f ledger.Field) any {
	switch f.Kind {
	case ledger.FieldList:
		return []any{sampleOf(*f.Each), sampleOf(*f.Each)}
	case ledger.FieldObject:
		return sample(f.Fields)
	case ledger.FieldEnum:
		return f.Enum.Values[0].Word
	case ledger.FieldMoment:
		return 1791072000000
	case ledger.FieldFen:
		return 300000
	case ledger.FieldInteger:
		return 7
	case ledger.FieldBoolean:
		return true
	case ledger.FieldID:
		return testBody
	case ledger.FieldSalted:
		return ledger.Salted{Salt: "aa", SHA256: "bb"}
	case ledger.FieldDate:
		return "2026-10-20"
	}
	return "x"
}

// raw is what no text for people has: JSON, milliseconds, amounts in fen, a time of
// another zone.
var raw = regexp.MustCompile(`[{}\[\]"]|1791072000000|300000|\d\dZ`)

// TestRecordsAreForPeople: every command that shows or lists records prints them by
// their labels, in words, yuan and Beijing time, in one language.
func TestRecordsAreForPeople(t *testing.T) {
	n := newNode(t)
	who, id := profile(t, n.URL), string(client.NewID())
	prof, err := client.LoadProfile(who)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		line, path string
		form       any
		list       bool
	}{
		{"party show " + id, "parties/" + id, wire.PublicParty{}, false},
		{"party show", "parties/" + string(prof.Party), wire.PublicParty{}, false},
		{"party list", "parties", wire.PublicParty{}, true},
		{"registry search", "resources", registry.Summary{}, true},
		{"registry show " + id, "resources/" + id, registry.Summary{}, false},
		{"registry certificate X", "certificates/X", registry.Certificate{}, false},
		{"registry notices", "notices", registry.Notice{}, true},
		{"registry applications list", "applications", ledger.ApplicationDetail{}, true},
		{"registry applications show " + id, "applications/" + id, ledger.ApplicationDetail{}, false},
		{"license show " + id, "licenses/" + id, ledger.License{}, false},
		{"license list", "licenses", ledger.License{}, true},
		{"license explain --party a --resource b --purpose industry/x", "licenses/explain?class=industry&code=x&party=a&resource=b", licensing.Explanation{}, false},
		{"license environment show " + id, "environments/" + id, ledger.Environment{}, false},
		{"product list", "products", ledger.Product{}, true},
		{"product show " + id, "products/" + id, ledger.Product{}, false},
		{"product content list product/" + id, "products/" + id + "/content", ledger.Content{}, true},
		{"order show " + id, "orders/" + id, ledger.Order{}, false},
		{"order list", "orders", ledger.Order{}, true},
		{"policy explain order/" + id, "policy/explain?act=read&ref=order%2F" + id, sight.Explanation{}, false},
	} {
		var answer any = sample(ledger.FieldsOf(c.form))
		if c.list {
			answer = map[string]any{"items": []any{answer}}
		}
		b, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		n.records["/v1/"+c.path] = string(b)
		n.records["/v1/parties?ids="+string(testBody)] = `{"items":[{"id":"` + string(testBody) + `","name":"Some Bureau"}]}`
		args := append(strings.Fields(c.line), "--profile", who)
		zh, en := must(t, args...), must(t, append(args, "--lang", "en")...)
		for lang, out := range map[string]string{"zh": zh, "en": en} {
			if found := raw.FindString(out); found != "" {
				t.Errorf("cadastre %s --lang %s prints %q:\n%s", c.line, lang, found, out)
			}
		}
		if !terminaltest.Han(zh) || terminaltest.Han(en) {
			t.Errorf("cadastre %s mixes languages:\n%s%s", c.line, zh, en)
		}
		if out := must(t, append(args, "--json")...); !strings.Contains(out, "{") {
			t.Errorf("cadastre %s --json prints %s", c.line, out)
		}
	}
}

// TestNamesAreAskedForOnce: a list asks for the names of all its parties at once, and for
// those of all its products.
func TestNamesAreAskedForOnce(t *testing.T) {
	n := newNode(t)
	who := profile(t, n.URL)
	var orders, parties, products, ids, productIDs []string
	for i := range 30 {
		buyer, product := string(client.NewID()), string(client.NewID())
		ids, productIDs = append(ids, buyer), append(productIDs, product)
		orders = append(orders, fmt.Sprintf(`{"id":%q,"buyer":%q,"operator":%q,"product_id":%q,"state":"placed"}`, client.NewID(), buyer, ids[0], product))
		parties = append(parties, fmt.Sprintf(`{"id":%q,"name":"单位%d"}`, buyer, i))
		products = append(products, fmt.Sprintf(`{"id":%q,"title":"产品%d"}`, product, i))
	}
	items := func(list []string) string { return `{"items":[` + strings.Join(list, ",") + `]}` }
	answers := map[string]string{"/v1/orders": items(orders), "/v1/parties": items(parties), "/v1/products": items(products)}
	asked := map[string]int{}
	n.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked[r.URL.Path]++
		for path, want := range map[string][]string{"/v1/parties": ids, "/v1/products": productIDs} {
			if given := strings.Split(r.URL.Query().Get("ids"), ","); r.URL.Path == path && !slices.Equal(given, want) {
				t.Errorf("%s is asked for %v", path, given)
			}
		}
		_, _ = io.WriteString(w, answers[r.URL.Path])
	})
	out := must(t, "order", "list", "--profile", who)
	for i := range 30 {
		if !strings.Contains(out, fmt.Sprintf("单位%d（…", i)) || !strings.Contains(out, fmt.Sprintf("产品%d（…", i)) {
			t.Errorf("names %d are missing:\n%s", i, out)
		}
	}
	if diff := cmp.Diff(map[string]int{"/v1/orders": 1, "/v1/parties": 1, "/v1/products": 1}, asked); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// TestErrorsAreJSONThere: with --json an error is one object, the last line on stderr,
// and the exit code is that of the same error in words.
func TestErrorsAreJSONThere(t *testing.T) {
	n := newNode(t)
	who := profile(t, n.URL)
	for name, c := range map[string]struct {
		args           []string
		exit           int
		reason, detail string
	}{
		"the node refuses":  {[]string{"order", "show", string(testBody), "--profile", who}, proving.ExitRefused, "unknown", "请检查编号"},
		"refused here":      {[]string{"calendar", "due", "--from", "2026-02-30", "--days", "1"}, proving.ExitRefused, "field", "from"},
		"a file":            {[]string{"call", "deposit", write(t, "a.json", `{"bytes":"x"}`), "--profile", who}, proving.ExitRefused, "field", "a.json"},
		"no profile":        {[]string{"token", "--profile", "/nowhere"}, proving.ExitFailed, "", "没有身份文件"},
		"wrong usage":       {[]string{"order", "lst"}, proving.ExitUsage, "", "多余的参数 lst"},
		"no node":           {[]string{"party", "list", "--url", "http://127.0.0.1:1"}, proving.ExitUnavailable, "busy", "无法连接"},
		"nothing is proved": {[]string{"verify", write(t, "b.json", "{}"), "--trust", "../../ledger/evidence/testdata/trust.json"}, proving.ExitUnproven, "", "未能核验"},
	} {
		code, out, errs := command(t, append(c.args, "--json")...)
		lines := strings.Split(strings.TrimSpace(errs), "\n")
		var p struct {
			Title, Detail string
			Reason        string
		}
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &p); err != nil || code != c.exit || out != "" {
			t.Errorf("%s: exit %d, %q, %q: %v", name, code, out, errs, err)
			continue
		}
		if p.Title == "" || !strings.Contains(p.Detail, c.detail) || c.reason != "" && p.Reason != c.reason {
			t.Errorf("%s: %+v", name, p)
		}
		if plain, _, text := command(t, c.args...); plain != code || strings.HasPrefix(text, "{") {
			t.Errorf("%s: exit %d in words, %d in JSON: %s", name, plain, code, text)
		}
	}
}
