package words

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/datacadastre/cadastre/ledger"
)

// Cause makes an error that says why in the language of its reader. The packages of the
// ledger word their errors in English only; the Chinese is in the table causes.
func Cause(err error) error {
	if err == nil {
		return nil
	}
	return &causeError{err}
}

type causeError struct{ err error }

func (e *causeError) Error() string { return e.err.Error() }

func (e *causeError) Unwrap() error { return e.err }

// In returns the error's text in a language.
func (e *causeError) In(lang string, _ func(error) string) string { return CauseIn(lang, e.err) }

// CauseIn returns the text of an error in a language, with those that it wraps.
func CauseIn(lang string, err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	switch e := err.(type) { //nolint:errorlint // the chain is walked here
	case *ledger.Error:
		return refusal(lang, e)
	case *Error:
		return e.In(lang, func(inner error) string { return CauseIn(lang, inner) })
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			text = strings.Replace(text, inner.Error(), CauseIn(lang, inner), 1)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			text = strings.Replace(text, inner.Error(), CauseIn(lang, inner), 1)
		}
	}
	return Translate(lang, text)
}

// refusal words an error of the ledger without the advice for the one who made the call.
func refusal(lang string, e *ledger.Error) string {
	if e.Code != ledger.InvalidCode {
		title, _ := Sentence(lang, e)
		return title
	}
	var faults []string
	for _, f := range e.All() {
		faults = append(faults, OfFault(lang, f, ledger.Words{}))
	}
	return strings.Join(faults, Of(lang, ledger.Words{ZH: "；", EN: "; "}))
}

// Translate returns the text of an error of the ledger's packages in a language: the
// text itself in English, or if the table causes does not have it.
func Translate(lang, text string) string {
	if lang == "en" {
		return text
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line != text {
			text = strings.Replace(text, line, Translate(lang, line), 1)
		}
	}
	if m := failureText.FindStringSubmatch(text); m != nil {
		return checkFailure(m[1], m[2], m[3])
	}
	for _, c := range compiledCauses() {
		if m := c.form.FindStringSubmatch(text); m != nil {
			return c.fill(m[1:])
		}
	}
	if before, rest, ok := strings.Cut(text, ": "); ok {
		if _, known := ledger.ActOf(ledger.Function(before)); known {
			return Act("zh", ledger.Function(before)) + "：" + Translate(lang, rest)
		}
	}
	return text
}

// failureText is the text of an evidence.Failure.
var failureText = regexp.MustCompile(`^evidence: (\w+)(?: at ([^ ]+))?(?:: (.*))?$`)

func checkFailure(check, at, why string) string {
	s := Check("zh", check)
	if at != "" {
		s += "（" + at + "）"
	}
	if why != "" {
		s += "：" + Translate("zh", why)
	}
	return s
}

// cause is a format of an error in English, as an expression, and in Chinese.
type cause struct {
	form *regexp.Regexp
	zh   string
}

// verbOf finds a verb of a format, with its number if it has one.
var verbOf = regexp.MustCompile(`%(?:\[(\d)\])?[sdqvw]`)

// compiledCauses returns the table with its expressions, which are compiled when the first
// error is translated. A Chinese format takes the values in the same order, or by number.
var compiledCauses = sync.OnceValue(func() []cause {
	rows := append(slices.Clone(causes), storeCauses...)
	list := make([]cause, len(rows))
	for i, row := range rows {
		verbs := verbOf.FindAllString(row[0], -1)
		form := strings.ReplaceAll(regexp.QuoteMeta(row[0]), ": ", "(?:: |：)") // either colon may be before what is translated already
		for _, v := range verbs {
			form = strings.Replace(form, v, map[string]string{"%d": `(-?\d+)`, "%q": `("(?:[^"\\]|\\.)*")`, "%s": `(.+?)`, "%v": `(.+)`, "%w": `(.+)`}[v], 1)
		}
		list[i] = cause{regexp.MustCompile("^(?s:" + form + ")$"), row[1]}
	}
	return list
})

// fill puts values into the Chinese format. Errors and places among them are translated,
// and the name of a function gets its title.
func (c cause) fill(values []string) string {
	next := 0
	return verbOf.ReplaceAllStringFunc(c.zh, func(v string) string {
		i := next
		if m := verbOf.FindStringSubmatch(v); m[1] != "" {
			i = int(m[1][0]-'0') - 1
		}
		next = i + 1
		value := values[i]
		if _, known := ledger.ActOf(ledger.Function(value)); known {
			return Act("zh", ledger.Function(value))
		}
		return Translate("zh", value)
	})
}
