package web

import (
	"context"
	"log/slog"
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/datacadastre/cadastre/internal/metrics"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// seen has what is found out about a request while it is answered.
type seen struct {
	party  ledger.ID     // whose token or signature is valid
	reason ledger.Reason // why it was refused
}

type seenKey struct{}

// seenOf returns what is known of the request of a context. Nobody reads it for a context
// that is not of a request.
func seenOf(ctx context.Context) *seen {
	if k, ok := ctx.Value(seenKey{}).(*seen); ok {
		return k
	}
	return &seen{}
}

// quietPaths are asked every few seconds by programs that watch the node.
var quietPaths = []string{"/healthz", "/readyz", "/metrics", "/favicon.ico"}

// watched logs and counts each request when it has been answered. Its line has the pattern
// of the route and not the path, which has ids and texts that were searched for.
func (s *Server) watched(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, k := s.Now(), &seen{}
		r = r.WithContext(context.WithValue(r.Context(), seenKey{}, k))
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		if s.metrics != nil {
			s.metrics.Begin()
		}
		whole := false
		defer func() {
			m := metrics.Request{
				Method: r.Method, Route: routeOf(r), Status: ww.Status(), Bytes: ww.BytesWritten(), Took: s.Now().Sub(start), Reason: k.reason,
			}
			if m.Status == 0 && whole {
				m.Status = http.StatusOK // the handler has written nothing
			}
			s.logRequest(r, k.party, m)
			if s.metrics != nil {
				m.Reason = known(m.Reason)
				s.metrics.End(m)
			}
		}()
		next.ServeHTTP(ww, r)
		whole = true
	})
}

// routeOf returns the pattern of the route of a request that was answered, or nothing.
func routeOf(r *http.Request) string {
	if c := chi.RouteContext(r.Context()); c != nil {
		return c.RoutePattern()
	}
	return ""
}

func (s *Server) logRequest(r *http.Request, party ledger.ID, m metrics.Request) {
	level := slog.LevelInfo
	if slices.Contains(quietPaths, r.URL.Path) {
		level = slog.LevelDebug
	}
	if !s.log.Enabled(r.Context(), level) {
		return
	}
	s.log.LogAttrs(r.Context(), level, "request", slog.String("method", metrics.MethodOf(r.Method)), slog.String("route", m.Route), slog.Int("status", m.Status),
		slog.Int("bytes", m.Bytes), slog.Float64("ms", float64(m.Took.Microseconds())/1000), slog.String("party", string(party)),
		slog.String("reason", string(m.Reason)), slog.String("address", addressOf(r)))
}

// known returns a reason of the closed list, or "other": labels are words of the program.
func known(reason ledger.Reason) ledger.Reason {
	if reason == "" || words.HasReason(reason) {
		return reason
	}
	return "other"
}
