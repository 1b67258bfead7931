package fabric

import (
	"fmt"
	"math"
	"sync"

	"github.com/hyperledger/fabric-protos-go/peer"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/providers/fab"
)

// commit is where a transaction stands, and whether it counts.
type commit struct {
	block uint64
	tx    uint32
	code  peer.TxValidationCode
}

// commits tells those who wait for a transaction that it is in a block: the
// stream of filtered blocks names each in its order.
type commits struct {
	service fab.EventService
	reg     fab.Registration

	mu   sync.Mutex
	wait map[string]*pending // by transaction id
}

// pending is a transaction that was sent. Its verdict comes once, or never.
type pending struct {
	id      string
	verdict chan commit // buffered
}

func watchCommits(n *network) (*commits, error) {
	service, err := n.channel.ChannelService().EventService()
	if err != nil {
		return nil, fmt.Errorf("event service: %w", err)
	}
	reg, blocks, err := service.RegisterFilteredBlockEvent()
	if err != nil {
		return nil, fmt.Errorf("listen to blocks: %w", err)
	}
	c := &commits{service: service, reg: reg, wait: map[string]*pending{}}
	go func() {
		for b := range blocks {
			c.tell(b.FilteredBlock)
		}
	}()
	return c, nil
}

// close ends the stream.
func (c *commits) close() { c.service.Unregister(c.reg) }

// expect begins to wait for a transaction; it must be called before it is sent.
func (c *commits) expect(id string) *pending {
	p := &pending{id: id, verdict: make(chan commit, 1)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wait[id] = p
	return p
}

// forget ends the waiting.
func (c *commits) forget(p *pending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.wait, p.id)
}

func (c *commits) tell(b *peer.FilteredBlock) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, tx := range b.GetFilteredTransactions() {
		p := c.wait[tx.GetTxid()]
		if p == nil || i > math.MaxUint32 {
			continue
		}
		delete(c.wait, tx.GetTxid())
		p.verdict <- commit{block: b.GetNumber(), tx: uint32(i), code: tx.GetTxValidationCode()}
	}
}
