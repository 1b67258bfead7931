package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

const actsIntro = `# Functions of the ledger

Everything in the register is written by a signed call of one of these functions. This page is generated from the table that the
contract itself uses (` + "`ledger/acts.go`" + `). A node serves the same table at ` + "`/v1/acts.json`" + `, and ` + "`cadastre acts --json`" + ` prints it.
[fields.md](fields.md) describes the arguments and records member by member, [api.md](api.md) how to send a call.

How to read a row:

- **Who** may call it: a party with one of these roles. *Role (member)* means only the party that this member of the record names. If
  ` + "`not_yours`" + ` is among the reasons and no member is given, the rule itself checks whose record it is.
- **Arguments**: a member with \* is required, one with (\*) is required under a condition that fields.md names. ` + "`answers`" + ` is ` + "`cite.payload`" + `
  of the record: the hash of the call that last wrote it. So nobody can act on an outdated version of the record; a call that cites one is refused
  as ` + "`stale`" + ` ([more](api.md#what-answers-is)).
- **Leads**: the state of the record before the call and after it. In any other state the call is refused as ` + "`state`" + `.
- **Until**: the member of the record with the last day for the call; a later call is refused as ` + "`period_over`" + `. *Later with* names the
  member of the arguments that explains a late call and allows it.
- **After**: the member with the period that must be over before the call; an earlier call is refused as ` + "`period_running`" + `. Periods are counted
  in working days by the recorded lists. A period of 0 days, on a demonstration ledger, is over at once, and a call in it is never too late.
- **May be refused for**: reasons in addition to those for [every call](#every-call). The tests of the contract produce each of them. A
  reason for every call, such as ` + "`party_suspended`" + `, is listed again if it can also concern a record that the arguments name: the registry
  body that receives an application, for example, and not only the caller.

To find out whether a call would be refused, without making it, use ` + "`POST /v1/acts/FUNCTION/check`" + `, or ` + "`--check`" + ` with any command that writes.
If the row says *node signs*, a party whose key is stored by the node can call the function at ` + "`POST /v1/acts/FUNCTION`" + `.

`

// section has the acts on one kind of record.
type section struct {
	kind string
	acts []ledger.ActRow
}

// sections groups the acts by the record that they change, in the table's order. Acts
// on no record named by their arguments come first.
func sections(acts []ledger.ActRow) []section {
	var list []section
	for _, a := range acts {
		i := slices.IndexFunc(list, func(s section) bool { return s.kind == a.On })
		if i < 0 {
			list, i = append(list, section{kind: a.On}), len(list)
		}
		list[i].acts = append(list[i].acts, a)
	}
	return list
}

func actsPage() string {
	doc := ledger.PublishedActs()
	var b strings.Builder
	b.WriteString(actsIntro)
	for _, s := range sections(doc.Acts) {
		title := "Beginning, admission, keys, calendar, anchors"
		if s.kind != "" {
			title = strings.ToUpper(s.kind[:1]) + s.kind[1:]
		}
		fmt.Fprintf(&b, "## %s\n\n", title)
		if record, ok := ledger.Kinds()[s.kind]; ok {
			fmt.Fprintf(&b, "The record: [%s](fields.md#%s).\n\n", nameOf(record), strings.ToLower(nameOf(record)))
		}
		diagram(&b, s)
		b.WriteString("| Function | | Who | Arguments | Leads | May be refused for |\n|---|---|---|---|---|---|\n")
		for _, a := range s.acts {
			actRow(&b, a)
		}
		b.WriteString("\n")
	}
	b.WriteString("## Every call\n\nEvery call may also be refused for: " + words(doc.CommonRefusals) + ".\n")
	return b.String()
}

func actRow(b *strings.Builder, a ledger.ActRow) {
	title := a.Title.EN + " " + a.Title.ZH
	if a.Note != nil {
		title += ". " + a.Note.EN
	}
	if a.Custody {
		title += " *(node signs)*"
	}
	leads := movesOf(a)
	if a.Makes != "" {
		leads = join(leads, "makes "+a.Makes)
	}
	for _, c := range a.After {
		leads = join(leads, "after `"+c.Member+"`"+ruleOf(c))
	}
	for _, c := range a.Until {
		leads = join(leads, "until `"+c.Member+"`"+ruleOf(c))
		if c.Unless != "" {
			leads += ", later with `" + c.Unless + "`"
		}
	}
	fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s | %s |\n", a.Function, title, whoOf(a), argsOf(a), leads, words(a.Refusals))
}

// ruleOf returns the rule that sets a clock, in parentheses.
func ruleOf(c ledger.Clock) string {
	if c.Rule == "" {
		return ""
	}
	return " (" + c.Rule + ")"
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

func whoOf(a ledger.ActRow) string {
	if len(a.Who) == 0 {
		return "any admitted party"
	}
	var list []string
	for _, w := range a.Who {
		s := strings.ReplaceAll(string(w.Role), "_", " ")
		if s == "" {
			s = "any admitted party"
		}
		if w.As != "" {
			s += " (`" + w.As + "`)"
		}
		list = append(list, s)
	}
	return strings.Join(list, ", ")
}

func argsOf(a ledger.ActRow) string {
	var list []string
	for _, f := range a.Fields {
		s := "`" + f.Name + "`"
		switch {
		case f.Required:
			s += "\\*"
		case f.Need != nil:
			s += "(\\*)"
		}
		list = append(list, s)
	}
	return "[" + a.Args + "](fields.md#" + strings.ToLower(a.Args) + "): " + strings.Join(list, " ")
}

// movesOf groups the moves by their target state.
func movesOf(a ledger.ActRow) string {
	var targets []string
	from := map[string][]string{}
	for _, m := range a.Moves {
		if m.To == "" {
			continue
		}
		if from[m.To] == nil {
			targets = append(targets, m.To)
		}
		if m.From != "" {
			from[m.To] = append(from[m.To], m.From)
		} else {
			from[m.To] = append(from[m.To], "new")
		}
	}
	var list []string
	for _, to := range targets {
		list = append(list, strings.Join(from[to], ", ")+" → "+to)
	}
	return strings.Join(list, "; ")
}

func words[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = "`" + string(w) + "`"
	}
	return strings.Join(out, " ")
}
