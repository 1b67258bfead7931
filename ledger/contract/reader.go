package contract

import (
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// reader records which keys one call reads from a state: each key once, with the
// digest of its value. It leaves out records of calls, since they only make calls
// idempotent.
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

// read returns a line for each key that was read, sorted by key.
func (r *reader) read() []ledger.Line {
	slices.SortFunc(r.lines, func(a, b ledger.Line) int { return strings.Compare(a.Key, b.Key) })
	return r.lines
}
