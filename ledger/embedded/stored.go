package embedded

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"strconv"

	"github.com/datacadastre/cadastre/ledger"
)

// stored is what an entry's row holds beside the entry: the event and the write
// set of its call. In the row the event names the records that are in the write
// set instead of repeating them.
type stored struct {
	Event  []byte
	Writes []ledger.Write

	short []byte // once decoded: the event with the numbers of writes in place of their values
	named int    // how many values it leaves to the writes
}

// maxWrites is the most keys that a row's write set may have: more than a call of
// ledger.MaxCall can name.
const maxWrites = 1 << 16

// valueMember stands before each record in an event.
var valueMember = []byte(`"value":`)

// encode returns the row's form: the number of writes, each as key and value;
// then the event in pieces, each a text and the number, from 1, of the write
// whose value follows it. The last piece has the number 0.
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

// write is the number, from 1, of the write whose value text begins with.
func (s stored) write(text []byte) int {
	for i, w := range s.Writes {
		if len(w.Value) > 1 && bytes.HasPrefix(text, w.Value) {
			return i + 1
		}
	}
	return 0
}

// decodeStored reads the row's form. What it returns shares memory with data.
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
	whole := true // each value that is left to the writes is all of an object
	for !p.bad {
		text := p.bytes()
		whole = whole && (s.named == 0 || len(text) > 0 && text[0] == '}')
		s.Event, s.short = append(s.Event, text...), append(s.short, text...)
		n := p.uvarint()
		if n == 0 {
			break
		}
		if n > uint64(len(s.Writes)) {
			return stored{}, errRow
		}
		value := s.Writes[n-1].Value
		whole = whole && len(value) > 1 && value[0] == '{' && value[len(value)-1] == '}'
		s.short, s.named = strconv.AppendUint(s.short, n, 10), s.named+1
		// Pieces of a few bytes can name a long value again and again.
		if s.Event = append(s.Event, value...); len(s.Event) > maxRow {
			return stored{}, errRow
		}
	}
	if !whole {
		s.short = nil
	}
	return s, p.end()
}

// event decodes the event. The values that it leaves to the writes are taken over
// as they stand, instead of being looked through once more.
func (s stored) event() (e ledger.Event, err error) {
	if err := json.Unmarshal(s.short, &e); err == nil && s.fillIn(&e) {
		return e, nil
	}
	e = ledger.Event{}
	err = json.Unmarshal(s.Event, &e)
	return e, err
}

// fillIn puts values in place of their numbers; false unless those are all the numbers
// that there are, and as many as were left to the writes.
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
