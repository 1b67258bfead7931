// Package web serves the HTTP API and the pages of a node: it authenticates callers,
// enforces limits and reports errors in Chinese and English. It parses a request, calls a
// service and renders the answer; it has no business rules.
//
// The OpenAPI 3.1 document at /openapi.json describes the API; errors are RFC 9457
// problems. Every change of the register is a signed call: sent to POST /v1/calls, or
// signed by the node for a party whose key the node stores.
package web

import (
	"encoding/json"
	"errors"
	"log"
	"log/slog"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/datacadastre/cadastre/internal/api"
	"github.com/datacadastre/cadastre/internal/metrics"
	"github.com/datacadastre/cadastre/internal/sight"
	"github.com/datacadastre/cadastre/ledger"
)

// Server serves the API and the pages.
type Server struct {
	api.Services
	log *slog.Logger
	mux http.Handler
	api huma.API

	bodyTimeout time.Duration
	bundles     *bundleLimiter
	rates       *rates // nil: no limits
	behindProxy bool
	metrics     *metrics.Metrics // nil: nothing is measured
}

var configureHuma sync.Once

// New makes a server of the services of a node.
func New(c api.Services) *Server {
	configureHuma.Do(func() {
		huma.NewError, huma.ValidateStrictCasing, huma.DefaultArrayNullable = fromHuma, true, false
		useRuleNames()
	})
	s := &Server{Services: c, log: slog.New(WithRequestID(c.Log.Handler())), bodyTimeout: stallTimeout, bundles: newBundleLimiter(10 * time.Second), rates: newRates(c.Rate, rateWindow)}
	if c.Figures != nil {
		s.metrics = metrics.New(c.About.Version, c.Figures)
	}
	if s.Algorithms == nil {
		s.Algorithms = ledger.Standard()
	}
	r := chi.NewRouter()
	r.Use(nameRequest)
	if c.Trace != nil {
		r.Use(c.Trace)
	}
	r.Use(s.recover, s.addressed, s.watched, s.headers, s.authenticate, s.limitRates, s.needRoom, s.knownSchema, addETags, middleware.GetHead)
	config := huma.DefaultConfig("Cadastre 数籍", c.About.Version)
	config.DocsPath = ""
	config.Transformers = append(config.Transformers, localize)
	config.CreateHooks = nil
	config.Formats = map[string]huma.Format{"application/json": strict(), "json": strict()}
	config.RejectUnknownQueryParameters = true
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	s.api = humachi.New(r, config)
	s.api.UseMiddleware(s.checkQuery)
	s.routes()
	r.Get("/v1/orders/{id}/content/{object}", s.order)
	r.Head("/v1/orders/{id}/content/{object}", s.order)
	r.Get("/v1/licenses/{id}/resources/{resource}/content/{object}", s.supply)
	r.Head("/v1/licenses/{id}/resources/{resource}/content/{object}", s.supply)
	r.Post(uploadsPath, s.upload)
	if err := s.tusRoutes(r); err != nil {
		panic(err) // the configuration is fixed
	}
	r.Get("/c/{code}", s.certificatePage)
	r.Get("/", s.home)
	r.Get("/favicon.ico", func(w http.ResponseWriter, _ *http.Request) { // browsers ask for it on their own
		w.Header().Set("Cache-Control", "max-age=86400")
		w.WriteHeader(http.StatusNoContent)
	})
	r.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	r.Get("/readyz", s.ready)
	r.Get("/metrics", s.figures)
	for _, l := range c.Logs {
		r.Mount("/log/"+l.Name, http.StripPrefix("/log/"+l.Name, s.logHandler(l)))
	}
	r.NotFound(func(w http.ResponseWriter, r *http.Request) {
		s.failPage(w, r, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("path"))
	})
	r.MethodNotAllowed(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Allow", strings.Join(allowed(r, req.URL.Path), ", "))
		s.fail(w, req, problem(http.StatusMethodNotAllowed, ledger.Refuse(ledger.InvalidCode, ledger.ReasonMethod).At("method")))
	})
	s.mux = r
	return s
}

// allowed returns the methods that a path is served by (RFC 9110 §15.5.6).
func allowed(routes chi.Routes, path string) (methods []string) {
	for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if routes.Match(chi.NewRouteContext(), m, path) || m == http.MethodHead && slices.Contains(methods, http.MethodGet) { // GetHead
			methods = append(methods, m)
		}
	}
	return methods
}

// schemaName returns huma's name of a schema, with the domain in front of it if several
// domains use the same word.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if d := path.Base(t.PkgPath()); slices.Contains([]string{"registry", "licensing", "evidence"}, d) {
		return strings.ToUpper(d[:1]) + d[1:] + name
	}
	return name
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// OpenAPI returns the OpenAPI document as JSON.
func (s *Server) OpenAPI() ([]byte, error) { return json.MarshalIndent(s.api.OpenAPI(), "", "  ") }

// HTTP returns an HTTP server for s with limits on headers and idle connections.
func (s *Server) HTTP() *http.Server {
	return &http.Server{
		Handler: onOwnStack(s), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 32 << 10, ConnContext: withConnection, ErrorLog: log.New(connectionLog{s.log}, "", 0),
	}
}

// logHandler serves a log, or answers NotFound if another node has it.
func (s *Server) logHandler(l api.Log) http.Handler {
	if l.Handler != nil {
		return l.Handler(func(r *http.Request) bool { return s.entries(r, l.Name) })
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, ledger.Refuse(ledger.NotFound, ledger.ReasonNoLog).At("path"))
	})
}

// entries reports whether the caller may read the entry bundles of a log: everyone may if
// the node is configured so, else the table of readers decides. A log belongs to the
// region of the ledger.
func (s *Server) entries(r *http.Request, log string) bool {
	if s.Public {
		return true
	}
	p, err := s.reader(r.Context(), r.Header.Get("Authorization"))
	if err != nil {
		return false
	}
	err = s.Sight.Look(r.Context(), &p, s.entriesOf(log), "path")
	if err != nil && !errors.Is(err, ledger.NotFound) {
		s.log.ErrorContext(r.Context(), "receipt of a read not stored", slog.String("error", err.Error()))
	}
	return err == nil
}

// entriesOf returns the entries of a log as an item of the table of readers.
func (s *Server) entriesOf(log string) sight.Item {
	return sight.Item{
		Ref:     ledger.RefTo(ledger.KindLog, s.About.Origin+"/log/"+log),
		Readers: &ledger.Readers{As: ledger.ReadLogEntries, Region: s.About.Region},
	}
}

func (s *Server) json(w http.ResponseWriter, r *http.Request, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		s.log.DebugContext(r.Context(), "answer not sent", slog.String("error", err.Error()))
	}
}

// recover logs a panic and aborts the connection.
func (s *Server) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v != http.ErrAbortHandler { //nolint:errorlint // the sentinel itself is panicked
				s.logPanic(r.Context(), v)
			}
			setReset(r, true)
			panic(http.ErrAbortHandler)
		}()
		next.ServeHTTP(w, r)
	})
}

// headers sets the headers of every answer, the deadlines of the request, and the size
// limit of every body except uploads. Uploads and content set their own deadlines.
func (s *Server) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		if s.About.Demo {
			h.Set("Cadastre-Demo", "true")
		}
		rc := http.NewResponseController(w)
		_ = rc.SetWriteDeadline(s.Now().Add(stallTimeout))
		if r.ContentLength != 0 { // if no handler reads the body, the answer waits for its end
			_ = rc.SetReadDeadline(s.Now().Add(s.bodyTimeout))
		}
		switch {
		case r.URL.Path == callsPath:
			r.Body = http.MaxBytesReader(w, r.Body, s.callBytes())
		case !strings.HasPrefix(r.URL.Path, uploadsPath):
			r.Body = http.MaxBytesReader(w, r.Body, s.MaxBody)
		}
		next.ServeHTTP(w, r)
	})
}

// needRoom refuses requests that write while the disk is too full, before anything is
// written for them, a used token included. A check records nothing but a receipt, like reads.
func (s *Server) needRoom(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPost, http.MethodPut, http.MethodPatch:
			if check, _ := path.Match("/v1/acts/*/check", r.URL.Path); s.Room == nil || check {
				break
			}
			if err := s.Room(); err != nil {
				s.fail(w, r, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
