package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// arrow is a transition between two states of a kind of record, with the functions that
// make it.
type arrow struct {
	from, to  string
	functions []string
}

// diagram draws the states of a kind of record, if it has states, and names those that
// no function reaches.
func diagram(b *strings.Builder, s section) {
	arrows := arrowsOf(s)
	if len(arrows) == 0 {
		return
	}
	b.WriteString("```mermaid\nstateDiagram-v2\n")
	var missing []string
	for _, v := range statesOf(s.kind).Values {
		if !slices.ContainsFunc(arrows, func(a arrow) bool { return a.to == v.Word }) {
			missing = append(missing, v.Word)
			continue
		}
		fmt.Fprintf(b, "    %s: %s %s\n", v.Word, v.Word, v.ZH)
	}
	for _, a := range arrows {
		fmt.Fprintf(b, "    %s --> %s: %s\n", a.from, a.to, strings.Join(a.functions, ", "))
	}
	b.WriteString("```\n\n")
	if len(missing) > 0 {
		fmt.Fprintf(b, "No function of this version leads to %s.\n\n", words(missing))
	}
}

// statesOf returns the closed list of states of a kind of record; it is empty if the
// kind has no states.
func statesOf(kind string) ledger.Enum {
	record, ok := ledger.Kinds()[kind]
	if !ok {
		return ledger.Enum{}
	}
	for _, f := range ledger.FieldsOf(record) {
		if f.Name == "state" && f.Enum != nil {
			return *f.Enum
		}
	}
	return ledger.Enum{}
}

// arrowsOf returns the transitions of a kind of record in the order of the table, each
// once. A record that is made by a call on another kind begins in the first state of
// its closed list.
func arrowsOf(s section) []arrow {
	var list []arrow
	states := statesOf(s.kind).Values
	if len(states) == 0 {
		return nil
	}
	add := func(fn ledger.Function, from, to string) {
		if from == "" {
			from = "[*]"
		}
		i := slices.IndexFunc(list, func(a arrow) bool { return a.from == from && a.to == to })
		if i < 0 {
			i, list = len(list), append(list, arrow{from: from, to: to})
		}
		list[i].functions = append(list[i].functions, string(fn))
	}
	for _, a := range ledger.Acts() {
		if a.Makes == s.kind {
			add(a.Name, "", states[0].Word)
		}
	}
	for _, a := range s.acts {
		for _, m := range a.Moves {
			add(a.Function, m.From, m.To)
		}
	}
	return list
}
