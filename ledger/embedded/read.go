package embedded

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"math"

	ref "golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
)

// chunk is how many entries Blocks reads at a time.
const chunk = 256

// Blocks yields entries from number from on, each a block of its own, and waits
// for new ones. The head is given for the last entry of those read together;
// all of them hash to it, so an entry that was changed is never handed out. It
// ends with Unavailable when the ledger is closed or an entry can't be read.
func (l *Ledger) Blocks(ctx context.Context, from uint64) iter.Seq2[ledger.Block, error] {
	return func(yield func(ledger.Block, error) bool) {
		if from > math.MaxInt64 {
			yield(ledger.Block{}, ledger.Invalid("from", "entry"))
			return
		}
		var s *tlog.Spine
		for next := int64(from); ; {
			size, err := l.await(ctx, next)
			if ctx.Err() != nil {
				return
			}
			if err == nil && s == nil {
				s, err = l.spineAt(ctx, next)
			}
			var blocks []ledger.Block
			if err == nil {
				blocks, err = l.blocks(ctx, s, min(size, next+chunk))
			}
			if err != nil {
				if ctx.Err() == nil {
					yield(ledger.Block{}, unavailable(l.watch(err)))
				}
				return
			}
			for _, b := range blocks {
				if ctx.Err() != nil || !yield(b, nil) {
					return
				}
			}
			next += int64(len(blocks))
		}
	}
}

// await returns the size of the log once it is over next.
func (l *Ledger) await(ctx context.Context, next int64) (int64, error) {
	for {
		l.mu.Lock()
		changed := l.changed
		l.mu.Unlock()
		if size := l.log.Size(); size > next {
			return size, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-l.done:
			return 0, errClosed
		}
	}
}

// blocks reads the entries from the end of s up to a size, adds them to s and
// holds them against the tree of that size.
func (l *Ledger) blocks(ctx context.Context, s *tlog.Spine, to int64) ([]ledger.Block, error) {
	from := s.Size()
	entries, err := l.log.Entries(ctx, from, int(to-from))
	if err != nil {
		return nil, fmt.Errorf("read entries from %d: %w", from, err)
	}
	root, err := l.log.RootAt(ctx, to)
	if err != nil {
		return nil, fmt.Errorf("root at %d: %w", to, err)
	}
	for _, e := range entries {
		s.Add(ref.RecordHash(e.Data))
	}
	if s.Size() != to || s.Root() != root {
		return nil, damaged("one of the entries %d to %d was changed after it was recorded", from, to-1)
	}
	blocks := make([]ledger.Block, len(entries))
	for i, e := range entries {
		c, err := committed(from+int64(i), e.Data, e.Extra)
		if err != nil {
			return nil, err
		}
		blocks[i] = ledger.Block{Number: c.Position.Block, Calls: []ledger.Committed{c}}
	}
	blocks[len(blocks)-1].Head = digest(root)
	return blocks, nil
}

// ProofKind names proofs of this ledger in bundles.
const ProofKind = "tlog"

// Inclusion proves that an entry stands in the log (RFC 9162 §2.1.3). The entry
// is the bytes whose leaf hash is proved, in base64.
type Inclusion struct {
	Entry []byte          `json:"entry"`
	Size  int64           `json:"size"`
	Path  []ledger.Digest `json:"inclusion"`
}

// Recorded finds a recorded call, with its inclusion under the last published
// checkpoint; a call newer than that is published first.
func (l *Ledger) Recorded(ctx context.Context, party, call ledger.ID) (ledger.Recorded, error) {
	seq, err := l.Place(ctx, party, call)
	if err != nil {
		return ledger.Recorded{}, err
	}
	_, size, err := l.Checkpoint(ctx, seq+1)
	if err != nil {
		return ledger.Recorded{}, err
	}
	return l.RecordedAt(ctx, seq, size)
}

// Checkpoint is a signed checkpoint of at least that size, and its size.
func (l *Ledger) Checkpoint(ctx context.Context, least int64) (signed []byte, size int64, err error) {
	c := l.log.Published()
	if c.Size < least {
		if c, err = l.log.PublishNow(ctx); err != nil {
			return nil, 0, unavailable(fmt.Errorf("publish checkpoint: %w", l.watch(err)))
		}
	}
	if c.Size < least {
		return nil, 0, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("size")
	}
	return c.Note, c.Size, nil
}

// Place is the entry number of a recorded call. A record can be read a moment
// before the log knows of its entry: then Place waits for the log.
func (l *Ledger) Place(ctx context.Context, party, call ledger.ID) (int64, error) {
	r, err := l.value(ctx, ledger.CallKey(party, call))
	if err != nil {
		return 0, err
	}
	if _, err := l.await(ctx, r.seq); err != nil && l.log.Size() <= r.seq {
		return 0, unavailable(err)
	}
	return r.seq, nil
}

// RecordedAt is the entry of number seq with its inclusion in the tree of that
// size. It holds the entry against the tree: what was changed is not proved.
func (l *Ledger) RecordedAt(ctx context.Context, seq, size int64) (ledger.Recorded, error) {
	r, err := l.recordedAt(ctx, seq, size)
	return r, l.watch(err)
}

func (l *Ledger) recordedAt(ctx context.Context, seq, size int64) (ledger.Recorded, error) {
	data, extra, err := l.log.Entry(ctx, seq)
	if err != nil {
		return ledger.Recorded{}, fmt.Errorf("read entry %d: %w", seq, err)
	}
	c, err := committed(seq, data, extra)
	if err != nil {
		return ledger.Recorded{}, err
	}
	path, err := l.log.Prove(ctx, seq, size)
	if err != nil {
		return ledger.Recorded{}, fmt.Errorf("prove entry %d: %w", seq, err)
	}
	root, err := l.log.RootAt(ctx, size)
	if err != nil {
		return ledger.Recorded{}, fmt.Errorf("root at %d: %w", size, err)
	}
	if err := ref.CheckRecord(path, size, root, seq, ref.RecordHash(data)); err != nil {
		return ledger.Recorded{}, damaged("entry %d was changed after it was recorded", seq)
	}
	raw, err := json.Marshal(Inclusion{Entry: data, Size: size, Path: digests(path)})
	if err != nil {
		return ledger.Recorded{}, fmt.Errorf("encode proof: %w", err)
	}
	return ledger.Recorded{Committed: c, Proof: ledger.Proof{Kind: ProofKind, Data: raw}}, nil
}

func digests(path []ref.Hash) []ledger.Digest {
	out := make([]ledger.Digest, len(path))
	for i, h := range path {
		out[i] = digest(h)
	}
	return out
}

func digest(h ref.Hash) ledger.Digest { return ledger.Digest(hex.EncodeToString(h[:])) }
