package embedded

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/ledger"
)

// chunk is how many entries Blocks reads at a time.
const chunk = 256

// Blocks yields entries from number from on, each a block of its own, and waits
// for new ones. The head is given for the last entry of those read together.
func (l *Ledger) Blocks(ctx context.Context, from uint64) iter.Seq2[ledger.Block, error] {
	return func(yield func(ledger.Block, error) bool) {
		for next := int64(from); ; {
			l.mu.Lock()
			changed := l.changed
			l.mu.Unlock()
			size := l.log.Size()
			if next >= size {
				select {
				case <-changed:
					continue
				case <-ctx.Done():
					return
				}
			}
			blocks, err := l.blocks(ctx, next, min(size, next+chunk))
			if err != nil {
				if ctx.Err() == nil {
					yield(ledger.Block{}, err)
				}
				return
			}
			for _, b := range blocks {
				if !yield(b, nil) {
					return
				}
			}
			next += int64(len(blocks))
		}
	}
}

func (l *Ledger) blocks(ctx context.Context, from, to int64) ([]ledger.Block, error) {
	entries, err := l.log.Entries(ctx, from, int(to-from))
	if err != nil {
		return nil, fmt.Errorf("read entries from %d: %w", from, err)
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("read entries from %d: none there: restore ledger.db from a backup", from)
	}
	blocks := make([]ledger.Block, len(entries))
	for i, e := range entries {
		c, err := committed(from+int64(i), e.Data, e.Extra)
		if err != nil {
			return nil, err
		}
		blocks[i] = ledger.Block{Number: c.Position.Block, Calls: []ledger.Committed{c}}
	}
	root, err := l.log.RootAt(ctx, from+int64(len(entries)))
	if err != nil {
		return nil, fmt.Errorf("root at %d: %w", from+int64(len(entries)), err)
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
	_, seq, err := l.value(ctx, ledger.CallKey(party, call))
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
			return nil, 0, fmt.Errorf("publish checkpoint: %w", err)
		}
	}
	if c.Size < least {
		return nil, 0, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("size")
	}
	return c.Note, c.Size, nil
}

// Place is the entry number of a recorded call.
func (l *Ledger) Place(ctx context.Context, party, call ledger.ID) (int64, error) {
	_, seq, err := l.value(ctx, ledger.CallKey(party, call))
	return seq, err
}

// RecordedAt is the entry of number seq with its inclusion in the tree of that size.
func (l *Ledger) RecordedAt(ctx context.Context, seq, size int64) (ledger.Recorded, error) {
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
	raw, err := json.Marshal(Inclusion{Entry: data, Size: size, Path: digests(path)})
	if err != nil {
		return ledger.Recorded{}, fmt.Errorf("encode proof: %w", err)
	}
	return ledger.Recorded{Committed: c, Proof: ledger.Proof{Kind: ProofKind, Data: raw}}, nil
}

func digests(path []tlog.Hash) []ledger.Digest {
	out := make([]ledger.Digest, len(path))
	for i, h := range path {
		out[i] = digest(h)
	}
	return out
}

func digest(h tlog.Hash) ledger.Digest { return ledger.Digest(hex.EncodeToString(h[:])) }
