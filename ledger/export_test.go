package ledger

import (
	"reflect"
	"slices"
	"strings"
)

// FormTypes are the structs whose forms are planned when the program starts, but
// for those that are only decoded.
var FormTypes = func() []any {
	var list []any
	for t := range plans {
		if !slices.Contains([]string{"Call", "Header", "Error", "Param", "JWK", "Salted", "Revision"}, t.Name()) {
			list = append(list, reflect.New(t).Elem().Interface())
		}
	}
	slices.SortFunc(list, func(a, b any) int { return strings.Compare(reflect.TypeOf(a).Name(), reflect.TypeOf(b).Name()) })
	return list
}()

// FormCheck is a form with a regular expression, and whether it takes a text.
type FormCheck struct {
	Regexp string
	Takes  func(s string) bool
}

// FormChecks returns the named patterns, words and types of forms that have a
// regular expression.
func FormChecks() map[string]FormCheck {
	list := map[string]FormCheck{}
	add := func(name string, f *form) {
		if f.regexp != "" {
			list[name] = FormCheck{f.regexp, func(s string) bool {
				v := reflect.New(f.zero.Type()).Elem()
				v.SetString(s)
				return !f.refuses(v)
			}}
		}
	}
	for name := range patterns {
		tag := "pattern=" + name
		if name == "object" { // whose regular expression holds for a token
			tag = "token=1000," + tag
		}
		add(name, must(planner{}.form(reflect.TypeFor[string](), tag)))
	}
	for _, tag := range []string{"token=1000", "word=1000", "ref=order/license"} {
		add(tag, must(planner{}.form(reflect.TypeFor[string](), tag)))
	}
	for _, t := range []reflect.Type{
		reflect.TypeFor[ID](), reflect.TypeFor[Digest](), reflect.TypeFor[Date](), reflect.TypeFor[Region](),
		reflect.TypeFor[USCC](), reflect.TypeFor[CadCode](), reflect.TypeFor[KeyID](),
	} {
		f := must(planner{}.form(t, ""))
		add(f.kind, f)
	}
	return list
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
