package ledger

import (
	"crypto/sha3"
	"encoding/binary"
	"errors"
)

// sums is how many numbers a StateSum has; each is counted modulo 2^16.
const sums = 1024

// StateSum is a hash of a whole state that follows each change at the price of that
// change (LtHash16; protocol §5): for each row, the numbers of SHAKE128 of its line
// "key SHA-256(value)", 2,048 bytes read as 16-bit little-endian numbers, are added.
// The order of changes leaves no mark. The zero value is the sum of the empty state.
type StateSum [sums]uint16

// Add adds a row.
func (s *StateSum) Add(key string, value []byte) {
	b := element(key, value)
	for i := range s {
		s[i] += binary.LittleEndian.Uint16(b[2*i:])
	}
}

// Remove takes away a row that was added.
func (s *StateSum) Remove(key string, value []byte) {
	b := element(key, value)
	for i := range s {
		s[i] -= binary.LittleEndian.Uint16(b[2*i:])
	}
}

// Merge adds all rows of another sum.
func (s *StateSum) Merge(o *StateSum) {
	for i, n := range o {
		s[i] += n
	}
}

func element(key string, value []byte) []byte {
	return sha3.SumSHAKE128([]byte(key+" "+string(DigestOf(value))), 2*sums)
}

// Bytes returns the sum's 2,048 bytes.
func (s *StateSum) Bytes() []byte {
	b := make([]byte, 2*sums)
	for i, n := range s {
		binary.LittleEndian.PutUint16(b[2*i:], n)
	}
	return b
}

// Digest returns what an entry of the log has for the sum: SHA-256 of its bytes.
func (s *StateSum) Digest() Digest { return DigestOf(s.Bytes()) }

// ParseStateSum reads the bytes of a sum.
func ParseStateSum(b []byte) (s StateSum, err error) {
	if len(b) != 2*sums {
		return s, errors.New("a sum of a state has 2,048 bytes")
	}
	for i := range s {
		s[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return s, nil
}
