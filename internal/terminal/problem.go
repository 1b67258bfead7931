package terminal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// problem is an error as programs read it: the members of the API's problem. Code and
// reason are left out where nothing was refused, such as for a file that is not there.
type problem struct {
	Title  string         `json:"title"`
	Detail string         `json:"detail,omitempty"`
	Code   ledger.Code    `json:"code,omitempty"`
	Reason ledger.Reason  `json:"reason,omitempty"`
	Field  string         `json:"field,omitempty"`
	Rule   string         `json:"rule,omitempty"`
	Params []ledger.Param `json:"params,omitempty"`
	Errors []words.Fault  `json:"errors,omitempty"`
}

// Report prints why a command failed, in the language: one sentence or more after the
// program's name, or for programs one JSON object on a line of its own. A refusal by
// the node is printed as the node said it.
func Report(w io.Writer, program, lang string, asJSON bool, err error) {
	if !asJSON {
		fmt.Fprintf(w, "%s: %s\n", program, Explain(err, lang))
		return
	}
	if told, ok := errors.AsType[*client.Problem](err); ok && len(told.Raw) > 0 {
		fmt.Fprintf(w, "%s\n", told.Raw)
		return
	}
	printProblem(w, problemOf(err, lang))
}

// ReportUsage prints what is wrong with a command line, as Report does.
func ReportUsage(w io.Writer, program, lang string, asJSON bool, err error) {
	if !asJSON {
		fmt.Fprintf(w, "%s: %s\n", program, Usage(lang, program, err))
		return
	}
	printProblem(w, problem{Title: say(lang, "用法有误", "Wrong usage"), Detail: usageSentence(lang, err)})
}

func problemOf(err error, lang string) problem {
	p := problem{Title: say(lang, "未能完成", "The command failed"), Detail: Explain(err, lang)}
	e := ledger.AsError(err)
	if e == nil {
		return p
	}
	if title, _ := words.Sentence(lang, e); title != "" {
		p.Title = title
	}
	p.Code, p.Reason, p.Field, p.Rule, p.Params, p.Errors = e.Code, e.Reason, e.Field, e.Rule, e.Params, words.Faults(e)
	var form any
	if f, ok := errors.AsType[*formError](err); ok {
		form = f.form
	}
	for i := range p.Errors {
		p.Errors[i].Fill(lang, labelOf(form, p.Errors[i].Field))
	}
	return p
}

func printProblem(w io.Writer, p problem) {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	if err := e.Encode(p); err != nil {
		fmt.Fprintln(w, err)
	}
}
