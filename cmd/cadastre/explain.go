package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// explain words an error for the terminal: what happened and what to do next.
func explain(err error, lang string) string {
	say := func(zh, en string) string {
		if lang == "en" {
			return en
		}
		return zh
	}
	var told *client.Problem
	e := ledger.AsError(err)
	switch {
	case errors.Is(err, context.Canceled):
		return say("已中断。再次运行同一命令即可继续。", "stopped. Run the same command again to go on.")
	case errors.As(err, &told):
		return within(err, told, toldSentence(told, lang, say))
	case e == nil:
		return err.Error()
	case errors.Is(err, ledger.Unavailable):
		return unanswered(err, e) + say("\n请确认节点在运行，然后再次运行同一命令。", "\nMake sure that the node is running, then run the same command again.")
	}
	var form any
	if f, ok := errors.AsType[*formError](err); ok {
		form = f.form
	}
	return within(err, e, sentenceOf(e, form, lang, say))
}

// formError is the refusal of an input that is read into the struct form, whose
// labels name its members.
type formError struct {
	error
	form any
}

func (e *formError) Unwrap() error { return e.error }

// ofForm says what an error is about; nil stays nil.
func ofForm(err error, form any) error {
	if err == nil {
		return nil
	}
	return &formError{err, form}
}

// within puts the sentence where the error's own text stands, so that what it
// was about (a file, a line) stays.
func within(err, inner error, sentence string) string {
	return strings.Replace(err.Error(), inner.Error(), sentence, 1)
}

// toldSentence is the node's sentence, with field and rule where it lacks them.
func toldSentence(p *client.Problem, lang string, say func(zh, en string) string) string {
	s := p.Error()
	e := ledger.AsError(p)
	if e == nil {
		return s
	}
	var more []string
	if e.Field != "" && !strings.Contains(s, e.Field) {
		more = append(more, say("字段 ", "field ")+e.Field)
	}
	if e.Rule != "" && !strings.Contains(s, e.Rule) {
		more = append(more, say("规则 ", "rule ")+e.Rule)
	}
	if len(more) > 0 {
		s += say("（", " (") + strings.Join(more, say("，", ", ")) + say("）", ")")
	}
	return s + words.Other(lang, e)
}

// unanswered leaves out the line that is for programs.
func unanswered(err error, e *ledger.Error) string {
	return strings.Replace(err.Error(), e.Error()+"\n", "", 1)
}

// sentenceOf words what this program itself refuses, before anything is sent: each
// thing that is wrong with the input, on a line of its own.
func sentenceOf(e *ledger.Error, form any, lang string, say func(zh, en string) string) string {
	switch e.Reason {
	case ledger.ReasonTooLarge:
		return say("内容超过允许的大小：请缩小后再试", "the content is larger than allowed: make it smaller")
	case ledger.ReasonJWS:
		return fmt.Sprintf(say("这不是所需的签名文件（%s）：请用 cadastre 重新生成", "this is not the signed file that is needed (%s): make it again with cadastre"), e.Rule)
	case ledger.ReasonSignature, ledger.ReasonKey, ledger.ReasonAlgorithm:
		return say("签名与密钥不符：请用登记的密钥重新签名", "signature and key do not fit: sign again with the registered key")
	case ledger.ReasonUnknown:
		return fmt.Sprintf(say("没有找到 %s：请检查编号", "not found: %s: check the id"), cmp.Or(e.Field, say("内容", "the content")))
	}
	var faults []string
	for _, f := range e.All() {
		if f.Code != ledger.InvalidCode && f.Reason != ledger.ReasonDuplicate { // not about the input
			faults = append(faults, f.Error())
			continue
		}
		faults = append(faults, words.Fault(lang, f, ledger.LabelOf(form, strings.TrimPrefix(f.Field, "args."))))
	}
	return strings.Join(faults, "\n  ") + say("：请改正后再试", ": correct it and try again")
}
