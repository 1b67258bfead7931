package main

import (
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

type actsCmd struct{}

// Help says what the table is for.
func (actsCmd) Help() string {
	return `cadastre acts
cadastre acts --json
Every function of the ledger: who may call it, on which record, and where it leads.
With --json also its arguments, what it may be refused for, and the closed lists.`
}

// Run prints the table of acts.
func (actsCmd) Run(p *program) error {
	doc := ledger.PublishedActs()
	if p.JSON {
		return p.json(doc)
	}
	for _, a := range doc.Acts {
		if err := p.line("%-26s %s", a.Function, p.say(a.Title.ZH, a.Title.EN)); err != nil {
			return err
		}
		if err := p.line("%-26s %s%s", "", who(a, p), steps(a)); err != nil {
			return err
		}
	}
	return nil
}

// who lists the roles of an act, with the member of the record that names the party.
func who(a ledger.ActRow, p *program) string {
	if len(a.Who) == 0 {
		return p.say("任何已准入单位", "any admitted party")
	}
	roles, _ := ledger.EnumOf("roles")
	var list []string
	for _, w := range a.Who {
		words := roles.Words(string(w.Role))
		s := p.say(words.ZH, words.EN)
		if w.As != "" {
			s += " (" + a.On + "." + w.As + ")"
		}
		list = append(list, s)
	}
	return strings.Join(list, ", ")
}

// steps lists where an act leads.
func steps(a ledger.ActRow) string {
	var list []string
	for _, m := range a.Moves {
		if m.To != "" {
			list = append(list, strings.TrimSpace(m.From+" → "+m.To))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return "; " + a.On + ": " + strings.Join(list, ", ")
}
