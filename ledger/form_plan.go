package ledger

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// plan is what the tags of one struct type say, read once.
type plan struct {
	members []member         // in order; those of embedded structs stand in their place
	shapes  map[string]shape // by JSON name, with their place among the members
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

// of returns the member's value.
func (m *member) of(v reflect.Value) reflect.Value {
	if len(m.index) == 1 {
		return v.Field(m.index[0])
	}
	return v.FieldByIndex(m.index)
}

// form is what a value must be.
type form struct {
	kind      string
	enum      *Enum
	min, max  *int64
	pattern   string // short words for people
	regexp    string
	rule      string // that a value of another shape breaks
	allowed   string // what an error says is allowed
	pointer   bool
	quiet     bool
	unchecked bool
	needed    bool // by a method, which checks it
	checks    []check
	zero      reflect.Value // what a member that was left out is

	each        *form // of a list
	least, most int
	twice       func(list reflect.Value) int
	plan        *plan // of an object
}

// isQuiet reports whether a value, or a member of the list, is not repeated in an error.
func (f *form) isQuiet() bool { return f.quiet || f.each != nil && f.each.isQuiet() }

// check returns the fault of one value, its field relative to it, or nil.
type check func(v reflect.Value) *Error

// plans are the plans of all structs that forms and calls are made of, by type.
// They are made when the program starts and never change.
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

// planOf returns the plan of a struct type. A type that is not listed is planned
// for this use only.
func planOf(t reflect.Type) *plan {
	if p, ok := plans[t]; ok {
		return p
	}
	return planner{}.plan(t)
}

// planner makes plans; a type that leads back to itself has one plan.
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

// needOf words when a member may not be left out, from a tag "zh|en".
func needOf(tag string) *Words {
	if tag == "" {
		return nil
	}
	zh, en, _ := strings.Cut(tag, "|")
	if zh != "" && zh[len(zh)-1] < utf8.RuneSelf { // a blank between a word of the ledger and Chinese
		zh += " "
	}
	return &Words{zh + "时必填", "needed " + en}
}

// form reads the tag of a value of type t.
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
	f.kind, f.most = FieldList, MaxList
	var each []string
	unique := strings.HasPrefix(tag, "list=")
	for word := range strings.SplitSeq(tag, ",") {
		name, arg, _ := strings.Cut(word, "=")
		switch name {
		case "list":
			least, most, err := bounds(arg)
			if err != nil {
				return err
			}
			f.least, f.most, f.min, f.max = int(least), int(most), &least, &most
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

// twiceIn returns the function that finds a member of a list of type t that is
// there before; nil where members can't be compared.
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

// bounds reads "1..100"; "100" alone is the most.
func bounds(s string) (least, most int64, err error) {
	a, b, two := strings.Cut(s, "..")
	if !two {
		a, b = "0", s
	}
	if least, err = strconv.ParseInt(a, 10, 64); err == nil {
		most, err = strconv.ParseInt(b, 10, 64)
	}
	return least, most, err
}
