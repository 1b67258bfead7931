package tracing_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-chi/chi/v5"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/datacadastre/cadastre/internal/tracing"
)

// sent are the requests that a collector has got.
type sent struct {
	mu     sync.Mutex
	bodies [][]byte
}

func (s *sent) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		b = []byte(err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies = append(s.bodies, b)
}

const canary = "canary0123456789canary0123456789"

// router answers a request, or panics.
func router(measure func(http.Handler) http.Handler) http.Handler {
	r := chi.NewRouter()
	r.Use(measure)
	r.Get("/v1/things/{id}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, canary) })
	r.Get("/v1/panics/{id}", func(http.ResponseWriter, *http.Request) { panic(canary) })
	r.Get("/healthz", func(http.ResponseWriter, *http.Request) {})
	return r
}

// TestSpans: a span has the pattern of the route, and nothing that the client sent.
func TestSpans(t *testing.T) {
	var got sent
	server := httptest.NewServer(&got)
	defer server.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	var log bytes.Buffer
	measure, stop, err := tracing.Start(t.Context(), os.Getenv, "v1", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil || measure == nil {
		t.Fatalf("with a collector: %v", err)
	}
	h := router(measure)
	for _, to := range []string{"GET /v1/things/" + canary, "GET /v1/panics/" + canary, "GET /" + canary, strings.ToUpper(canary) + " /v1/things/x", "GET /healthz"} {
		method, path, _ := strings.Cut(to, " ")
		r := httptest.NewRequestWithContext(t.Context(), method, path+"?q="+canary, strings.NewReader(canary))
		for _, name := range []string{"Authorization", "User-Agent", "X-Forwarded-For", "Traceparent", "Tracestate", "Baggage", "Referer"} {
			r.Header.Set(name, canary)
		}
		r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
		r.Header.Set("Tracestate", "a="+canary)
		func() {
			defer func() { _ = recover() }()
			h.ServeHTTP(httptest.NewRecorder(), r)
		}()
	}
	stop(t.Context())
	var names []string
	for _, body := range got.bodies {
		if strings.Contains(strings.ToLower(string(body)), canary) || bytes.Contains(body, []byte{0x0a, 0xf7, 0x65, 0x19, 0x16}) {
			t.Errorf("the collector gets what a client sent: %q", body)
		}
		var r collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &r); err != nil {
			t.Fatal(err)
		}
		for _, resource := range r.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				for _, span := range scope.Spans {
					names = append(names, span.Name)
					for _, a := range span.Attributes {
						if !slices.Contains([]string{"http.method", "http.route", "http.status_code", "cadastre.request_id"}, a.Key) {
							t.Errorf("%s has the attribute %s", span.Name, a)
						}
					}
				}
			}
		}
	}
	if want := []string{"GET /v1/things/{id}", "GET /v1/panics/{id}", "GET ", "_OTHER "}; !slices.Equal(names, want) {
		t.Errorf("the spans are %q, want %q", names, want)
	}
	if log.Len() > 0 {
		t.Errorf("the log has %s", &log)
	}
}

// TestOff: without a collector nothing is measured; a protocol that is not spoken is refused.
func TestOff(t *testing.T) {
	for _, c := range []struct {
		env map[string]string
		ok  bool
	}{
		{nil, true},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"}, true},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"}, true},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false},
	} {
		measure, stop, err := tracing.Start(t.Context(), func(name string) string { return c.env[name] }, "v1", slog.New(slog.DiscardHandler))
		if measure != nil || (err == nil) != c.ok {
			t.Errorf("%v: measures %v, %v", c.env, measure != nil, err)
		}
		stop(t.Context())
	}
}

// TestACollectorThatIsAway: requests are answered, and the log says that spans are lost.
func TestACollectorThatIsAway(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", server.URL)
	server.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "200")
	var log bytes.Buffer
	measure, stop, err := tracing.Start(t.Context(), os.Getenv, "v1", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	router(measure).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/things/x", nil))
	if stop(t.Context()); w.Body.String() != canary || !strings.Contains(log.String(), "spans not sent") {
		t.Errorf("answered with %q; the log has %q", w.Body, &log)
	}
}
