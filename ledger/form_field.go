package ledger

import "reflect"

// Field describes one member of a form: for documents, forms on a page, the
// mapping of an import and the schema of the API.
type Field struct {
	Name     string  `json:"name"` // in JSON
	Label    Words   `json:"label"`
	Kind     string  `json:"kind"`
	Required bool    `json:"required"`       // a call that leaves it out is refused
	Enum     *Enum   `json:"enum,omitempty"` // its closed list
	Min      *int64  `json:"min,omitempty"`  // runes of a text, bytes of a token, members of a list, or the number
	Max      *int64  `json:"max,omitempty"`
	Pattern  string  `json:"pattern,omitempty"` // in short words
	Each     *Field  `json:"each,omitempty"`    // what each member of a list is
	Fields   []Field `json:"fields,omitempty"`  // of an object
}

// FieldsOf describes the members of a struct, or of what a pointer points to, in
// order; members of embedded structs stand in their place.
func FieldsOf(v any) []Field {
	t := reflect.TypeOf(v)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return planOf(t).fields(nil)
}

// Member returns the member of a struct, or of what a pointer points to, by its
// JSON name; members of embedded structs too.
func Member(v any, name string) (reflect.Value, bool) {
	val := reflect.ValueOf(v)
	for val.Kind() == reflect.Pointer {
		if val.IsNil() {
			return reflect.Value{}, false
		}
		val = val.Elem()
	}
	if val.Kind() != reflect.Struct {
		return reflect.Value{}, false
	}
	p := planOf(val.Type())
	i, ok := p.places[name]
	if !ok {
		return reflect.Value{}, false
	}
	return p.members[i].of(val), true
}

// MemberText returns the member of that JSON name as text; empty where there is none.
func MemberText(v any, name string) string {
	m, ok := Member(v, name)
	if !ok || m.Kind() != reflect.String {
		return ""
	}
	return m.String()
}

// fields describes a plan's members; within are the plans it stands in, so that
// a type that leads back to itself ends.
func (p *plan) fields(within []*plan) []Field {
	for _, q := range within {
		if p == q {
			return nil
		}
	}
	out := make([]Field, 0, len(p.members))
	for _, m := range p.members {
		f := m.form.field(append(within, p))
		f.Name, f.Label, f.Required = m.name, m.label, f.Required && !m.optional
		out = append(out, f)
	}
	return out
}

func (form *form) field(within []*plan) Field {
	f := Field{Kind: form.kind, Enum: form.enum, Min: form.min, Max: form.max, Pattern: form.pattern}
	switch {
	case form.each != nil:
		each := form.each.field(within)
		f.Each, f.Required = &each, form.least > 0
	case form.plan != nil:
		f.Fields = form.plan.fields(within)
		for _, m := range f.Fields {
			f.Required = f.Required || m.Required
		}
	default:
		f.Required = form.refusesEmpty()
	}
	return f
}

// refusesEmpty reports whether the checks refuse a value that was left out.
func (form *form) refusesEmpty() bool {
	return !form.unchecked && form.zero.IsValid() && form.checksFail(form.zero)
}

func (form *form) checksFail(v reflect.Value) bool {
	for _, check := range form.checks {
		if check(v) != nil {
			return true
		}
	}
	return false
}
