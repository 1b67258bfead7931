package registry

import "github.com/datacadastre/cadastre/ledger"

// MaxRecent is how many bytes of submissions are remembered.
const MaxRecent = maxRecent

// Recent remembers submissions.
type Recent struct{ recent }

// Add remembers one.
func (r *Recent) Add(payload ledger.Digest, value []byte) { r.add(payload, value) }

// Known reports whether one is remembered.
func (r *Recent) Known(payload ledger.Digest) (bool, error) {
	s, err := r.get(payload)
	return s != nil, err
}
