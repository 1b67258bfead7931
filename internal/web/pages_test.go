package web

import (
	"net/http/httptest"
	"strings"
	"testing"
	"unicode"

	"github.com/datacadastre/cadastre/internal/api"
	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/registry"
)

// TestPagesAreInOneLanguage renders every page in both languages with every kind of
// line. Names are in Latin letters here, so that no Chinese comes from the data.
func TestPagesAreInOneLanguage(t *testing.T) {
	party := &registry.Named{ID: "01a22c83-5111-7901-820e-e5bf6a039d8e", Name: "OPERATOR"}
	c := registry.Certificate{Title: "TITLE", Holder: *party, Body: *party, CadCode: "430300-1-20261130-070HXWC8-H", Status: "suspended", AsOf: "2026-11-30"}
	c.Rights.Hold = registry.RightLine{Kind: registry.LineParty, Party: party}
	list, none := c, c
	c.Rights.Use = registry.RightLine{Kind: registry.LineLicense, Party: party, License: party.ID, From: "2026-11-30", Until: "2029-11-30"}
	c.Rights.Operate = registry.RightLine{Kind: registry.LineParty, Party: party}
	list.Rights.Use.Kind, list.Rights.Operate.Kind = registry.LineList, registry.LineList
	none.Rights.Use.Kind, none.Rights.Operate.Kind = registry.LineNobody, registry.LineNobody
	none.RegistryCode = "430300202611300001"
	fault := problem(422, ledger.AsError(ledger.CheckText("resource.title", "T", 2, 100)))
	home := struct {
		Text string
		Page registry.Page
	}{"Q", registry.Page{Total: 1, Next: "NEXT", Resources: []registry.Summary{{Title: "TITLE", Holder: *party, Status: "active"}}}}
	s := &Server{Services: api.Services{About: wire.About{Name: "NODE", Demo: true}}}
	for name, data := range map[string]any{
		"certificate.html": c, "certificate.html ": list, "certificate.html  ": none, "home.html": home, "problem.html": fault,
	} {
		for _, lang := range []string{"zh", "en"} {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Accept-Language", lang)
			if p, ok := data.(*Problem); ok {
				data = p.fill(lang)
			}
			w := httptest.NewRecorder()
			s.render(w, r, 200, strings.TrimSpace(name), data)
			body := w.Body.String()
			_, body, ok := strings.Cut(body, "<main>")
			if w.Code != 200 || !ok {
				t.Fatalf("%s in %s: %d %s", name, lang, w.Code, body)
			}
			chinese := strings.ContainsFunc(body, func(r rune) bool { return unicode.Is(unicode.Han, r) })
			if chinese != (lang == "zh") {
				t.Errorf("%s in %s:\n%s", name, lang, body)
			}
			for _, key := range words.PageKeys() {
				other, _ := words.Page(map[string]string{"zh": "en", "en": "zh"}[lang], key)
				if len(other) > 8 && strings.Contains(body, other) {
					t.Errorf("%s in %s says %q", name, lang, other)
				}
			}
			for _, raw := range []string{"suspended", `"active`, "· active"} {
				if lang == "zh" && strings.Contains(body, raw) {
					t.Errorf("%s shows the raw word %q:\n%s", name, raw, body)
				}
			}
		}
	}
}

// TestCertificateClaimsNoProperty checks the words that a certificate must and must not
// have: it records a registration and is no title of property.
func TestCertificateClaimsNoProperty(t *testing.T) {
	s := &Server{}
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	s.render(w, r, 200, "certificate.html", registry.Certificate{RegistryCode: "430300202611300001", CadCode: "430300-1-20261130-070HXWC8-H"})
	body := w.Body.String()
	for _, must := range []string{"公共数据资源登记结果凭证", "平台编号", "登记机构仅作形式审核", "公共数据资源登记结果，不是数据产权登记凭证，不证明数据产权归属"} {
		if !strings.Contains(body, must) {
			t.Errorf("the certificate does not say %q", must)
		}
	}
	rest := strings.ReplaceAll(body, "不是数据产权登记凭证，不证明数据产权归属", "")
	for _, not := range []string{"持有权", "使用权", "经营权", "产权", "权属", "登记编码"} {
		if strings.Contains(rest, not) {
			t.Errorf("the certificate says %q", not)
		}
	}
	if strings.Index(body, "430300202611300001") > strings.Index(body, "<dd>430300-1-20261130-070HXWC8-H") {
		t.Error("the platform's number comes before the official code")
	}
}
