package tracing

import (
	"context"
	"net/http"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// Attributes of a span, as otelchi names them.
const (
	method    = "http.method"
	route     = "http.route"
	status    = "http.status_code"
	requestID = "cadastre.request_id"
)

// listed are the attributes that leave the node.
var listed = []attribute.Key{method, route, status, requestID}

// methods are those of HTTP. A client may send any other word as one.
var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// cleaning is an exporter that sends only what is listed of each span.
type cleaning struct{ sdk.SpanExporter }

// ExportSpans sends spans.
func (c cleaning) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	list := make([]sdk.ReadOnlySpan, len(spans))
	for i, s := range spans {
		list[i] = clean(s)
	}
	return c.SpanExporter.ExportSpans(ctx, list) //nolint:wrapcheck // the SDK passes it to our handler
}

// span is a span without what may have a text of the request: its events, the description
// of its status, and attributes that are not listed.
type span struct {
	sdk.ReadOnlySpan
	name       string
	attributes []attribute.KeyValue
}

func clean(s sdk.ReadOnlySpan) span {
	c := span{ReadOnlySpan: s}
	verb, pattern := "", ""
	for _, a := range s.Attributes() {
		if !slices.Contains(listed, a.Key) {
			continue
		}
		switch a.Key {
		case method:
			if verb = a.Value.AsString(); !slices.Contains(methods, verb) {
				verb = "_OTHER"
				a.Value = attribute.StringValue(verb)
			}
		case route:
			pattern = a.Value.AsString()
		}
		c.attributes = append(c.attributes, a)
	}
	c.name = verb + " " + pattern
	return c
}

// Name returns method and pattern of the route.
func (s span) Name() string { return s.name }

// Attributes returns those that leave the node.
func (s span) Attributes() []attribute.KeyValue { return s.attributes }

// Events returns nothing: the event of a panic has its value.
func (s span) Events() []sdk.Event { return nil }

// Links returns nothing.
func (s span) Links() []sdk.Link { return nil }

// Status returns the code without a description.
func (s span) Status() sdk.Status { return sdk.Status{Code: s.ReadOnlySpan.Status().Code} }
