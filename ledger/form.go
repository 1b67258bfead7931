package ledger

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// CheckForm checks a struct, or the struct that a pointer points to, against the form
// tags of its members. It returns all faults at once: the first one, with the others as
// its More, at most MaxFaults. Path is put before the names of the members.
//
// A form tag is a list of words, separated by commas. Only the first word that a value
// breaks is reported:
//
//	text=1..100     a public text of that many runes (CheckText)
//	token=64        a machine word of at most that many bytes (CheckToken)
//	word=64         at most that many of the characters a–z 0–9 _; may be empty
//	bytes=0..300    that many bytes, any characters
//	enum=levels     a word of the closed list with that name
//	pattern=page    a text that matches the pattern with that name
//	ref=party/order a reference to a record of one of these kinds
//	min=0           a number that is not smaller
//	range=0..100    a number between the two, both included
//	ms              a moment: Unix time in milliseconds
//	true            must be true
//	jws             a compact JWS: required; it is checked where it is decoded
//	list=1..500     that many members, all different; the words after it apply to each
//	repeats         of a list: members may be equal, or a method checks that they differ
//	quiet           the value is not repeated in an error
//	-               checked by a method or by the contract, not here
//	needed          required by the method that checks the member
//
// A tag need:"zh|en" says in words when a member is required, if that depends on other
// members or records: "未给出 items_object|unless items_object is given".
//
// A struct is checked by its own tags. A type with its own method Validate(field) is
// checked by that method. A member with omitempty is optional. A struct with a method
// rules uses it to check its members against each other, after each was checked alone. A
// struct with rules that embeds another struct with rules must call both.
func CheckForm(path string, v any) error {
	val := reflect.ValueOf(v)
	if val.Kind() != reflect.Pointer {
		p := reflect.New(val.Type())
		p.Elem().Set(val)
		val = p
	}
	f := faults{}
	if path != "" {
		f.path = append(make([]step, 0, maxSteps), step{name: path})
	} else {
		f.path = make([]step, 0, maxSteps)
	}
	f.checkStruct(planOf(val.Type().Elem()), val.Elem())
	if e := joined(f.found); e != nil {
		return e
	}
	return nil
}

// ruled is a struct with rules between its members.
type ruled interface{ rules(f *faults) }

// maxSteps is the initial capacity for the path, enough for the arguments of all
// calls.
const maxSteps = 8

// step is one step of a path: to a member, or to a member of a list.
type step struct {
	name  string
	place int
}

// faults collects the faults of one input, and has the path of the value that is
// being checked.
type faults struct {
	path   []step
	found  []*Error
	unread []*Error // faults of members that could not be read: the first ones of found
}

func (f *faults) isFull() bool { return len(f.found) >= MaxFaults }

// refuse adds faults of the struct being checked; their fields are relative to it.
func (f *faults) refuse(errs ...error) {
	for _, err := range errs {
		e := AsError(err)
		if e == nil {
			continue
		}
		for _, one := range e.All() {
			one.Field = f.under(one.Field)
			if !f.isFull() && !f.isUnread(one.Field) {
				f.found = append(f.found, one)
			}
		}
	}
}

// sound reports whether the named members, and everything in them, have no fault.
func (f *faults) sound(names ...string) bool {
	if len(f.found) == 0 {
		return true
	}
	for _, name := range names {
		path := f.under(name)
		for _, e := range f.found {
			if within(e.Field, path) {
				return false
			}
		}
	}
	return true
}

// isUnread reports whether a field could not be read, or is in a value that could
// not be.
func (f *faults) isUnread(field string) bool {
	return slices.ContainsFunc(f.unread, func(e *Error) bool { return within(field, e.Field) })
}

// within reports whether a field is the one that a path names, or is inside it.
func within(field, path string) bool {
	rest, ok := strings.CutPrefix(field, path)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// under puts the path of the value being checked before a relative field.
func (f *faults) under(field string) string {
	var b strings.Builder
	for _, s := range f.path {
		switch {
		case s.name == "":
			b.WriteString("[" + strconv.Itoa(s.place) + "]")
		case b.Len() > 0:
			b.WriteString("." + s.name)
		default:
			b.WriteString(s.name)
		}
	}
	if field == "" || strings.HasPrefix(field, ".") {
		return b.String() + field
	}
	return join(b.String(), field)
}

func (f *faults) enter(s step) { f.path = append(f.path, s) }
func (f *faults) leave()       { f.path = f.path[:len(f.path)-1] }

// checkStruct checks the members in order, then the rules between them.
func (f *faults) checkStruct(p *plan, v reflect.Value) {
	for i := range p.members {
		m := &p.members[i]
		if m.form.unchecked {
			continue
		}
		fv := m.of(v)
		if m.optional && fv.IsZero() {
			continue
		}
		f.enter(step{name: m.name})
		f.check(m.form, fv)
		f.leave()
		if f.isFull() {
			return
		}
	}
	if p.ruled {
		if r, ok := reflect.TypeAssert[ruled](v.Addr()); ok {
			r.rules(f)
		}
	}
}

func (f *faults) check(form *form, v reflect.Value) {
	if form.pointer {
		if v.IsNil() {
			f.refuse(Invalid("", "required"))
			return
		}
		v = v.Elem()
	}
	switch {
	case form.each != nil:
		f.checkList(form, v)
	case form.plan != nil:
		f.checkStruct(form.plan, v)
	default:
		for _, check := range form.checks {
			if e := check(v); e != nil {
				f.refuse(form.explain(e, v))
				return
			}
		}
	}
}

// checkList checks the number of members, then each member. It does not check a
// repeated member twice.
func (f *faults) checkList(form *form, v reflect.Value) {
	n := v.Len()
	if e := checkCount(n, form.lower, form.upper); e != nil {
		f.refuse(e)
		return
	}
	twice := -1
	if form.twice != nil {
		twice = form.twice(v)
	}
	for i := range n {
		f.enter(step{place: i})
		if i == twice {
			f.refuse(form.each.explain(Invalid("", "not_twice"), v.Index(i)))
		} else {
			f.check(form.each, v.Index(i))
		}
		f.leave()
		if f.isFull() {
			return
		}
	}
}

// explain adds the wrong value and what is allowed to an error.
func (f *form) explain(e *Error, v reflect.Value) *Error {
	if !f.quiet && e.Rule != "required" {
		e = e.quote(plainValue(v))
	}
	if f.allowed != "" && e.Param("allowed") == "" {
		e = e.With("allowed", f.allowed)
	}
	return e
}

// plainValue returns the text form of a text, number or boolean, and "" for any
// other value.
func plainValue(v reflect.Value) string {
	switch {
	case v.Kind() == reflect.String:
		return v.String()
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10)
	case v.Kind() == reflect.Bool:
		return strconv.FormatBool(v.Bool())
	}
	return ""
}
