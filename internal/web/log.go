package web

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/go-chi/chi/v5/middleware"
)

// requestLog adds the id of the request to each line that is written for one. The answer
// has the same id in X-Request-Id, so that a user can name it and the operator finds it.
type requestLog struct{ slog.Handler }

// Handle writes a line.
func (h requestLog) Handle(ctx context.Context, r slog.Record) error {
	if id := middleware.GetReqID(ctx); id != "" {
		r.AddAttrs(slog.String("request_id", id))
	}
	return h.Handler.Handle(ctx, r) //nolint:wrapcheck // slog drops it
}

// WithRequestID returns a handler that adds to each line the id of the request that it is
// written for, and writes it with h.
func WithRequestID(h slog.Handler) slog.Handler {
	if _, has := h.(requestLog); has {
		return h
	}
	return requestLog{h}
}

// WithAttrs returns the same with more attributes.
func (h requestLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestLog{h.Handler.WithAttrs(attrs)}
}

// WithGroup returns the same in a group.
func (h requestLog) WithGroup(name string) slog.Handler { return requestLog{h.Handler.WithGroup(name)} }

// logPanic logs a panic with the stack of the goroutine. The value is written only if the
// runtime made it: any other may have a text of the request in it.
func (s *Server) logPanic(ctx context.Context, v any) {
	said := fmt.Sprintf("%T", v)
	if fault, ok := v.(runtime.Error); ok {
		said = fault.Error()
	}
	s.log.ErrorContext(ctx, "panic", slog.String("panic", said), slog.String("stack", string(debug.Stack())))
}

// connectionLog writes what package http says of connections. It is an error if the node can
// accept no connection, for example because too many files are open. The rest is what clients
// cause, like failed handshakes.
type connectionLog struct{ log *slog.Logger }

// Write writes a line.
func (l connectionLog) Write(line []byte) (int, error) {
	ctx, said := context.Background(), slog.String("error", strings.TrimSuffix(string(line), "\n"))
	if bytes.HasPrefix(line, []byte("http: Accept error")) {
		l.log.ErrorContext(ctx, "connection not accepted", said)
	} else {
		l.log.DebugContext(ctx, "connection failed", said)
	}
	return len(line), nil
}

// nameRequest gives the request an id and puts it into the answer. An id that the client
// chose is not used: the log could not rely on it.
func nameRequest(next http.Handler) http.Handler {
	named := middleware.RequestID(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(middleware.RequestIDHeader, middleware.GetReqID(r.Context()))
		next.ServeHTTP(w, r)
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del(middleware.RequestIDHeader)
		named.ServeHTTP(w, r)
	})
}
