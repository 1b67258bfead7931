package fabric

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hyperledger/fabric-protos-go/common"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/providers/fab"

	"github.com/datacadastre/cadastre/ledger"
)

// peers is a channel with its blocks, and streams that fail by plan.
type peers struct {
	mu      sync.Mutex // a channel grows while it is read
	blocks  []*common.Block
	streams []func(p *peers, from uint64, send func(n uint64)) // the last one for all after it
	opened  int
	closed  int
	fetched []uint64
	failing int // of the next questions for a block or the height
}

func newPeers(t *testing.T, n int) *peers {
	t.Helper()
	p := &peers{}
	p.grow(t, n)
	return p
}

// grow adds n blocks.
func (p *peers) grow(t *testing.T, n int) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for range n {
		var previous []byte
		if len(p.blocks) > 0 {
			head, err := headerHash(p.blocks[len(p.blocks)-1].Header)
			if err != nil {
				t.Fatal(err)
			}
			if previous, err = hex.DecodeString(string(head)); err != nil {
				t.Fatal(err)
			}
		}
		p.blocks = append(p.blocks, block(t, uint64(len(p.blocks)), previous, []byte{0}, transaction{kind: common.HeaderType_CONFIG}))
	}
}

// connection is one source of them.
type connection struct {
	*peers
	events chan *fab.BlockEvent
}

func (p *peers) open() (source, error) {
	p.opened++
	return &connection{peers: p, events: make(chan *fab.BlockEvent, 100)}, nil
}

func (c *connection) stream(from uint64) (<-chan *fab.BlockEvent, error) {
	plan := c.streams[min(c.opened, len(c.streams))-1]
	plan(c.peers, from, func(n uint64) {
		if n == end {
			close(c.events)
			return
		}
		c.events <- &fab.BlockEvent{Block: c.at(n)}
	})
	return c.events, nil
}

func (c *connection) block(_ context.Context, n uint64) (*common.Block, error) {
	if c.failing > 0 {
		c.failing--
		return nil, unavailable(errTest)
	}
	c.fetched = append(c.fetched, n)
	return c.at(n), nil
}

func (p *peers) at(n uint64) *common.Block {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.blocks[n]
}

func (p *peers) size() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return uint64(len(p.blocks))
}

func (c *connection) height(context.Context) (uint64, error) {
	if c.failing > 0 {
		c.failing--
		return 0, unavailable(errTest)
	}
	return c.size(), nil
}

func (c *connection) close() { c.closed++ }

// end closes a stream.
const end = ^uint64(0)

// sends is a stream that brings these blocks.
func sends(list ...uint64) func(*peers, uint64, func(uint64)) {
	return func(_ *peers, _ uint64, send func(uint64)) {
		for _, n := range list {
			send(n)
		}
	}
}

// all is a stream that brings all blocks from the one asked for.
func all(p *peers, from uint64, send func(uint64)) {
	for n := from; n < p.size(); n++ {
		send(n)
	}
}

// read reads blocks from a number on until there are enough.
func (p *peers) read(ctx context.Context, from uint64, n int) ([]uint64, error) {
	var got []uint64
	r := &reader{
		chaincode: "register", log: slog.New(slog.DiscardHandler), next: from, open: p.open,
		consume: func(b ledger.Block) bool { got = append(got, b.Number); return len(got) < n },
	}
	return got, r.read(ctx)
}

// TestReader reads six blocks from number 2 on over streams of all sorts: the
// consumer sees each once, in order.
func TestReader(t *testing.T) {
	for name, c := range map[string]struct {
		streams []func(*peers, uint64, func(uint64))
		failing int
		fetched []uint64
		opened  int
		within  time.Duration
	}{
		"as asked":          {streams: []func(*peers, uint64, func(uint64)){all}, opened: 1},
		"begins before":     {streams: []func(*peers, uint64, func(uint64)){sends(0, 1, 2, 3, 4, 5, 6, 7)}, opened: 1},
		"begins later":      {streams: []func(*peers, uint64, func(uint64)){sends(7)}, fetched: []uint64{2, 3, 4, 5, 6}, opened: 1},
		"leaves out":        {streams: []func(*peers, uint64, func(uint64)){sends(2, 3, 6, 7)}, fetched: []uint64{4, 5}, opened: 1},
		"brings twice":      {streams: []func(*peers, uint64, func(uint64)){sends(2, 2, 3, 2, 3, 4, 5, 5, 6, 7)}, opened: 1},
		"ends":              {streams: []func(*peers, uint64, func(uint64)){sends(2, 3, end), sends(end), all}, opened: 3, within: 2 * reconnect},
		"silent":            {streams: []func(*peers, uint64, func(uint64)){sends(2)}, fetched: []uint64{3, 4, 5, 6, 7}, opened: 1, within: quietLimit},
		"silent from start": {streams: []func(*peers, uint64, func(uint64)){sends()}, fetched: []uint64{2, 3, 4, 5, 6, 7}, opened: 1, within: quietLimit},
		"fetching fails":    {streams: []func(*peers, uint64, func(uint64)){sends(2, 7), all}, failing: 1, opened: 2, within: reconnect},
		"height fails":      {streams: []func(*peers, uint64, func(uint64)){sends(2), all}, failing: 1, opened: 2, within: quietLimit + reconnect},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPeers(t, 8)
				p.streams, p.failing = c.streams, c.failing
				begun := time.Now()
				got, err := p.read(t.Context(), 2, 6)
				if err != nil || !slices.Equal(got, []uint64{2, 3, 4, 5, 6, 7}) {
					t.Errorf("got %v, %v", got, err)
				}
				if !slices.Equal(p.fetched, c.fetched) || p.opened != c.opened || p.closed != p.opened {
					t.Errorf("fetched %v, want %v; opened %d, want %d; closed %d", p.fetched, c.fetched, p.opened, c.opened, p.closed)
				}
				if took := time.Since(begun); took != c.within {
					t.Errorf("took %s, want %s", took, c.within)
				}
			})
		})
	}
}

// TestReaderWaits asks for a block that is not there yet: what comes before it is
// not given, though the stream brings it.
func TestReaderWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeers(t, 3)
		p.streams = []func(*peers, uint64, func(uint64)){func(p *peers, _ uint64, send func(uint64)) {
			send(2)
			go func() {
				for n := uint64(3); n < 6; n++ {
					time.Sleep(25 * time.Second)
					p.grow(t, 1)
					send(n)
				}
			}()
		}}
		begun := time.Now()
		got, err := p.read(t.Context(), 5, 1)
		if err != nil || !slices.Equal(got, []uint64{5}) || time.Since(begun) != 75*time.Second || p.opened != 1 {
			t.Errorf("got %v, %v after %s over %d connections", got, err, time.Since(begun), p.opened)
		}
	})
}

// TestReaderEnds stops with its context, and at blocks that can't be.
func TestReaderEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeers(t, 3)
		p.streams = []func(*peers, uint64, func(uint64)){all}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if got, err := p.read(ctx, 0, 100); err != nil || len(got) != 3 || ctx.Err() == nil {
			t.Errorf("got %v, %v", got, err)
		}
		if p.closed != p.opened {
			t.Errorf("closed %d connections of %d", p.closed, p.opened)
		}

		p = newPeers(t, 4)
		p.streams = []func(*peers, uint64, func(uint64)){all}
		p.blocks[2].Header.PreviousHash = []byte("another ledger")
		_, err := p.read(t.Context(), 0, 100)
		wantErr(t, err, ledger.Unavailable, ledger.ReasonInternal, "another ledger than before")

		p = newPeers(t, 4)
		p.streams = []func(*peers, uint64, func(uint64)){all}
		p.blocks[2].Metadata = nil
		_, err = p.read(t.Context(), 0, 100)
		wantErr(t, err, ledger.Unavailable, ledger.ReasonInternal, "which transactions are valid")
	})
}

// TestReaderCannotOpen tries again for as long as it is wanted.
func TestReaderCannotOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		p := newPeers(t, 1)
		p.streams = []func(*peers, uint64, func(uint64)){all}
		n := 0
		r := &reader{
			chaincode: "register", log: slog.New(slog.NewTextHandler(&log, nil)), consume: func(ledger.Block) bool { return false },
			open: func() (source, error) {
				if n++; n < 5 {
					return nil, fmt.Errorf("open: %w", errTest)
				}
				return p.open()
			},
		}
		if err := r.read(t.Context()); err != nil || n != 5 || !strings.Contains(log.String(), errTest.Error()) {
			t.Errorf("got %v after %d tries; logged %s", err, n, log.String())
		}
	})
}
