package web

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/registry"
)

//go:embed pages/*.html
var pages embed.FS

// certificatePage serves /c/{code}: a page for browsers, else JSON.
func (s *Server) certificatePage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept, Accept-Language")
	_, err := s.Sight.List(r.Context(), nil, ledger.ReadCertificate, "")
	if err != nil {
		s.failPage(w, r, err)
		return
	}
	c, err := s.certificate(r.Context(), chi.URLParam(r, "code"))
	if err != nil {
		s.failPage(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	if !browser(r) {
		s.json(w, r, http.StatusOK, c)
		return
	}
	s.render(w, r, http.StatusOK, "certificate.html", c)
}

// browser reports whether the caller accepts HTML.
func browser(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

// failPage answers an error as a page for browsers, else as fail does.
func (s *Server) failPage(w http.ResponseWriter, r *http.Request, err error) {
	var p *Problem
	if !browser(r) || !errors.As(s.problemOf(r.Context(), err), &p) {
		s.fail(w, r, err)
		return
	}
	seenOf(r.Context()).reason = p.Reason
	maps.Copy(w.Header(), p.GetHeaders())
	w.Header().Set("Cache-Control", "no-store")
	s.render(w, r, p.Status, "problem.html", p.fill(language(r.Header.Get("Accept-Language"))))
}

// view is the data of a page.
type view struct {
	Lang  string
	About wire.About
	Data  any
}

// Say returns a text of package words in the page's language, filled with values. A key
// that is unknown is an error of the page.
func (v view) Say(key string, values ...any) (string, error) {
	s, ok := words.Page(v.Lang, key)
	if !ok {
		return "", fmt.Errorf("page: no text %q", key)
	}
	if len(values) == 0 {
		return s, nil
	}
	return fmt.Sprintf(s, values...), nil
}

// Word returns what people read for a word of a closed list.
func (v view) Word(list string, word any) string {
	return words.EnumWord(v.Lang, list, fmt.Sprint(word))
}

// Line returns who has a right by one line of a certificate.
func (v view) Line(l registry.RightLine) (string, error) {
	name := ""
	if l.Party != nil {
		name = l.Party.Name
	}
	switch l.Kind {
	case registry.LineParty:
		return name, nil
	case registry.LineLicense:
		return v.Say("certificate.term", name, l.From, l.Until, words.Short(string(l.License)))
	case registry.LineList:
		return v.Say("certificate.list")
	case registry.LineNobody:
	}
	return v.Say("certificate.none")
}

func (s *Server) render(w http.ResponseWriter, r *http.Request, code int, name string, data any) {
	t, err := template.ParseFS(pages, "pages/"+name)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	var b bytes.Buffer
	if err := t.Execute(&b, view{Lang: language(r.Header.Get("Accept-Language")), About: s.About, Data: data}); err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Vary", "Accept, Accept-Language")
	w.WriteHeader(code)
	_, _ = w.Write(b.Bytes()) // the caller has gone
}

// home serves the search page.
func (s *Server) home(w http.ResponseWriter, r *http.Request) {
	_, err := s.Sight.List(r.Context(), nil, ledger.KindEntry, "")
	if err != nil {
		s.failPage(w, r, err)
		return
	}
	found, err := s.Registry.Search(r.Context(), registry.Query{Text: r.URL.Query().Get("q"), Cursor: r.URL.Query().Get("cursor"), Limit: 20})
	if err != nil {
		s.failPage(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, "home.html", struct {
		Text string
		Page registry.Page
	}{r.URL.Query().Get("q"), found})
}
