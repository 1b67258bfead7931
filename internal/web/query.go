package web

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/datacadastre/cadastre/ledger"
)

// wholeQuery refuses a query parameter that does not exist, one without a value, one
// that is there twice, and a query that can't be decoded: huma takes them as absent, so
// that a filter gone wrong would list everything. Whatever else is wrong with such a
// query is told with it; a query with other faults alone is left to huma.
func (s *Server) wholeQuery(ctx huma.Context, next func(huma.Context)) {
	u := ctx.URL()
	refuse := func(e *ledger.Error) {
		r, w := humachi.Unwrap(ctx)
		s.fail(w, r, e)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		refuse(ledger.Invalid("query", "syntax"))
		return
	}
	if e := ledger.AsError(ledger.Join(s.queryFaults(ctx.Operation(), query)...)); e != nil {
		refuse(e)
		return
	}
	next(ctx)
}

// queryFaults lists what is wrong with a query; none where huma finds it all.
func (s *Server) queryFaults(o *huma.Operation, query url.Values) []error {
	known := map[string]*huma.Param{}
	var names []string
	for _, p := range o.Parameters {
		if p.In == "query" {
			known[p.Name], names = p, append(names, p.Name)
		}
	}
	var unseen, seen []error // by huma
	for _, name := range slices.Sorted(maps.Keys(query)) {
		at := "query." + ledger.Quotable(name)
		switch values := query[name]; {
		case known[name] == nil:
			unseen = append(unseen, ledger.Invalid(at, "known_member").With("allowed", strings.Join(names, ", ")))
		case slices.Contains(values, ""):
			unseen = append(unseen, ledger.Invalid(at, "required"))
		case len(values) > 1:
			unseen = append(unseen, ledger.Invalid(at, "not_twice"))
		default:
			seen = append(seen, s.valueFaults(known[name], values[0])...)
		}
	}
	if len(unseen) == 0 {
		return nil
	}
	for _, name := range names {
		if known[name].Required && !query.Has(name) {
			seen = append(seen, ledger.Invalid("query."+name, "required"))
		}
	}
	return append(unseen, seen...)
}

// valueFaults lists what is wrong with the value of a parameter, as huma says it.
func (s *Server) valueFaults(p *huma.Param, text string) (errs []error) {
	path := huma.NewPathBuffer([]byte{}, 0)
	path.Push("query")
	path.Push(p.Name)
	var value any = text
	message := ""
	switch p.Schema.Type {
	case huma.TypeArray:
		var list []any
		for item := range strings.SplitSeq(text, ",") {
			list = append(list, item)
		}
		value = list
	case huma.TypeInteger:
		n, err := strconv.ParseInt(text, 10, 64)
		if value = n; err != nil {
			message = "invalid integer"
		}
	case huma.TypeBoolean:
		is, err := strconv.ParseBool(text)
		if value = is; err != nil {
			message = "invalid boolean"
		}
	}
	if message != "" {
		return []error{detailOf(&huma.ErrorDetail{Message: message, Location: path.String(), Value: text})}
	}
	var found huma.ValidateResult
	huma.Validate(s.api.OpenAPI().Components.Schemas, p.Schema, path, huma.ModeWriteToServer, value, &found)
	for _, err := range found.Errors {
		if d, ok := err.(*huma.ErrorDetail); ok { //nolint:errorlint // huma adds nothing else
			errs = append(errs, detailOf(d))
		}
	}
	return errs
}
