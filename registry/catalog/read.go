package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/datacadastre/cadastre/ledger"
)

// Private is a text that stays off the ledger: the object store keeps it under the
// hash that the resource names.
type Private struct {
	Field  string // source_basis or level_basis
	Salted ledger.Salted
	Text   string
}

// Record is a source record as a resource.
type Record struct {
	Line     int           // it begins on, from 1
	Source   string        // its id in the source
	Hash     ledger.Digest // of its bytes in the source, without the line end: the deposit
	Bytes    int64         // how many those are
	Resource ledger.Resource
	Private  []Private
	Items    []byte   // the encoded items where Resource.ItemsObject names them
	Assumed  []string // members of the resource that the source doesn't say, in order
}

// Records are the records of a reading, each mapped or with why not.
type Records = iter.Seq2[Record, error]

// RecordError is why one record could not be mapped. It wraps Err.
type RecordError struct {
	Line   int
	Source string // the record's id, if it could be read
	Field  string // member of the resource, or of the source
	Rule   string
	Err    *ledger.Error
}

// Error is for logs.
func (e *RecordError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap is the typed error.
func (e *RecordError) Unwrap() error { return e.Err }

// reading is one pass over a source.
type reading struct {
	m         *Mapping
	ledger    ledger.ID
	publisher ledger.ID
	columns   map[string]int // of CSV, once the header is read
	ids       map[string]bool
}

// Read maps the records of r for a holder, in order. A record that can't be mapped
// gives a *RecordError and the reading goes on; after any other error, or one of
// the header of CSV, nothing more comes. Two records of one title are both read:
// the ledger decides between them. Ids and salts are of the ledger: another
// ledger has others.
func Read(ctx context.Context, r io.Reader, m Mapping, ledgerID, publisher ledger.ID) Records {
	return func(yield func(Record, error) bool) {
		if err := ledger.First(m.check(), ledgerID.Validate("ledger"), publisher.Validate("publisher")); err != nil {
			yield(Record{}, err)
			return
		}
		p := &reading{m: &m, ledger: ledgerID, publisher: publisher, ids: map[string]bool{}}
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

// next is the next record, or why it is none; more says whether to go on.
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
	record.Line = line
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
	return &RecordError{Line: r.Line, Source: r.Source, Field: e.Field, Rule: e.Rule, Err: e}
}

// begin reads the header of CSV.
func (p *reading) begin(raw []byte) error {
	cells, err := parseCells(raw, p.delimiter())
	if err != nil {
		return err
	}
	p.columns, err = p.m.header(cells)
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
	if len(cells) != len(p.columns) {
		return nil, ledger.Invalid("", "columns_of_header")
	}
	return row{p.columns, cells}, nil
}

// record maps one record. What it has filled in of r before an error is of use in
// naming the record.
func (p *reading) record(raw []byte, r *Record) error {
	src, err := p.parse(raw)
	if err != nil {
		return err
	}
	r.Hash, r.Bytes = ledger.DigestOf(raw), int64(len(raw))
	if r.Source, err = p.id(src); err != nil {
		return err
	}
	v := values{}
	for _, s := range p.m.slots() {
		list, assumed, err := s.take(src)
		if err != nil {
			return err
		}
		v[s.name] = list
		if assumed {
			r.Assumed = append(r.Assumed, s.name)
		}
	}
	return p.build(v, r)
}

// id is the record's id in its source, which no earlier record had.
func (p *reading) id(src source) (string, error) {
	v, err := src.at(p.m.ID)
	if err != nil {
		return "", located(err, "id", p.m.ID)
	}
	id, ok := v.(string)
	if !ok {
		return "", ledger.Invalid("id", "required").With("from", p.m.ID)
	}
	if id, err = clean("id", word, id); err != nil {
		return "", err
	}
	if id == "" || len(id) > maxPath {
		return "", ledger.Invalid("id", "1_to_200_bytes")
	}
	if p.ids[id] {
		return id, ledger.Invalid("id", "not_twice").With("value", id)
	}
	p.ids[id] = true
	return id, nil
}

// located puts the member at fault, and its path, into an error of the source.
func located(err error, field, path string) error {
	if e := ledger.AsError(err); e != nil {
		return e.At(field).With("from", path)
	}
	return err
}
