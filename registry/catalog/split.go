package catalog

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/datacadastre/cadastre/ledger"
)

// MaxRecord is the maximum size of one source record in bytes.
const MaxRecord = 1 << 20

// splitter splits a source into records and counts its lines.
type splitter struct {
	r      *bufio.Reader
	quotes bool // a quoted cell may contain line ends
	comma  byte
	line   int // lines read so far
}

func newSplitter(r io.Reader, m *Mapping) *splitter {
	s := &splitter{r: bufio.NewReaderSize(r, 64<<10), quotes: m.Format == CSV, comma: ','}
	if m.Delimiter != "" {
		s.comma = m.Delimiter[0]
	}
	return s
}

// next returns the next record that is not blank, and the line on which it begins. It
// removes the line end, and the byte order mark of the first record. A record longer
// than MaxRecord is skipped and is an error with a rule. At the end it returns io.EOF.
func (s *splitter) next() ([]byte, int, error) {
	if s.line == 0 {
		s.skipMark()
	}
	for {
		start := s.line + 1
		record, err := s.read()
		if err != nil || len(bytes.TrimSpace(record)) > 0 {
			return record, start, err
		}
	}
}

// skipMark skips a byte order mark. It leaves read errors to read.
func (s *splitter) skipMark() {
	mark := []byte("\ufeff")
	if b, err := s.r.Peek(len(mark)); err == nil && bytes.Equal(b, mark) {
		_, _ = s.r.Discard(len(mark))
	}
}

func (s *splitter) read() ([]byte, error) {
	var record []byte
	long, cell := false, cells{comma: s.comma}
	for {
		part, err := s.r.ReadSlice('\n')
		if s.quotes {
			cell.scan(part)
		}
		if long = long || len(record)+len(part) > MaxRecord; !long {
			record = append(record, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && (!errors.Is(err, io.EOF) || len(record) == 0 && !long) {
			return nil, err
		}
		s.line++
		if err == nil && cell.open() && !long {
			continue
		}
		if long {
			return nil, ledger.Refuse(ledger.InvalidCode, ledger.ReasonTooLarge).By("record_1_mib")
		}
		return bytes.TrimSuffix(bytes.TrimSuffix(record, []byte("\n")), []byte("\r")), nil
	}
}

// cells tracks the quotes of a CSV record. A quote opens a cell only at the cell's
// beginning, so a stray quote in the middle breaks only its own record.
type cells struct {
	comma byte
	state cellState
}

type cellState int

const (
	atStart cellState = iota
	inPlain
	inQuotes
	afterQuote // after a closing quote, or the first of two quotes
)

func (c *cells) open() bool { return c.state == inQuotes }

func (c *cells) scan(part []byte) {
	for _, b := range part {
		switch {
		case c.state == inQuotes:
			if b == '"' {
				c.state = afterQuote
			}
		case b == '"' && c.state != inPlain:
			c.state = inQuotes
		case b == c.comma || b == '\n':
			c.state = atStart
		default:
			c.state = inPlain
		}
	}
}
