package terminal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// Explain returns the text of an error: what happened and what to do next.
func Explain(err error, lang string) string {
	if stopped, ok := errors.AsType[*client.StoppedError](err); ok {
		return render(lang, nil, stopped)
	}
	if errors.Is(err, context.Canceled) {
		return say(lang, "已中断。再次运行同一命令即可继续。", "stopped. Run the same command again to continue.")
	}
	s := render(lang, nil, err)
	if _, answered := errors.AsType[*client.Problem](err); !answered && errors.Is(err, ledger.Unavailable) {
		s += say(lang, "\n请确认节点在运行，然后再次运行同一命令。", "\nMake sure that the node is running, then run the same command again.")
	}
	return s
}

// formError is the refusal of an input that is decoded into the struct form. The labels
// of the struct name the members of the input.
type formError struct {
	error
	form any
}

func (e *formError) Unwrap() error { return e.error }

// OfForm adds to an error the struct that its input is decoded into. The labels of the
// struct name the members at fault. OfForm returns nil for nil.
func OfForm(err error, form any) error {
	if err == nil {
		return nil
	}
	return &formError{err, form}
}

// render returns the text of an error in a language. The sentence of an inner error
// replaces its text in the error around it, so that the context, such as a file or a
// line, remains.
func render(lang string, form any, err error) string {
	switch e := err.(type) { //nolint:errorlint // the chain is walked below
	case *client.Problem:
		return answered(lang, e)
	case interface {
		In(lang string, render func(error) string) string
	}:
		return e.In(lang, func(inner error) string { return render(lang, form, inner) })
	case *ledger.Error:
		return refusal(lang, form, e)
	case *formError:
		return render(lang, e.form, e.error)
	case syscall.Errno:
		return system(lang, e)
	case *url.Error:
		return render(lang, form, e.Err)
	case *net.OpError:
		if e.Addr == nil {
			return render(lang, form, e.Err)
		}
		return e.Addr.String() + say(lang, "：", ": ") + render(lang, form, e.Err)
	case *net.DNSError:
		return fmt.Sprintf(say(lang, "找不到主机 %s", "no such host: %s"), e.Name)
	case *os.SyscallError:
		return render(lang, form, e.Err)
	case *fs.PathError:
		return e.Path + say(lang, "：", ": ") + render(lang, form, e.Err)
	case interface{ Unwrap() error }:
		return words.Translate(lang, within(err.Error(), e.Unwrap(), lang, form))
	case interface{ Unwrap() []error }:
		text, unanswered := err.Error(), errors.Is(err, ledger.Unavailable)
		for _, inner := range e.Unwrap() {
			if l, ok := inner.(*ledger.Error); ok && unanswered && l.Code == ledger.Unavailable { //nolint:errorlint // this member of the joined error is for programs; the others say more
				text = strings.Replace(text, l.Error()+"\n", "", 1)
				continue
			}
			text = within(text, inner, lang, form)
		}
		return text
	}
	return words.Translate(lang, err.Error())
}

// within replaces the text of an inner error with its words. A colon before it
// is that of the language.
func within(text string, inner error, lang string, form any) string {
	if inner == nil {
		return text
	}
	before, after, ok := strings.Cut(text, inner.Error())
	if !ok {
		return text
	}
	if prefix, colon := strings.CutSuffix(before, ": "); colon {
		before = prefix + say(lang, "：", ": ")
	}
	return before + render(lang, form, inner) + after
}

// refusals are the sentences for the most frequent errors of the operating system.
var refusals = map[syscall.Errno]ledger.Words{
	syscall.ENOENT:       {ZH: "文件或文件夹不存在", EN: "no such file or directory"},
	syscall.EACCES:       {ZH: "没有权限", EN: "permission denied"},
	syscall.EPERM:        {ZH: "没有权限", EN: "permission denied"},
	syscall.EISDIR:       {ZH: "是文件夹，不是文件", EN: "is a directory"},
	syscall.ENOTDIR:      {ZH: "不是文件夹", EN: "is not a directory"},
	syscall.EEXIST:       {ZH: "已存在", EN: "file exists"},
	syscall.ENOSPC:       {ZH: "磁盘空间不足", EN: "no space left on device"},
	syscall.EADDRINUSE:   {ZH: "地址已被占用", EN: "address already in use"},
	syscall.ECONNREFUSED: {ZH: "连接被拒绝", EN: "connection refused"},
}

// system returns the sentence for an error of the operating system, and its own text if
// there is no sentence.
func system(lang string, e syscall.Errno) string {
	if w, ok := refusals[e]; ok {
		return say(lang, w.ZH, w.EN)
	}
	return e.Error()
}

// answered returns the node's sentences, with the member of the input and the rule at fault
// if they do not name them.
func answered(lang string, p *client.Problem) string {
	s := p.In(lang, nil)
	e := ledger.AsError(p)
	if e == nil {
		return s
	}
	var more []string
	if e.Field != "" && !strings.Contains(s, e.Field) {
		more = append(more, say(lang, "字段 ", "field ")+e.Field)
	}
	if r := words.Rule(lang, e.Rule); r != "" && !strings.Contains(s, e.Rule) && !words.Says(lang, s, e) {
		more = append(more, say(lang, "规则 ", "rule ")+r)
	}
	if len(more) > 0 {
		s += say(lang, "（", " (") + strings.Join(more, say(lang, "，", ", ")) + say(lang, "）", ")")
	}
	return s + words.Other(lang, e)
}

// refusal returns the text for what this program itself refuses before it sends anything:
// one line for each fault of the input.
func refusal(lang string, form any, e *ledger.Error) string {
	switch e.Reason {
	case ledger.ReasonTooLarge:
		title, _ := words.Sentence(lang, e)
		return title + say(lang, "：请缩小后再试", ": make it smaller")
	case ledger.ReasonJWS:
		return fmt.Sprintf(say(lang, "这不是所需的签名文件（%s）：请用 cadastre 重新生成", "this is not the required signed file (%s): make it again with cadastre"), e.Rule)
	case ledger.ReasonSignature, ledger.ReasonKey, ledger.ReasonAlgorithm:
		return say(lang, "签名与密钥不符：请用登记的密钥重新签名", "the signature does not match the key: sign again with the registered key")
	case ledger.ReasonUnknown:
		return fmt.Sprintf(say(lang, "没有找到 %s：请检查编号", "not found: %s: check the id"), cmp.Or(e.Field, say(lang, "内容", "the content")))
	}
	var faults []string
	for _, f := range e.All() {
		if f.Code != ledger.InvalidCode && f.Reason != ledger.ReasonDuplicate { // not about the input
			title, next := words.Sentence(lang, f)
			return title + say(lang, "：", ": ") + next
		}
		faults = append(faults, words.OfFault(lang, f, labelOf(form, f.Field)))
	}
	if len(faults) > 1 {
		return strings.Join(append(faults, say(lang, "请改正后再试", "Correct them and try again")), "\n  ")
	}
	return faults[0] + say(lang, "：请改正后再试", ": correct it and try again")
}

// labelOf returns the label of a member of the form that an input is decoded into.
func labelOf(form any, field string) ledger.Words {
	return ledger.LabelOf(form, strings.TrimPrefix(field, "args."))
}
