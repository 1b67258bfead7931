package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

const fieldsIntro = `# Fields

This page describes all arguments of functions and all records, member by member. It is generated from the form tags in package ` + "`ledger`" + `, which
the ledger uses to check its input; the API's description at ` + "`/openapi.json`" + ` says the same. [acts.md](acts.md) has the functions.

The parts of this page: [arguments](#arguments), [records](#records), the [objects](#objects) in them, [closed lists](#closed-lists) of words, [salted
texts](#salted-texts), and the [rules](#rules) that an error names.

本页由程序生成：逐项列出各功能的参数与各种记录，名称附中文；末尾有盐值文本的算法与测试向量，以及错误所指规则的说明。

A member with \* is required in a call. If a member is required only under a condition, the condition is given next to its name. The length of a
text is counted in characters, that of a token in bytes. A token consists of A–Z a–z 0–9 . _ : / -. A *moment* is in milliseconds since
1970-01-01T00:00Z, a *date* is a day in Asia/Shanghai, and an amount of money is in fen. A [salted](#salted-texts) text stays off the ledger. All
text is in NFC, without control, direction-changing or invisible characters, and no word of it mixes Latin with Cyrillic letters.

`

// shape is a struct to describe: arguments, a record, or an object in one.
type shape struct {
	name string
	zero any    // pointer to a new one
	note string // below the heading
}

func fieldsPage() string {
	var b strings.Builder
	b.WriteString(fieldsIntro)
	arguments, records := argumentShapes(), recordShapes()
	b.WriteString("## Arguments\n\n")
	shapes(&b, arguments)
	b.WriteString("## Records\n\n")
	shapes(&b, records)
	b.WriteString("## Objects\n\nThese objects are part of arguments and records.\n\n")
	shapes(&b, objectShapes(append(slices.Clone(arguments), records...)))
	b.WriteString("## Closed lists\n\n")
	for _, e := range ledger.Enums() {
		fmt.Fprintf(&b, "### %s\n\n| Word | 中文 | English |\n|---|---|---|\n", e.Name)
		for _, v := range e.Values {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", v.Word, v.ZH, v.EN)
		}
		b.WriteString("\n")
	}
	saltedSection(&b)
	rulesSection(&b)
	return strings.TrimSuffix(b.String(), "\n")
}

// saltedSection writes the algorithm of salted texts with a computed test vector.
func saltedSection(b *strings.Builder) {
	const text = "城市交通调度"
	salt := [16]byte{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
	s := ledger.Salt(salt, text)
	fmt.Fprintf(b, `## Salted texts

盐值文本不上账本：账本上只有盐值与 SHA-256。SHA-256 的输入依次为盐值的 16 个字节、文本的 UTF-8 字节，中间无分隔；盐值用后须与文本一同保存。

A *salted* text stays off the ledger. The ledger has a salt, 16 random bytes as 32 digits of 0–9 a–f, and a SHA-256. The input of the SHA-256 is
the 16 bytes of the salt, followed directly by the bytes of the text in UTF-8. Anyone who has text and salt can prove what the text was; without
the salt a short text can't be guessed from its hash. Draw a new salt for each text, and store it with the text.

| | |
|---|---|
| Text | `+"`%s`"+` |
| Its bytes | `+"`%x`"+` |
| Salt | `+"`%s`"+` |
| SHA-256 of salt and text | `+"`%s`"+` |
| As a member of a call | `+"`{\"salt\":\"%s\",\"sha256\":\"%s\"}`"+` |

`, text, text, s.Salt, s.SHA256, s.Salt, s.SHA256)
}

// rulesSection writes what each rule requires.
func rulesSection(b *strings.Builder) {
	b.WriteString("## Rules\n\nThe `rule` of a problem, and of each of its `errors`, is one of these. 错误的 `rule` 成员是下列之一。\n\n")
	for _, g := range ledger.Rules() {
		fmt.Fprintf(b, "### %s\n\n%s。\n\n| Rule | 中文 | English |\n|---|---|---|\n", g.EN, g.ZH)
		for _, r := range g.Rules {
			fmt.Fprintf(b, "| `%s` | %s | %s |\n", r.Rule, r.ZH, r.EN)
		}
		b.WriteString("\n")
	}
}

// argumentShapes returns the arguments of all functions, each type once, with the
// functions that take it.
func argumentShapes() []shape {
	var list []shape
	for _, a := range ledger.Acts() {
		args := a.Args()
		i := slices.IndexFunc(list, func(s shape) bool { return s.name == nameOf(args) })
		if i < 0 {
			i, list = len(list), append(list, shape{nameOf(args), args, "Arguments of"})
		}
		list[i].note += " `" + string(a.Name) + "`"
	}
	return list
}

// recordShapes returns the records of all kinds, by name.
func recordShapes() []shape {
	var list []shape
	for kind, record := range ledger.Kinds() {
		list = append(list, shape{nameOf(record), record, "Kind `" + kind + "`"})
	}
	slices.SortFunc(list, byName)
	return list
}

// objectShapes returns the structs inside others, at any depth, by name, each once,
// without the structs of the list itself.
func objectShapes(within []shape) []shape {
	seen := map[string]bool{}
	for _, s := range within {
		seen[s.name] = true
	}
	var list []shape
	for queue := within; len(queue) > 0; queue = queue[1:] {
		for _, f := range ledger.FieldsOf(queue[0].zero) {
			t := objectOf(queue[0].zero, f)
			if t == nil || seen[t.Name()] {
				continue
			}
			seen[t.Name()] = true
			found := shape{name: t.Name(), zero: reflect.New(t).Interface()}
			list, queue = append(list, found), append(queue, found)
		}
	}
	slices.SortFunc(list, byName)
	return list
}

func byName(a, b shape) int { return strings.Compare(a.name, b.name) }

func nameOf(pointer any) string { return reflect.TypeOf(pointer).Elem().Name() }

// objectOf returns the struct of a member, or of each member of a list; nil if it is
// not a struct.
func objectOf(v any, f ledger.Field) reflect.Type {
	if f.Kind != ledger.FieldObject && (f.Each == nil || f.Each.Kind != ledger.FieldObject) {
		return nil
	}
	m, _ := ledger.Member(v, f.Name)
	t := m.Type()
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t
}

func shapes(b *strings.Builder, list []shape) {
	for _, s := range list {
		fmt.Fprintf(b, "### %s\n\n", s.name)
		if s.note != "" {
			b.WriteString(s.note + ".\n\n")
		}
		b.WriteString("| Member | 中文 | English | What it is |\n|---|---|---|---|\n")
		for _, f := range ledger.FieldsOf(s.zero) {
			name := "`" + f.Name + "`"
			if f.Required {
				name += "\\*"
			}
			words := f.Words()
			fmt.Fprintf(b, "| %s | %s | %s | %s |\n", name, words.ZH, words.EN, kindOf(f, objectOf(s.zero, f)))
		}
		b.WriteString("\n")
	}
}

// kindOf describes the type and bounds of a member; object is the struct in it, if any.
func kindOf(f ledger.Field, object reflect.Type) string {
	switch {
	case f.Each != nil:
		return strings.TrimSpace("list of "+span(f, "")) + ": " + kindOf(*f.Each, object)
	case object != nil:
		return "[" + object.Name() + "](#" + strings.ToLower(object.Name()) + ")"
	case f.Enum != nil:
		return "one of [" + f.Enum.Name + "](#" + f.Enum.Name + ")"
	}
	s := strings.ReplaceAll(f.Kind, "_", " ")
	if f.Kind == ledger.FieldSalted {
		s = "[" + s + "](#salted-texts)"
	}
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
	case ledger.FieldToken, ledger.FieldWord:
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
