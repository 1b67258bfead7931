package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// Chain is a ledger on Fabric, in the blocks of one peer.
type Chain interface {
	// Blocks hands over the blocks that there are, from 0 on, until next fails. A block
	// that does not follow the one before it, or is not what its header says, is an error.
	Blocks(ctx context.Context, next func(Block) error) error
}

// Block is a block with the transactions that read or write the ledger's keys.
type Block struct {
	Number       uint64
	Head         ledger.Digest // hash of its header
	Height       uint64        // blocks that there were when the reading began
	Transactions []Transaction
}

// Transaction is one transaction, valid or not.
type Transaction struct {
	Place   ledger.Position // I is 0
	Outcome Outcome         // by the peer's word
	Reads   []Read          // keys that its endorsers read, each with who wrote it
	Writes  []ledger.Write  // what it writes, each key once
	Calls   []evidence.Placed
	Err     error // why its endorsements don't count, or it is not in its form
}

// Read is a key that a transaction read, and the place of the transaction that had
// written it; nil where nothing stood.
type Read struct {
	Key string
	By  *ledger.Position
}

// Outcome is what a peer made of a transaction.
type Outcome int

// The fates of a transaction. What else a peer may find, of signatures, policies and
// repeated ids, an audit takes from it.
const (
	Valid      Outcome = iota
	Conflicted         // what it had read was written in between
	Refused            // for any other reason
)

// chain reads a ledger on Fabric.
func (a *auditor) chain(ctx context.Context) error {
	versions := map[string]version{}
	err := a.config.Chain.Blocks(ctx, func(b Block) error {
		if a.config.Progress != nil && b.Number%Bundle == 0 {
			a.config.Progress(int64(b.Number), int64(b.Height))
		}
		for _, t := range b.Transactions {
			if err := a.transaction(ctx, t, versions); err != nil {
				return err
			}
		}
		a.report.Blocks, a.report.Head = b.Number+1, b.Head
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the blocks: %w", err)
	}
	a.report.Last = a.last
	if a.report.Blocks > 0 {
		a.judge(a.report.Blocks-1, 0, 0)
	}
	return nil
}

// transaction replays a transaction that counts, and holds each to what the ones before
// it wrote: whether a transaction counts nobody signs, but it follows from what it read.
func (a *auditor) transaction(ctx context.Context, t Transaction, versions map[string]version) error {
	at := transactionAt(t.Place)
	stale := t.stale(versions)
	switch {
	case t.Outcome == Refused:
		a.report.Refused++
		return nil
	case t.Outcome == Conflicted && stale == "" && t.Err == nil:
		a.report.find(CheckValidity, at, errors.New("the peer leaves it out for what it read, and that stood"))
		return nil
	case t.Outcome == Conflicted:
		a.report.Conflicts++
		return nil
	case stale != "":
		a.report.find(CheckValidity, at, fmt.Errorf("the peer counts it, and %s had changed since it was read", stale))
	}
	if t.Err != nil {
		a.report.find(evidence.CheckProof, at, t.Err)
	}
	wrote := map[string][]byte{}
	for _, p := range t.Calls {
		writes, err := a.placed(ctx, p)
		if err != nil {
			return err
		}
		for _, w := range writes {
			wrote[w.Key] = w.Value
		}
	}
	a.compareWrites(at, wrote, t.Writes)
	for _, w := range t.Writes {
		versions[w.Key] = version{t.Place, w.Value == nil}
	}
	return nil
}

// version is which transaction wrote a key last.
type version struct {
	by      ledger.Position
	deleted bool
}

// stale is a key of those read that is not as it was read, "" if all are. Whatever was
// written in the same block before, deletions too, is not: Fabric has it so.
func (t Transaction) stale(versions map[string]version) string {
	for _, r := range t.Reads {
		last, ok := versions[r.Key]
		there := ok && !last.deleted
		if ok && last.by.Block == t.Place.Block || there != (r.By != nil) || there && last.by != *r.By {
			return r.Key
		}
	}
	return ""
}

// placed replays one call of a transaction.
func (a *auditor) placed(ctx context.Context, p evidence.Placed) ([]ledger.Write, error) {
	at := callAt(p.Position)
	s, err := contract.Parse(p.JWS)
	if err != nil {
		a.report.find(evidence.CheckForm, at, err)
		return nil, nil
	}
	if p.Position.Block > 0 {
		a.judge(p.Position.Block-1, 0, p.Time)
	}
	a.last = max(a.last, p.Time)
	a.report.Replayed++
	return a.call(ctx, at, entry{Placed: p, signed: s})
}

// compareWrites compares what the calls of a transaction wrote with what it writes into
// the peers' state: nothing else may change that.
func (a *auditor) compareWrites(at string, want map[string][]byte, got []ledger.Write) {
	for _, w := range got {
		value, ok := want[w.Key]
		if !ok || (value == nil) != (w.Value == nil) || string(value) != string(w.Value) {
			a.report.find(evidence.CheckWrites, at, fmt.Errorf("it writes %s, and its calls do not write that", ledger.Quotable(w.Key)))
			return
		}
		delete(want, w.Key)
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		a.report.find(evidence.CheckWrites, at, fmt.Errorf("it does not write %s, which its calls write", ledger.Quotable(key)))
		return
	}
}

func transactionAt(p ledger.Position) string {
	return fmt.Sprintf("transaction %d of block %d", p.Tx, p.Block)
}

func callAt(p ledger.Position) string { return fmt.Sprintf("call %d of %s", p.I, transactionAt(p)) }
