package fabric

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/hyperledger/fabric-protos-go/common"
	"github.com/hyperledger/fabric-protos-go/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go/ledger/rwset/kvrwset"
	"github.com/hyperledger/fabric-protos-go/peer"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/audit"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/ledger/fabric/proof"
)

// History is the channel as a peer of our own organization keeps it, for an audit. It
// asks no other peer, no orderer and no chaincode.
type History struct {
	cfg   Config
	net   *network
	check func(proof.Proof) error // that a transaction is endorsed
}

// OpenHistory reads the profile and connects. Channel and chaincode are those of the
// trust file.
func OpenHistory(cfg Config, trust json.RawMessage) (*History, error) {
	t, err := proof.ParseTrust(trust)
	if err != nil {
		return nil, err
	}
	if t.Channel != cfg.Channel || t.Chaincode != cfg.Chaincode {
		return nil, fmt.Errorf("the trust file is of the channel %s and chaincode %s, and %s and %s are configured: set them to those of the trust file",
			t.Channel, t.Chaincode, cfg.Channel, cfg.Chaincode)
	}
	check, err := proof.OpenEndorsed(trust)
	if err != nil {
		return nil, err
	}
	logTo(cfg.Log)
	n, err := connect(cfg)
	if err != nil {
		return nil, fmt.Errorf("open channel: %w", err)
	}
	return &History{cfg, n, check.Check}, nil
}

// Close leaves the network.
func (h *History) Close() error {
	h.net.close()
	return nil
}

// ahead is how many blocks are asked for at a time.
const ahead = 16

// Blocks implements audit.Chain.
func (h *History) Blocks(ctx context.Context, next func(audit.Block) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	height, err := h.height(ctx)
	if err != nil {
		return err
	}
	type fetched struct {
		block *common.Block
		err   error
	}
	coming := make(chan chan fetched, ahead)
	go func() {
		defer close(coming)
		for number := range height {
			done := make(chan fetched, 1)
			select {
			case coming <- done:
			case <-ctx.Done():
				return
			}
			go func() {
				b, err := h.block(ctx, number)
				done <- fetched{b, err}
			}()
		}
	}()
	head := []byte(nil)
	for done := range coming {
		f := <-done
		if f.err != nil {
			return f.err
		}
		b, hash, err := h.read(f.block, head)
		if err != nil {
			return fmt.Errorf("block %d: %w", f.block.GetHeader().GetNumber(), err)
		}
		b.Height = height
		if err := next(b); err != nil {
			return err
		}
		head = hash
	}
	return ctx.Err()
}

// ours are the peers of our own organization.
func (h *History) ours() []*endorser {
	var list []*endorser
	for _, e := range h.net.peers {
		if h.net.distance(e) == 0 {
			list = append(list, e)
		}
	}
	return list
}

// ask asks the first of our peers that answers.
func (h *History) ask(ctx context.Context, fn string, args ...string) (*answer, error) {
	q, err := h.net.propose(systemQuery, fn, args...)
	if err != nil {
		return nil, err
	}
	a, err := firstOf(ctx, h.ours(), q.ask)
	if err != nil {
		return nil, h.net.explained(err)
	}
	return a, nil
}

func (h *History) height(ctx context.Context) (uint64, error) {
	a, err := h.ask(ctx, chainInfo, h.cfg.Channel)
	if err != nil {
		return 0, err
	}
	var info common.BlockchainInfo
	err = decode("chain info", a.payload(), &info)
	return info.GetHeight(), err
}

func (h *History) block(ctx context.Context, number uint64) (*common.Block, error) {
	a, err := h.ask(ctx, blockAt, h.cfg.Channel, strconv.FormatUint(number, 10))
	if err != nil {
		return nil, err
	}
	var b common.Block
	if err := decode("block", a.payload(), &b); err != nil {
		return nil, err
	}
	if b.GetHeader().GetNumber() != number {
		return nil, fmt.Errorf("peer %s answered block %d for %d", a.from.URL(), b.GetHeader().GetNumber(), number)
	}
	return &b, nil
}

// read holds a block to its header and to the block before it, and reads what its
// transactions read and wrote of the chaincode's keys. It returns the header's hash.
func (h *History) read(b *common.Block, head []byte) (audit.Block, []byte, error) {
	out := audit.Block{Number: b.GetHeader().GetNumber()}
	if !bytes.Equal(b.GetHeader().GetPreviousHash(), head) {
		return out, nil, errors.New("it does not follow the one before it")
	}
	if sum := sha256.Sum256(bytes.Join(b.GetData().GetData(), nil)); !bytes.Equal(sum[:], b.GetHeader().GetDataHash()) {
		return out, nil, errors.New("its transactions are not those of its header")
	}
	der, err := headerBytes(b.GetHeader())
	if err != nil {
		return out, nil, err
	}
	hash := sha256.Sum256(der)
	out.Head = hexDigest(hash[:])
	codes, err := validity(b)
	if err != nil {
		return out, nil, err
	}
	for i, data := range b.GetData().GetData() {
		if i > math.MaxUint32 {
			return out, nil, errors.New("it has more transactions than can be")
		}
		t, ours := h.transaction(data, fateOf(codes[i]), ledger.Position{Block: out.Number, Tx: uint32(i)})
		if ours {
			out.Transactions = append(out.Transactions, t)
		}
	}
	return out, hash[:], nil
}

// fateOf is what an audit needs to know of a validation code.
func fateOf(code byte) audit.Fate {
	switch peer.TxValidationCode(code) { //nolint:exhaustive // all others are refusals
	case peer.TxValidationCode_VALID:
		return audit.Valid
	case peer.TxValidationCode_MVCC_READ_CONFLICT:
		return audit.Conflicted
	}
	return audit.Refused
}

// transaction reads a transaction; false where it has nothing to do with the
// chaincode's keys.
func (h *History) transaction(data []byte, fate audit.Fate, place ledger.Position) (audit.Transaction, bool) {
	t := audit.Transaction{Place: place, Fate: fate}
	x, err := open(data)
	if err != nil {
		t.Err = err
		return t, fate == audit.Valid
	}
	if x == nil {
		return t, false
	}
	set, err := setOf(x.action.GetResults(), h.cfg.Chaincode)
	named := x.action.GetChaincodeId().GetName() == h.cfg.Chaincode
	if err == nil && set == nil && !named {
		return t, false
	}
	if t.Err = err; err == nil {
		t.Reads, t.Writes, t.Err = set.lines()
	}
	if !named { // what it writes, no call has written
		return t, true
	}
	if err := h.check(x.Proof); err != nil && t.Err == nil {
		t.Err = err
	}
	if fate == audit.Valid {
		calls, err := callsOf(x, t)
		if t.Calls = calls; err != nil && t.Err == nil {
			t.Err = err
		}
	}
	return t, true
}

// callsOf are the calls that a transaction records, each as the transaction keeps it.
func callsOf(x *opened, t audit.Transaction) ([]evidence.Placed, error) {
	applied, err := appliedBy(x.input, x.action)
	if err != nil {
		return nil, err
	}
	var calls []evidence.Placed
	for _, a := range applied {
		jws := string(x.input.GetArgs()[a.I+1])
		s, err := ledger.ParseCall(jws)
		if err != nil {
			return calls, fmt.Errorf("call %d: %w", a.I, err)
		}
		r, err := recordOf(t.Writes, ledger.CallKey(s.Call.Party, s.Call.ID))
		if err != nil {
			return calls, fmt.Errorf("call %d: %w", a.I, err)
		}
		if r.Payload != s.Payload || r.I != a.I || ledger.DigestOf(a.Event) != r.Event {
			return calls, fmt.Errorf("call %d: what is kept of it is not what the transaction's event says", a.I)
		}
		at := t.Place
		at.I = a.I
		calls = append(calls, evidence.Placed{JWS: jws, Position: at, Time: r.Time, Rules: r.Rules, Reads: r.Reads, Writes: r.Writes, Event: r.Event})
	}
	return calls, nil
}

func recordOf(writes []ledger.Write, key string) (r ledger.CallRecord, err error) {
	for _, w := range writes {
		if w.Key == key {
			return r, ledger.DecodeStrict(w.Value, &r)
		}
	}
	return r, errors.New("the transaction keeps nothing of it")
}

// set is what a transaction read and wrote of a chaincode's keys; nil is nothing.
type set struct{ kv []*kvrwset.KVRWSet }

func setOf(results []byte, chaincode string) (*set, error) {
	var all rwset.TxReadWriteSet
	if err := decode("results", results, &all); err != nil {
		return nil, err
	}
	var s *set
	for _, ns := range all.GetNsRwset() {
		if ns.GetNamespace() != chaincode {
			continue
		}
		var kv kvrwset.KVRWSet
		if err := decode("read-write set", ns.GetRwset(), &kv); err != nil {
			return nil, err
		}
		if len(ns.GetCollectionHashedRwset()) > 0 {
			return nil, errors.New("it has private data, which the contract never has")
		}
		if s == nil {
			s = &set{}
		}
		s.kv = append(s.kv, &kv)
	}
	return s, nil
}

// lines are the reads and writes. What the contract never does is an error.
func (s *set) lines() (reads []audit.Read, writes []ledger.Write, err error) {
	if s == nil {
		return nil, nil, nil
	}
	if len(s.kv) > 1 {
		err = errors.New("it has two read-write sets of one chaincode")
	}
	for _, kv := range s.kv {
		if len(kv.GetRangeQueriesInfo()) > 0 || len(kv.GetMetadataWrites()) > 0 {
			err = errors.New("it reads a range of keys, or changes who endorses a key: the contract never does")
		}
		for _, r := range kv.GetReads() {
			read := audit.Read{Key: r.GetKey()}
			if v := r.GetVersion(); v != nil {
				if v.GetTxNum() > math.MaxUint32 {
					err = errors.New("it reads of a transaction that can't be")
				}
				read.By = &ledger.Position{Block: v.GetBlockNum(), Tx: uint32(v.GetTxNum())}
			}
			reads = append(reads, read)
		}
		for _, w := range kv.GetWrites() {
			write := ledger.Write{Key: w.GetKey(), Value: w.GetValue()}
			if w.GetIsDelete() {
				write.Value = nil
			}
			writes = append(writes, write)
		}
	}
	return reads, writes, err
}

var _ audit.Chain = (*History)(nil)
