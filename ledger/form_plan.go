package ledger

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// plan is the decoded form tags of a struct type.
type plan struct {
	members []member         // in order; members of embedded structs at their place
	shapes  map[string]shape // by JSON name, with the index among the members
	ruled   bool
}

// member is one member of a struct.
type member struct {
	name     string
	index    []int
	label    Words
	optional bool // may be left out
	need     *Words
	form     *form
}

// of returns the member's value in v.
func (m *member) of(v reflect.Value) reflect.Value {
	if len(m.index) == 1 {
		return v.Field(m.index[0])
	}
	return v.FieldByIndex(m.index)
}

// form describes the valid values of a member.
type form struct {
	kind      string
	enum      *Enum
	min, max  *int64
	pattern   string // short description for people
	regexp    string
	rule      string // rule that a value in another format breaks
	allowed   string // text about allowed values for errors
	pointer   bool
	quiet     bool
	unchecked bool
	needed    bool // required by a method, which checks it
	checks    []check
	zero      reflect.Value // value of a missing member

	each         *form // form of the members of a list
	lower, upper int
	twice        func(list reflect.Value) int
	plan         *plan // plan of an object
}

// isQuiet reports whether the value, or a member of the list, must not be repeated
// in an error.
func (f *form) isQuiet() bool { return f.quiet || f.each != nil && f.each.isQuiet() }

// check returns the fault of a value, with a field relative to it, or nil.
type check func(v reflect.Value) *Error

// plans are the plans, by type, of all structs in forms and calls. They are created
// when the program starts and never change.
var plans = makePlans(plannedTypes()...)

func makePlans(values ...any) map[reflect.Type]*plan {
	made := planner{}
	for _, v := range values {
		t := reflect.TypeOf(v)
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		made.plan(t)
	}
	return made
}

// planOf returns the plan of a struct type. For a type that is not in plans it
// creates a plan on each call.
func planOf(t reflect.Type) *plan {
	if p, ok := plans[t]; ok {
		return p
	}
	return planner{}.plan(t)
}

// planner creates plans. A recursive type has one plan.
type planner map[reflect.Type]*plan

func (made planner) plan(t reflect.Type) *plan {
	if p, ok := made[t]; ok {
		return p
	}
	p := &plan{
		members: make([]member, 0, t.NumField()), shapes: make(map[string]shape, t.NumField()),
		ruled: reflect.PointerTo(t).Implements(reflect.TypeFor[ruled]()),
	}
	made[t] = p
	made.add(p, t, nil)
	return p
}

func (made planner) add(p *plan, t reflect.Type, index []int) {
	for sf := range t.Fields() {
		name, options, _ := strings.Cut(sf.Tag.Get("json"), ",")
		at := append(slices.Clone(index), sf.Index...)
		switch {
		case sf.Anonymous && name == "" && sf.Type.Kind() == reflect.Struct:
			made.add(p, sf.Type, at)
			continue
		case name == "-" || !sf.IsExported():
			continue
		case name == "":
			name = sf.Name
		}
		optional := slices.Contains(strings.Split(options, ","), "omitempty")
		form, err := made.form(sf.Type, sf.Tag.Get("form"))
		if err != nil {
			panic(fmt.Sprintf("form of %s.%s: %v", t, sf.Name, err))
		}
		p.shapes[name] = shape{t: sf.Type, quiet: form.isQuiet(), place: len(p.members)}
		p.members = append(p.members, member{name: name, index: at, label: Words{sf.Tag.Get("zh"), sf.Tag.Get("en")}, optional: optional, need: needOf(sf.Tag.Get("need")), form: form})
	}
}

// needOf returns the words of a tag "zh|en" that say when a member is required.
func needOf(tag string) *Words {
	if tag == "" {
		return nil
	}
	zh, en, _ := strings.Cut(tag, "|")
	if zh != "" && zh[len(zh)-1] < utf8.RuneSelf { // a space between a word of the ledger and Chinese
		zh += " "
	}
	return &Words{zh + "时必填", "needed " + en}
}

// form parses the tag of a value of type t.
func (made planner) form(t reflect.Type, tag string) (*form, error) {
	f := &form{}
	if t.Kind() == reflect.Pointer {
		t, f.pointer = t.Elem(), true
	}
	if t.Kind() == reflect.Slice && t != rawType && t.Elem().Kind() != reflect.Uint8 {
		return f, made.listForm(f, t, tag)
	}
	f.zero = reflect.New(t).Elem()
	switch {
	case f.ownForm(t):
	case t.Kind() == reflect.Struct:
		f.kind, f.plan = FieldObject, made.plan(t)
	default:
		f.kind = plainKind(t)
	}
	for word := range strings.SplitSeq(tag, ",") {
		name, arg, _ := strings.Cut(word, "=")
		if err := f.word(name, arg); err != nil {
			return nil, fmt.Errorf("word %q: %w", word, err)
		}
	}
	return f, nil
}

func (made planner) listForm(f *form, t reflect.Type, tag string) error {
	f.kind, f.upper = FieldList, MaxList
	var each []string
	unique := strings.HasPrefix(tag, "list=")
	for word := range strings.SplitSeq(tag, ",") {
		name, arg, _ := strings.Cut(word, "=")
		switch name {
		case "list":
			lower, upper, err := bounds(arg)
			if err != nil {
				return err
			}
			f.lower, f.upper, f.min, f.max = int(lower), int(upper), &lower, &upper
		case "repeats":
			unique = false
		case "-":
			f.unchecked = true
		default:
			each = append(each, word)
		}
	}
	if unique {
		f.twice = twiceIn(t)
	}
	var err error
	f.each, err = made.form(t.Elem(), strings.Join(each, ","))
	return err
}

// twiceIn returns a function that finds the index of a repeated member of a list of
// type t. It returns nil if the members cannot be compared.
func twiceIn(t reflect.Type) func(list reflect.Value) int {
	switch {
	case t == reflect.TypeFor[[]Material]():
		return typedTwice[Material]
	case t == reflect.TypeFor[[]Purpose]():
		return typedTwice[Purpose]
	case t.Elem().Kind() == reflect.String:
		return func(list reflect.Value) int {
			return twice(list.Len(), func(i, j int) bool { return list.Index(i).String() == list.Index(j).String() })
		}
	case t.Elem().Comparable():
		return func(list reflect.Value) int {
			return twice(list.Len(), func(i, j int) bool { return list.Index(i).Equal(list.Index(j)) })
		}
	}
	return nil
}

func typedTwice[T comparable](list reflect.Value) int {
	l, _ := reflect.TypeAssert[[]T](list)
	return repeated(l)
}

func twice(n int, same func(i, j int) bool) int {
	for i := range n {
		for j := range i {
			if same(i, j) {
				return i
			}
		}
	}
	return -1
}

// bounds parses "1..100"; a single number is the upper bound.
func bounds(s string) (lower, upper int64, err error) {
	a, b, two := strings.Cut(s, "..")
	if !two {
		a, b = "0", s
	}
	if lower, err = strconv.ParseInt(a, 10, 64); err == nil {
		upper, err = strconv.ParseInt(b, 10, 64)
	}
	return lower, upper, err
}
