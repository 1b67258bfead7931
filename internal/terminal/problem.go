package terminal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// problem is an error for programs, with the members of the API's problem. It has no code
// and reason if nothing was refused, such as for a file that does not exist.
type problem struct {
	Title  string         `json:"title"`
	Detail string         `json:"detail,omitempty"`
	Code   ledger.Code    `json:"code,omitempty"`
	Reason ledger.Reason  `json:"reason,omitempty"`
	Field  string         `json:"field,omitempty"`
	Rule   string         `json:"rule,omitempty"`
	Params []ledger.Param `json:"params,omitempty"`
	Errors []words.Fault  `json:"errors,omitempty"`
	Hint   string         `json:"hint,omitempty"` // what this program knows and the node does not
}

// Voice reports errors to the user of a program.
type Voice struct {
	Err           io.Writer
	Program, Lang string
	JSON          bool // print one JSON object on one line, for programs
}

// Waits returns a function that says that the node has the program wait.
func Waits(to io.Writer, lang string) func(time.Duration) {
	return func(d time.Duration) {
		seconds := strconv.FormatFloat(d.Seconds(), 'f', -1, 64)
		fmt.Fprintln(to, say(lang, "请求过于频繁：按节点要求等待 "+seconds+" 秒后自动继续", "Too many requests: waiting "+seconds+" s, as the node asks, then going on"))
	}
}

// Failed prints why a command failed: after the program's name, or as a problem with the
// title. Without a title the problem has the sentence of its reason. A refusal by the node
// is printed as the node sent it, with this program's hint if there is one.
func (v Voice) Failed(err error, title ledger.Words) {
	if !v.JSON {
		fmt.Fprintf(v.Err, "%s: %s\n", v.Program, Explain(err, v.Lang))
		return
	}
	if answer, ok := errors.AsType[*client.Problem](err); ok && len(answer.Raw) > 0 {
		fmt.Fprintf(v.Err, "%s\n", withHint(answer.Raw, hintOf(err, v.Lang)))
		return
	}
	p := problemOf(err, v.Lang)
	if s := words.Of(v.Lang, title); s != "" {
		p.Title = s
	}
	v.print(p)
}

// Misused prints what is wrong with a command line, and which help to read.
func (v Voice) Misused(err error) {
	if !v.JSON {
		fmt.Fprintf(v.Err, "%s: %s\n", v.Program, Usage(v.Lang, v.Program, err))
		return
	}
	v.print(problem{Title: say(v.Lang, "用法有误", "Wrong usage"), Detail: usageSentence(v.Lang, err)})
}

func (v Voice) print(p problem) {
	e := json.NewEncoder(v.Err)
	e.SetEscapeHTML(false)
	if err := e.Encode(p); err != nil {
		fmt.Fprintln(v.Err, err)
	}
}

// hintOf returns the hint of an error; empty if it has no hint.
func hintOf(err error, lang string) string {
	if hinted, ok := errors.AsType[*client.HintedError](err); ok {
		return render(lang, nil, hinted.Hint)
	}
	return ""
}

// withHint adds the member hint to an object in JSON.
func withHint(object []byte, hint string) []byte {
	body, isObject := bytes.CutSuffix(object, []byte("}"))
	if hint == "" || !isObject {
		return object
	}
	quoted, err := json.Marshal(hint)
	if err != nil {
		return object
	}
	return slices.Concat(body, []byte(`,"hint":`), quoted, []byte("}"))
}

func problemOf(err error, lang string) problem {
	p := problem{Title: say(lang, "未能完成", "The command failed"), Detail: Explain(err, lang), Hint: hintOf(err, lang)}
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
