package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/datacadastre/cadastre/internal/client"
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
		return within(err, told, toldSentence(told, say))
	case e == nil:
		return err.Error()
	case errors.Is(err, ledger.Unavailable):
		return unanswered(err, e) + say("\n请确认节点在运行，然后再次运行同一命令。", "\nMake sure that the node is running, then run the same command again.")
	}
	return within(err, e, sentenceOf(e, say))
}

// within puts the sentence where the error's own text stands, so that what it
// was about (a file, a line) stays.
func within(err, inner error, sentence string) string {
	return strings.Replace(err.Error(), inner.Error(), sentence, 1)
}

// toldSentence is the node's sentence, with field and rule where it lacks them.
func toldSentence(p *client.Problem, say func(zh, en string) string) string {
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
	if len(more) == 0 {
		return s
	}
	return s + say("（", " (") + strings.Join(more, say("，", ", ")) + say("）", ")")
}

// unanswered leaves out the line that is for programs.
func unanswered(err error, e *ledger.Error) string {
	return strings.Replace(err.Error(), e.Error()+"\n", "", 1)
}

// fault words one thing that is wrong with an input: field, value, rule and what is
// allowed.
func fault(e *ledger.Error, say func(zh, en string) string) string {
	s := e.Field
	if e.Field == "" {
		s = say("内容", "the content")
	}
	if v := e.Param("value"); v != "" {
		s += say("：“"+v+"”", fmt.Sprintf(": %q", v))
	}
	s += say(" 不符合规则 ", " breaks the rule ") + cmp.Or(e.Rule, string(e.Reason))
	if v := e.Allowed(); v != "" {
		return s + say("（允许："+v+"）", " (allowed: "+v+")")
	}
	return s
}

// sentenceOf words what this program itself refuses, before anything is sent.
func sentenceOf(e *ledger.Error, say func(zh, en string) string) string {
	where := e.Field
	if where == "" {
		where = say("内容", "the content")
	}
	switch e.Reason {
	case ledger.ReasonField:
		var faults []string
		for _, f := range e.All() {
			faults = append(faults, fault(f, say))
		}
		return strings.Join(faults, "\n  ") + say("：请改正后再试", ": correct it and try again")
	case ledger.ReasonJSON:
		return fmt.Sprintf(say("%s 不是规范的 JSON（%s）：请检查成员名称、重复成员与编码", "%s is not strict JSON (%s): check member names, repeated members and encoding"), where, e.Rule)
	case ledger.ReasonJWS:
		return fmt.Sprintf(say("这不是所需的签名文件（%s）：请用 cadastre 重新生成", "this is not the signed file that is needed (%s): make it again with cadastre"), e.Rule)
	case ledger.ReasonTooLarge:
		return say("内容超过允许的大小：请缩小后再试", "the content is larger than allowed: make it smaller")
	case ledger.ReasonSignature, ledger.ReasonKey, ledger.ReasonAlgorithm:
		return say("签名与密钥不符：请用登记的密钥重新签名", "signature and key do not fit: sign again with the registered key")
	case ledger.ReasonPrice:
		return fmt.Sprintf(say("%s 与价格不符（%s）：请按公布的价格计算", "%s is not the price (%s): reckon with the published one"), where, e.Rule)
	case ledger.ReasonUnknown:
		return fmt.Sprintf(say("没有找到 %s：请检查编号", "not found: %s: check the id"), where)
	}
	return e.Error() + say("：请检查后再试", ": check it and try again")
}
