package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

const fieldsIntro = `# Fields

Every argument of a function and every record, member by member. This page is generated from the form tags in package ` + "`ledger`" + `, by which
the ledger checks what it is given; the API's description at ` + "`/openapi.json`" + ` says the same. [acts.md](acts.md) has the functions.

A member with \* must be there. Text is counted in characters, a token in bytes; a token is made of A–Z a–z 0–9 . _ : / -. A *moment*
is in milliseconds since 1970-01-01T00:00Z, a *date* a day in Asia/Shanghai, an amount of money is in fen. A *salted* text stays off the
ledger: there stand its 16 random bytes and the SHA-256 of both. All text is in NFC, without control, direction-changing or invisible
characters, and no word of it mixes Latin with Cyrillic letters.

`

// shape is a struct to describe: arguments, a record, or what stands in one.
type shape struct {
	name   string
	fields []ledger.Field
}

func fieldsPage() string {
	var b strings.Builder
	b.WriteString(fieldsIntro)
	arguments, records := argumentShapes(), recordShapes()
	b.WriteString("## Arguments\n\n")
	shapes(&b, arguments)
	b.WriteString("## Records\n\n")
	shapes(&b, records)
	b.WriteString("## Closed lists\n\n")
	for _, e := range ledger.Enums() {
		fmt.Fprintf(&b, "### %s\n\n| Word | 中文 | English |\n|---|---|---|\n", e.Name)
		for _, v := range e.Values {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", v.Word, v.ZH, v.EN)
		}
		b.WriteString("\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// argumentShapes are the arguments of all functions, each type once.
func argumentShapes() []shape {
	var list []shape
	for _, a := range ledger.PublishedActs().Acts {
		if !slices.ContainsFunc(list, func(s shape) bool { return s.name == a.Args }) {
			list = append(list, shape{a.Args, a.Fields})
		}
	}
	return list
}

// recordShapes are the records of all kinds, by name.
func recordShapes() []shape {
	var list []shape
	for _, record := range ledger.Kinds() {
		list = append(list, shape{reflect.TypeOf(record).Elem().Name(), ledger.FieldsOf(record)})
	}
	slices.SortFunc(list, func(a, b shape) int { return strings.Compare(a.name, b.name) })
	return list
}

func shapes(b *strings.Builder, list []shape) {
	for _, s := range list {
		fmt.Fprintf(b, "### %s\n\n| Member | | | What it is |\n|---|---|---|---|\n", s.name)
		rows(b, "", s.fields)
		b.WriteString("\n")
	}
}

func rows(b *strings.Builder, path string, fields []ledger.Field) {
	for _, f := range fields {
		name := path + f.Name
		required := ""
		if f.Required {
			required = "\\*"
		}
		fmt.Fprintf(b, "| `%s`%s | %s | %s | %s |\n", name, required, f.Label.ZH, f.Label.EN, kindOf(f))
		rows(b, name+".", f.Fields)
		if f.Each != nil {
			rows(b, name+"[].", f.Each.Fields)
		}
	}
}

// kindOf says what a member is, and its bounds.
func kindOf(f ledger.Field) string {
	switch {
	case f.Each != nil:
		return strings.TrimSpace("list of " + span(f, "") + " " + kindOf(*f.Each))
	case f.Enum != nil:
		return "one of [" + f.Enum.Name + "](#" + f.Enum.Name + ")"
	}
	s := strings.ReplaceAll(f.Kind, "_", " ")
	if bounds := span(f, unit(f.Kind)); bounds != "" {
		s += ", " + bounds
	}
	if f.Pattern != "" {
		s += "; " + strings.ReplaceAll(f.Pattern, "|", "\\|")
	}
	return s
}

func unit(kind string) string {
	switch kind {
	case ledger.FieldText:
		return " characters"
	case ledger.FieldToken:
		return " bytes"
	}
	return ""
}

func span(f ledger.Field, unit string) string {
	switch {
	case f.Min != nil && f.Max != nil && *f.Min == *f.Max:
		return fmt.Sprint(*f.Min, unit)
	case f.Min != nil && f.Max != nil:
		return fmt.Sprint(*f.Min, " to ", *f.Max, unit)
	case f.Max != nil:
		return fmt.Sprint("at most ", *f.Max, unit)
	case f.Min != nil:
		return fmt.Sprint("at least ", *f.Min, unit)
	}
	return ""
}
