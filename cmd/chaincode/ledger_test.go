package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// node is the port on a channel: the least that an adapter does. It submits the
// same call until its first result is known.
type node struct {
	*channel
	now   func() time.Time
	count atomic.Int64
}

var errInvalid = errors.New("the transaction is in a block, but not valid")

// transact submits calls in one transaction: the answers, and where they are.
func (n *node) transact(calls ...string) ([]ledger.Answer, *transaction, error) {
	endorsed, err := n.endorse(int(n.count.Add(1)), n.now(), ledger.TxSubmit, calls...)
	if err != nil {
		return nil, nil, err
	}
	if endorsed.Status != 200 {
		return nil, nil, refused(endorsed)
	}
	var answers []ledger.Answer
	if err := ledger.DecodeStrict(endorsed.Payload, &answers); err != nil {
		return nil, nil, err
	}
	tx := &transaction{args: calls, endorsed: endorsed}
	if len(endorsed.Writes) == 0 {
		if endorsed.Event != nil {
			return nil, nil, errors.New("an event of nothing")
		}
		return answers, tx, nil
	}
	if n.order(tx); !tx.valid {
		return nil, nil, errInvalid
	}
	return answers, tx, nil
}

func refused(e endorsement) error {
	typed, err := ledger.ParseError(e.Message)
	if err != nil {
		return fmt.Errorf("status %d says %q: %w", e.Status, e.Message, err)
	}
	return typed
}

// Submit implements ledger.Ledger.
func (n *node) Submit(ctx context.Context, jws string) (ledger.Outcome, error) {
	for ctx.Err() == nil {
		answers, tx, err := n.transact(jws)
		if errors.Is(err, errInvalid) || errors.Is(err, errDiffer) { // a block came between the two endorsers
			continue
		}
		if err != nil {
			return ledger.Outcome{}, err
		}
		a := answers[0]
		if a.Error != nil {
			return ledger.Outcome{}, a.Error
		}
		out := ledger.Outcome{Time: a.Record.Time, Payload: a.Record.Payload, Event: a.Record.Event, Repeated: a.Repeated}
		at := tx.at
		if a.Repeated {
			call, err := ledger.ParseCall(jws)
			if err != nil {
				return out, err
			}
			at = *tx.endorsed.Reads[ledger.CallKey(call.Call.Party, call.Call.ID)]
		}
		out.Position = ledger.Position{Block: at.Block, Tx: at.Tx, I: a.Record.I}
		return out, nil
	}
	return ledger.Outcome{}, ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy)
}

// query asks one organization.
func (n *node) query(function string, args ...string) (endorsement, error) {
	e := n.simulate(n.chaincodes[0], n.now(), function, args...)
	if e.Status != 200 {
		return e, refused(e)
	}
	return e, nil
}

// Value implements ledger.Ledger.
func (n *node) Value(_ context.Context, key string) ([]byte, error) {
	e, err := n.query(ledger.TxValue, key)
	return e.Payload, err
}

// Recorded implements ledger.Ledger. Its proof is the endorsed answer itself.
func (n *node) Recorded(_ context.Context, party, id ledger.ID) (ledger.Recorded, error) {
	e, err := n.query(ledger.TxCall, string(party), string(id))
	if err != nil {
		return ledger.Recorded{}, err
	}
	var stored ledger.CallRecord
	if err := ledger.DecodeStrict(e.Payload, &stored); err != nil {
		return ledger.Recorded{}, err
	}
	at := e.Reads[ledger.CallKey(party, id)]
	b, err := n.block(at.Block)
	if err != nil {
		return ledger.Recorded{}, err
	}
	for _, c := range b.Calls {
		if (c.Position == ledger.Position{Block: at.Block, Tx: at.Tx, I: stored.I}) {
			data, err := json.Marshal(e)
			return ledger.Recorded{Committed: c, Proof: ledger.Proof{Kind: "stub", Data: data}}, err
		}
	}
	return ledger.Recorded{}, fmt.Errorf("block %d has no call %s", at.Block, id)
}

// block rebuilds a block's calls from its valid transactions alone.
func (n *node) block(number uint64) (ledger.Block, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	b := n.blocks[number]
	out := ledger.Block{Number: number, Head: b.head}
	for _, tx := range b.txs {
		if !tx.valid {
			continue
		}
		var event []ledger.Applied
		if err := json.Unmarshal(tx.endorsed.Event, &event); err != nil {
			return out, err
		}
		for _, a := range event {
			c, err := a.Committed(tx.args[a.I], number, tx.at.Tx)
			if err != nil {
				return out, err
			}
			out.Calls = append(out.Calls, c)
		}
	}
	return out, nil
}

// Blocks implements ledger.Ledger.
func (n *node) Blocks(ctx context.Context, from uint64) iter.Seq2[ledger.Block, error] {
	return func(yield func(ledger.Block, error) bool) {
		for next := from; ctx.Err() == nil; {
			n.mu.RLock()
			ready, changed := next < uint64(len(n.blocks)), n.changed
			n.mu.RUnlock()
			if ready {
				if !yield(n.block(next)) {
					return
				}
				next++
				continue
			}
			select {
			case <-changed:
			case <-ctx.Done():
			}
		}
	}
}

// Head implements ledger.Ledger: a channel has blocks before the ledger begins.
func (n *node) Head(ctx context.Context) (ledger.Revision, error) {
	if _, err := n.Value(ctx, ledger.RecordKey(ledger.GenesisRef)); err != nil {
		if errors.Is(err, ledger.NotFound) {
			err = ledger.Refuse(ledger.NotFound, ledger.ReasonGenesis)
		}
		return ledger.Revision{}, err
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	last := len(n.blocks) - 1
	return ledger.Revision{Block: uint64(last), Head: n.blocks[last].head}, nil
}

var _ ledger.Ledger = (*node)(nil)

func newNode(t testing.TB, genesis string, now func() time.Time) *node {
	t.Helper()
	return &node{channel: newChannel(t, genesis, now), now: now}
}

func TestLedger(t *testing.T) {
	genesis := map[ledger.Ledger]string{}
	ledgertest.Run(t, ledgertest.Factory{
		Now:     time.Now,
		Claimed: true,
		Open: func(t *testing.T, first string) ledger.Ledger {
			n := newNode(t, first, time.Now)
			genesis[n] = first
			return n
		},
		Reopen: func(_ *testing.T, l ledger.Ledger) ledger.Ledger {
			n := l.(*node)
			for i := range n.chaincodes { // they store nothing
				n.chaincodes[i].drain()
				n.chaincodes[i] = newChaincode(genesis[l], time.Now)
			}
			return n
		},
		Proof: checkProof,
	})
}

// checkProof does what a stranger does who has the endorsed answer only: the
// call's record is in it, and its place is the version that was read.
func checkProof(t *testing.T, _ ledger.Ledger, r ledger.Recorded) {
	t.Helper()
	var e endorsement
	if err := json.Unmarshal(r.Proof.Data, &e); err != nil {
		t.Fatal(err)
	}
	var stored ledger.CallRecord
	if err := ledger.DecodeStrict(e.Payload, &stored); err != nil {
		t.Fatal(err)
	}
	at := e.Reads[ledger.CallKey(r.Event.Party, r.Event.Call)]
	if len(e.Reads) != 1 || at == nil || len(e.Writes) != 0 {
		t.Fatalf("the answer rests on %v and writes %v", e.Reads, e.Writes)
	}
	if (r.Position != ledger.Position{Block: at.Block, Tx: at.Tx, I: stored.I}) {
		t.Errorf("the call is at %+v, its proof says %+v, %d", r.Position, *at, stored.I)
	}
	if stored.Payload != r.Event.Payload || stored.Writes != ledger.HashWrites(r.Writes) || stored.Time != r.Time {
		t.Errorf("the proof is of another call: %+v", stored)
	}
}
