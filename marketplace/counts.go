package marketplace

import (
	"sync/atomic"

	"github.com/datacadastre/cadastre/ledger"
)

// Counts is what a market has done since it was made, and what it is doing.
type Counts struct {
	Deliveries int                              // running deliveries
	Uploads    int                              // running uploads
	Ended      map[ledger.DeliveryOutcome]int64 // deliveries that ended, by outcome
	Sent       int64                            // bytes of content sent, also by deliveries that still run
	Received   int64                            // bytes of content received, also by uploads that still run
}

// counts is the part of Counts that only grows.
type counts struct {
	sent, received             atomic.Int64
	complete, partial, aborted atomic.Int64
}

// end counts a delivery that ended. A delivery that ends as interrupted does so at the next
// start, which counts from zero.
func (c *counts) end(outcome ledger.DeliveryOutcome) {
	switch outcome {
	case ledger.Complete:
		c.complete.Add(1)
	case ledger.Partial:
		c.partial.Add(1)
	case ledger.Aborted, ledger.Interrupted:
		c.aborted.Add(1)
	}
}

// Running is how many transfers run.
func (m *Market) Running() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.running)
}

// Counts returns how much the market has done.
func (m *Market) Counts() Counts {
	c := Counts{
		Sent: m.counts.sent.Load(), Received: m.counts.received.Load(),
		Ended: map[ledger.DeliveryOutcome]int64{
			ledger.Complete: m.counts.complete.Load(), ledger.Partial: m.counts.partial.Load(), ledger.Aborted: m.counts.aborted.Load(),
		},
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	c.Deliveries = len(m.running)
	for _, n := range m.uploads {
		c.Uploads += n
	}
	return c
}
