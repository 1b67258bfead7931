package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
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
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Error is the one typed error: what class, for which reason, at which field,
// against which rule. It holds no prose; the edge has the sentences.
type Error struct {
	Code   Code    `json:"code"`
	Reason Reason  `json:"reason"`
	Field  string  `json:"field,omitempty"`
	Rule   string  `json:"rule,omitempty"`
	Params []Param `json:"params,omitempty"`
}

// Error is for logs: code and reason, then field and rule where there are any.
func (e *Error) Error() string {
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
	switch e.Code {
	case NotFound, Conflict, InvalidCode, Forbidden, Unavailable:
		return &e, nil
	}
	return nil, Invalid("code", "enum")
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
