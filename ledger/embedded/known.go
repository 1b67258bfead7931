package embedded

import (
	"hash/maphash"
	"sync"
)

// known remembers the rows that were checked or written since the ledger was
// opened, each as a keyed hash with a secret of this process. It has a fixed number
// of places of 24 bytes each. A row that has lost its place is checked against its
// entry at its next read; until then, a rollback or deletion of the row is not
// detected.
type known struct {
	seed maphash.Seed

	mu   sync.Mutex
	sets [][places]place
}

// places is the number of rows in a set.
const places = 4

// place is a known row: the hashes of its key and of the whole row, and the number
// of the entry that wrote it. The row hash of a deleted row is 0.
type place struct {
	key, row uint64
	seq      int64
}

// Limits of the number of sets. There are two places for each row that exists when
// the ledger is opened, but at least 1.5 MiB and at most 24 MiB of places.
const (
	minSets        = 1 << 14
	defaultMaxSets = 1 << 18
)

// newKnown returns an empty memory for a number of rows, with at most maxSets sets.
func newKnown(rows int64, maxSets int) *known {
	n := min(minSets, maxSets)
	for n < maxSets && int64(n) < rows/2 {
		n *= 2
	}
	return &known{seed: maphash.MakeSeed(), sets: make([][places]place, n)}
}

// size returns the maximum number of known rows.
func (k *known) size() int {
	if k == nil {
		return 0
	}
	return len(k.sets) * places
}

// verdict is the result of looking up a row.
type verdict int

const (
	unknownRow verdict = iota // the row must be checked
	rightRow                  // the row is as it was found or written
	olderRow                  // the row was different later: it was rolled back or deleted, or read before that
)

// place returns the place value for a row that was read or written.
func (k *known) place(key string, r row) place {
	p := place{key: maphash.String(k.seed, key) | 1, seq: r.seq} // 0 means an empty place
	if r.value == nil {
		return p
	}
	var h maphash.Hash
	h.SetSeed(k.seed)
	_, _ = h.WriteString(key)
	_ = h.WriteByte(0)
	_, _ = h.Write(r.value)
	p.row = h.Sum64() | 1
	return p
}

// judge looks up a row that was read; p.row is 0 if no row was found.
func (k *known) judge(p place) verdict {
	k.mu.Lock()
	defer k.mu.Unlock()
	set := k.set(p)
	for _, q := range set {
		switch {
		case q.key != p.key:
			continue
		case q.row == p.row && (p.row == 0 || q.seq == p.seq):
			return rightRow
		case p.row == 0 || p.seq < q.seq:
			return olderRow
		}
	}
	if p.row == 0 {
		return rightRow
	}
	return unknownRow
}

// remember stores rows. A row replaces its older state, or takes a free place, or
// replaces another row.
func (k *known) remember(list ...place) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range list {
		k.put(p)
	}
}

func (k *known) put(p place) {
	set := k.set(p)
	at := p.row % places // any place will do
	for i, q := range set {
		if q.key == p.key {
			if q.seq > p.seq {
				return
			}
			at = uint64(i)
			break
		}
		if q.key == 0 {
			at = uint64(i)
		}
	}
	set[at] = p
}

func (k *known) set(p place) *[places]place {
	return &k.sets[p.key>>1%uint64(len(k.sets))]
}
