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

// OfFault returns a sentence on one thing that is wrong with an input: the member
// with its label (ledger.LabelOf), the value, the rule that it breaks, what that
// asks for, and what is allowed.
func OfFault(lang string, e *ledger.Error, label ledger.Words) string {
	say := func(zh, en string) string { return Of(lang, ledger.Words{ZH: zh, EN: en}) }
	s := cmp.Or(e.Field, say("内容", "the content"))
	if label != (ledger.Words{}) {
		s += say("（"+label.ZH+"）", " ("+label.EN+")")
	}
	if column := e.Param("from"); column != "" {
		s = say("列“"+column+"”，", "column "+quoted(column)+", ") + s
	}
	if v := e.Param("value"); v != "" {
		s += say("：“"+v+"”", ": "+quoted(v))
	}
	s += say(" 不符合规则 ", " breaks the rule ") + cmp.Or(e.Rule, string(e.Reason))
	if said := Said(lang, e); said != "" {
		s += say("：", ": ") + said
	}
	if v := Allowed(lang, e.Allowed()); v != "" {
		s += say("；允许：", "; allowed: ") + v
	}
	return s
}

// Rule returns the name of a rule and what it asks for. It is empty for a section of the
// project's design, which users do not have.
func Rule(lang, rule string) string {
	w, known := ledger.RuleOf(rule)
	switch {
	case strings.Contains(rule, " §") && !strings.HasPrefix(rule, "RFC"):
		return ""
	case !known:
		return rule
	}
	return rule + Of(lang, ledger.Words{ZH: "：" + w.ZH, EN: ": " + strings.TrimSuffix(w.EN, ".")})
}

func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }

// Said says what is wrong, or what the rule asks for; empty where only the rule's
// name tells.
func Said(lang string, e *ledger.Error) string {
	w, known := reasons[e.Reason]
	if !known {
		rule, _ := ledger.RuleOf(e.Rule)
		w = rule.Words
	}
	s := strings.TrimSuffix(Of(lang, w), ".")
	if limit := e.Param("limit"); limit != "" && (strings.HasPrefix(e.Rule, "min_") || strings.HasPrefix(e.Rule, "max_")) {
		s = strings.ReplaceAll(s, "limit", limit)
	}
	if g := e.Param("group"); e.Reason == ledger.ReasonIncomplete && g != "" {
		s += Of(lang, ledger.Words{ZH: "：", EN: ": "}) + group(lang, g)
	}
	return s + strings.TrimPrefix(Place(lang, e)+Other(lang, e), separator(lang, s))
}

// separator is what need not stand where nothing stands before it.
func separator(lang, before string) string {
	if before != "" {
		return ""
	}
	return Of(lang, ledger.Words{ZH: "，", EN: ", "})
}

// reasons say what is wrong where an input is refused for another reason than a
// rule of form.
var reasons = map[ledger.Reason]ledger.Words{
	ledger.ReasonIncomplete: {ZH: "缺少材料", EN: "materials are missing"},
	ledger.ReasonPrice:      {ZH: "与公布的价格不符", EN: "It is not what the published price gives."},
	ledger.ReasonTooLarge:   {ZH: "超过允许的大小", EN: "It is larger than allowed."},
	ledger.ReasonDuplicate:  {ZH: "重复", EN: "It is a duplicate."},
}

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
