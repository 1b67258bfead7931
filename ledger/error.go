package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Code is the class of an Error. Each code is itself an error, so that
// errors.Is(err, ledger.Conflict) works across all boundaries.
type Code string

// The closed list of codes. New codes are appended; the order never changes.
const (
	NotFound    Code = "not_found"
	Conflict    Code = "conflict"
	InvalidCode Code = "invalid"
	Forbidden   Code = "forbidden"
	Unavailable Code = "unavailable"
)

// Error returns the code itself.
func (c Code) Error() string { return string(c) }

// Param is a named value for the sentence that describes an error.
type Param struct {
	Name  string `json:"name" zh:"名称" en:"name"`
	Value string `json:"value" zh:"取值" en:"value"`
}

// Error is the error type of all packages: its class, the reason, the field and the
// rule. It contains no sentences; those are added where it is shown to people. More
// lists the other faults of the same input, which have no More.
type Error struct {
	Code   Code     `json:"code"`
	Reason Reason   `json:"reason"`
	Field  string   `json:"field,omitempty"`
	Rule   string   `json:"rule,omitempty"`
	Params []Param  `json:"params,omitempty"`
	More   []*Error `json:"more,omitempty"`
}

// Error returns a text for logs: code and reason, then field and rule if they are
// set, and the number of further faults of the same input.
func (e *Error) Error() string {
	if len(e.More) == 0 {
		return e.text()
	}
	return e.text() + " and " + strconv.Itoa(len(e.More)) + " more"
}

func (e *Error) text() string {
	s := string(e.Code) + ": " + string(e.Reason)
	if e.Field != "" {
		s += fmt.Sprintf(" (field %s", e.Field)
		if e.Rule != "" {
			s += ", rule " + e.Rule
		}
		return s + ")"
	}
	if e.Rule != "" {
		s += " (rule " + e.Rule + ")"
	}
	return s
}

// Unwrap returns the code.
func (e *Error) Unwrap() error { return e.Code }

// With adds a named value for the sentence and returns e.
func (e *Error) With(name, value string) *Error {
	e.Params = append(e.Params, Param{name, value})
	return e
}

// Param returns the named value, or "".
func (e *Error) Param(name string) string {
	for _, p := range e.Params {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

// MaxFaults is the maximum number of faults of one input in an error.
const MaxFaults = 50

// All returns all faults of the input: the error itself without More, then the
// others.
func (e *Error) All() []*Error {
	if len(e.More) == 0 {
		return []*Error{e}
	}
	first := *e
	first.More = nil
	return append([]*Error{&first}, e.More...)
}

// Rename returns a copy of the error in which the field of every fault is replaced
// by name(field).
func (e *Error) Rename(name func(field string) string) *Error {
	c := *e
	c.Field = name(e.Field)
	c.More = nil
	for _, m := range e.More {
		other := *m
		other.Field = name(m.Field)
		c.More = append(c.More, &other)
	}
	return &c
}

// Join combines the errors of independent checks: the first fault, with the others
// as its More, at most MaxFaults in all. It returns nil if all errors are nil. If
// one of them is not a refusal, it returns only that one, since the fault is then
// not in the input.
func Join(errs ...error) error {
	var all []*Error
	for _, err := range errs {
		if err == nil {
			continue
		}
		e := AsError(err)
		if e == nil {
			return err
		}
		all = append(all, e.All()...)
	}
	if e := joined(all); e != nil {
		return e
	}
	return nil
}

// joined combines faults into one error; it returns nil for an empty list.
func joined(all []*Error) *Error {
	if len(all) == 0 {
		return nil
	}
	if len(all) == 1 {
		return all[0]
	}
	first := *all[0]
	first.More = all[1:min(len(all), MaxFaults)]
	return &first
}

// Allowed returns what would be accepted instead, from the parameters of the error;
// empty if they do not say.
func (e *Error) Allowed() string {
	if a := e.Param("allowed"); a != "" {
		return a
	}
	least, most, limit := e.Param("min"), e.Param("max"), e.Param("limit")
	switch {
	case e.Param("want") != "":
		return e.Param("want")
	case least != "" && most != "":
		return least + "–" + most
	case least != "":
		return "≥ " + least
	case most != "":
		return "≤ " + most
	case limit == "":
		return ""
	case strings.HasPrefix(e.Rule, "min"):
		return "≥ " + limit
	}
	return "≤ " + limit
}

// Text returns the JSON form, which can cross boundaries that only strings can
// pass.
func (e *Error) Text() string {
	b, err := json.Marshal(e)
	if err != nil {
		return `{"code":"unavailable","reason":"internal"}`
	}
	return string(b)
}

// ParseError parses the result of Text, and refuses any other text.
func ParseError(text string) (*Error, error) {
	var e Error
	if err := DecodeStrict([]byte(text), &e); err != nil {
		return nil, err
	}
	for i, m := range e.More {
		if m == nil || !m.Code.known() {
			return nil, Invalid(at("more", i)+".code", "enum")
		}
		if len(m.More) > 0 {
			return nil, Invalid(at("more", i)+".more", "not_nested")
		}
	}
	if !e.Code.known() {
		return nil, Invalid("code", "enum")
	}
	return &e, nil
}

func (c Code) known() bool {
	switch c {
	case NotFound, Conflict, InvalidCode, Forbidden, Unavailable:
		return true
	}
	return false
}

// AsError returns the *Error in err's chain, or nil.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return nil
}

// Invalid returns the error of a field that breaks a rule of form.
func Invalid(field, rule string) *Error {
	return &Error{Code: InvalidCode, Reason: ReasonField, Field: field, Rule: rule}
}

// Refuse returns the error of a call that is not allowed, with its class and
// reason.
func Refuse(code Code, reason Reason) *Error { return &Error{Code: code, Reason: reason} }

// At sets the field (or target) of the error and returns e.
func (e *Error) At(field string) *Error { e.Field = field; return e }

// By sets the rule (document and article, or our own short name) and returns e.
func (e *Error) By(rule string) *Error { e.Rule = rule; return e }

// maxQuoted is the maximum number of runes of a value in an error.
const maxQuoted = 100

// quote adds the wrong value, shortened, unless the value is empty or the error
// already has one. Characters that a text must not contain are replaced, so that
// the error's own text can be parsed and displays safely.
func (e *Error) quote(value string) *Error {
	if value == "" || e.Param("value") != "" {
		return e
	}
	return e.With("value", Quotable(value))
}

// allow adds what would be accepted instead, unless it is empty.
func (e *Error) allow(what string) *Error {
	if what == "" {
		return e
	}
	return e.With("allowed", what)
}

// Quotable returns a foreign text in a form that an error may repeat: at most 100
// characters, in NFC, without invisible characters or ones that change the
// direction of text.
func Quotable(value string) string { return shorten(value, maxQuoted) }

func shorten(value string, limit int) string {
	value = strings.Map(func(r rune) rune {
		if isRefusedCharacter(r) && r != '\n' && r != '\t' {
			return utf8.RuneError
		}
		return r
	}, value)
	if utf8.RuneCountInString(value) > limit {
		value = string([]rune(value)[:limit-1]) + "…"
	}
	if !norm.NFC.IsNormalString(value) {
		value = norm.NFC.String(value)
	}
	return value
}
