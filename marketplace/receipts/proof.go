package receipts

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
)

// State is the state of the log that an anchor records.
type State struct {
	Size int64         `json:"size"`
	Root ledger.Digest `json:"root"`
}

// Origin returns the name of the log.
func (s *Store) Origin() string { return s.log.Origin() }

// Size returns the number of stored receipts, published or not.
func (s *Store) Size() int64 { return s.log.Size() }

// WaitForMore waits until more than size receipts are stored. It returns an error if ctx
// ends first.
func (s *Store) WaitForMore(ctx context.Context, size int64) error {
	for {
		s.mu.Lock()
		grown := s.grown
		s.mu.Unlock()
		if s.log.Size() > size {
			return nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// AnchorState signs a checkpoint of all receipts, unless the last one covers them, and
// returns its state. So whatever is anchored was published before. A state of Size 0
// need not be anchored.
func (s *Store) AnchorState(ctx context.Context) (State, error) {
	c, err := s.log.PublishNow(ctx)
	if err != nil {
		return State{}, fmt.Errorf("state for anchor: %w", err)
	}
	return State{Size: c.Size, Root: digest(c.Root)}, nil
}

// Checkpoint returns the last signed checkpoint and its state.
func (s *Store) Checkpoint() ([]byte, State) {
	c := s.log.Published()
	return c.Note, State{Size: c.Size, Root: digest(c.Root)}
}

// Prove returns the RFC 9162 inclusion proof of the receipt at index in the tree of
// size receipts; NotFound when index or size is past the end.
func (s *Store) Prove(ctx context.Context, index, size int64) ([]ledger.Digest, error) {
	p, err := s.log.Prove(ctx, index, size)
	return digests(p), outOfRange(err)
}

// Consistency returns the RFC 9162 consistency proof between the first from and the
// first to receipts; the next anchor includes it. From the empty log, or to the same
// size, it is empty.
func (s *Store) Consistency(ctx context.Context, from, to int64) ([]ledger.Digest, error) {
	if from == 0 && to >= 0 && to <= s.log.Size() {
		return []ledger.Digest{}, nil
	}
	p, err := s.log.ProveTree(ctx, from, to)
	return digests(p), outOfRange(err)
}

func digests[T ~[32]byte](hashes []T) []ledger.Digest {
	list := make([]ledger.Digest, len(hashes))
	for i, h := range hashes {
		list[i] = digest([32]byte(h))
	}
	return list
}

func outOfRange(err error) error {
	if errors.Is(err, tlog.ErrRange) {
		return unknown()
	}
	return err
}

// CheckAnchor refuses a log that is shorter than its last anchor on the ledger, or
// differs from it: a backup that is too old, or a forged log. The error is a sentence
// for the operator.
func (s *Store) CheckAnchor(ctx context.Context, a ledger.Anchor) error {
	if a.Log != s.log.Origin() {
		return fmt.Errorf("the anchor names the log %q, but %q is the log %q: point the node at its own folder, or correct its origin",
			a.Log, file, s.log.Origin())
	}
	if size := s.log.Size(); size < a.Size {
		return fmt.Errorf("%q has %d receipts, but %d were anchored on the ledger: it is older than its last anchor; "+
			"restore the newest backup; if no backup has them, begin the log again with cadastre log begin: %w",
			file, size, a.Size, ErrBehind)
	}
	root, err := s.log.RootAt(ctx, a.Size)
	if err != nil {
		return fmt.Errorf("compare receipts with their anchor: %w", err)
	}
	if got := digest(root); got != a.Root {
		return fmt.Errorf("the first %d receipts of %q have the root %s, but %s was anchored on the ledger: "+
			"it is not the log that was anchored; restore the newest backup of this node", a.Size, file, got, a.Root)
	}
	return nil
}

// Check reads the whole log and compares it with its tiles, its last checkpoint, the index,
// the counters and the running deliveries. It takes some seconds for each million receipts.
func (s *Store) Check(ctx context.Context) error {
	if err := s.log.Check(ctx); err != nil {
		return fmt.Errorf("check receipts: %w", err)
	}
	for i := range s.log.Size() {
		k, err := s.Get(ctx, i)
		if err != nil {
			return fmt.Errorf("check receipts: %w", err)
		}
		var found int
		if err := s.db.R.QueryRowContext(ctx, matchReceipt, indexed(i, leafBytes(k.Leaf), k.Receipt)...).Scan(&found); err != nil {
			return fmt.Errorf("check receipts: read the index: %w", err)
		}
		if found != 1 {
			return fmt.Errorf("check receipts: %w", damaged(fmt.Errorf("the index of receipt %d is not what the receipt says", i)))
		}
	}
	if err := errors.Join(s.checkUse(ctx), s.checkStarts(ctx)); err != nil {
		return fmt.Errorf("check receipts: %w", err)
	}
	return nil
}

// Handler serves the log's checkpoint, tiles and key under the paths of C2SP
// tlog-tiles. It serves entry bundles only to requests that entries accepts; if entries
// is nil, to nobody.
func (s *Store) Handler(entries func(*http.Request) bool) http.Handler { return s.log.Handler(entries) }
