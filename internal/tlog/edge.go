package tlog

import (
	"bytes"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	height    = 8           // levels of the tree in one tile
	tileWidth = 1 << height // hashes in a complete tile
	tileBytes = tileWidth * tlog.HashSize
)

// edge is the right edge of a tree: everything needed to append to the tree and to
// compute its root. An edge that is shared is never changed, only replaced.
type edge struct {
	size int64
	// stack contains the roots of the complete subtrees of the tree, the largest
	// first: one for each bit set in size.
	stack []tlog.Hash
	// tiles contains, for each level of tiles, the hashes of the incomplete last
	// tile; empty if the last tile is complete.
	tiles [][]byte
}

// tile is a row of the table tile.
type tile struct {
	level int
	n     int64
	data  []byte
}

func (e *edge) clone() *edge {
	c := &edge{size: e.size, stack: append([]tlog.Hash(nil), e.stack...)}
	for _, t := range e.tiles {
		c.tiles = append(c.tiles, bytes.Clone(t))
	}
	return c
}

// add appends a leaf and returns full with the tiles that it completes.
func (e *edge) add(h tlog.Hash, full []tile) []tile {
	full = e.put(0, h, full)
	level := 0
	for n := e.size; n&1 == 1; n >>= 1 {
		last := len(e.stack) - 1
		h = tlog.NodeHash(e.stack[last], h)
		e.stack = e.stack[:last]
		if level++; level%height == 0 {
			full = e.put(level/height, h, full)
		}
	}
	e.stack = append(e.stack, h)
	e.size++
	return full
}

// put appends h, which the new leaf completes, to the last tile of a level.
func (e *edge) put(level int, h tlog.Hash, full []tile) []tile {
	if level == len(e.tiles) {
		e.tiles = append(e.tiles, nil)
	}
	e.tiles[level] = append(e.tiles[level], h[:]...)
	if len(e.tiles[level]) < tileBytes {
		return full
	}
	n := e.size >> (height * (level + 1))
	full = append(full, tile{level, n, e.tiles[level]})
	e.tiles[level] = nil
	return full
}

// partial returns the incomplete tiles that differ from those at size old.
func (e *edge) partial(old int64) (tiles []tile) {
	for level, data := range e.tiles {
		if len(data) > 0 && hashes(e.size, level) != hashes(old, level) {
			tiles = append(tiles, tile{level, hashes(e.size, level) >> height, data})
		}
	}
	return tiles
}

// root returns the root of the tree.
func (e *edge) root() tlog.Hash {
	if e.size == 0 {
		return emptyRoot()
	}
	last := len(e.stack) - 1
	h := e.stack[last]
	for i := last - 1; i >= 0; i-- {
		h = tlog.NodeHash(e.stack[i], h)
	}
	return h
}

// restack computes the stack from the tiles, which contain the same hashes or parts
// of them.
func (e *edge) restack() {
	e.stack = nil
	for _, data := range slices.Backward(e.tiles) {
		for width := tileBytes / 2; width >= tlog.HashSize; width /= 2 {
			if len(data) >= width {
				e.stack = append(e.stack, subtree(data[:width]))
				data = data[width:]
			}
		}
	}
}

// subtree returns the root over the hashes in data, whose number is a power of two.
func subtree(data []byte) tlog.Hash {
	if len(data) == tlog.HashSize {
		return tlog.Hash(data)
	}
	half := len(data) / 2
	return tlog.NodeHash(subtree(data[:half]), subtree(data[half:]))
}

// hashes returns the number of hashes on a level of tiles in a tree of a size.
func hashes(size int64, level int) int64 { return size >> (height * level) }

// width returns the number of hashes in tile n of a level in a tree of a size; 0 if
// there is no such tile.
func width(size int64, level int, n int64) int {
	have := hashes(size, level)
	if n < 0 || n > have>>height {
		return 0
	}
	return int(min(have-n<<height, tileWidth))
}

// emptyRoot returns the root of a tree without leaves, as defined by RFC 9162.
func emptyRoot() tlog.Hash {
	h, err := tlog.TreeHash(0, nil)
	if err != nil { // impossible, since no hash is read
		return tlog.Hash{}
	}
	return h
}
