package ledger

import (
	"reflect"
	"strings"
)

// Member returns the member of a struct (or of what a pointer to one points to)
// with this JSON name, embedded structs included.
func Member(v any, name string) (reflect.Value, bool) {
	rv := reflect.ValueOf(v)
	for rv.Kind() == reflect.Pointer {
		rv = rv.Elem()
	}
	return member(rv, name)
}

func member(rv reflect.Value, name string) (reflect.Value, bool) {
	for f, fv := range rv.Fields() {
		n, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && n == "" {
			if m, ok := member(fv, name); ok {
				return m, true
			}
			continue
		}
		if n == name {
			return fv, true
		}
	}
	return reflect.Value{}, false
}

// MemberText returns the member of that JSON name as text; empty where there is none.
func MemberText(v any, name string) string {
	m, ok := Member(v, name)
	if !ok || m.Kind() != reflect.String {
		return ""
	}
	return m.String()
}
