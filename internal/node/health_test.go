package node

import (
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// TestPulse: only a block that is known and stays unapplied makes a node late;
// neither silence of the ledger nor a head that always runs ahead does.
func TestPulse(t *testing.T) {
	at := func(block uint64) *ledger.Revision { return &ledger.Revision{Block: block} }
	start := time.Now()
	type beat struct {
		after   time.Duration
		head    *ledger.Revision
		applied uint64
		late    bool
	}
	for name, beats := range map[string][]beat{
		"stays at the head": {{0, at(4), 4, false}, {3 * time.Second, at(4), 4, false}},
		"nobody answers":    {{0, at(4), 4, false}, {time.Second, nil, 4, false}, {time.Hour, nil, 4, false}},
		"nobody answers, and a block is known": {
			{0, at(5), 4, false}, {time.Second, nil, 4, false}, {1100 * time.Millisecond, nil, 4, true}, {time.Minute, nil, 5, false},
		},
		"always one behind, never the same": {
			{0, at(5), 4, false}, {900 * time.Millisecond, at(6), 5, false}, {1800 * time.Millisecond, at(7), 6, false}, {2700 * time.Millisecond, at(8), 7, false},
		},
		"stuck": {
			{0, at(5), 4, false},
			{time.Second, at(6), 4, false},
			{1250 * time.Millisecond, at(7), 4, true},
			{2 * time.Second, at(7), 5, false},
			{3 * time.Second, at(7), 7, false},
		},
		"a peer that lags": {{0, at(9), 9, false}, {time.Second, at(3), 9, false}, {5 * time.Second, at(3), 9, false}},
	} {
		t.Run(name, func(t *testing.T) {
			var p pulse
			for i, b := range beats {
				got := p.beat(b.head, ledger.Revision{Block: b.applied}, true, start.Add(b.after))
				if got != b.late || p.behind() != b.late || p.reachable != (b.head != nil) {
					t.Errorf("beat %d: late %v, reachable %v; want late %v", i, got, p.reachable, b.late)
				}
			}
		})
	}
	var p pulse
	if p.beat(nil, ledger.Revision{}, false, start) || p.beat(nil, ledger.Revision{}, false, start.Add(time.Minute)) {
		t.Error("late behind a ledger that nobody has seen")
	}
	if p.beat(at(0), ledger.Revision{}, false, start) || !p.beat(at(0), ledger.Revision{}, false, start.Add(2*time.Second)) {
		t.Error("not late though the first block is not applied")
	}
}
