package ledger

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

var rawType = reflect.TypeFor[json.RawMessage]()

// reader reads a JSON text and checks it against a type. It collects the faults of
// members; it stops at text that is not JSON.
type reader struct {
	faults
	d     *json.Decoder
	data  []byte
	known []byte // data without the names that are wrong; nil if there are no such names
	muted int    // depth of the values being read that are wrong as a whole
}

// shape is the expected type of a struct's member.
type shape struct {
	t     reflect.Type
	quiet bool // its value is not repeated in an error
	place int  // index among the members of the struct
}

// fault adds a fault at the current path.
func (r *reader) fault(e *Error) {
	if r.muted > 0 || r.isFull() {
		return
	}
	e.Field = shorten(r.under(""), maxPathShown)
	r.found = append(r.found, e)
}

// maxPathShown is the maximum number of characters of a path in an error, since
// unknown member names come from the input.
const maxPathShown = 200

// value reads one value and checks it against t. A RawMessage is only checked for
// valid JSON; it is checked against its type when it is decoded.
func (r *reader) value(t reflect.Type, quiet bool) *Error {
	if len(r.path) > maxDepth {
		return r.broken("depth")
	}
	tok, err := r.d.Token()
	if err != nil {
		return r.broken("syntax")
	}
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == rawType || t != nil && t.Kind() == reflect.Interface {
		t = nil
	}
	switch tok := tok.(type) {
	case nil:
		r.fault(Invalid("", "not_null").allow(typeWords(t)))
	case json.Delim:
		if tok == '{' {
			return r.object(t)
		}
		return r.list(t, quiet)
	default:
		r.scalar(t, tok, quiet)
	}
	return nil
}

func (r *reader) broken(rule string) *Error {
	return notJSON(shorten(r.under(""), maxPathShown), rule)
}

// scalar checks a text, number or boolean against a type.
func (r *reader) scalar(t reflect.Type, tok json.Token, quiet bool) {
	var fits bool
	var value string
	switch tok := tok.(type) {
	case string:
		value, fits = tok, t == nil || t.Kind() == reflect.String || isBytes(t)
		if e := checkCoding(tok); e != nil {
			r.fault(e)
			return
		}
	case bool:
		value, fits = strconv.FormatBool(tok), t == nil || t.Kind() == reflect.Bool
	case json.Number:
		value, fits = tok.String(), t == nil || takesNumber(t, tok.String())
	}
	if fits {
		return
	}
	e := Invalid("", typeRule(t)).allow(typeWords(t))
	if !quiet {
		e = e.quote(value)
	}
	r.fault(e)
}

func isBytes(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8
}

// takesNumber reports whether a type can represent a number: it must be whole for
// integer types, and in their range.
func takesNumber(t reflect.Type, number string) bool {
	var err error
	switch zero := reflect.Zero(t); {
	case zero.CanInt():
		_, err = strconv.ParseInt(number, 10, t.Bits())
	case zero.CanUint():
		_, err = strconv.ParseUint(number, 10, t.Bits())
	case zero.CanFloat():
		_, err = strconv.ParseFloat(number, t.Bits())
	default:
		return false
	}
	return err == nil
}

// object reads the members of an object after its opening brace.
func (r *reader) object(t reflect.Type) *Error {
	if t != nil && t.Kind() != reflect.Struct {
		return r.skip(t, '{')
	}
	var known map[string]shape
	if t != nil {
		known = shapesOf(t)
	}
	given := make([]bool, len(known))
	var seen map[string]bool // unknown names that were seen
	for r.d.More() {
		before := r.d.InputOffset()
		tok, err := r.d.Token()
		name, ok := tok.(string)
		if err != nil || !ok {
			return r.broken("syntax")
		}
		m, ok := known[name]
		twice := ok && given[m.place] || seen[name]
		switch {
		case ok:
			given[m.place] = true
		case seen == nil:
			seen = map[string]bool{name: true}
		default:
			seen[name] = true
		}
		if twice || t != nil && m.t == nil {
			r.hide(before, r.d.InputOffset())
		}
		if e := r.member(t, name, m, twice); e != nil {
			return e
		}
	}
	return r.closed()
}

// hide overwrites a name in the copy of the input with "-", so that encoding/json
// does not decode it: it ignores case, and uses the last of two equal names.
func (r *reader) hide(before, after int64) {
	if r.known == nil {
		r.known = bytes.Clone(r.data)
	}
	name := r.known[before:after]
	name = name[bytes.IndexByte(name, '"')+1 : len(name)-1]
	for i := range name {
		name[i] = '-'
	}
}

// member reads the value of a member of an object of type t. The shape of an
// unknown member has no type.
func (r *reader) member(t reflect.Type, name string, m shape, twice bool) *Error {
	var e *Error
	switch {
	case twice:
		e = Invalid("", "not_twice")
	case t != nil && m.t == nil:
		e = Invalid("", "known_member").allow(namesOf(t))
	case t == nil:
		if wrong := checkCoding(name); wrong != nil {
			r.fault(wrong) // reported for the object, since the name itself cannot be shown
		}
	}
	if name == "" {
		name = `""`
	}
	r.enter(step{name: name})
	defer r.leave()
	if e == nil {
		return r.value(m.t, m.quiet || m.t == nil)
	}
	r.fault(e)
	return r.mute(func() *Error { return r.value(nil, true) })
}

// mute reads a value that is wrong as a whole, without reporting faults inside it.
func (r *reader) mute(read func() *Error) *Error {
	r.muted++
	defer func() { r.muted-- }()
	return read()
}

// list reads the members of a list after its opening bracket.
func (r *reader) list(t reflect.Type, quiet bool) *Error {
	var each reflect.Type
	if t != nil {
		if t.Kind() != reflect.Slice && t.Kind() != reflect.Array || isBytes(t) {
			return r.skip(t, '[')
		}
		each = t.Elem()
	}
	for i := 0; r.d.More(); i++ {
		r.enter(step{place: i})
		e := r.value(each, quiet)
		r.leave()
		if e != nil {
			return e
		}
	}
	return r.closed()
}

// skip skips an object or list that was found in place of another type.
func (r *reader) skip(t reflect.Type, opened json.Delim) *Error {
	r.fault(Invalid("", typeRule(t)).allow(typeWords(t)))
	return r.mute(func() *Error {
		if opened == '{' {
			return r.object(nil)
		}
		return r.list(nil, true)
	})
}

func (r *reader) closed() *Error {
	if _, err := r.d.Token(); err != nil {
		return r.broken("syntax")
	}
	return nil
}

// Names of types for users, as used in rules and in what is allowed.
func typeRule(t reflect.Type) string  { rule, _ := typeNames(t); return rule }
func typeWords(t reflect.Type) string { _, words := typeNames(t); return words }

func typeNames(t reflect.Type) (rule, words string) {
	if t == nil {
		return "type", ""
	}
	switch zero := reflect.Zero(t); {
	case t.Kind() == reflect.String || isBytes(t):
		return "type_text", "文本/text"
	case t.Kind() == reflect.Bool:
		return "type_boolean", "true, false"
	case zero.CanInt() || zero.CanUint():
		return "type_integer", "整数/integer, ≤ " + greatest(t)
	case zero.CanFloat():
		return "type_number", "数/number"
	case t.Kind() == reflect.Slice || t.Kind() == reflect.Array:
		return "type_list", "列表/list"
	}
	return "type_object", "对象/object"
}

// greatest returns the largest number of an integer type.
func greatest(t reflect.Type) string {
	if reflect.Zero(t).CanUint() {
		return strconv.FormatUint(1<<t.Bits()-1, 10)
	}
	return strconv.FormatUint(1<<(t.Bits()-1)-1, 10)
}

// shapesOf returns the shapes of a struct's members by JSON name. For a type
// without a plan, no value is repeated in errors.
func shapesOf(t reflect.Type) map[string]shape {
	if p, ok := plans[t]; ok {
		return p.shapes
	}
	return makeShapes(members(t))
}

func makeShapes(types map[string]reflect.Type) map[string]shape {
	shapes := make(map[string]shape, len(types))
	for name, t := range types {
		shapes[name] = shape{t: t, quiet: true, place: len(shapes)}
	}
	return shapes
}

// namesOf lists the member names of a struct, in order if it has a plan.
func namesOf(t reflect.Type) string {
	p, ok := plans[t]
	if !ok {
		return strings.Join(slices.Sorted(maps.Keys(members(t))), ", ")
	}
	names := make([]string, len(p.members))
	for i := range p.members {
		names[i] = p.members[i].name
	}
	return strings.Join(names, ", ")
}

// members maps the JSON names of a struct's members, including embedded ones, to
// their types.
func members(t reflect.Type) map[string]reflect.Type {
	m := make(map[string]reflect.Type, t.NumField())
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			maps.Copy(m, members(f.Type))
		case name == "-" || !f.IsExported():
		case name != "":
			m[name] = f.Type
		default:
			m[f.Name] = f.Type
		}
	}
	return m
}

// checkCoding refuses text that is not in NFC, and control characters.
func checkCoding(s string) *Error {
	if !norm.NFC.IsNormalString(s) {
		return Invalid("", "nfc").allow("Unicode NFC")
	}
	for i := range len(s) {
		if s[i] < 0x20 && s[i] != '\n' && s[i] != '\t' || s[i] == 0x7f {
			return Invalid("", "control_character").With("value", codePoint(rune(s[i]))).allow("换行、制表符/line feed, tab")
		}
	}
	return nil
}
