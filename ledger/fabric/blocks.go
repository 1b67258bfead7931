package fabric

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/hyperledger/fabric-protos-go/common"
	"github.com/hyperledger/fabric-sdk-go/pkg/client/event"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/providers/fab"
	"github.com/hyperledger/fabric-sdk-go/pkg/fab/events/deliverclient/seek"

	"github.com/datacadastre/cadastre/ledger"
)

// quietLimit is how long a stream may be silent before the peers are asked for
// their height.
const quietLimit = 10 * time.Second

// reconnect is the pause before a new connection.
const reconnect = time.Second

// source is a stream of blocks, with reads of single blocks to fill its gaps.
type source interface {
	// stream sends blocks, starting at a number. It may start later than that, and
	// send earlier blocks too. Its channel is closed at the end.
	stream(from uint64) (<-chan *fab.BlockEvent, error)
	// block reads one existing block.
	block(ctx context.Context, number uint64) (*common.Block, error)
	// height returns the number of blocks.
	height(ctx context.Context) (uint64, error)
	close()
}

// Blocks yields complete blocks, starting at number from and including blocks
// without calls. Each block is checked against the one before it. Every reader has
// its own connection. If the network does not answer, Blocks tries again until ctx
// ends. It ends with Unavailable if a block contradicts its number or hash, and
// when the ledger is closed.
func (l *Ledger) Blocks(ctx context.Context, from uint64) iter.Seq2[ledger.Block, error] {
	return func(yield func(ledger.Block, error) bool) {
		in, leave, err := l.startTask(ctx)
		if err != nil {
			yield(ledger.Block{}, err)
			return
		}
		defer leave()
		r := &reader{
			chaincode: l.cfg.Chaincode, log: l.cfg.Log, next: from,
			open: func() (source, error) { return openSource(l.cfg) },
			consume: func(b ledger.Block) bool {
				if n := len(b.Calls); n > 0 {
					l.seen.update(b.Calls[n-1].Event.Party, b.Calls[n-1].Event.Call, b.Number)
				}
				return ctx.Err() == nil && yield(b, nil)
			},
		}
		err = r.read(in)
		if err == nil && ctx.Err() == nil && in.Err() != nil {
			err = unavailable(context.Cause(in))
		}
		if err != nil && ctx.Err() == nil {
			yield(ledger.Block{}, err)
		}
	}
}

// reader yields blocks in order and without gaps. Its streams may break, start at
// another block, or skip blocks.
type reader struct {
	chaincode string
	log       *slog.Logger
	open      func() (source, error)
	consume   func(ledger.Block) bool // returns false if the consumer stops

	next uint64
	head ledger.Digest // hash of the block before next; empty: unknown
	done bool          // the consumer has stopped
}

// read yields blocks until the consumer stops or ctx ends; in both cases the error
// is nil.
func (r *reader) read(ctx context.Context) error {
	for !r.done && ctx.Err() == nil {
		err := r.readConnection(ctx)
		if e := ledger.AsError(err); e != nil && e.Reason == ledger.ReasonInternal {
			return err
		}
		if err == nil || ctx.Err() != nil {
			continue
		}
		r.log.WarnContext(ctx, "the stream of blocks broke off: connecting again", slog.Uint64("next", r.next), slog.Any("error", err))
		wait(ctx, reconnect)
	}
	return nil
}

// readConnection reads blocks over one connection until it fails or the consumer
// stops.
func (r *reader) readConnection(ctx context.Context) error {
	src, err := r.open()
	if err != nil {
		return err
	}
	defer src.close()
	events, err := src.stream(r.next)
	if err != nil {
		return err
	}
	for !r.done {
		quiet, cancel := context.WithTimeout(ctx, quietLimit)
		select {
		case e, ok := <-events:
			cancel()
			if !ok {
				return errors.New("the stream ended")
			}
			if err := r.takeFromStream(ctx, src, e.Block); err != nil {
				return err
			}
		case <-quiet.Done():
			cancel()
			if ctx.Err() != nil {
				return nil
			}
			if err := r.checkHeight(ctx, src); err != nil {
				return err
			}
		}
	}
	return nil
}

// takeFromStream delivers a block of the stream, after fetching the blocks that the
// stream skipped. It drops a block that was already delivered.
func (r *reader) takeFromStream(ctx context.Context, src source, b *common.Block) error {
	number := b.GetHeader().GetNumber()
	if number < r.next {
		return nil
	}
	if err := r.fetchMissing(ctx, src, number); err != nil || r.done {
		return err
	}
	return r.deliver(b)
}

// fetchMissing fetches and delivers the blocks before number that the stream
// skipped.
func (r *reader) fetchMissing(ctx context.Context, src source, number uint64) error {
	for r.next < number && !r.done {
		b, err := src.block(ctx, r.next)
		if err != nil {
			return fmt.Errorf("fetch block %d: %w", r.next, err)
		}
		if err := r.deliver(b); err != nil {
			return err
		}
	}
	return nil
}

// checkHeight asks the peers for blocks that a silent stream did not send. If there
// are any, it fetches them and returns an error, so that the stream is replaced.
func (r *reader) checkHeight(ctx context.Context, src source) error {
	height, err := src.height(ctx)
	if err != nil {
		return fmt.Errorf("height: %w", err)
	}
	if height <= r.next {
		return nil
	}
	if err := r.fetchMissing(ctx, src, height); err != nil || r.done {
		return err
	}
	return errors.New("the stream was silent while blocks came")
}

// deliver checks the next block and yields it to the consumer.
func (r *reader) deliver(b *common.Block) error {
	out, err := decodeBlock(b, r.chaincode)
	if err != nil {
		return broken(err)
	}
	if out.Number != r.next {
		return broken(fmt.Errorf("received block %d instead of %d", out.Number, r.next))
	}
	if previous := hexDigest(b.GetHeader().GetPreviousHash()); r.head != "" && previous != r.head {
		return broken(fmt.Errorf("block %d follows a block %s, the one before it is %s: the peer has another ledger than before", out.Number, previous, r.head))
	}
	r.next, r.head = out.Number+1, out.Head
	r.done = !r.consume(out)
	return nil
}

// eventSource is a source with its own instance of the SDK. Within one instance, a
// second stream that starts at the same block delivers nothing.
type eventSource struct {
	*network
	client *event.Client
	reg    fab.Registration
	events <-chan *fab.BlockEvent
}

func openSource(cfg Config) (source, error) {
	n, err := connect(cfg)
	if err != nil {
		return nil, err
	}
	return &eventSource{network: n}, nil
}

func (s *eventSource) stream(from uint64) (<-chan *fab.BlockEvent, error) {
	// Without the last option a consumer slower than half a second loses blocks.
	client, err := event.New(s.provider(), event.WithBlockEvents(), event.WithSeekType(seek.FromBlock), event.WithBlockNum(from),
		event.WithEventConsumerTimeout(0))
	if err != nil {
		return nil, fmt.Errorf("listen to blocks: %w", err)
	}
	reg, events, err := client.RegisterBlockEvent()
	if err != nil {
		return nil, fmt.Errorf("listen to blocks: %w", err)
	}
	s.client, s.reg, s.events = client, reg, events
	return events, nil
}

func (s *eventSource) close() {
	if s.client != nil {
		go func() { // drain the channel, or a blocked sender would prevent Unregister
			for range s.events { // the blocks are not needed
			}
		}()
		s.client.Unregister(s.reg)
	}
	s.network.close()
}
