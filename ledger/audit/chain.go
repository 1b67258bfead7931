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

// Chain is a ledger on Fabric, read from one peer.
type Chain interface {
	// Blocks calls next for each existing block, starting at 0, until next fails.
	// It returns an error for a block that does not follow the previous one or does
	// not match its header.
	Blocks(ctx context.Context, next func(Block) error) error
}

// Block is a block with those transactions that read or write the ledger's keys.
type Block struct {
	Number       uint64
	Head         ledger.Digest // hash of its header
	Height       uint64        // number of blocks when the reading began
	Transactions []Transaction
}

// Transaction is one transaction, valid or not.
type Transaction struct {
	Position ledger.Position // I is 0
	Outcome  Outcome         // according to the peer
	Reads    []Read          // keys that its endorsers read, each with the transaction that wrote it
	Writes   []ledger.Write  // what it writes, each key once
	Calls    []evidence.Placed
	Err      error // its endorsements are not valid, or it cannot be decoded
}

// Read is a key that a transaction read, and the position of the transaction that
// had written the value; nil if there was no value.
type Read struct {
	Key string
	By  *ledger.Position
}

// Outcome is a peer's decision about a transaction.
type Outcome int

// The outcomes of a transaction. For decisions about signatures, policies and
// repeated ids, an audit relies on the peer.
const (
	Valid      Outcome = iota
	Conflicted         // another transaction changed what it had read
	Refused            // for any other reason
)

// chain audits a ledger on Fabric.
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

// transaction replays a valid transaction, and checks the peer's decision about
// every other one. Nobody signs that decision, but it follows from what the
// transaction had read.
func (a *auditor) transaction(ctx context.Context, t Transaction, versions map[string]version) error {
	at := transactionAt(t.Position)
	stale := t.staleRead(versions)
	switch {
	case t.Outcome == Refused:
		a.report.Refused++
		return nil
	case t.Outcome == Conflicted && stale == "" && t.Err == nil:
		a.report.find(CheckValidity, at, errors.New("the peer rejects it for what it read, but that had not changed"))
		return nil
	case t.Outcome == Conflicted:
		a.report.Conflicts++
		return nil
	case stale != "":
		a.report.find(CheckValidity, at, fmt.Errorf("the peer accepts it, but %s had changed since it was read", stale))
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
		versions[w.Key] = version{t.Position, w.Value == nil}
	}
	return nil
}

// version is the transaction that last wrote a key.
type version struct {
	by      ledger.Position
	deleted bool
}

// staleRead returns a key that has changed since the transaction read it, or "". In
// Fabric this includes keys that an earlier transaction of the same block wrote or
// deleted.
func (t Transaction) staleRead(versions map[string]version) string {
	for _, r := range t.Reads {
		last, ok := versions[r.Key]
		there := ok && !last.deleted
		if ok && last.by.Block == t.Position.Block || there != (r.By != nil) || there && last.by != *r.By {
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

// compareWrites compares what the calls of a transaction wrote with what the
// transaction writes into the peers' state. They must be equal.
func (a *auditor) compareWrites(at string, want map[string][]byte, got []ledger.Write) {
	for _, w := range got {
		value, ok := want[w.Key]
		if !ok || (value == nil) != (w.Value == nil) || string(value) != string(w.Value) {
			a.report.find(evidence.CheckWrites, at, fmt.Errorf("it writes %s, but its calls do not", ledger.Quotable(w.Key)))
			return
		}
		delete(want, w.Key)
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		a.report.find(evidence.CheckWrites, at, fmt.Errorf("it does not write %s, but its calls do", ledger.Quotable(key)))
		return
	}
}

func transactionAt(p ledger.Position) string {
	return fmt.Sprintf("transaction %d of block %d", p.Tx, p.Block)
}

func callAt(p ledger.Position) string { return fmt.Sprintf("call %d of %s", p.I, transactionAt(p)) }
