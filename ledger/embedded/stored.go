package embedded

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"strconv"

	"github.com/datacadastre/cadastre/ledger"
)

// stored is the part of an entry's row in addition to the entry: the event and the
// write set of its call. In the row, the records of the event are references to the
// write set, so that they are stored only once.
type stored struct {
	Event  []byte
	Writes []ledger.Write

	shortEvent []byte // after decoding: the event with the numbers of writes in place of values
	named      int    // number of values that were replaced by numbers
}

// maxWrites is the maximum number of keys in a row's write set: more than a call of
// ledger.MaxCall can name.
const maxWrites = 1 << 16

// valueMember is the text before the value of each record in an event.
var valueMember = []byte(`"value":`)

// encode returns the row's form: the number of writes, and the key and value of
// each; then the event in pieces. A piece is a text and the number, starting at 1,
// of the write whose value follows the text; the last piece has the number 0.
func (s stored) encode() []byte {
	size := 64 + len(s.Event)
	for _, w := range s.Writes {
		size += len(w.Key) + len(w.Value) + 8
	}
	b := binary.AppendUvarint(make([]byte, 0, size), uint64(len(s.Writes)))
	for _, w := range s.Writes {
		b = appendBytes(b, []byte(w.Key))
		b = appendBytes(b, w.Value)
	}
	text := s.Event
	for at := 0; ; {
		i := bytes.Index(text[at:], valueMember)
		if i < 0 {
			break
		}
		at += i + len(valueMember)
		if n := s.write(text[at:]); n > 0 {
			b = appendBytes(b, text[:at])
			b = binary.AppendUvarint(b, uint64(n))
			text, at = text[at+len(s.Writes[n-1].Value):], 0
		}
	}
	b = appendBytes(b, text)
	return append(b, 0)
}

// write returns the number, starting at 1, of the write whose value is a prefix of
// text.
func (s stored) write(text []byte) int {
	for i, w := range s.Writes {
		if len(w.Value) > 1 && bytes.HasPrefix(text, w.Value) {
			return i + 1
		}
	}
	return 0
}

// decodeStored decodes the row's form. The result shares memory with data.
func decodeStored(data []byte) (stored, error) {
	p := parser{rest: data}
	var s stored
	n := p.uvarint()
	if n > maxWrites {
		return s, errRow
	}
	for ; n > 0 && !p.bad; n-- {
		s.Writes = append(s.Writes, ledger.Write{Key: string(p.bytes()), Value: p.bytes()})
	}
	whole := true // whether each replaced value is a complete object
	for !p.bad {
		text := p.bytes()
		whole = whole && (s.named == 0 || len(text) > 0 && text[0] == '}')
		s.Event, s.shortEvent = append(s.Event, text...), append(s.shortEvent, text...)
		n := p.uvarint()
		if n == 0 {
			break
		}
		if n > uint64(len(s.Writes)) {
			return stored{}, errRow
		}
		value := s.Writes[n-1].Value
		whole = whole && len(value) > 1 && value[0] == '{' && value[len(value)-1] == '}'
		s.shortEvent, s.named = strconv.AppendUint(s.shortEvent, n, 10), s.named+1
		// A few bytes can refer to the same long value many times.
		if s.Event = append(s.Event, value...); len(s.Event) > maxRow {
			return stored{}, errRow
		}
	}
	if !whole {
		s.shortEvent = nil
	}
	return s, p.end()
}

// event decodes the event. It takes the replaced values directly from the writes,
// without parsing them again.
func (s stored) event() (e ledger.Event, err error) {
	if err := json.Unmarshal(s.shortEvent, &e); err == nil && s.fillIn(&e) {
		return e, nil
	}
	e = ledger.Event{}
	err = json.Unmarshal(s.Event, &e)
	return e, err
}

// fillIn replaces the numbers by values. It returns false unless there are exactly
// as many numbers as values that were replaced.
func (s stored) fillIn(e *ledger.Event) bool {
	left := s.named
	for i, r := range e.Records {
		if len(r.Value) == 0 || r.Value[0] < '0' || r.Value[0] > '9' {
			continue
		}
		n, err := strconv.ParseUint(string(r.Value), 10, 32)
		if left--; err != nil || n == 0 || n > uint64(len(s.Writes)) {
			return false
		}
		e.Records[i].Value = s.Writes[n-1].Value
	}
	return left == 0
}
