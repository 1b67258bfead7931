package ledger

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Field describes one member of a form: for documents, forms on a page, the
// mapping of an import and the schema of the API.
type Field struct {
	Name     string  `json:"name" zh:"JSON 成员名" en:"name in JSON"` // in JSON
	Label    Words   `json:"label" zh:"名称" en:"label"`
	Kind     string  `json:"kind" zh:"种类" en:"kind"`
	Required bool    `json:"required" zh:"请求中必须有" en:"a call without it is refused"` // a call without it is refused
	Need     *Words  `json:"need,omitempty" zh:"视其他成员或记录而定时，何时必须有" en:"when a call without it is refused, if that depends on other members"`
	Enum     *Enum   `json:"enum,omitempty" zh:"封闭取值表" en:"its closed list"`                                                                                      // its closed list
	Min      *int64  `json:"min,omitempty" zh:"下限：文本的字符数、标记的字节数、列表的项数或数值" en:"minimum: characters of a text, bytes of a token, members of a list, or the number"` // runes of a text, bytes of a token, members of a list, or the number
	Max      *int64  `json:"max,omitempty" zh:"上限" en:"most"`
	Pattern  string  `json:"pattern,omitempty" zh:"格式的简述（英文）" en:"its format in short words"`                           // in short words
	Regexp   string  `json:"regexp,omitempty" zh:"正则表达式：凡有效值均匹配" en:"regular expression that matches all valid values"` // in the syntax that JSON Schema and Go share; takes all that is valid, and little else
	Rule     string  `json:"rule,omitempty" zh:"形状不符时违反的规则" en:"rule that a value of another format breaks"`
	Unique   bool    `json:"unique,omitempty" zh:"列表中不得重复" en:"all members of the list are different"` // all members of the list are different
	Each     *Field  `json:"each,omitempty" zh:"列表的每一项" en:"form of each member of the list"`          // form of each member of a list
	Fields   []Field `json:"fields,omitempty" zh:"对象的成员" en:"members of the object"`                   // of an object
}

// Words returns the label. If the member is required only in some cases, they
// follow in brackets.
func (f Field) Words() Words {
	w := f.Label
	if f.Need != nil {
		w.ZH += "（" + f.Need.ZH + "）"
		w.EN += " (" + f.Need.EN + ")"
	}
	return w
}

// FieldsOf describes the members of a struct, or of the struct that a pointer
// points to, in order. The members of an embedded struct are listed at its place.
func FieldsOf(v any) []Field {
	t := reflect.TypeOf(v)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return planOf(t).fields(nil)
}

// LabelOf returns the label of the member of a struct that a path names: the labels
// on the path, joined by " › ", with the number of each list member counted from 1
// ("信息项 3 › 数据级别" for items[2].level). It is empty if there is no such member. v
// may be a pointer to a struct, or nil.
func LabelOf(v any, path string) Words {
	if v == nil || path == "" {
		return Words{}
	}
	t := reflect.TypeOf(v)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return Words{}
	}
	var zh, en []string
	p := planOf(t)
	for part := range strings.SplitSeq(path, ".") {
		name, place, _ := strings.Cut(strings.TrimSuffix(part, "]"), "[")
		if p == nil { // in a value that is described as a whole
			break
		}
		s, ok := p.shapes[name]
		if !ok {
			return Words{}
		}
		m := p.members[s.place]
		label, form := m.label, m.form
		if n, err := strconv.Atoi(place); err == nil && form.each != nil {
			label.ZH, label.EN = fmt.Sprintf("%s %d", label.ZH, n+1), fmt.Sprintf("%s %d", label.EN, n+1)
			form = form.each
		}
		if label.ZH != "" {
			zh, en = append(zh, label.ZH), append(en, label.EN)
		}
		p = form.plan
	}
	return Words{strings.Join(zh, " › "), strings.Join(en, " › ")}
}

// Member returns the member of a struct, or of the struct that a pointer points to,
// by its JSON name. It finds members of embedded structs too.
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
	s, ok := p.shapes[name]
	if !ok {
		return reflect.Value{}, false
	}
	return p.members[s.place].of(val), true
}

// MemberText returns the member with that JSON name as text, or "".
func MemberText(v any, name string) string {
	m, ok := Member(v, name)
	if !ok || m.Kind() != reflect.String {
		return ""
	}
	return m.String()
}

// fields describes the members of a plan. within lists the plans that contain it,
// so that a recursive type ends.
func (p *plan) fields(within []*plan) []Field {
	if slices.Contains(within, p) {
		return nil
	}
	out := make([]Field, 0, len(p.members))
	for _, m := range p.members {
		f := m.form.field(append(within, p))
		f.Name, f.Label, f.Need, f.Required = m.name, m.label, m.need, f.Required && !m.optional
		out = append(out, f)
	}
	return out
}

func (f *form) field(within []*plan) Field {
	out := Field{Kind: f.kind, Enum: f.enum, Min: f.min, Max: f.max, Pattern: f.pattern, Regexp: f.regexp, Rule: f.rule, Unique: f.twice != nil}
	switch {
	case f.each != nil:
		each := f.each.field(within)
		out.Each, out.Required = &each, f.lower > 0
	case f.plan != nil:
		out.Fields = f.plan.fields(within)
		out.Required = slices.ContainsFunc(out.Fields, func(m Field) bool { return m.Required })
	default:
		out.Required = f.needed || f.refuses(f.zero) // even if only a method requires it
	}
	return out
}

func (f *form) refuses(v reflect.Value) bool {
	return slices.ContainsFunc(f.checks, func(c check) bool { return c(v) != nil })
}
