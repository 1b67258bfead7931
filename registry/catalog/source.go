package catalog

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/datacadastre/cadastre/ledger"
)

// maxDepth is the maximum nesting of a JSON record.
const maxDepth = 32

// source is one record as it is in the source.
type source interface {
	// at returns the value at a path: string, []string or nil. Numbers and booleans are
	// returned as text. Other values are an error with a rule.
	at(path string) (any, error)
}

// object is a record of JSON Lines.
type object struct {
	members map[string]any
	twice   []string // paths of members that occur twice
}

// repeated is the value of a member that occurs twice, because either could be meant.
type repeated struct{}

func (o object) at(path string) (any, error) {
	var v any = o.members
	for name := range strings.SplitSeq(path, ".") {
		if v == nil {
			return nil, nil
		}
		m, ok := v.(map[string]any)
		if !ok {
			return nil, ledger.Invalid("", "object").With("allowed", "对象/object")
		}
		if v = m[name]; v == (repeated{}) {
			return nil, ledger.Invalid("", "not_twice")
		}
	}
	switch v := v.(type) {
	case []any:
		return members(v)
	case map[string]any:
		return nil, ledger.Invalid("", "text_or_list").With("allowed", "文本、列表/text, list")
	case nil:
		return nil, nil
	default:
		return scalar(v), nil
	}
}

func members(values []any) (any, error) {
	out := make([]string, 0, len(values))
	for i, v := range values {
		s, ok := scalar(v).(string)
		if !ok {
			return nil, ledger.Invalid("", "list_of_text").With("index", strconv.Itoa(i)).With("allowed", "文本列表/list of text")
		}
		out = append(out, s)
	}
	return out, nil
}

func scalar(v any) any {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return nil
}

func syntax(rule string) error {
	return &ledger.Error{Code: ledger.InvalidCode, Reason: ledger.ReasonJSON, Rule: rule}
}

// parseObject parses one JSON object. The error of a text that is not JSON has the line
// and column of the text at which parsing ended.
func parseObject(line []byte) (object, error) {
	o, err := readObject(line)
	if err == nil {
		return o, nil
	}
	var whole json.RawMessage
	if e := ledger.AsError(ledger.DecodeStrict(line, &whole)); e != nil && e.Param("column") != "" {
		return object{}, e
	}
	return object{}, err
}

func readObject(line []byte) (object, error) {
	if !utf8.Valid(line) {
		return object{}, syntax("utf8")
	}
	p := parser{d: json.NewDecoder(bytes.NewReader(line))}
	p.d.UseNumber()
	v, err := p.value("", 0)
	if err != nil {
		return object{}, err
	}
	if _, err := p.d.Token(); !errors.Is(err, io.EOF) {
		return object{}, syntax("one_value")
	}
	m, ok := v.(map[string]any)
	if !ok {
		return object{}, syntax("object")
	}
	return object{m, p.twice}, nil
}

// parser parses a JSON text and records the members that occur twice.
type parser struct {
	d     *json.Decoder
	twice []string
}

func (p *parser) value(path string, depth int) (any, error) {
	if depth > maxDepth {
		return nil, syntax("depth")
	}
	tok, err := p.d.Token()
	if err != nil {
		return nil, syntax("syntax")
	}
	delim, ok := tok.(json.Delim)
	if !ok {
		return tok, nil
	}
	if delim == '[' {
		return p.array(path, depth)
	}
	m := map[string]any{}
	for p.d.More() {
		tok, err := p.d.Token()
		name, ok := tok.(string)
		if err != nil || !ok {
			return nil, syntax("syntax")
		}
		at := strings.TrimPrefix(path+"."+name, ".")
		v, err := p.value(at, depth+1)
		if err != nil {
			return nil, err
		}
		if _, twice := m[name]; twice {
			v = repeated{}
			if len(p.twice) < ledger.MaxFaults {
				p.twice = append(p.twice, at)
			}
		}
		m[name] = v
	}
	return m, p.closing()
}

func (p *parser) array(path string, depth int) (any, error) {
	list := []any{}
	for p.d.More() {
		v, err := p.value(path, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, p.closing()
}

func (p *parser) closing() error {
	if _, err := p.d.Token(); err != nil {
		return syntax("syntax")
	}
	return nil
}

// row is a record of CSV with its header.
type row struct {
	columns map[string]int
	cells   []string
}

func (r row) at(path string) (any, error) {
	if s := r.cells[r.columns[path]]; s != "" {
		return s, nil
	}
	return nil, nil
}

// parseCells returns the cells of one CSV record.
func parseCells(record []byte, delimiter byte) ([]string, error) {
	if !utf8.Valid(record) {
		return nil, placed(ledger.Invalid("", "utf8"), record, validPrefix(record))
	}
	r := csv.NewReader(bytes.NewReader(record))
	r.Comma = rune(delimiter)
	cells, err := r.Read()
	if err != nil {
		return nil, quotesAt(record, err)
	}
	if _, err := r.Read(); !errors.Is(err, io.EOF) {
		return nil, ledger.Invalid("", "csv_quotes")
	}
	return cells, nil
}

// quotesAt returns the error for a CSV record that can't be parsed, with line and
// column in characters from 1, if the CSV reader reports them.
func quotesAt(record []byte, err error) error {
	e := ledger.Invalid("", "csv_quotes")
	p, ok := errors.AsType[*csv.ParseError](err)
	if !ok {
		return e
	}
	at := 0
	for range p.Line - 1 {
		at += bytes.IndexByte(record[at:], '\n') + 1
	}
	return placed(e, record, at+p.Column-1)
}

// placed adds the line and column of a byte of a record, in characters from 1.
func placed(e *ledger.Error, record []byte, at int) *ledger.Error {
	before := record[:min(at, len(record))]
	line := before[bytes.LastIndexByte(before, '\n')+1:]
	return e.With("line", strconv.Itoa(bytes.Count(before, []byte("\n"))+1)).With("column", strconv.Itoa(utf8.RuneCount(line)+1))
}

// validPrefix returns how many bytes at the beginning of a text are valid UTF-8.
func validPrefix(text []byte) int {
	at := 0
	for at < len(text) {
		r, n := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		at += n
	}
	return at
}

// header checks the column titles: no title is empty or repeated, and all columns of
// the mapping exist. A mapping that names a column by the member's name or a label
// finds it under each of these titles. header returns the index of each column by the
// mapping's name, and the column of each member.
func (m *Mapping) header(cells []string) (places map[string]int, columnOf map[string]string, err error) {
	places, columnOf = map[string]int{}, m.columnsOf()
	var errs []error
	for i, c := range cells {
		name := strings.TrimSpace(c)
		_, twice := places[name]
		switch {
		case name == "":
			errs = append(errs, ledger.Invalid("header", "required").With("value", strconv.Itoa(i+1)))
		case twice:
			errs = append(errs, ledger.Invalid("header", "not_twice").With("value", ledger.Quotable(name)))
		default:
			places[name] = i
		}
	}
	if _, ok := places[m.ID]; !ok {
		errs = append(errs, missing(m.ID, cells))
	}
	for _, s := range m.slots() {
		if s.field == nil {
			continue
		}
		column := s.column(places)
		if column == "" {
			errs = append(errs, missing(s.field.From, cells))
			continue
		}
		places[s.field.From], columnOf[s.path()] = places[column], column
	}
	return places, columnOf, ledger.Join(errs...)
}

// column returns the title of the column for a slot, or "".
func (s slot) column(places map[string]int) string {
	if _, ok := places[s.field.From]; ok {
		return s.field.From
	}
	titles := s.titles()
	if !slices.Contains(titles, s.field.From) {
		return ""
	}
	for _, title := range titles {
		if _, ok := places[title]; ok {
			return title
		}
	}
	return ""
}

func missing(column string, cells []string) error {
	return ledger.Invalid("header", "column_missing").With("value", ledger.Quotable(column)).
		With("allowed", ledger.Quotable(strings.Join(cells, ", ")))
}
