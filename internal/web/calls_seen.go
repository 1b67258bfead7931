package web

import (
	"sync"

	"github.com/datacadastre/cadastre/ledger"
)

// maxCallsSeen is how many calls each of two generations remembers: full, both take about 15 MiB.
const maxCallsSeen = 1 << 16

// callsSeen remembers calls that were counted for their party. Others can have a recorded
// call from a bundle of evidence: sent again, it must not use up the party's rate.
type callsSeen struct {
	mu            sync.Mutex
	newer, before map[ledger.Digest]bool
}

// add remembers a call by the hash of its payload; false if it is remembered already.
func (c *callsSeen) add(payload ledger.Digest) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.newer[payload] || c.before[payload] {
		return false
	}
	if len(c.newer) >= maxCallsSeen || c.newer == nil {
		c.newer, c.before = map[ledger.Digest]bool{}, c.newer
	}
	c.newer[payload] = true
	return true
}

// forget forgets a call that was not counted after all.
func (c *callsSeen) forget(payload ledger.Digest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.newer, payload)
	delete(c.before, payload)
}
