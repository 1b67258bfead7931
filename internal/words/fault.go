// Package words has the sentences that users read, in Chinese and English: of refusals
// and faults, traces, pages, and why evidence fails. API, pages and command line use it,
// so that all of them use the same sentence.
//
// It makes no decisions. It knows these two languages only, and returns Chinese for any
// other.
package words

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// Of returns the words in a language.
func Of(lang string, w ledger.Words) string {
	if lang == "en" {
		return w.EN
	}
	return w.ZH
}

// OfFault returns a sentence about one fault of an input: the member with its label
// (ledger.LabelOf), the value, the rule that it breaks, what the rule requires, and what
// is allowed.
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

// Rule returns the name of a rule and what it requires. It is empty for a section of the
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

// Said returns what is wrong, or what the rule requires. It is empty if there are no
// words for the rule.
func Said(lang string, e *ledger.Error) string {
	w, known := reasons[e.Reason]
	if !known {
		rule, _ := ledger.RuleOf(e.Rule)
		w = rule.Words
	}
	s := filled(lang, e, w)
	if g := e.Param("group"); e.Reason == ledger.ReasonIncomplete && g != "" {
		s += Of(lang, ledger.Words{ZH: "：", EN: ": "}) + group(lang, g)
	}
	return s + strings.TrimPrefix(Place(lang, e)+Other(lang, e), separator(lang, s))
}

// filled returns the words of a rule with its numbers: those of its name, and its limit.
func filled(lang string, e *ledger.Error, w ledger.Words) string {
	s := strings.TrimSuffix(Of(lang, w), ".")
	if limit := e.Param("limit"); limit != "" && (strings.HasPrefix(e.Rule, "min_") || strings.HasPrefix(e.Rule, "max_")) {
		s = strings.ReplaceAll(s, "limit", limit)
	}
	if m := numbered.FindStringSubmatch(e.Rule); m != nil {
		s = numberN.ReplaceAllLiteralString(s, cmp.Or(m[1], m[2]))
		s = numberM.ReplaceAllLiteralString(s, m[3])
	}
	return s
}

var (
	// numbered are the names of the rules at_least_N, at_most_N and N_to_M.
	numbered         = regexp.MustCompile(`^(?:at_(?:least|most)_([0-9]+)|([0-9]+)_to_([0-9e]+)(?:_bytes)?)$`)
	numberN, numberM = regexp.MustCompile(`\bN\b`), regexp.MustCompile(`\bM\b`)
	// article are the names of rules that are the articles of a law.
	article = regexp.MustCompile(`^(R|O|PIPL|RFC )[0-9]`)
)

// required returns what the rule of an error requires: the name of the rule if there are
// no words for it, and the name before the words of an article.
func required(lang string, e *ledger.Error) string {
	w, known := ledger.RuleOf(e.Rule)
	if !known {
		return e.Rule
	}
	s := filled(lang, e, w.Words)
	if lang == "en" {
		s = lower(s)
	}
	if article.MatchString(e.Rule) {
		return e.Rule + Of(lang, ledger.Words{ZH: "，", EN: ", "}) + s
	}
	return s
}

// Says reports whether a text has the words of the rule of an error already.
func Says(lang, text string, e *ledger.Error) bool { return strings.Contains(text, required(lang, e)) }

// separator returns the separator to remove if there is no text before it.
func separator(lang, before string) string {
	if before != "" {
		return ""
	}
	return Of(lang, ledger.Words{ZH: "，", EN: ", "})
}

// reasons are what is wrong with an input that is refused for another reason than a rule
// of form.
var reasons = map[ledger.Reason]ledger.Words{
	ledger.ReasonIncomplete: {ZH: "缺少材料", EN: "materials are missing"},
	ledger.ReasonPrice:      {ZH: "与公布的价格不符", EN: "It does not follow from the published price."},
	ledger.ReasonTooLarge:   {ZH: "超过允许的大小", EN: "It is larger than allowed."},
	ledger.ReasonDuplicate:  {ZH: "重复", EN: "It is a duplicate."},
}

// group returns the label of a group of materials, with its word in brackets.
func group(lang, word string) string {
	groups, _ := ledger.EnumOf("material_groups")
	label := Of(lang, groups.Words(word))
	if label == "" {
		return word
	}
	return label + Of(lang, ledger.Words{ZH: "（" + word + "）", EN: " (" + word + ")"})
}

// Place returns the line and column of a text at which reading ended. It is empty if the
// error does not have them.
func Place(lang string, e *ledger.Error) string {
	line, column := e.Param("line"), e.Param("column")
	if line == "" || column == "" {
		return ""
	}
	return Of(lang, ledger.Words{ZH: "，第 " + line + " 行第 " + column + " 列", EN: ", line " + line + ", column " + column})
}

// Other returns which other line of the same file has the same input. It is empty if the
// error does not name one.
func Other(lang string, e *ledger.Error) string {
	line := e.Param("other_line")
	if line == "" {
		return ""
	}
	return Of(lang, ledger.Words{ZH: "，与本文件第 " + line + " 行相同", EN: ", the same as line " + line + " of this file"})
}
