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

// silence is how long a stream may say nothing before its height is asked for.
const silence = 10 * time.Second

// reconnect is the pause before a new connection.
const reconnect = time.Second

// source is a stream of blocks with what fills its gaps.
type source interface {
	// stream sends blocks from a number on. It may begin later than asked, and
	// send others before; its channel is closed when no more will come.
	stream(from uint64) (<-chan *fab.BlockEvent, error)
	// block is one block that there is.
	block(ctx context.Context, number uint64) (*common.Block, error)
	// height is how many blocks there are.
	height(ctx context.Context) (uint64, error)
	close()
}

// Blocks yields whole blocks from number from on, those without calls too, each
// held against the one before it. Whoever reads has a connection to himself.
// What a network does not answer is asked again until ctx ends; a block that can't
// be what it says ends it with Unavailable, and so does Close.
func (l *Ledger) Blocks(ctx context.Context, from uint64) iter.Seq2[ledger.Block, error] {
	return func(yield func(ledger.Block, error) bool) {
		in, leave, err := l.enter(ctx)
		if err != nil {
			yield(ledger.Block{}, err)
			return
		}
		defer leave()
		r := &reader{
			chaincode: l.cfg.Chaincode, log: l.cfg.Log, next: from,
			open: func() (source, error) { return openSource(l.cfg) },
			give: func(b ledger.Block) bool {
				if n := len(b.Calls); n > 0 {
					l.seen.note(b.Calls[n-1].Event.Party, b.Calls[n-1].Event.Call, b.Number)
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

// reader gives blocks in order and without gap, out of streams that may break,
// begin elsewhere and leave out.
type reader struct {
	chaincode string
	log       *slog.Logger
	open      func() (source, error)
	give      func(ledger.Block) bool // false: the consumer stops

	next uint64
	head ledger.Digest // of the block before next; empty: unknown
	done bool          // the consumer wants no more
}

// read gives blocks until the consumer stops or ctx ends; then its error is nil.
func (r *reader) read(ctx context.Context) error {
	for !r.done && ctx.Err() == nil {
		err := r.connected(ctx)
		if e := ledger.AsError(err); e != nil && e.Reason == ledger.ReasonInternal {
			return err
		}
		if err == nil || ctx.Err() != nil {
			continue
		}
		r.log.WarnContext(ctx, "the stream of blocks broke off: connecting anew", slog.Uint64("next", r.next), slog.Any("error", err))
		wait(ctx, reconnect)
	}
	return nil
}

// connected reads over one connection, until it fails or no more is wanted.
func (r *reader) connected(ctx context.Context) error {
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
		quiet, cancel := context.WithTimeout(ctx, silence)
		select {
		case e, ok := <-events:
			cancel()
			if !ok {
				return errors.New("the stream ended")
			}
			if err := r.take(ctx, src, e.Block); err != nil {
				return err
			}
		case <-quiet.Done():
			cancel()
			if ctx.Err() != nil {
				return nil
			}
			if err := r.overtaken(ctx, src); err != nil {
				return err
			}
		}
	}
	return nil
}

// take gives a block of the stream, after those that the stream left out. What
// was given before is dropped.
func (r *reader) take(ctx context.Context, src source, b *common.Block) error {
	number := b.GetHeader().GetNumber()
	if number < r.next {
		return nil
	}
	if err := r.fetch(ctx, src, number); err != nil || r.done {
		return err
	}
	return r.hand(b)
}

// fetch gives the blocks before number that the stream did not bring.
func (r *reader) fetch(ctx context.Context, src source, number uint64) error {
	for r.next < number && !r.done {
		b, err := src.block(ctx, r.next)
		if err != nil {
			return fmt.Errorf("fetch block %d: %w", r.next, err)
		}
		if err := r.hand(b); err != nil {
			return err
		}
	}
	return nil
}

// overtaken asks a stream that is silent whether there are blocks that it did
// not bring. Then it is given up.
func (r *reader) overtaken(ctx context.Context, src source) error {
	height, err := src.height(ctx)
	if err != nil {
		return fmt.Errorf("height: %w", err)
	}
	if height <= r.next {
		return nil
	}
	if err := r.fetch(ctx, src, height); err != nil || r.done {
		return err
	}
	return errors.New("the stream was silent while blocks came")
}

// hand gives the next block to the consumer.
func (r *reader) hand(b *common.Block) error {
	out, err := decodeBlock(b, r.chaincode)
	if err != nil {
		return broken(err)
	}
	if out.Number != r.next {
		return broken(fmt.Errorf("block %d came for %d", out.Number, r.next))
	}
	if previous := hexDigest(b.GetHeader().GetPreviousHash()); r.head != "" && previous != r.head {
		return broken(fmt.Errorf("block %d follows a block %s, the one before it is %s: the peer has another ledger than before", out.Number, previous, r.head))
	}
	r.next, r.head = out.Number+1, out.Head
	r.done = !r.give(out)
	return nil
}

// streaming is a source with an instance of the SDK to itself: within one, a
// second stream from the same block brings nothing.
type streaming struct {
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
	return &streaming{network: n}, nil
}

func (s *streaming) stream(from uint64) (<-chan *fab.BlockEvent, error) {
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

func (s *streaming) close() {
	if s.client != nil {
		go func() { // who waits to send a block can't hear that none is wanted
			for range s.events { // nothing is done with them
			}
		}()
		s.client.Unregister(s.reg)
	}
	s.network.close()
}
