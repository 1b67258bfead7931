package embedded

import (
	"hash/maphash"
	"sync"
)

// known remembers rows that were found right, or were written, since the ledger was
// opened: each as a hash under a secret of this process. It has a fixed number of
// places of 24 bytes. A row that lost its place is checked against its entry again at
// its next read; until then nothing says that it was rolled back or deleted.
type known struct {
	seed maphash.Seed

	mu   sync.Mutex
	sets [][places]place
}

// places is how many rows can have the same set.
const places = 4

// place is a row that is known: the hash of its key, of all of it, and the entry that
// wrote it. A row that was deleted has no hash.
type place struct {
	key, row uint64
	seq      int64
}

// The sets of a ledger: two places for each row that it has when it is opened, at
// least 1.5 MiB of them, at most 24 MiB.
const (
	leastSets = 1 << 14
	mostSets  = 1 << 18
)

// newKnown makes a memory for a number of rows, of at most that many sets.
func newKnown(rows int64, most int) *known {
	n := min(leastSets, most)
	for n < most && int64(n) < rows/2 {
		n *= 2
	}
	return &known{seed: maphash.MakeSeed(), sets: make([][places]place, n)}
}

// size is how many rows can be known.
func (k *known) size() int {
	if k == nil {
		return 0
	}
	return len(k.sets) * places
}

// verdict is what is known of a row.
type verdict int

const (
	unknownRow verdict = iota // it must be checked
	rightRow                  // it is as it was found or written
	olderRow                  // it was another since: it was rolled back, deleted, or read before that
)

// place returns where a row that was read or written would be known.
func (k *known) place(key string, r row) place {
	p := place{key: maphash.String(k.seed, key) | 1, seq: r.seq} // 0 is no key
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

// judge says what is known of a row that was read; of no row, if nothing was there.
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

// keep remembers rows, each instead of an older state of it, or in a place that is
// free, or else in that of another.
func (k *known) keep(list ...place) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range list {
		k.put(p)
	}
}

func (k *known) put(p place) {
	set := k.set(p)
	at := p.row % places // as good as any
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
