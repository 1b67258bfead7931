// Package web is the node's edge: the HTTP API and its pages, authentication,
// limits, and the sentences of errors in Chinese and English. It parses, calls
// a service and renders; no business rule lives here.
//
// The API is described by its OpenAPI 3.1 document at /openapi.json; errors are
// RFC 9457 problems. Everything that changes the register is a signed call, at
// POST /v1/calls, or signed by the node for a party whose key it keeps.
package web

import (
	"context"
	"encoding/json"
	"errors"
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
	"github.com/datacadastre/cadastre/internal/sight"
	"github.com/datacadastre/cadastre/ledger"
)

// Server is the edge.
type Server struct {
	api.Services
	log *slog.Logger
	mux http.Handler
	api huma.API

	patience time.Duration // for a body
	bundles  *bundleLimiter
}

var shape sync.Once

// New makes the edge.
func New(c api.Services) *Server {
	shape.Do(func() {
		huma.NewError, huma.ValidateStrictCasing, huma.DefaultArrayNullable = fromHuma, true, false
		speakRules()
	})
	s := &Server{Services: c, log: c.Log, patience: stalled, bundles: newBundleLimiter(10 * time.Second)}
	r := chi.NewRouter()
	r.Use(middleware.RequestID, s.recover, s.logged, s.headers, tagged)
	config := huma.DefaultConfig("Cadastre 数籍", c.About.Version)
	config.DocsPath = ""
	config.Transformers = append(config.Transformers, localize)
	config.CreateHooks = nil
	config.Formats = map[string]huma.Format{"application/json": strict(), "json": strict()}
	config.RejectUnknownQueryParameters = true
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	s.api = humachi.New(r, config)
	s.api.UseMiddleware(s.wholeQuery)
	s.routes()
	r.Get("/v1/orders/{id}/content/{object}", s.order)
	r.Head("/v1/orders/{id}/content/{object}", s.order)
	r.Get("/v1/licenses/{id}/resources/{resource}/content/{object}", s.supply)
	r.Head("/v1/licenses/{id}/resources/{resource}/content/{object}", s.supply)
	r.Post("/v1/uploads", s.upload)
	r.Get("/c/{code}", s.certificatePage)
	r.Get("/", s.home)
	r.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	r.Get("/readyz", s.ready)
	for _, l := range c.Logs {
		r.Mount("/log/"+l.Name, http.StripPrefix("/log/"+l.Name, s.logHandler(l)))
	}
	r.NotFound(func(w http.ResponseWriter, r *http.Request) {
		s.failPage(w, r, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("path"))
	})
	r.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, problem(http.StatusMethodNotAllowed, ledger.Refuse(ledger.InvalidCode, ledger.ReasonFunction)))
	})
	s.mux = r
	return s
}

// schemaName is huma's, with the domain before it where two domains use one word.
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

// OpenAPI is the API's description, as JSON.
func (s *Server) OpenAPI() ([]byte, error) { return json.MarshalIndent(s.api.OpenAPI(), "", "  ") }

// HTTP is a server with the limits of protocol §6 for this edge.
func (s *Server) HTTP() *http.Server {
	return &http.Server{
		Handler: s, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

// logHandler serves a log, or says that it is not kept here.
func (s *Server) logHandler(l api.Log) http.Handler {
	if l.Handler != nil {
		return l.Handler(func(r *http.Request) bool { return s.entries(r, l.Name) })
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, ledger.Refuse(ledger.NotFound, ledger.ReasonNoLog).At("path"))
	})
}

// entries says who reads a log's entry bundles: everyone where the node is set so, and
// else whom the table of readers lets. A log lies in the region of the ledger.
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
		s.log.ErrorContext(r.Context(), "look not noted", slog.String("error", err.Error()))
	}
	return err == nil
}

// entriesOf are the entries of a log, as they are read.
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

// recover answers a panic as our fault; an aborted connection stays aborted.
func (s *Server) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v != http.ErrAbortHandler { //nolint:errorlint // the sentinel itself is panicked
				s.log.ErrorContext(r.Context(), "panic", slog.Any("value", v))
			}
			panic(http.ErrAbortHandler)
		}()
		next.ServeHTTP(w, r)
	})
}

func (s *Server) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.Now()
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() {
			s.log.DebugContext(r.Context(), "request", slog.String("method", r.Method), slog.String("path", r.URL.Path),
				slog.Int("status", ww.Status()), slog.Int("bytes", ww.BytesWritten()), slog.Duration("took", s.Now().Sub(start)),
				slog.String("request_id", middleware.GetReqID(r.Context())))
		}()
		next.ServeHTTP(ww, r)
	})
}

// headers sets what holds for every answer, and bounds it in time, and every
// body but uploads in size. Uploads and content set deadlines of their own.
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
		_ = rc.SetWriteDeadline(s.Now().Add(stalled))
		if r.ContentLength != 0 { // where nobody reads it the answer waits for its end
			_ = rc.SetReadDeadline(s.Now().Add(s.patience))
		}
		if r.URL.Path != "/v1/uploads" {
			r.Body = http.MaxBytesReader(w, r.Body, s.MaxBody)
		}
		next.ServeHTTP(w, r)
	})
}

// reader is the party of a token that reads. An environment's key is for what is
// supplied to it, and sees nothing else of its operator's.
func (s *Server) reader(ctx context.Context, header string) (ledger.Party, error) {
	b, err := s.token(ctx, header)
	if err != nil {
		return ledger.Party{}, err
	}
	if b.Environment != "" {
		return ledger.Party{}, ledger.Refuse(ledger.Forbidden, ledger.ReasonKeyUse).At("authorization")
	}
	return s.Registry.Party(ctx, b.Party)
}
