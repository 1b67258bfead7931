package words

import (
	"fmt"

	"github.com/datacadastre/cadastre/ledger"
)

// Error is an error that has its sentence in both languages. Logs have the English
// one; whoever reads an error at a terminal gets that of his language.
type Error struct {
	sentence ledger.Words
	args     []any
}

// Errorf makes an error of a sentence in Chinese and in English, two formats over the
// same arguments in the same order. Errors among the arguments are wrapped: their verb
// is %v.
func Errorf(zh, en string, args ...any) error {
	return &Error{ledger.Words{ZH: zh, EN: en}, args}
}

// Error is the English sentence.
func (e *Error) Error() string {
	return e.In("en", func(err error) string { return err.Error() })
}

// In is the sentence of a language; render words the errors among its arguments.
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
