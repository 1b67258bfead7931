package terminal

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// Records prints records for people: each member with its label, states and kinds as
// words, times in Beijing, money in yuan, and ids with the names of their records.
type Records struct {
	Lang string
	// Names returns the names of records of a collection of the API, by their ids. It is
	// called once for all ids of a collection. If it is nil, ids are printed.
	Names func(collection string, ids []string) map[string]string

	named func(collection, id string) string // name of one record; empty if it is not known
}

// naming calls print to find the ids in its output, and returns p with their names. The
// caller then prints again.
func (p Records) naming(print func(Records) error) (Records, error) {
	wanted := map[string][]string{}
	p.named = func(collection, id string) string {
		if !slices.Contains(wanted[collection], id) {
			wanted[collection] = append(wanted[collection], id)
		}
		return ""
	}
	if p.Names == nil {
		return p, nil
	}
	if err := print(p); err != nil {
		return p, err
	}
	known := map[string]map[string]string{}
	for collection, ids := range wanted {
		known[collection] = p.Names(collection, ids)
	}
	p.named = func(collection, id string) string { return known[collection][id] }
	return p, nil
}

// collections are the collections of the API with the records that a member names by id.
// Other members are printed as whole ids.
var collections = map[string]string{
	"admitted_by": "parties", "applicant": "parties", "registrant": "parties", "assignee": "parties", "assigner": "parties", "authority": "parties",
	"body": "parties", "buyer": "parties", "by": "parties", "holder": "parties", "operator": "parties", "owner": "parties",
	"party": "parties", "platform": "parties", "publisher": "parties", "registry_body": "parties", "set_by": "parties",
	"license": "licenses", "license_id": "licenses", "product_id": "products", "sources": "resources", "resource_ids": "resources", "excluded": "resources",
}

// Record prints one record, one line for each member, in the order of the struct form. It
// omits empty members. Members that the struct does not have are printed unchanged.
func (p Records) Record(w io.Writer, form any, raw json.RawMessage) error {
	var rows [][]string
	print := func(p Records) (err error) {
		rows, err = p.rows("", ledger.FieldsOf(form), raw)
		return err
	}
	p, err := p.naming(print)
	if err := cmp.Or(err, print(p)); err != nil {
		return err
	}
	return Table(w, rows)
}

// Table prints the columns of records below their labels. A dot in a name leads into a
// member.
func (p Records) Table(w io.Writer, form any, items []json.RawMessage, names []string) error {
	var rows [][]string
	print := func(p Records) (err error) {
		rows, err = p.columns(ledger.FieldsOf(form), items, names)
		return err
	}
	p, err := p.naming(print)
	if err := cmp.Or(err, print(p)); err != nil {
		return err
	}
	return Table(w, rows)
}

// columns returns the rows of a table, the labels first.
func (p Records) columns(fields []ledger.Field, items []json.RawMessage, names []string) ([][]string, error) {
	head := make([]string, len(names))
	for i, name := range names {
		head[i] = p.label(fieldAt(fields, name))
	}
	rows := [][]string{head}
	for _, item := range items {
		row := make([]string, len(names))
		for i, name := range names {
			v, err := memberAt(item, name)
			if err != nil {
				return nil, err
			}
			if row[i] = p.line(fieldAt(fields, name), v); row[i] == "" {
				row[i] = "—"
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// fieldAt returns the field at a path of names.
func fieldAt(fields []ledger.Field, path string) ledger.Field {
	name, rest, deep := strings.Cut(path, ".")
	for _, f := range fields {
		if f.Name != name {
			continue
		}
		if deep {
			return fieldAt(f.Fields, rest)
		}
		return f
	}
	return ledger.Field{Name: name}
}

func memberAt(raw json.RawMessage, path string) (json.RawMessage, error) {
	name, rest, deep := strings.Cut(path, ".")
	m, err := members(raw)
	if err != nil || !deep || m[name] == nil {
		return m[name], err
	}
	return memberAt(m[name], rest)
}

func members(raw json.RawMessage) (map[string]json.RawMessage, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, words.Errorf("节点的答复不是记录：%.80s", "the node's answer is not a record: %.80s", raw)
	}
	delete(m, "$schema")
	return m, nil
}

// rows returns the lines of an object, with its members indented.
func (p Records) rows(indent string, fields []ledger.Field, raw json.RawMessage) ([][]string, error) {
	m, err := members(raw)
	if err != nil {
		return nil, err
	}
	var rows [][]string
	for _, f := range fields {
		more, err := p.member(indent, f, m[f.Name])
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
		delete(m, f.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		more, err := p.member(indent, ledger.Field{Name: name}, m[name])
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// member returns the lines of one member. An empty member has no lines.
func (p Records) member(indent string, f ledger.Field, raw json.RawMessage) (lines [][]string, err error) {
	if isEmpty(raw) || f.Kind == ledger.FieldMoment && string(raw) == "0" {
		return nil, nil
	}
	label := indent + p.label(f)
	if f.Kind == ledger.FieldList && f.Each != nil && f.Each.Kind == ledger.FieldObject {
		return p.list(indent, label, f, raw)
	}
	if f.Kind != ledger.FieldObject || len(f.Fields) == 0 || isNamed(f) {
		return [][]string{{label, p.line(f, raw)}}, nil
	}
	if f.Name == "limits" {
		if raw, err = p.unlimited(raw); err != nil {
			return nil, err
		}
	}
	inner, err := p.rows(indent+"  ", f.Fields, raw)
	if err != nil || len(inner) == 0 {
		return nil, err
	}
	return append([][]string{{label}}, inner...), nil
}

// unlimited returns the limits of an order or a license with words for 0, which is no limit.
func (p Records) unlimited(raw json.RawMessage) (json.RawMessage, error) {
	m, err := members(raw)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"uses", "bytes"} {
		if string(m[name]) == "0" {
			m[name] = json.RawMessage(strconv.Quote(say(p.Lang, "不限", "no limit")))
		}
	}
	return json.Marshal(m) //nolint:wrapcheck // of what was decoded
}

// list returns the lines of a list of objects, numbered from 1.
func (p Records) list(indent, label string, f ledger.Field, raw json.RawMessage) ([][]string, error) {
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	var rows [][]string
	for i, item := range items {
		inner, err := p.rows(indent+"  ", f.Each.Fields, item)
		if err != nil {
			return nil, err
		}
		rows = append(append(rows, []string{label + " " + strconv.Itoa(i+1)}), inner...)
	}
	return rows, nil
}

func isEmpty(raw json.RawMessage) bool {
	switch string(raw) {
	case "", "null", `""`, "[]", "{}":
		return true
	}
	return false
}

// isNamed reports whether a member is a name with its id.
func isNamed(f ledger.Field) bool {
	return len(f.Fields) == 2 && f.Fields[0].Name == "id" && f.Fields[1].Name == "name"
}

// label returns what people read for a member.
func (p Records) label(f ledger.Field) string {
	s := Label(p.Lang, f.Label, f.Name)
	if f.Kind == ledger.FieldFen { // which is shown in yuan
		s = strings.TrimSuffix(strings.TrimSuffix(s, "（分）"), " in fen")
	}
	return s
}

// Label returns the label of a member in a language, without the explanation after a
// colon or a semicolon, and the name of the member if it has no label.
func Label(lang string, label ledger.Words, name string) string {
	s := words.Of(lang, label)
	for _, mark := range []string{"：", ": ", "；", "; "} {
		s, _, _ = strings.Cut(s, mark)
	}
	if s == "" {
		return name
	}
	if s[0] < utf8.RuneSelf {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	return s
}

// line returns a value on one line.
func (p Records) line(f ledger.Field, raw json.RawMessage) string {
	if isEmpty(raw) {
		return ""
	}
	if f.Kind == ledger.FieldList && f.Each != nil {
		var items []json.RawMessage
		if json.Unmarshal(raw, &items) != nil {
			return text(raw)
		}
		each := *f.Each
		each.Name = f.Name
		lines := make([]string, len(items))
		for i, item := range items {
			lines[i] = p.line(each, item)
		}
		return strings.Join(lines, say(p.Lang, "、", ", "))
	}
	if f.Kind == ledger.FieldObject {
		return p.object(f, raw)
	}
	var n int64
	s := text(raw)
	switch f.Kind {
	case ledger.FieldEnum:
		if w := words.Of(p.Lang, f.Enum.Words(s)); w != "" {
			return w
		}
	case ledger.FieldMoment:
		if json.Unmarshal(raw, &n) == nil {
			return Moment(p.Lang, ledger.Millis(n))
		}
	case ledger.FieldFen:
		if json.Unmarshal(raw, &n) == nil {
			return Money(p.Lang, ledger.Fen(n))
		}
	case ledger.FieldBoolean:
		return map[string]string{"true": say(p.Lang, "是", "yes"), "false": say(p.Lang, "否", "no")}[s]
	case ledger.FieldID:
		if c := collections[f.Name]; c != "" && p.named != nil {
			return Named(p.Lang, p.named(c, s), s)
		}
	case ledger.FieldJWK: // its fingerprint is beside it
		var key ledger.JWK
		if json.Unmarshal(raw, &key) == nil {
			return key.Kty + " " + key.Crv
		}
	case ledger.FieldSalted:
		var salted ledger.Salted
		if json.Unmarshal(raw, &salted) == nil {
			return string(salted.SHA256)
		}
	}
	if w, ok := words.Answer(p.Lang, f.Name, s); ok {
		return w
	}
	return s
}

// object returns an object on one line: a name with its id, or its members in order.
func (p Records) object(f ledger.Field, raw json.RawMessage) string {
	m, err := members(raw)
	if err != nil {
		return text(raw)
	}
	if isNamed(f) {
		return Named(p.Lang, text(m["name"]), text(m["id"]))
	}
	var parts []string
	for _, inner := range f.Fields {
		if s := p.line(inner, m[inner.Name]); s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " ")
}
