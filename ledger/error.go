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

// Code is the class of an Error; each is itself an error, so that
// errors.Is(err, ledger.Conflict) holds across every boundary.
type Code string

// The closed list of codes. Append, never reorder.
const (
	NotFound    Code = "not_found"
	Conflict    Code = "conflict"
	InvalidCode Code = "invalid"
	Forbidden   Code = "forbidden"
	Unavailable Code = "unavailable"
)

// Error is the code itself.
func (c Code) Error() string { return string(c) }

// Param is one named value of a sentence.
type Param struct {
	Name  string `json:"name" zh:"名称" en:"name"`
	Value string `json:"value" zh:"取值" en:"value"`
}

// Error is the one typed error: what class, for which reason, at which field,
// against which rule. It holds no prose; the edge has the sentences. More are
// the other faults of the same input; they have no More of their own.
type Error struct {
	Code   Code     `json:"code"`
	Reason Reason   `json:"reason"`
	Field  string   `json:"field,omitempty"`
	Rule   string   `json:"rule,omitempty"`
	Params []Param  `json:"params,omitempty"`
	More   []*Error `json:"more,omitempty"`
}

// Error is for logs: code and reason, then field and rule where there are any,
// and how many faults of the same input follow.
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

// Unwrap is the code.
func (e *Error) Unwrap() error { return e.Code }

// With adds a named value for the sentence and returns e.
func (e *Error) With(name, value string) *Error {
	e.Params = append(e.Params, Param{name, value})
	return e
}

// Param is the named value, or empty.
func (e *Error) Param(name string) string {
	for _, p := range e.Params {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

// MaxFaults is the most faults of one input that an error lists.
const MaxFaults = 50

// All lists every fault of the input: the error itself without More, then the others.
func (e *Error) All() []*Error {
	if len(e.More) == 0 {
		return []*Error{e}
	}
	first := *e
	first.More = nil
	return append([]*Error{&first}, e.More...)
}

// Rename returns a copy of the error in which the field of every fault is what
// name makes of it.
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

// Join makes one error of independent checks: the first fault with the others as
// its More, at most MaxFaults together. It returns nil where all hold, and an
// error that is not a refusal alone, since the input is then not to blame.
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

// joined puts faults into one error, or returns nil.
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

// Allowed says what would be taken instead, from the parameters of the error; empty
// where they do not say.
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

// Text is the JSON form that crosses boundaries where only strings pass.
func (e *Error) Text() string {
	b, err := json.Marshal(e)
	if err != nil {
		return `{"code":"unavailable","reason":"internal"}`
	}
	return string(b)
}

// ParseError reads Text back. A text that is not one is refused.
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

// AsError is the typed error in err's chain, or nil.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return nil
}

// Invalid is the error of a field that breaks a rule of form.
func Invalid(field, rule string) *Error {
	return &Error{Code: InvalidCode, Reason: ReasonField, Field: field, Rule: rule}
}

// Refuse is the error of a call that may not be done: its class and reason.
func Refuse(code Code, reason Reason) *Error { return &Error{Code: code, Reason: reason} }

// At names the field (or target) that the error speaks of.
func (e *Error) At(field string) *Error { e.Field = field; return e }

// By names the rule (document and article, or our own short name).
func (e *Error) By(rule string) *Error { e.Rule = rule; return e }

// maxQuoted is the most runes of a value that an error repeats.
const maxQuoted = 100

// quote adds the value at fault, shortened, unless the error has one already or
// there is none. What no text may have is replaced, so that the error's own text
// can be read back and shows as what it is.
func (e *Error) quote(value string) *Error {
	if value == "" || e.Param("value") != "" {
		return e
	}
	return e.With("value", Quotable(value))
}

// allow adds what would be taken instead, where there is a word for it.
func (e *Error) allow(what string) *Error {
	if what == "" {
		return e
	}
	return e.With("allowed", what)
}

// Quotable returns a text of somebody else's as an error may repeat it: at most 100
// characters, in NFC, none of them unseen or turning the direction of what follows.
func Quotable(value string) string { return shorten(value, maxQuoted) }

func shorten(value string, most int) string {
	value = strings.Map(func(r rune) rune {
		if isRefusedCharacter(r) && r != '\n' && r != '\t' {
			return utf8.RuneError
		}
		return r
	}, value)
	if utf8.RuneCountInString(value) > most {
		value = string([]rune(value)[:most-1]) + "…"
	}
	if !norm.NFC.IsNormalString(value) {
		value = norm.NFC.String(value)
	}
	return value
}
