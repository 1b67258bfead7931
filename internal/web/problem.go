package web

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// Problem is an error answer with the form that its input was read into.
type Problem struct {
	wire.Problem
	form any // for the labels of its members; nil if there is no form
}

// Error returns the title.
func (p *Problem) Error() string { return p.Title }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType returns the media type of RFC 9457.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// retryAfter is after how many seconds a client may send a request again that got 503.
const retryAfter = "5"

// GetHeaders returns the headers of the answer: how to authenticate, and when to try again
// (RFC 9110 §11.6.1, §10.2.3).
func (p *Problem) GetHeaders() http.Header {
	switch p.Status {
	case http.StatusUnauthorized:
		return http.Header{"Www-Authenticate": {"Bearer"}}
	case http.StatusServiceUnavailable:
		return http.Header{"Retry-After": {retryAfter}}
	case http.StatusTooManyRequests:
		return http.Header{"Retry-After": {strconv.Itoa(int(rateWindow / time.Second))}}
	}
	return nil
}

var (
	_ huma.StatusError  = (*Problem)(nil)
	_ huma.HeadersError = (*Problem)(nil)
)

// status returns the HTTP status of an error, by its reason or else by its class.
func status(e *ledger.Error) int {
	switch e.Reason {
	case ledger.ReasonToken, ledger.ReasonTokenUsed, ledger.ReasonAuthorization:
		return http.StatusUnauthorized
	case ledger.ReasonTooLarge:
		return http.StatusRequestEntityTooLarge
	case ledger.ReasonRange:
		return http.StatusRequestedRangeNotSatisfiable
	case ledger.ReasonElsewhere:
		return http.StatusMisdirectedRequest
	case ledger.ReasonRate:
		return http.StatusTooManyRequests
	}
	switch e.Code {
	case ledger.NotFound:
		return http.StatusNotFound
	case ledger.Conflict:
		return http.StatusConflict
	case ledger.InvalidCode:
		return http.StatusUnprocessableEntity
	case ledger.Forbidden:
		return http.StatusForbidden
	case ledger.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// problemOf turns an error into a problem. An error without a type is logged and answered
// without detail. It returns nil for nil, so handlers can pass errors on.
func (s *Server) problemOf(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	e := ledger.AsError(err)
	if e == nil && errors.Is(err, context.Canceled) {
		e = ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy) // the caller has gone
	}
	if e == nil {
		s.log.ErrorContext(ctx, "request failed", slog.String("error", err.Error()))
		e = ledger.Refuse(ledger.Unavailable, ledger.ReasonInternal)
		return &Problem{Problem: wire.Problem{Status: http.StatusInternalServerError, Code: e.Code, Reason: e.Reason}}
	}
	e = s.explainLost(e)
	return problem(status(e), e)
}

// problemOn is problemOf with the labels of the arguments of an act.
func (s *Server) problemOn(ctx context.Context, a ledger.Act, err error) error {
	p, ok := errors.AsType[*Problem](s.problemOf(ctx, err))
	if !ok {
		return nil
	}
	q := *p
	q.form = a.Args()
	return &q
}

// problem makes the problem of a typed error.
func problem(status int, e *ledger.Error) *Problem {
	return &Problem{Problem: wire.Problem{
		Status: status, Code: e.Code, Reason: e.Reason, Field: e.Field, Rule: e.Rule, Params: e.Params, Errors: words.Faults(e),
	}}
}

// language returns the first of Chinese and English in an Accept-Language header, or else
// Chinese.
func language(accept string) string {
	for part := range strings.SplitSeq(accept, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		switch tag, _, _ = strings.Cut(strings.ToLower(tag), "-"); tag {
		case "zh", "*":
			return "zh"
		case "en":
			return "en"
		}
	}
	return "zh"
}

// fill returns a copy with the sentences of a language.
func (p *Problem) fill(lang string) *Problem {
	q := *p
	q.Type = "about:blank"
	q.Title, q.Detail = words.Sentence(lang, &ledger.Error{Reason: p.Reason, Field: p.Field, Rule: p.Rule, Params: p.Params})
	q.Errors = slices.Clone(p.Errors)
	for i := range q.Errors {
		q.Errors[i].Fill(lang, labelOf(p.form, q.Errors[i].Field))
	}
	return &q
}

// localize is the last step of huma: it fills in the sentences of problems.
func localize(ctx huma.Context, _ string, v any) (any, error) {
	if p, ok := v.(*Problem); ok {
		seenOf(ctx.Context()).reason = p.Reason
		return p.fill(language(ctx.Header("Accept-Language"))), nil
	}
	return v, nil
}

// fail answers an error as a problem, in handlers outside huma.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var p *Problem
	if !errors.As(s.problemOf(r.Context(), err), &p) {
		return
	}
	seenOf(r.Context()).reason = p.Reason
	maps.Copy(w.Header(), p.GetHeaders())
	if p.Reason == ledger.ReasonElsewhere {
		for _, param := range p.Params {
			if param.Name == "url" && param.Value != "" {
				w.Header().Add("Link", "<"+param.Value+r.URL.EscapedPath()+`>; rel="alternate"`)
			}
		}
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	if r.Method == http.MethodHead {
		return
	}
	if err := json.NewEncoder(w).Encode(p.fill(language(r.Header.Get("Accept-Language")))); err != nil {
		s.log.DebugContext(r.Context(), "answer not sent", slog.String("error", err.Error()))
	}
}

// strict reads bodies as strictly as calls: it refuses a member that occurs twice. huma
// then checks the body against the schema.
func strict() huma.Format {
	f := huma.DefaultJSONFormat
	f.Unmarshal = func(data []byte, v any) error {
		var whole json.RawMessage
		if err := ledger.DecodeStrict(data, &whole); err != nil {
			if e := ledger.AsError(err); e != nil {
				return errors.New(e.Text()) // huma passes on the text of an error, not its type
			}
			return err
		}
		return json.Unmarshal(whole, v)
	}
	return f
}
