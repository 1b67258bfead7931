package contract

import (
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// reader is a state that notes what one call reads of another state: each key
// once, with the value that was there. Records of calls are left out, since they
// only make a call idempotent.
type reader struct {
	base  State
	known map[string]bool
	lines []ledger.Line
}

func newReader(base State) *reader { return &reader{base: base, known: map[string]bool{}} }

// Get reads one key.
func (r *reader) Get(key string) ([]byte, bool, error) {
	value, ok, err := r.base.Get(key)
	if err != nil || r.known[key] || ledger.IsCallKey(key) {
		return value, ok, err
	}
	r.known[key] = true
	line := ledger.Line{Key: key, SHA256: ledger.NoValue}
	if ok {
		line.SHA256 = string(ledger.DigestOf(value))
	}
	r.lines = append(r.lines, line)
	return value, ok, nil
}

// read returns the lines of what was read, in the order of their keys.
func (r *reader) read() []ledger.Line {
	slices.SortFunc(r.lines, func(a, b ledger.Line) int { return strings.Compare(a.Key, b.Key) })
	return r.lines
}
