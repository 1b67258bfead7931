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
