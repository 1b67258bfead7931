package web

import (
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// bearer is the name of the security scheme of operations that need a token.
const bearer = "bearer"

// knownSchema answers NotFound for a schema that there is not, where huma would answer null.
func (s *Server) knownSchema(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := strings.CutPrefix(r.URL.Path, "/schemas/")
		if ok && s.api.OpenAPI().Components.Schemas.Map()[strings.TrimSuffix(name, ".json")] == nil {
			s.failPage(w, r, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("path"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// describe completes the schemas of all structs from their form tags: texts in both
// languages, closed lists, bounds, regular expressions and, for arguments of calls, the
// required members. The ledger checks arguments by the same tags.
func (s *Server) describe() {
	const prefix = "#/components/schemas/"
	sent := map[reflect.Type]bool{}
	for _, a := range ledger.Acts() {
		structsOf(reflect.TypeOf(a.Args()), sent)
	}
	schemas := s.api.OpenAPI().Components.Schemas
	for name, schema := range schemas.Map() {
		t := schemas.TypeFromRef(prefix + name)
		for t != nil && t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t == nil || t.Kind() != reflect.Struct {
			continue
		}
		v := reflect.New(t).Interface()
		fields := ledger.FieldsOf(v)
		if sent[t] {
			schema.Required = required(fields)
		}
		for _, f := range fields {
			if p := schema.Properties[f.Name]; p != nil {
				m, _ := ledger.Member(v, f.Name)
				describeField(p, f, m.Type())
			}
		}
	}
	s.api.OpenAPI().Components.SecuritySchemes = map[string]*huma.SecurityScheme{bearer: {
		Type: "http", Scheme: "bearer", BearerFormat: "JWT",
		Description: "A token that the party signs with its key; cadastre token makes one. Reads may use it until it expires, a write uses it up. " +
			"由单位以自己的密钥签署的令牌，可用 cadastre token 生成；读取可重复使用至到期，写入用后即失效。",
	}}
}

// structsOf adds the structs that a type consists of.
func structsOf(t reflect.Type, found map[reflect.Type]bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || found[t] {
		return
	}
	found[t] = true
	for f := range t.Fields() {
		structsOf(f.Type, found)
	}
}

// required lists the required members.
func required(fields []ledger.Field) []string {
	var names []string
	for _, f := range fields {
		if f.Required {
			names = append(names, f.Name)
		}
	}
	return names
}

// describeField describes a member whose Go type is t.
func describeField(p *huma.Schema, f ledger.Field, t reflect.Type) {
	p.Description = about(f.Words())
	bound(p, f)
	in := p
	if f.Each != nil && p.Items != nil {
		bound(p.Items, *f.Each)
		in, t = p.Items, t.Elem()
	}
	switch {
	case f.Enum != nil: // the form tag lists the values
	case t == reflect.TypeFor[ledger.Function]():
		in.Enum = nil
		for _, a := range ledger.Acts() {
			in.Enum = append(in.Enum, string(a.Name))
		}
	case t == reflect.TypeFor[ledger.Reason]():
		in.Enum = reasons()
	}
}

// reasons returns all words of ledger.Reason in alphabetical order.
func reasons() []any {
	var list []string
	for _, r := range words.Reasons() {
		list = append(list, string(r))
	}
	slices.Sort(list)
	var all []any
	for _, r := range list {
		all = append(all, r)
	}
	return all
}

// about makes the text of a description: English, then Chinese.
func about(w ledger.Words) string { return strings.TrimSpace(w.EN + " " + w.ZH) }

// bound sets the constraints of a value, unless the schema refers to another one.
func bound(p *huma.Schema, f ledger.Field) {
	if p.Ref != "" {
		return
	}
	if f.Enum != nil {
		closed(p, *f.Enum)
	}
	p.Pattern = f.Regexp
	if f.Pattern != "" {
		p.Description = strings.TrimSpace(p.Description + " (" + f.Pattern + ")")
	}
	switch f.Kind {
	case ledger.FieldList:
		p.MinItems, p.MaxItems, p.UniqueItems = number(f.Min), number(f.Max), f.Unique
	case ledger.FieldInteger, ledger.FieldFen, ledger.FieldMoment:
		p.Minimum, p.Maximum = float(f.Min), float(f.Max)
	case ledger.FieldText, ledger.FieldToken, ledger.FieldWord:
		p.MinLength, p.MaxLength = number(f.Min), number(f.Max)
	case ledger.FieldDate:
		p.Format = "date"
	case ledger.FieldID:
		p.Format = "uuid"
	}
	if f.Kind == ledger.FieldMoment && f.Pattern == "" {
		p.Description = strings.TrimSpace(p.Description + " (Unix time in milliseconds Unix 毫秒)")
	}
}

// closed sets the values of a closed list with their labels.
func closed(p *huma.Schema, e ledger.Enum) {
	words := map[string]ledger.Words{}
	p.Enum = nil
	for _, v := range e.Values {
		p.Enum = append(p.Enum, v.Word)
		words[v.Word] = v.Words
	}
	p.Extensions = map[string]any{"x-words": words}
}

func number(n *int64) *int {
	if n == nil {
		return nil
	}
	i := int(*n)
	return &i
}

func float(n *int64) *float64 {
	if n == nil {
		return nil
	}
	f := float64(*n)
	return &f
}

// describeInput describes the parameters of an operation from the tags of its input, as
// describe does for members, and has huma check them. The header Authorization becomes the
// security requirement of the operation.
func (s *Server) describeInput(method, path string, input reflect.Type) {
	op := operationOf(s.api.OpenAPI().Paths[path], method)
	fields := map[string]ledger.Field{}
	for _, f := range ledger.FieldsOf(reflect.New(input).Interface()) {
		fields[f.Name] = f
	}
	for _, sf := range reflect.VisibleFields(input) {
		name, f := parameterOf(sf), fields[sf.Name]
		i := slices.IndexFunc(op.Parameters, func(p *huma.Param) bool { return name != "" && p.Name == name })
		if i < 0 {
			continue
		}
		if name == "Authorization" {
			op.Parameters = slices.Delete(op.Parameters, i, i+1)
			op.Security = []map[string][]string{{bearer: {}}}
			if sf.Tag.Get("auth") == "optional" {
				op.Security = append(op.Security, map[string][]string{})
			}
			continue
		}
		p := op.Parameters[i]
		describeField(p.Schema, f, sf.Type)
		p.Description, p.Schema.Description = p.Schema.Description, ""
		enforce(p.Schema, f)
	}
}

// parameterOf returns the parameter name of a field of an input, or "".
func parameterOf(f reflect.StructField) string {
	for _, in := range []string{"query", "path", "header"} {
		if name, _, _ := strings.Cut(f.Tag.Get(in), ","); name != "" {
			return name
		}
	}
	return ""
}

// enforce has huma check a schema and each member of a list. Where there is a regular
// expression, huma reports the rule of the form for it and does not check the format, so
// that a value has at most one fault.
func enforce(p *huma.Schema, f ledger.Field) {
	p.Format = map[bool]string{true: p.Format}[p.Pattern == ""]
	p.PatternDescription = strings.TrimSpace(f.Rule + " " + f.Pattern)
	p.PrecomputeMessages()
	p.PatternDescription = ""            // JSON Schema has no such keyword
	if f.Each != nil && p.Items != nil { // last: the messages of a list include those of its members
		enforce(p.Items, *f.Each)
	}
}

func operationOf(item *huma.PathItem, method string) *huma.Operation {
	switch method {
	case http.MethodPost:
		return item.Post
	case http.MethodHead:
		return item.Head
	case http.MethodOptions:
		return item.Options
	case http.MethodPatch:
		return item.Patch
	case http.MethodDelete:
		return item.Delete
	}
	return item.Get
}
