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

// checkQuery refuses a query parameter that is not known, is empty or occurs twice, and a
// query that can't be decoded. huma treats these as absent, so a mistyped filter would list
// everything. The refusal also reports all other faults of the query; huma reports the
// faults of a query that has only other faults.
func (s *Server) checkQuery(ctx huma.Context, next func(huma.Context)) {
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

// queryFaults lists the faults of a query, or nothing if huma finds all of them.
func (s *Server) queryFaults(o *huma.Operation, query url.Values) []error {
	known := map[string]*huma.Param{}
	var names []string
	for _, p := range o.Parameters {
		if p.In == "query" {
			known[p.Name], names = p, append(names, p.Name)
		}
	}
	var ours, humas []error // faults that only we find, and those that huma finds too
	for _, name := range slices.Sorted(maps.Keys(query)) {
		at := "query." + ledger.Quotable(name)
		switch values := query[name]; {
		case known[name] == nil:
			ours = append(ours, ledger.Invalid(at, "known_member").With("allowed", strings.Join(names, ", ")))
		case slices.Contains(values, ""):
			ours = append(ours, ledger.Invalid(at, "required"))
		case len(values) > 1:
			ours = append(ours, ledger.Invalid(at, "not_twice"))
		default:
			humas = append(humas, s.valueFaults(known[name], values[0])...)
		}
	}
	if len(ours) == 0 {
		return nil
	}
	for _, name := range names {
		if known[name].Required && !query.Has(name) {
			humas = append(humas, ledger.Invalid("query."+name, "required"))
		}
	}
	return append(ours, humas...)
}

// valueFaults lists the faults that huma finds in the value of a parameter.
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
