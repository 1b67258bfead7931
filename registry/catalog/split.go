package catalog

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/datacadastre/cadastre/ledger"
)

// MaxRecord is the most bytes of one source record.
const MaxRecord = 1 << 20

// splitter divides a source into records and counts its lines.
type splitter struct {
	r      *bufio.Reader
	quotes bool // a quoted cell may hold line ends
	comma  byte
	line   int // lines read
}

func newSplitter(r io.Reader, m *Mapping) *splitter {
	s := &splitter{r: bufio.NewReaderSize(r, 64<<10), quotes: m.Format == CSV, comma: ','}
	if m.Delimiter != "" {
		s.comma = m.Delimiter[0]
	}
	return s
}

// next is the next record that is not blank, without its line end and the byte
// order mark of the first, and the line it begins on. A record longer than
// MaxRecord is passed over and is an error of rule; io.EOF ends.
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

// skipMark passes over a byte order mark; what can't be read yet, read reports.
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

// cells follows the quotes of a CSV record: a quote opens a cell only at its
// beginning, so that a stray one in the middle spoils its own record alone.
type cells struct {
	comma byte
	state cellState
}

type cellState int

const (
	atStart cellState = iota
	inPlain
	inQuotes
	afterQuote // of an end, or the first of two
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
