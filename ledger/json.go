package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxDepth bounds nesting, so that hostile input can't exhaust the stack.
const maxDepth = 32

// DecodeStrict decodes exactly one JSON value into the struct that v points to.
// Unlike encoding/json alone it takes member names only as they are written,
// refuses unknown and repeated members, null, invalid UTF-8, text that is not
// in NFC, control characters, and anything after the value. The error names
// the member.
func DecodeStrict(data []byte, v any) error {
	if !utf8.Valid(data) {
		return &Error{Code: InvalidCode, Reason: ReasonJSON, Rule: "utf8"}
	}
	if bytes.Contains(data, []byte(`\u`)) && !soundEscapes(data) {
		return &Error{Code: InvalidCode, Reason: ReasonJSON, Rule: "surrogate"}
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := walk(d, reflect.TypeOf(v).Elem(), "", 0); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return &Error{Code: InvalidCode, Reason: ReasonJSON, Rule: "one_value"}
	}
	if err := json.Unmarshal(data, v); err != nil {
		if te, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return Invalid(te.Field, "type_"+te.Type.Kind().String())
		}
		return &Error{Code: InvalidCode, Reason: ReasonJSON, Rule: "syntax"}
	}
	return nil
}

// soundEscapes refuses lone surrogates, which encoding/json would replace in silence.
func soundEscapes(data []byte) bool {
	for i := 0; i+5 < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		if data[i+1] != 'u' {
			i++
			continue
		}
		r, err := strconv.ParseUint(string(data[i+2:i+6]), 16, 32)
		if err != nil {
			return false
		}
		i += 5
		if r < 0xd800 || r > 0xdfff {
			continue
		}
		if r > 0xdbff || i+6 >= len(data) || data[i+1] != '\\' || data[i+2] != 'u' {
			return false
		}
		low, err := strconv.ParseUint(string(data[i+3:i+7]), 16, 32)
		if err != nil || low < 0xdc00 || low > 0xdfff {
			return false
		}
		i += 6
	}
	return true
}

var rawType = reflect.TypeFor[json.RawMessage]()

// walk reads one value and holds its members against t. A RawMessage is walked
// for form only: whoever decodes it later holds it against its own type.
func walk(d *json.Decoder, t reflect.Type, path string, depth int) error {
	if depth > maxDepth {
		return &Error{Code: InvalidCode, Reason: ReasonJSON, Field: path, Rule: "depth"}
	}
	tok, err := d.Token()
	if err != nil {
		return &Error{Code: InvalidCode, Reason: ReasonJSON, Field: path, Rule: "syntax"}
	}
	if t != nil && t == rawType {
		t = nil
	}
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch tok := tok.(type) {
	case nil:
		return Invalid(path, "not_null")
	case string:
		if err := checkText(tok, path); err != nil {
			return err
		}
		return scalar(t, path, reflect.String)
	case bool:
		return scalar(t, path, reflect.Bool)
	case json.Number:
		return scalar(t, path, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8,
			reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64)
	case json.Delim:
		if tok == '{' {
			return walkObject(d, t, path, depth)
		}
		return walkArray(d, t, path, depth)
	}
	return nil
}

// scalar holds a value that is no object and no list to the kinds that take it.
// encoding/json would say so too, but names Go's embedded structs in the path.
func scalar(t reflect.Type, path string, kinds ...reflect.Kind) error {
	if t == nil || t.Kind() == reflect.Interface || slices.Contains(kinds, t.Kind()) {
		return nil
	}
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 && kinds[0] == reflect.String {
		return nil
	}
	return Invalid(path, "type_"+t.Kind().String())
}

func walkObject(d *json.Decoder, t reflect.Type, path string, depth int) error {
	if t != nil && t.Kind() != reflect.Struct {
		return Invalid(path, "type_"+t.Kind().String())
	}
	var known map[string]reflect.Type
	if t != nil {
		known = knownMembers(t)
	}
	seen := map[string]bool{}
	for d.More() {
		tok, err := d.Token()
		name, ok := tok.(string)
		if err != nil || !ok {
			return &Error{Code: InvalidCode, Reason: ReasonJSON, Field: path, Rule: "syntax"}
		}
		at := join(path, name)
		if seen[name] {
			return Invalid(join(path, Quotable(name)), "not_twice")
		}
		seen[name] = true
		var mt reflect.Type
		if t != nil {
			if mt, ok = known[name]; !ok {
				return Invalid(join(path, Quotable(name)), "known_member")
			}
		} else if err := checkText(name, path); err != nil {
			return err
		}
		if err := walk(d, mt, at, depth+1); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return syntax(err, path)
}

func walkArray(d *json.Decoder, t reflect.Type, path string, depth int) error {
	var et reflect.Type
	if t != nil {
		if t.Kind() != reflect.Slice && t.Kind() != reflect.Array {
			return Invalid(path, "type_"+t.Kind().String())
		}
		et = t.Elem()
	}
	for i := 0; d.More(); i++ {
		if err := walk(d, et, path+"["+strconv.Itoa(i)+"]", depth+1); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return syntax(err, path)
}

func syntax(err error, path string) error {
	if err != nil {
		return &Error{Code: InvalidCode, Reason: ReasonJSON, Field: path, Rule: "syntax"}
	}
	return nil
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// knownMembers returns the JSON names of a struct with their types: from its
// plan, where it has one.
func knownMembers(t reflect.Type) map[string]reflect.Type {
	if p, ok := plans[t]; ok {
		return p.types
	}
	return members(t)
}

// members maps the JSON names of a struct, embedded structs included, to their types.
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

func checkText(s, path string) error {
	if !norm.NFC.IsNormalString(s) {
		return Invalid(path, "nfc")
	}
	for i := range len(s) {
		if s[i] < 0x20 && s[i] != '\n' && s[i] != '\t' || s[i] == 0x7f {
			return Invalid(path, "control_character")
		}
	}
	return nil
}
