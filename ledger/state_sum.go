package ledger

import (
	"crypto/sha3"
	"encoding/binary"
	"errors"
)

// sums is the number of counters of a StateSum; each is added modulo 2^16.
const sums = 1024

// StateSum is a hash of a whole state that can be updated with each change, at a
// cost independent of the size of the state (LtHash16). For each row,
// SHAKE128 of its line "key SHA-256(value)" gives 2,048 bytes, read as 16-bit
// little-endian numbers, which are added to the sum. The order of changes does not
// matter. The zero value is the sum of the empty state.
type StateSum [sums]uint16

// Add adds a row.
func (s *StateSum) Add(key string, value []byte) {
	b := element(key, value)
	for i := range s {
		s[i] += binary.LittleEndian.Uint16(b[2*i:])
	}
}

// Remove removes a row that was added.
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

// Digest returns the SHA-256 of the sum's bytes, as stored in an entry of the log.
func (s *StateSum) Digest() Digest { return DigestOf(s.Bytes()) }

// ParseStateSum parses the bytes of a sum.
func ParseStateSum(b []byte) (s StateSum, err error) {
	if len(b) != 2*sums {
		return s, errors.New("a sum of a state has 2,048 bytes")
	}
	for i := range s {
		s[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return s, nil
}
