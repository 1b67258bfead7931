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

// chunk is the number of entries that Blocks reads at once.
const chunk = 256

// Blocks yields entries from number from on, each as a block, and waits for new
// ones. Entries are read in groups and checked against the tree before they are
// yielded, so a changed entry is never yielded. Head is set for the last entry of a
// group. The sequence ends with Unavailable when the ledger is closed or an entry
// cannot be read.
func (l *Ledger) Blocks(ctx context.Context, from uint64) iter.Seq2[ledger.Block, error] {
	return func(yield func(ledger.Block, error) bool) {
		if from > math.MaxInt64 {
			yield(ledger.Block{}, ledger.Invalid("from", "entry"))
			return
		}
		var s *tlog.Spine
		for next := int64(from); ; {
			size, err := l.awaitSize(ctx, next)
			if ctx.Err() != nil {
				return
			}
			if err == nil && s == nil {
				s, err = l.spine(ctx, next)
			}
			var blocks []ledger.Block
			if err == nil {
				blocks, err = l.readBlocks(ctx, s, min(size, next+chunk))
			}
			if err != nil {
				if ctx.Err() == nil {
					yield(ledger.Block{}, unavailable(l.stopIfDamaged(err)))
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

// awaitSize waits until the log has more than next entries, and returns its size.
func (l *Ledger) awaitSize(ctx context.Context, next int64) (int64, error) {
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

// readBlocks reads the entries from the end of s up to a size, adds them to s, and
// checks them against the tree of that size.
func (l *Ledger) readBlocks(ctx context.Context, s *tlog.Spine, to int64) ([]ledger.Block, error) {
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

// ProofKind is the kind of this ledger's proofs in bundles.
const ProofKind = "tlog"

// Inclusion is the proof that an entry is in the log (RFC 9162 §2.1.3). The entry
// is given as its bytes, whose leaf hash is proved, in base64.
type Inclusion struct {
	Entry []byte          `json:"entry"`
	Size  int64           `json:"size"`
	Path  []ledger.Digest `json:"inclusion"`
}

// Recorded returns a recorded call with its inclusion proof under the last
// published checkpoint. If the call is newer, a checkpoint is published first.
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

// Checkpoint returns a signed checkpoint of at least the given size, and its size.
func (l *Ledger) Checkpoint(ctx context.Context, minSize int64) (signed []byte, size int64, err error) {
	c := l.log.Published()
	if c.Size < minSize {
		if c, err = l.log.PublishNow(ctx); err != nil {
			return nil, 0, unavailable(fmt.Errorf("publish checkpoint: %w", l.stopIfDamaged(err)))
		}
	}
	if c.Size < minSize {
		return nil, 0, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("size")
	}
	return c.Note, c.Size, nil
}

// Place returns the entry number of a recorded call. A record can be read shortly
// before the log knows its entry; Place then waits for the log.
func (l *Ledger) Place(ctx context.Context, party, call ledger.ID) (int64, error) {
	r, err := l.value(ctx, ledger.CallKey(party, call))
	if err != nil {
		return 0, err
	}
	if _, err := l.awaitSize(ctx, r.seq); err != nil && l.log.Size() <= r.seq {
		return 0, unavailable(err)
	}
	return r.seq, nil
}

// RecordedAt returns the entry with number seq and its inclusion proof in the tree
// of that size. It checks the entry against the tree, so it never returns a changed
// entry.
func (l *Ledger) RecordedAt(ctx context.Context, seq, size int64) (ledger.Recorded, error) {
	r, err := l.recordedAt(ctx, seq, size)
	return r, l.stopIfDamaged(err)
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
