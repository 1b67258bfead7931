package fabric

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"

	"github.com/hyperledger/fabric-protos-go/common"
	"github.com/hyperledger/fabric-sdk-go/pkg/core/config/endpoint"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/fabric/proof"
)

// The system chaincode of Fabric that reads blocks, and its functions.
const (
	systemQuery = "qscc"
	chainInfo   = "GetChainInfo"
	blockAt     = "GetBlockByNumber"
)

// seen is the newest transaction that Submit or Blocks has returned. Values read
// later, and refusals, must not be based on an older state: a peer announces a
// block shortly before it has applied it.
type seen struct {
	mu    sync.Mutex
	block uint64
	party ledger.ID
	call  ledger.ID
}

func (s *seen) update(party, call ledger.ID, block uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if block > s.block {
		s.block, s.party, s.call = block, party, call
	}
}

func (s *seen) newest() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.block
}

// snapshotPeers records which peers are known now to have applied the block floor.
// The function that it returns reports whether all the given peers (addresses) are
// among them. It waits for those that are not.
func (l *Ledger) snapshotPeers(floor uint64) func(ctx context.Context, peers []string) bool {
	behind := slices.DeleteFunc(slices.Clone(l.net.peers), func(e *endorser) bool { return e.hasApplied(floor) })
	return func(ctx context.Context, peers []string) bool {
		known := true
		for _, e := range behind {
			if !slices.Contains(peers, endpoint.ToAddress(e.URL())) {
				continue
			}
			known = false
			if err := l.awaitSeen(ctx, e); err != nil {
				l.cfg.Log.WarnContext(ctx, "a peer that refused a call is behind", slog.String("peer", e.URL()), slog.Any("error", err))
			}
		}
		return known
	}
}

// awaitSeen waits until a peer has applied everything that Submit and Blocks have
// returned.
func (l *Ledger) awaitSeen(ctx context.Context, e *endorser) error {
	l.seen.mu.Lock()
	block, party, call := l.seen.block, l.seen.party, l.seen.call
	l.seen.mu.Unlock()
	return e.awaitBlock(ctx, block, func(ctx context.Context) error {
		q, err := l.net.propose(l.cfg.Chaincode, ledger.TxCall, string(party), string(call))
		if err == nil {
			_, err = q.ask(ctx, e)
		}
		return err
	})
}

// Value reads a key from one peer, preferably of our organization.
func (l *Ledger) Value(ctx context.Context, key string) ([]byte, error) {
	ctx, leave, err := l.startTask(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	a, err := l.net.first(ctx, l.awaitSeen, l.cfg.Chaincode, ledger.TxValue, key)
	if err != nil {
		return nil, err
	}
	return a.payload(), nil
}

// Head returns the last block. Until the genesis is recorded it returns NotFound,
// although the channel already has blocks.
func (l *Ledger) Head(ctx context.Context) (ledger.Revision, error) {
	ctx, leave, err := l.startTask(ctx)
	if err != nil {
		return ledger.Revision{}, err
	}
	defer leave()
	if err := l.checkBegun(ctx); err != nil {
		return ledger.Revision{}, err
	}
	a, err := l.net.first(ctx, l.awaitSeen, systemQuery, chainInfo, l.cfg.Channel)
	if err != nil {
		return ledger.Revision{}, err
	}
	var info common.BlockchainInfo
	if err := decode("chain info", a.payload(), &info); err != nil {
		return ledger.Revision{}, broken(err)
	}
	if info.GetHeight() == 0 {
		return ledger.Revision{}, broken(fmt.Errorf("peer %s has no block", a.from.URL()))
	}
	return ledger.Revision{Block: info.GetHeight() - 1, Head: hexDigest(info.GetCurrentBlockHash())}, nil
}

// checkBegun returns NotFound until the genesis is recorded. After that it always
// returns nil.
func (l *Ledger) checkBegun(ctx context.Context) error {
	l.mu.Lock()
	begun := l.begun
	l.mu.Unlock()
	if begun {
		return nil
	}
	q, err := l.net.propose(l.cfg.Chaincode, ledger.TxValue, ledger.RecordKey(ledger.GenesisRef))
	if err != nil {
		return err
	}
	_, err = firstFound(ctx, l.net.byHealth(), q.ask)
	if errors.Is(err, ledger.NotFound) {
		return ledger.Refuse(ledger.NotFound, ledger.ReasonGenesis)
	}
	if err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.begun = true
	}
	return err
}

// storedCall is the record of a call at a peer.
type storedCall struct {
	record ledger.CallRecord
	place  ledger.Position
}

// decodeStored decodes the record of a call and its position from an answer.
func (l *Ledger) decodeStored(a *answer, party, call ledger.ID) (storedCall, error) {
	var k storedCall
	err := json.Unmarshal(a.payload(), &k.record)
	if err == nil {
		k.place, err = proof.Version(a.action.GetResults(), l.cfg.Chaincode, ledger.CallKey(party, call))
	}
	if err != nil {
		return k, broken(fmt.Errorf("record of call %s: %w", call, err))
	}
	k.place.I = k.record.I
	return k, nil
}

func (l *Ledger) findCall(ctx context.Context, party, call ledger.ID) (storedCall, error) {
	a, err := l.net.first(ctx, l.awaitSeen, l.cfg.Chaincode, ledger.TxCall, string(party), string(call))
	if err != nil {
		return storedCall{}, err
	}
	return l.decodeStored(a, party, call)
}

// locate returns the position of a call that is recorded according to the
// endorsers. The peer that is asked may not have it yet, so locate tries again
// until ctx ends.
func (l *Ledger) locate(ctx context.Context, call ledger.Signed) (ledger.Position, error) {
	for {
		k, err := l.findCall(ctx, call.Call.Party, call.Call.ID)
		if err == nil || !errors.Is(err, ledger.NotFound) {
			return k.place, err
		}
		if wait(ctx, pollInterval); ctx.Err() != nil {
			return ledger.Position{}, unavailable(context.Cause(ctx))
		}
	}
}

// Recorded reads a call from its block and obtains signatures for its position.
func (l *Ledger) Recorded(ctx context.Context, party, call ledger.ID) (ledger.Recorded, error) {
	ctx, leave, err := l.startTask(ctx)
	if err != nil {
		return ledger.Recorded{}, err
	}
	defer leave()
	k, err := l.findCall(ctx, party, call)
	if err != nil {
		return ledger.Recorded{}, err
	}
	c, err := l.committed(ctx, k)
	if err != nil {
		return ledger.Recorded{}, err
	}
	p, err := l.prove(ctx, c.JWS, k.record)
	if err != nil {
		return ledger.Recorded{}, err
	}
	data, err := p.Encode()
	if err != nil {
		return ledger.Recorded{}, err
	}
	return ledger.Recorded{Committed: c, Proof: ledger.Proof{Kind: proof.Kind, Data: data}}, nil
}

// Wrote returns everything that a recorded call wrote, without a proof.
func (l *Ledger) Wrote(ctx context.Context, party, call ledger.ID) ([]ledger.Write, error) {
	ctx, leave, err := l.startTask(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	k, err := l.findCall(ctx, party, call)
	if err != nil {
		return nil, err
	}
	c, err := l.committed(ctx, k)
	return c.Writes, err
}

// committed reads a call from its block and compares it with the stored record of
// the call.
func (l *Ledger) committed(ctx context.Context, k storedCall) (ledger.Committed, error) {
	b, err := l.net.block(ctx, k.place.Block)
	if err != nil {
		return ledger.Committed{}, err
	}
	damaged := func(err error) (ledger.Committed, error) {
		return ledger.Committed{}, broken(fmt.Errorf("call at %+v: %w", k.place, err))
	}
	list := b.GetData().GetData()
	if int64(k.place.Tx) >= int64(len(list)) {
		return damaged(fmt.Errorf("its block has %d transactions", len(list)))
	}
	calls, err := decodeTransaction(list[k.place.Tx], l.cfg.Chaincode, k.place.Block, k.place.Tx)
	if err != nil {
		return damaged(err)
	}
	i := slices.IndexFunc(calls, func(c ledger.Committed) bool { return c.Position == k.place })
	if i < 0 {
		return damaged(errors.New("its transaction does not record it"))
	}
	c := calls[i]
	if c.Event.Payload != k.record.Payload || c.Time != k.record.Time || ledger.HashWrites(c.Writes) != k.record.Writes {
		return damaged(errors.New("its block differs from the stored record of the call"))
	}
	return c, nil
}

// block reads a block from the first peer that has it.
func (n *network) block(ctx context.Context, number uint64) (*common.Block, error) {
	a, err := n.first(ctx, anyState, systemQuery, blockAt, n.cfg.Channel, strconv.FormatUint(number, 10))
	if err != nil {
		return nil, err
	}
	var b common.Block
	if err := decode("block", a.payload(), &b); err != nil {
		return nil, broken(err)
	}
	if b.GetHeader().GetNumber() != number {
		return nil, broken(fmt.Errorf("peer %s returned block %d instead of %d", a.from.URL(), b.GetHeader().GetNumber(), number))
	}
	return &b, nil
}

// height returns the highest number of blocks among the peers that answer.
func (n *network) height(ctx context.Context) (uint64, error) {
	q, err := n.propose(systemQuery, chainInfo, n.cfg.Channel)
	if err != nil {
		return 0, err
	}
	return highest(ctx, n.peers, func(ctx context.Context, e *endorser) (uint64, error) {
		a, err := q.ask(ctx, e)
		if err != nil {
			return 0, err
		}
		var info common.BlockchainInfo
		if err := decode("chain info", a.payload(), &info); err != nil {
			return 0, broken(err)
		}
		return info.GetHeight(), nil
	})
}
