package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"

	"github.com/datacadastre/cadastre/ledger"
)

// Private is a text that stays off the ledger: the object store has it, and the
// resource has its hash.
type Private struct {
	Field  string // source_basis or level_basis
	Salted ledger.Salted
	Text   string
}

// Record is a source record as a resource.
type Record struct {
	Line     int           // the line on which it begins, from 1
	Source   string        // its id in the source
	Hash     ledger.Digest // SHA-256 of its bytes in the source, without the line end: the deposit
	Bytes    int64         // number of those bytes
	Resource ledger.Resource
	Private  []Private
	Items    []byte   // the encoded items if Resource.ItemsObject is set
	Assumed  []string // members of the resource that the source does not give, in order

	// Columns has the column, or path, from which each member of the resource is taken.
	// All records of a reading share it: do not change it.
	Columns map[string]string
}

// Records are the records of a reading, each with its resource or with an error.
type Records = iter.Seq2[Record, error]

// RecordError is the reason why a record could not be mapped. It wraps Err, which has
// all faults of the record, at most ledger.MaxFaults. Each fault has the member, its
// value, and in the parameter "from" the column.
type RecordError struct {
	Line   int
	Source string // the record's id, if it could be read
	Field  string // of the first fault: the member of the resource, or of the source
	Rule   string
	Err    *ledger.Error
}

// Error returns a text for logs.
func (e *RecordError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns Err.
func (e *RecordError) Unwrap() error { return e.Err }

// reading is one pass over a source.
type reading struct {
	m         *Mapping
	ledger    ledger.ID
	publisher ledger.ID
	columns   map[string]int    // of CSV, after the header: index by title, or by the mapping's name
	width     int               // number of columns
	columnOf  map[string]string // column or path of each member of the resource
	ids       map[string]int    // line of each id
}

// Read maps the records of r for a holder, in order. A record that can't be mapped
// gives a *RecordError, and the reading continues. After any other error, or an error
// in the header of CSV, it ends. Two records with the same title are both read: the
// ledger decides between them. Ids and salts depend on the ledger: another ledger gives
// others.
func Read(ctx context.Context, r io.Reader, m Mapping, ledgerID, publisher ledger.ID) Records {
	return func(yield func(Record, error) bool) {
		if err := ledger.First(m.check(), ledgerID.Validate("ledger"), publisher.Validate("publisher")); err != nil {
			yield(Record{}, err)
			return
		}
		p := &reading{m: &m, ledger: ledgerID, publisher: publisher, columnOf: m.columnsOf(), ids: map[string]int{}}
		s := newSplitter(r, &m)
		for {
			record, more, err := p.next(ctx, s)
			if !more && err == nil {
				return
			}
			if !yield(record, err) || !more {
				return
			}
		}
	}
}

// next returns the next record or its error; more reports whether to continue.
func (p *reading) next(ctx context.Context, s *splitter) (record Record, more bool, err error) {
	if err := ctx.Err(); err != nil {
		return record, false, err
	}
	raw, line, err := s.next()
	switch {
	case errors.Is(err, io.EOF):
		return record, false, nil
	case err != nil && ledger.AsError(err) == nil:
		return record, false, fmt.Errorf("read source: %w", err)
	case p.m.Format == CSV && p.columns == nil:
		if err == nil {
			err = p.begin(raw)
		}
		if err != nil {
			return record, false, recordError(Record{Line: line}, err)
		}
		return p.next(ctx, s)
	}
	record.Line, record.Columns = line, p.columnOf
	if err == nil {
		err = p.record(raw, &record)
	}
	if err != nil {
		return Record{}, true, recordError(record, err)
	}
	return record, true, nil
}

func recordError(r Record, err error) error {
	e := ledger.AsError(err)
	if e == nil {
		return err
	}
	for i, p := range e.Params { // count lines from the beginning of the file
		if n, err := strconv.Atoi(p.Value); err == nil && p.Name == "line" {
			e.Params[i].Value = strconv.Itoa(r.Line + n - 1)
		}
	}
	return &RecordError{Line: r.Line, Source: r.Source, Field: e.Field, Rule: e.Rule, Err: e}
}

// begin reads the header of CSV.
func (p *reading) begin(raw []byte) error {
	cells, err := parseCells(raw, p.delimiter())
	if err != nil {
		return err
	}
	p.width = len(cells)
	p.columns, p.columnOf, err = p.m.header(cells)
	return err
}

func (p *reading) delimiter() byte {
	if p.m.Delimiter == "" {
		return ','
	}
	return p.m.Delimiter[0]
}

func (p *reading) parse(raw []byte) (source, error) {
	if p.m.Format == JSONLines {
		return parseObject(raw)
	}
	cells, err := parseCells(raw, p.delimiter())
	if err != nil {
		return nil, err
	}
	if len(cells) != p.width {
		return nil, ledger.Invalid("", "columns_of_header").With("value", strconv.Itoa(len(cells))).With("allowed", strconv.Itoa(p.width))
	}
	return row{p.columns, cells}, nil
}

// record maps one record, or returns all its faults. Fields of r that are set before an
// error help to identify the record.
func (p *reading) record(raw []byte, r *Record) error {
	src, err := p.parse(raw)
	if err != nil {
		return err
	}
	r.Hash, r.Bytes = ledger.DigestOf(raw), int64(len(raw))
	w := &faults{p: p, found: p.repeated(src)}
	if r.Source, err = p.id(src, r.Line); err != nil {
		w.found = append(w.found, p.withColumn(err))
	}
	v := values{}
	for _, s := range p.m.slots() {
		list, assumed, errs := s.valuesFrom(src)
		w.add(s, errs...)
		v[s.name] = list
		if assumed {
			r.Assumed = append(r.Assumed, s.name)
		}
	}
	w.addForm(p.build(v, r))
	return ledger.Join(w.found...)
}

// repeated returns faults for the members that occur twice and are not mapped. For
// mapped members the slot reports it.
func (p *reading) repeated(src source) []error {
	o, ok := src.(object)
	if !ok {
		return nil
	}
	var errs []error
	for _, path := range o.twice {
		taken := false
		for _, from := range p.columnOf {
			taken = taken || within(from, path)
		}
		if !taken {
			errs = append(errs, ledger.Invalid(ledger.Quotable(path), "not_twice"))
		}
	}
	return errs
}

// id returns the record's id in its source, and refuses one that an earlier record had.
func (p *reading) id(src source, line int) (string, error) {
	v, err := src.at(p.m.ID)
	if err != nil {
		return "", located(err, "id", p.m.ID)
	}
	id, ok := v.(string)
	if !ok {
		return "", ledger.Invalid("id", "required")
	}
	if id, err = clean("id", word, id); err != nil {
		return "", err
	}
	switch {
	case id == "":
		return "", ledger.Invalid("id", "required")
	case len(id) > maxPath:
		return "", ledger.Invalid("id", "1_to_200_bytes").With("value", ledger.Quotable(id))
	case p.ids[id] != 0:
		return id, ledger.Invalid("id", "not_twice").With("value", ledger.Quotable(id)).With("other_line", strconv.Itoa(p.ids[id]))
	}
	p.ids[id] = line
	return id, nil
}

// located adds the faulty member and its path to an error of the source.
func located(err error, field, path string) error {
	if e := ledger.AsError(err); e != nil {
		return e.At(field).With("from", ledger.Quotable(path))
	}
	return err
}
