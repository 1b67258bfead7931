package fabric

import (
	"fmt"
	"math"
	"sync"

	"github.com/hyperledger/fabric-protos-go/peer"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/providers/fab"
)

// commit is the position of a transaction and its validation code.
type commit struct {
	block uint64
	tx    uint32
	code  peer.TxValidationCode
}

// commits notifies the attempts that wait for a transaction when a block contains
// it. The stream of filtered blocks lists the transactions of each block in order.
type commits struct {
	service fab.EventService
	reg     fab.Registration

	mu   sync.Mutex
	wait map[string]*pending // by transaction id
}

// pending is a transaction that was sent. Its verdict arrives once, or never.
type pending struct {
	id      string
	verdict chan commit // buffered
}

func listenCommits(n *network) (*commits, error) {
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
			c.notify(b.FilteredBlock)
		}
	}()
	return c, nil
}

// close stops the stream.
func (c *commits) close() { c.service.Unregister(c.reg) }

// expect registers a transaction to wait for. It must be called before the
// transaction is sent.
func (c *commits) expect(id string) *pending {
	p := &pending{id: id, verdict: make(chan commit, 1)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wait[id] = p
	return p
}

// forget stops waiting for a transaction.
func (c *commits) forget(p *pending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.wait, p.id)
}

func (c *commits) notify(b *peer.FilteredBlock) {
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
