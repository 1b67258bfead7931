package tlog

import (
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Spine is the right edge of a growing tree: the roots of its complete subtrees,
// the largest first. It computes the root of entries that are read in order, with
// about two hashes per entry. The zero value is the empty tree.
type Spine struct {
	size  int64
	roots []tlog.Hash
}

// NewSpine returns the edge of a tree of the given size from the inclusion proof of
// the next entry in the tree of size+1. All neighbors of that entry are before it.
func NewSpine(size int64, next tlog.RecordProof) *Spine {
	roots := slices.Clone([]tlog.Hash(next))
	slices.Reverse(roots)
	return &Spine{size: size, roots: roots}
}

// Add appends the leaf hash of the next entry (RFC 9162 §2.1.1).
func (s *Spine) Add(leaf tlog.Hash) {
	for n := s.size; n&1 == 1; n >>= 1 {
		last := len(s.roots) - 1
		leaf = tlog.NodeHash(s.roots[last], leaf)
		s.roots = s.roots[:last]
	}
	s.roots = append(s.roots, leaf)
	s.size++
}

// Size returns the number of entries.
func (s *Spine) Size() int64 { return s.size }

// Root returns the root of the tree (RFC 9162 §2.1.1).
func (s *Spine) Root() tlog.Hash {
	last := len(s.roots) - 1
	if last < 0 {
		return new(edge).root()
	}
	h := s.roots[last]
	for i := last - 1; i >= 0; i-- {
		h = tlog.NodeHash(s.roots[i], h)
	}
	return h
}
