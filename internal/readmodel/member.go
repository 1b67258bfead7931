package readmodel

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Narrow returns a JSON object with only the named members of another object, in the
// same order: the part of a large record that a domain decodes. The other object must
// be valid JSON, as records are: Narrow scans it without checking it.
func Narrow(object []byte, names ...string) []byte {
	out := []byte{'{'}
	for name, value := range members(object) {
		if !slices.Contains(names, string(name)) {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(append(out, '"'), name...), `":`...), value...)
	}
	return append(out, '}')
}

// Submitted returns a submission with only the named members of its resource.
func Submitted(submission []byte, names ...string) []byte {
	return append(append([]byte(`{"resource":`), Narrow(Member(submission, "resource"), names...)...), '}')
}

// Member returns the value of a member of an object, which must be valid JSON; nil if
// the member is missing.
func Member(object []byte, name string) json.RawMessage {
	for n, value := range members(object) {
		if string(n) == name {
			return value
		}
	}
	return nil
}

// members yields the members of an object, with the names as they are written.
func members(object []byte) func(func(name, value []byte) bool) {
	return func(yield func(name, value []byte) bool) {
		at := skipSpace(object, 0)
		if at >= len(object) || object[at] != '{' {
			return
		}
		for at++; ; at++ {
			begin := skipSpace(object, at)
			if begin >= len(object) || object[begin] != '"' {
				return
			}
			end := skipString(object, begin)
			value := skipSpace(object, end) + 1 // after the colon
			if value > len(object) {
				return
			}
			value = skipSpace(object, value)
			at = skipValue(object, value)
			if !yield(object[begin+1:end-1], object[value:at]) {
				return
			}
			if at = skipSpace(object, at); at >= len(object) || object[at] != ',' {
				return
			}
		}
	}
}

func skipSpace(b []byte, at int) int {
	for at < len(b) && (b[at] == ' ' || b[at] == '\n' || b[at] == '\t' || b[at] == '\r') {
		at++
	}
	return at
}

// skipString returns the index after the string that begins at a quotation mark.
func skipString(b []byte, at int) int {
	for at++; at < len(b); at++ {
		n := bytes.IndexByte(b[at:], '"')
		if n < 0 {
			return len(b)
		}
		at += n
		escapes := 0
		for b[at-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return at + 1
		}
	}
	return len(b)
}

// skipValue returns the index after the value that begins at at.
func skipValue(b []byte, at int) int {
	for depth := 0; at < len(b); {
		switch b[at] {
		case '"':
			if at = skipString(b, at); depth == 0 {
				return at
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 { // the end of a number
				return at
			}
			if depth--; depth == 0 {
				return at + 1
			}
		case ',', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return at
			}
		}
		at++
	}
	return at
}
