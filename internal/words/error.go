package words

import (
	"fmt"

	"github.com/datacadastre/cadastre/ledger"
)

// Error is an error with its sentence in both languages. Logs show the English one, a
// terminal the one in its user's language.
type Error struct {
	sentence ledger.Words
	args     []any
}

// Errorf returns an error with a sentence in Chinese and in English. Both are formats for
// the same arguments in the same order. It wraps the errors among the arguments, whose
// verb is %v.
func Errorf(zh, en string, args ...any) error {
	return &Error{ledger.Words{ZH: zh, EN: en}, args}
}

// Error returns the English sentence.
func (e *Error) Error() string {
	return e.In("en", func(err error) string { return err.Error() })
}

// In returns the sentence in a language. It calls render for the text of the errors
// among its arguments.
func (e *Error) In(lang string, render func(error) string) string {
	args := make([]any, len(e.args))
	for i, a := range e.args {
		if err, ok := a.(error); ok {
			a = render(err)
		}
		args[i] = a
	}
	return fmt.Sprintf(Of(lang, e.sentence), args...)
}

// Unwrap returns the errors among the arguments.
func (e *Error) Unwrap() []error {
	var list []error
	for _, a := range e.args {
		if err, ok := a.(error); ok {
			list = append(list, err)
		}
	}
	return list
}
