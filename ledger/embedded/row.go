package embedded

import (
	"bytes"
	_ "embed" // the dictionary
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/datacadastre/cadastre/internal/tlog"
)

// maxRow is the maximum size in bytes of a decompressed row, and of an event after
// decoding: far more than a call of ledger.MaxCall can write.
const maxRow = 4 << 20

// dictionary contains what rows have in common. A row can only be read with the
// dictionary it was written with. So a change of the file needs a new number, and a
// reader that knows both. TestDictionary says how the dictionary is made.
//
//go:embed row.dict
var dictionary []byte

const dictionaryID = 1

// rows is the codec of the log's rows. A row is a zstd frame, with checksum, of an
// entry whose JWS is split into its decoded parts.
type rows struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

// newRows returns a codec. It has no goroutines and need not be closed.
func newRows() (*rows, error) {
	// The fastest level. The next level takes twice the time and saves only 3 %.
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderDictRaw(dictionaryID, dictionary))
	if err != nil {
		return nil, fmt.Errorf("make encoder of rows: %w", err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxRow), zstd.WithDecoderDictRaw(dictionaryID, dictionary))
	if err != nil {
		return nil, fmt.Errorf("make decoder of rows: %w", err)
	}
	return &rows{enc: enc, dec: dec}, nil
}

// Encode returns the row of an entry.
func (r *rows) Encode(e tlog.Entry) ([]byte, error) {
	plain := plainRow(e)
	if len(plain) > maxRow {
		return nil, fmt.Errorf("a row has %d bytes, the maximum is %d", len(plain), maxRow)
	}
	return r.enc.EncodeAll(plain, nil), nil
}

// Decode returns the entry of a row.
func (r *rows) Decode(row []byte) (tlog.Entry, error) {
	plain, err := r.dec.DecodeAll(row, nil)
	if err != nil {
		return tlog.Entry{}, fmt.Errorf("decompress: %w", err)
	}
	return parseRow(plain)
}

// Forms of the entry in a row.
const (
	formAsIs  = 0 // the bytes of the entry
	formSplit = 1 // the text before and after the JWS, then the parts of the JWS
)

// errRow says that a row does not have the form that this package writes.
var errRow = errors.New("not the row of an entry")

// plainRow returns a row before compression: the entry in one of the forms, then
// the extra bytes.
func plainRow(e tlog.Entry) []byte {
	b := make([]byte, 0, len(e.Data)+len(e.Extra)+64)
	if s, ok := splitEntry(e.Data); ok {
		b = append(b, formSplit)
		for _, part := range s {
			b = appendBytes(b, part)
		}
	} else {
		b = append(b, formAsIs)
		b = appendBytes(b, e.Data)
	}
	return appendBytes(b, e.Extra)
}

func parseRow(plain []byte) (tlog.Entry, error) {
	p := parser{rest: plain}
	var e tlog.Entry
	switch p.uvarint() {
	case formAsIs:
		e.Data = p.bytes()
	case formSplit:
		var s split
		for i := range s {
			s[i] = p.bytes()
		}
		e.Data = s.entry()
	default:
		p.bad = true
	}
	e.Extra = p.bytes()
	return e, p.end()
}

// split is an entry split at its JWS: the text before the JWS, its decoded header,
// payload and signature, and the text after it.
type split [5][]byte

// callMember begins the member of an entry that contains the JWS. A JWS has no
// characters that JSON escapes.
const callMember = `"call":"`

// splitEntry splits an entry. It returns false unless the parts of the JWS encode
// to the same text again, since base64 can have several texts for the same bytes.
func splitEntry(data []byte) (s split, ok bool) {
	begin, end, ok := findJWS(data)
	if !ok {
		return s, false
	}
	jws := data[begin:end]
	parts := bytes.SplitN(jws, []byte{'.'}, 4)
	if len(parts) != 3 {
		return s, false
	}
	s[0], s[4] = data[:begin], data[end:]
	for i, part := range parts {
		raw, err := base64.RawURLEncoding.AppendDecode(nil, part)
		if err != nil {
			return s, false
		}
		s[1+i] = raw
	}
	return s, bytes.Equal(s.appendJWS(nil), jws)
}

// inJWS are the characters of base64url and the dot.
var inJWS = func() (in [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") {
		in[c] = true
	}
	return in
}()

// findJWS returns the position of the JWS in an entry, or false if it has
// characters that cannot be in a JWS.
func findJWS(data []byte) (begin, end int, ok bool) {
	if begin = bytes.Index(data, []byte(callMember)); begin < 0 {
		return 0, 0, false
	}
	begin += len(callMember)
	n := bytes.IndexByte(data[begin:], '"')
	if n < 0 {
		return 0, 0, false
	}
	for _, c := range data[begin : begin+n] {
		if !inJWS[c] {
			return 0, 0, false
		}
	}
	return begin, begin + n, true
}

// entry joins the parts of an entry.
func (s split) entry() []byte {
	n := len(s[0]) + len(s[4]) + 2
	for _, part := range s[1:4] {
		n += base64.RawURLEncoding.EncodedLen(len(part))
	}
	b := s.appendJWS(append(make([]byte, 0, n), s[0]...))
	return append(b, s[4]...)
}

func (s split) appendJWS(b []byte) []byte {
	b = base64.RawURLEncoding.AppendEncode(b, s[1])
	b = base64.RawURLEncoding.AppendEncode(append(b, '.'), s[2])
	return base64.RawURLEncoding.AppendEncode(append(b, '.'), s[3])
}

// appendBytes appends bytes with their length, or nil, which is distinguished from
// an empty slice.
func appendBytes(b, data []byte) []byte {
	if data == nil {
		return append(b, 0)
	}
	return append(binary.AppendUvarint(b, uint64(len(data))+1), data...)
}

// parser parses what appendBytes and AppendUvarint wrote. After the first error it
// is bad, and all results are empty.
type parser struct {
	rest []byte
	bad  bool
}

func (p *parser) uvarint() uint64 {
	n, size := binary.Uvarint(p.rest)
	if p.bad || size <= 0 {
		p.bad = true
		return 0
	}
	p.rest = p.rest[size:]
	return n
}

// bytes returns a part of the input without copying it.
func (p *parser) bytes() []byte {
	n := p.uvarint()
	if n == 0 {
		return nil
	}
	if n--; n > uint64(len(p.rest)) {
		p.bad = true
		return nil
	}
	part := p.rest[:n:n]
	p.rest = p.rest[n:]
	return part
}

// end returns an error unless the whole input was read.
func (p *parser) end() error {
	if p.bad || len(p.rest) > 0 {
		return errRow
	}
	return nil
}
