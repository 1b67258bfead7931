package web

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datacadastre/cadastre/ledger"
)

// shapes are regular expressions, in the syntax of JSON Schema, of fields whose
// form is that of a standard.
var shapes = map[string]string{
	ledger.FieldDigest: "^[0-9a-f]{64}$",
	ledger.FieldRegion: "^[0-9]{6}$",
	ledger.FieldUSCC:   "^[0-9A-HJ-NPQRTUWXY]{18}$",
	ledger.FieldKeyID:  "^[A-Za-z0-9_-]{43}$",
	ledger.FieldToken:  "^[A-Za-z0-9._:/-]+$",
	ledger.FieldWord:   "^[a-z0-9_]*$",
}

// describe fills the schemas of the ledger's own types in from their form tags:
// labels in both languages, closed lists, bounds, patterns and, of what is sent,
// what may not be left out. The tags are what the ledger itself checks.
func (s *Server) describe() {
	const prefix = "#/components/schemas/"
	sent := map[reflect.Type]bool{}
	for _, a := range ledger.Acts() {
		structsOf(reflect.TypeOf(a.Args()), sent)
	}
	schemas := s.api.OpenAPI().Components.Schemas
	for name, schema := range schemas.Map() {
		t := schemas.TypeFromRef(prefix + name)
		if t == nil || t.Kind() != reflect.Struct || t.PkgPath() != reflect.TypeFor[ledger.Party]().PkgPath() {
			continue
		}
		fields := ledger.FieldsOf(reflect.New(t).Interface())
		if sent[t] && fields[0].Label != (ledger.Words{}) { // a key and a salted hash check themselves
			schema.Required = required(fields)
		}
		for _, f := range fields {
			if p := schema.Properties[f.Name]; p != nil {
				describeField(p, f)
			}
		}
	}
}

// structsOf adds the structs that a type is made of.
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

// required lists the members whose absence is refused.
func required(fields []ledger.Field) []string {
	var names []string
	for _, f := range fields {
		if f.Required {
			names = append(names, f.Name)
		}
	}
	return names
}

func describeField(p *huma.Schema, f ledger.Field) {
	words := f.Words()
	p.Description = strings.TrimSpace(words.EN + " " + words.ZH)
	bound(p, f)
	if f.Each != nil && p.Items != nil {
		bound(p.Items, *f.Each)
	}
}

// bound sets what a value may be. A schema that refers to another says it there.
func bound(p *huma.Schema, f ledger.Field) {
	if p.Ref != "" {
		return
	}
	if f.Enum != nil {
		closed(p, *f.Enum)
	}
	p.Pattern = shapes[f.Kind]
	if f.Pattern != "" && p.Pattern == "" {
		p.Description = strings.TrimSpace(p.Description + " (" + f.Pattern + ")")
	}
	switch f.Kind {
	case ledger.FieldList:
		p.MinItems, p.MaxItems = number(f.Min), number(f.Max)
	case ledger.FieldInteger, ledger.FieldFen:
		p.Minimum, p.Maximum = float(f.Min), float(f.Max)
	case ledger.FieldText, ledger.FieldToken, ledger.FieldWord:
		p.MinLength, p.MaxLength = number(f.Min), number(f.Max)
	case ledger.FieldMoment:
		p.Minimum = float(f.Min)
		p.Description += "; milliseconds since 1970-01-01T00:00Z"
	case ledger.FieldDate:
		p.Format = "date"
	case ledger.FieldID:
		p.Format = "uuid"
	}
}

// closed sets the values of a closed list, with the words that people read.
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

// closeQuery gives the query parameters of an operation whose field names a closed
// list (tag list:"order_states") that list, so that another value is refused.
func (s *Server) closeQuery(path string, input reflect.Type) {
	op := s.api.OpenAPI().Paths[path].Get
	for f := range input.Fields() {
		if f.Anonymous {
			continue
		}
		name := f.Tag.Get("list")
		if name == "" {
			continue
		}
		e, ok := ledger.EnumOf(name)
		if !ok {
			panic(fmt.Sprintf("%s: no closed list is called %q", path, name))
		}
		for _, p := range op.Parameters {
			if p.Name == f.Tag.Get("query") {
				closed(p.Schema, e)
				p.Schema.PrecomputeMessages()
			}
		}
	}
}
