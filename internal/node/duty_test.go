package node_test

import (
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/node"
)

// TestLag: what is late is one block, not a head that is always ahead.
func TestLag(t *testing.T) {
	type look struct {
		known         bool
		applied, head uint64
		late          bool
	}
	for name, looks := range map[string][]look{ // one each 300 ms
		"applied":         {{true, 1, 1, false}, {true, 1, 1, false}, {true, 1, 1, false}, {true, 1, 1, false}, {true, 1, 1, false}, {true, 2, 2, false}},
		"a busy ledger":   {{true, 1, 2, false}, {true, 2, 3, false}, {true, 4, 5, false}, {true, 6, 9, false}, {true, 9, 10, false}, {true, 10, 11, false}},
		"one is late":     {{true, 1, 2, false}, {true, 1, 3, false}, {true, 1, 4, false}, {true, 1, 5, false}, {true, 1, 6, true}, {true, 2, 7, false}},
		"slow":            {{true, 1, 9, false}, {true, 2, 9, false}, {true, 3, 10, false}, {true, 4, 11, false}, {true, 5, 12, true}, {true, 12, 12, false}},
		"nothing is told": {{false, 0, 0, false}, {false, 0, 0, false}, {false, 0, 0, false}, {false, 0, 0, false}, {false, 0, 0, true}, {true, 1, 2, false}},
	} {
		var l node.Lag
		for i, k := range looks {
			now := time.Unix(0, 0).Add(time.Duration(i) * 300 * time.Millisecond)
			if got := l.Late(k.known, k.applied, k.head, now); got != k.late {
				t.Errorf("%s, look %d: late %v, want %v", name, i, got, k.late)
			}
		}
	}
}
