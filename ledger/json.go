package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth limits the nesting, so that hostile input cannot exhaust the stack.
const maxDepth = 32

// DecodeStrict decodes exactly one JSON value into the struct that v points to. It
// is stricter than encoding/json: member names must match exactly, and it refuses
// unknown and repeated members, null, wrong types, text that is not in NFC, and
// control characters. It returns all such faults at once, at most MaxFaults, each
// with its member and what is allowed. For a struct with a plan (acts, records) it
// also checks the form of everything that could be decoded. If there is a fault, v
// is not changed.
//
// Input that is not JSON gets only one fault, with the line and column where
// reading stopped: invalid UTF-8, lone surrogates, wrong syntax, too deep nesting,
// or text after the value.
func DecodeStrict(data []byte, v any) error {
	if e := checkEncoding(data); e != nil {
		return e
	}
	t := reflect.TypeOf(v).Elem()
	_, planned := plans[t]
	r := reader{data: data, d: json.NewDecoder(bytes.NewReader(data)), faults: faults{path: make([]step, 0, maxSteps)}}
	r.d.UseNumber()
	if e := r.value(t, !planned); e != nil {
		return e.placed(data)
	}
	if _, err := r.d.Token(); !errors.Is(err, io.EOF) {
		return notJSON("", "one_value").placed(data)
	}
	if len(r.found) > 0 {
		if r.known != nil {
			data = r.known
		}
		return withForm(data, t, r.found)
	}
	if err := json.Unmarshal(data, v); err != nil {
		if te, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return Invalid(te.Field, typeRule(te.Type)).With("allowed", typeWords(te.Type))
		}
		return notJSON("", "syntax")
	}
	return nil
}

// withForm adds the faults of form to those of reading. Members that could not be
// read, and everything in them, are not reported twice.
func withForm(data []byte, t reflect.Type, found []*Error) error {
	f := faults{path: make([]step, 0, maxSteps), found: found, unread: found}
	if p, ok := plans[t]; ok && found[0].Field != "" {
		v := reflect.New(t).Elem()
		_ = json.Unmarshal(data, v.Addr().Interface()) // it decodes what it can; the faults are already known
		f.checkStruct(p, v)
	}
	return joined(f.found)
}

// notJSON returns the error of a text that is not JSON.
func notJSON(field, rule string) *Error {
	return &Error{Code: InvalidCode, Reason: ReasonJSON, Field: field, Rule: rule}
}

// placed adds the place where encoding/json found the syntax error: line and
// column, in characters counted from 1.
func (e *Error) placed(data []byte) *Error {
	var whole json.RawMessage
	se, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(data, &whole))
	if !ok {
		return e
	}
	at := int(se.Offset)
	if at > 0 && !strings.Contains(se.Error(), "unexpected end") {
		at-- // the offset includes the wrong character
	}
	return e.atByte(data, at)
}

func (e *Error) atByte(data []byte, at int) *Error {
	before := data[:min(at, len(data))]
	line := bytes.LastIndexByte(before, '\n') + 1
	return e.With("line", strconv.Itoa(bytes.Count(before, []byte("\n"))+1)).
		With("column", strconv.Itoa(utf8.RuneCount(before[line:])+1))
}

// checkEncoding refuses what encoding/json would replace silently: invalid UTF-8
// and lone surrogates.
func checkEncoding(data []byte) *Error {
	if !utf8.Valid(data) {
		at := 0
		for {
			r, n := utf8.DecodeRune(data[at:])
			if r == utf8.RuneError && n == 1 {
				return notJSON("", "utf8").atByte(data, at)
			}
			at += n
		}
	}
	if bytes.Contains(data, []byte(`\u`)) {
		if at := unsoundEscape(data); at >= 0 {
			return notJSON("", "surrogate").atByte(data, at)
		}
	}
	return nil
}

// unsoundEscape returns the byte offset of the first lone surrogate or broken
// escape, or -1.
func unsoundEscape(data []byte) int {
	for i := 0; i+5 < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		if data[i+1] != 'u' {
			i++
			continue
		}
		at := i
		r, err := strconv.ParseUint(string(data[i+2:i+6]), 16, 32)
		if err != nil {
			return at
		}
		i += 5
		if r < 0xd800 || r > 0xdfff {
			continue
		}
		if r > 0xdbff || i+6 >= len(data) || data[i+1] != '\\' || data[i+2] != 'u' {
			return at
		}
		low, err := strconv.ParseUint(string(data[i+3:i+7]), 16, 32)
		if err != nil || low < 0xdc00 || low > 0xdfff {
			return at
		}
		i += 6
	}
	return -1
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
