package web

import (
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/datacadastre/cadastre/ledger"
)

// maxCallsSeen is how many calls are remembered: all together take about 15 MiB.
const maxCallsSeen = 1 << 17

// callsSeen remembers calls that were counted for their party, by the hash of their payload.
// Others can have a recorded call from a bundle of evidence: sent again, it must not use up
// the party's rate.
type callsSeen struct {
	calls *lru.Cache[ledger.Digest, struct{}]
}

func newCallsSeen() callsSeen {
	calls, _ := lru.New[ledger.Digest, struct{}](maxCallsSeen) // fails only for a size below 1
	return callsSeen{calls}
}

// add remembers a call; false if it is remembered already.
func (c callsSeen) add(payload ledger.Digest) bool {
	known, _ := c.calls.ContainsOrAdd(payload, struct{}{})
	return !known
}

// forget forgets a call that was not counted after all.
func (c callsSeen) forget(payload ledger.Digest) { c.calls.Remove(payload) }
