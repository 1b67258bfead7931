package receipts

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
)

// State is what an anchor says of the log: how many receipts, under which root.
type State struct {
	Size int64         `json:"size"`
	Root ledger.Digest `json:"root"`
}

// Origin is the log's name.
func (s *Store) Origin() string { return s.log.Origin() }

// Size is how many receipts are kept, published or not.
func (s *Store) Size() int64 { return s.log.Size() }

// AnchorState signs a checkpoint of all receipts, if there are new ones, and
// returns what it says: what is anchored was published before. Size 0 has
// nothing to anchor.
func (s *Store) AnchorState(ctx context.Context) (State, error) {
	c, err := s.log.PublishNow(ctx)
	if err != nil {
		return State{}, fmt.Errorf("state for anchor: %w", err)
	}
	return State{Size: c.Size, Root: digest(c.Root)}, nil
}

// Checkpoint is the last signed checkpoint, with the state it speaks of.
func (s *Store) Checkpoint() ([]byte, State) {
	c := s.log.Published()
	return c.Note, State{Size: c.Size, Root: digest(c.Root)}
}

// Prove are the hashes of the proof that the receipt at index is in the tree of
// size receipts (RFC 9162 inclusion proof); NotFound past the end.
func (s *Store) Prove(ctx context.Context, index, size int64) ([]ledger.Digest, error) {
	p, err := s.log.Prove(ctx, index, size)
	return digests(p), past(err)
}

// Consistency are the hashes of the proof that the first from receipts are the
// beginning of the first to (RFC 9162 consistency proof): what the next anchor
// carries. From the empty log, or to the same size, there are none.
func (s *Store) Consistency(ctx context.Context, from, to int64) ([]ledger.Digest, error) {
	if from == 0 && to >= 0 && to <= s.log.Size() {
		return []ledger.Digest{}, nil
	}
	p, err := s.log.ProveTree(ctx, from, to)
	return digests(p), past(err)
}

func digests[T ~[32]byte](hashes []T) []ledger.Digest {
	list := make([]ledger.Digest, len(hashes))
	for i, h := range hashes {
		list[i] = digest([32]byte(h))
	}
	return list
}

func past(err error) error {
	if errors.Is(err, tlog.ErrRange) {
		return unknown()
	}
	return err
}

// CheckAnchor refuses a log that is shorter than its last anchor on the ledger,
// or differs from it: a restored copy that is too old, or a forged one. The
// error is a sentence for the operator.
func (s *Store) CheckAnchor(ctx context.Context, a ledger.Anchor) error {
	if a.Log != s.log.Origin() {
		return fmt.Errorf("the anchor is of the log %q, and %q keeps %q: point the node at its own folder, or mend its origin",
			a.Log, file, s.log.Origin())
	}
	if size := s.log.Size(); size < a.Size {
		return fmt.Errorf("%q holds %d receipts, but %d were anchored on the ledger: it is older than its last anchor; "+
			"restore the newest backup, and if there is none that holds them, ask the data authority before this node delivers again",
			file, size, a.Size)
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

// Check reads the whole log again and compares it with its tiles, its last
// checkpoint and the index; some seconds for each million receipts.
func (s *Store) Check(ctx context.Context) error {
	if err := s.log.Check(ctx); err != nil {
		return fmt.Errorf("check receipts: %w", err)
	}
	for i := range s.log.Size() {
		k, err := s.Get(ctx, i)
		if err != nil {
			return fmt.Errorf("check receipts: %w", err)
		}
		if same, err := s.ByLeaf(ctx, k.Leaf); err != nil || same.Index != i {
			return fmt.Errorf("check receipts: index of receipt %d: %w", i, damaged(errors.Join(err, errors.New("not found at its place"))))
		}
	}
	return nil
}

// Handler serves checkpoint, tiles and key of the log as C2SP tlog-tiles has it,
// from the root of its paths; bundles of receipts only to requests that entries
// lets through, without it to nobody.
func (s *Store) Handler(entries func(*http.Request) bool) http.Handler { return s.log.Handler(entries) }
