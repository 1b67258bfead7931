package web

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// Problem is a problem on its way out.
type Problem struct {
	wire.Problem
	form any // what the input is read into, for the labels of its members
}

// Error makes the problem an error.
func (p *Problem) Error() string { return p.Title }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of RFC 9457.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// soon is after how many seconds a client may try again what is busy now.
const soon = "5"

// GetHeaders are the headers of the answer: how to say who one is, and when to come
// again (RFC 9110 §11.6.1, §10.2.3).
func (p *Problem) GetHeaders() http.Header {
	switch p.Status {
	case http.StatusUnauthorized:
		return http.Header{"Www-Authenticate": {"Bearer"}}
	case http.StatusServiceUnavailable:
		return http.Header{"Retry-After": {soon}}
	}
	return nil
}

var (
	_ huma.StatusError  = (*Problem)(nil)
	_ huma.HeadersError = (*Problem)(nil)
)

// status maps the classes of error, and the few reasons with a status of their own.
func status(e *ledger.Error) int {
	switch e.Reason {
	case ledger.ReasonToken, ledger.ReasonTokenUsed, ledger.ReasonAuthorization:
		return http.StatusUnauthorized
	case ledger.ReasonTooLarge:
		return http.StatusRequestEntityTooLarge
	case ledger.ReasonRange:
		return http.StatusRequestedRangeNotSatisfiable
	case ledger.ReasonQuota:
		return http.StatusTooManyRequests
	case ledger.ReasonElsewhere:
		return http.StatusMisdirectedRequest
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

// problemOf turns any error into a problem; what is not typed is our fault and
// shows no detail. It returns nil for nil, so that handlers can pass it on.
func (s *Server) problemOf(err error) error {
	if err == nil {
		return nil
	}
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	e := ledger.AsError(err)
	if e == nil && errors.Is(err, context.Canceled) {
		e = ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy) // nobody is there to read it
	}
	if e == nil {
		s.log.Error("request failed", slog.String("error", err.Error()))
		e = ledger.Refuse(ledger.Unavailable, ledger.ReasonInternal)
		return &Problem{Problem: wire.Problem{Status: http.StatusInternalServerError, Code: e.Code, Reason: e.Reason}}
	}
	return problem(status(e), e)
}

// problemOn is problemOf for the arguments of an act.
func (s *Server) problemOn(a ledger.Act, err error) error {
	p, ok := errors.AsType[*Problem](s.problemOf(err))
	if !ok {
		return nil
	}
	q := *p
	q.form = a.Args()
	return &q
}

// problem is the problem of a typed error.
func problem(status int, e *ledger.Error) *Problem {
	return &Problem{Problem: wire.Problem{
		Status: status, Code: e.Code, Reason: e.Reason, Field: e.Field, Rule: e.Rule, Params: e.Params, Errors: words.Faults(e),
	}}
}

// language is the first of Chinese and English that the user takes; Chinese first.
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

// fill puts the sentences in.
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

// localize is huma's last step: problems get their sentences.
func localize(ctx huma.Context, _ string, v any) (any, error) {
	if p, ok := v.(*Problem); ok {
		return p.fill(language(ctx.Header("Accept-Language"))), nil
	}
	return v, nil
}

// fail answers a plain handler's error as a problem.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var p *Problem
	if !errors.As(s.problemOf(err), &p) {
		return
	}
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

// strict reads bodies as strictly as calls are read: a member that is there twice
// is no member. huma then holds the rest against the schema.
func strict() huma.Format {
	f := huma.DefaultJSONFormat
	f.Unmarshal = func(data []byte, v any) error {
		var whole json.RawMessage
		if err := ledger.DecodeStrict(data, &whole); err != nil {
			if e := ledger.AsError(err); e != nil {
				return errors.New(e.Text()) // huma passes on what an error says, not what it is
			}
			return err
		}
		return json.Unmarshal(whole, v)
	}
	return f
}
