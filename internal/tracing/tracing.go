// Package tracing sends a span for each request to an OpenTelemetry collector, if the
// standard environment variables name one. Without them it does nothing.
//
// A span has only what is listed here: method, pattern of the route, status and the id of
// the request. Paths, queries, headers, addresses and the texts of errors stay in the node.
package tracing

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/riandyrn/otelchi"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/datacadastre/cadastre/internal/words"
)

// service is the name of the node in traces, unless OTEL_SERVICE_NAME has another.
const service = "cadastre"

// wanted reports whether the environment names a collector, and refuses a protocol that
// this program does not speak.
func wanted(env func(string) string) (bool, error) {
	if env("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" ||
		strings.EqualFold(env("OTEL_SDK_DISABLED"), "true") || env("OTEL_TRACES_EXPORTER") == "none" {
		return false, nil
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		switch p := env(name); p {
		case "http/protobuf":
			return true, nil
		case "":
		default:
			return false, words.Errorf("%s 为 %q：本程序只用 http/protobuf", "%s is %q: this program speaks http/protobuf only", name, p)
		}
	}
	return true, nil
}

// Start begins to send spans, if env names a collector. It returns what measures requests
// and a function that sends the rest, for five seconds at most, and ends. Without a
// collector measure is nil, and stop does nothing. The
// exporter reads the other standard variables itself (OTEL_EXPORTER_OTLP_HEADERS,
// OTEL_TRACES_SAMPLER and so on).
func Start(ctx context.Context, env func(string) string, version string, log *slog.Logger) (measure func(http.Handler) http.Handler, stop func(context.Context), err error) {
	if on, err := wanted(env); !on {
		return nil, func(context.Context) {}, err
	}
	to, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, nil, words.Errorf("追踪：%v", "traces: %v", err)
	}
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", service), attribute.String("service.version", version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, nil, words.Errorf("追踪：OTEL_RESOURCE_ATTRIBUTES：%v", "traces: OTEL_RESOURCE_ATTRIBUTES: %v", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		log.WarnContext(ctx, "spans not sent", slog.String("error", err.Error()))
	}))
	provider := sdk.NewTracerProvider(sdk.WithBatcher(cleaning{to}), sdk.WithResource(about))
	return spans(provider), func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			log.WarnContext(ctx, "spans not sent", slog.String("error", err.Error()))
		}
	}, nil
}

// quiet are the paths that programs which watch the node ask every few seconds.
var quiet = []string{"/healthz", "/readyz", "/metrics"}

// spans returns what makes a span of each request. It begins a new trace: anybody
// may send a traceparent, and could fill the collector or join foreign traces with it.
func spans(provider trace.TracerProvider) func(http.Handler) http.Handler {
	begin := otelchi.Middleware(service, otelchi.WithTracerProvider(provider),
		otelchi.WithPropagators(propagation.NewCompositeTextMapPropagator()),
		otelchi.WithFilter(func(r *http.Request) bool { return !slices.Contains(quiet, r.URL.Path) }))
	return func(next http.Handler) http.Handler {
		return begin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			span := trace.SpanFromContext(r.Context())
			span.SetAttributes(attribute.String(requestID, middleware.GetReqID(r.Context())))
			defer func() { // otelchi does it too, but not when a delivery is cut
				if c := chi.RouteContext(r.Context()); c != nil {
					span.SetAttributes(attribute.String(route, c.RoutePattern()))
				}
			}()
			next.ServeHTTP(w, r)
		}))
	}
}
