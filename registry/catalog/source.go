package catalog

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/datacadastre/cadastre/ledger"
)

// maxDepth bounds the nesting of a JSON record.
const maxDepth = 32

// source is one record as it was written.
type source interface {
	// at is the value at a path: string, []string or nil. Numbers and truth values
	// are their text. What has no such form is an error of rule.
	at(path string) (any, error)
}

// object is a record of JSON Lines.
type object map[string]any

func (o object) at(path string) (any, error) {
	var v any = map[string]any(o)
	for name := range strings.SplitSeq(path, ".") {
		if v == nil {
			return nil, nil
		}
		m, ok := v.(map[string]any)
		if !ok {
			return nil, ledger.Invalid("", "object")
		}
		v = m[name]
	}
	switch v := v.(type) {
	case []any:
		return members(v)
	case map[string]any:
		return nil, ledger.Invalid("", "text_or_list")
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
			return nil, ledger.Invalid("", "list_of_text").With("index", strconv.Itoa(i))
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

// parseObject reads one JSON object. A member named twice is refused, since either
// might have been meant.
func parseObject(line []byte) (object, error) {
	if !utf8.Valid(line) {
		return nil, syntax("utf8")
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	v, err := value(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, syntax("one_value")
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, syntax("object")
	}
	return o, nil
}

func value(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, syntax("depth")
	}
	tok, err := d.Token()
	if err != nil {
		return nil, syntax("syntax")
	}
	delim, ok := tok.(json.Delim)
	if !ok {
		return tok, nil
	}
	if delim == '[' {
		return array(d, depth)
	}
	m := map[string]any{}
	for d.More() {
		tok, err := d.Token()
		name, ok := tok.(string)
		if err != nil || !ok {
			return nil, syntax("syntax")
		}
		if _, twice := m[name]; twice {
			return nil, ledger.Invalid(name, "not_twice")
		}
		if m[name], err = value(d, depth+1); err != nil {
			return nil, err
		}
	}
	return m, closing(d)
}

func array(d *json.Decoder, depth int) (any, error) {
	list := []any{}
	for d.More() {
		v, err := value(d, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, closing(d)
}

func closing(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return syntax("syntax")
	}
	return nil
}

// row is a record of CSV under its header.
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

// parseCells reads the cells of one CSV record.
func parseCells(record []byte, delimiter byte) ([]string, error) {
	if !utf8.Valid(record) {
		return nil, ledger.Invalid("", "utf8")
	}
	r := csv.NewReader(bytes.NewReader(record))
	r.Comma = rune(delimiter)
	cells, err := r.Read()
	if err != nil {
		return nil, ledger.Invalid("", "csv_quotes")
	}
	if _, err := r.Read(); !errors.Is(err, io.EOF) {
		return nil, ledger.Invalid("", "csv_quotes")
	}
	return cells, nil
}

// header names the columns: each once, none empty, and all that the mapping wants.
func (m *Mapping) header(cells []string) (map[string]int, error) {
	columns := map[string]int{}
	for i, c := range cells {
		name := strings.TrimSpace(c)
		if name == "" {
			return nil, ledger.Invalid("header", "required").With("column", strconv.Itoa(i+1))
		}
		if _, twice := columns[name]; twice {
			return nil, ledger.Invalid("header", "not_twice").With("column", name)
		}
		columns[name] = i
	}
	wanted := []string{m.ID}
	for _, s := range m.slots() {
		if s.field != nil {
			wanted = append(wanted, s.field.From)
		}
	}
	for _, name := range wanted {
		if _, ok := columns[name]; !ok {
			return nil, ledger.Invalid("header", "column_missing").With("column", name)
		}
	}
	return columns, nil
}
