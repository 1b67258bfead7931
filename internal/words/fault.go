// Package words says in Chinese and English what is wrong with an input: a sentence
// for each fault, from the typed error that the ledger and the import return. API,
// pages and command line read it, so that one fault is worded alike everywhere.
//
// It decides nothing, and knows no language but these two; Chinese comes first and
// is what any other language gets.
package words

import (
	"cmp"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// Of returns the words of a language.
func Of(lang string, w ledger.Words) string {
	if lang == "en" {
		return w.EN
	}
	return w.ZH
}

// Fault returns a sentence on one thing that is wrong with an input: the member
// with its label (ledger.LabelOf), the value, what is wrong with it, the rule and
// what is allowed.
func Fault(lang string, e *ledger.Error, label ledger.Words) string {
	say := func(zh, en string) string { return Of(lang, ledger.Words{ZH: zh, EN: en}) }
	subject := cmp.Or(e.Field, say("内容", "the content"))
	if label != (ledger.Words{}) {
		subject += say("（"+label.ZH+"）", " ("+label.EN+")")
	}
	if column := e.Param("from"); column != "" {
		subject = say("列“"+column+"”，", "column "+quoted(column)+", ") + subject
	}
	if v := e.Param("value"); v != "" {
		subject += say("：“"+v+"”", ": "+quoted(v))
	}
	said, rule := Said(lang, e), cmp.Or(e.Rule, string(e.Reason))
	var more []string
	if !strings.Contains(said, rule) {
		more = append(more, say("规则 ", "rule ")+rule)
	}
	if v := e.Allowed(); v != "" {
		more = append(more, say("允许：", "allowed: ")+v)
	}
	if len(more) > 0 {
		said += say("（", " (") + strings.Join(more, say("；", "; ")) + say("）", ")")
	}
	return subject + " " + said
}

func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }

// Said says what is wrong with a member: the end of a sentence that it begins.
func Said(lang string, e *ledger.Error) string {
	if s := what(lang, e); s != "" {
		return s
	}
	return Of(lang, ledger.Words{ZH: "不符合规则 ", EN: "breaks the rule "}) + cmp.Or(e.Rule, string(e.Reason))
}

// what is empty where only the rule's name tells.
func what(lang string, e *ledger.Error) string {
	w, known := reasons[e.Reason]
	if !known {
		w = ruleOf(e.Rule)
	}
	s := Of(lang, w)
	for _, p := range e.Params {
		value := p.Value
		if e.Reason == ledger.ReasonIncomplete && p.Name == "group" {
			value = group(lang, p.Value)
		}
		s = strings.ReplaceAll(s, "{"+p.Name+"}", value)
	}
	if strings.Contains(s, "{") { // what is not told can't be said
		return ""
	}
	if s == "" {
		return ""
	}
	return s + Place(lang, e) + Other(lang, e)
}

// ruleOf is the sentence of a rule. Bounds of a number are in the rule's own name.
func ruleOf(rule string) ledger.Words {
	if w, ok := rules[rule]; ok {
		return w
	}
	least, most, between := strings.Cut(rule, "_to_")
	if between && isNumber(least) && isNumber(most) || strings.HasPrefix(rule, "at_least_") {
		return rules["range"]
	}
	return ledger.Words{}
}

func isNumber(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }

// group names a group of materials by label and word.
func group(lang, word string) string {
	groups, _ := ledger.EnumOf("material_groups")
	label := Of(lang, groups.Words(word))
	if label == "" {
		return word
	}
	return label + Of(lang, ledger.Words{ZH: "（" + word + "）", EN: " (" + word + ")"})
}

// Place says at which line and column of a text reading ended; empty where the
// error does not say.
func Place(lang string, e *ledger.Error) string {
	line, column := e.Param("line"), e.Param("column")
	if line == "" || column == "" {
		return ""
	}
	return Of(lang, ledger.Words{ZH: "，第 " + line + " 行第 " + column + " 列", EN: ", line " + line + ", column " + column})
}

// Other says which other row of the same file an input is the same as; empty where
// there is none.
func Other(lang string, e *ledger.Error) string {
	line := e.Param("other_line")
	if line == "" {
		return ""
	}
	return Of(lang, ledger.Words{ZH: "，与本文件第 " + line + " 行相同", EN: ", the same as line " + line + " of this file"})
}
