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

// History reads the channel from peers of our organization, for an audit. It
// asks no other peer, no orderer and no chaincode but qscc.
type History struct {
	cfg   Config
	net   *network
	check func(proof.Proof) error // checks that a transaction is endorsed
}

// OpenHistory reads the profile and connects. The channel and the chaincode in cfg
// must be those of the trust file.
func OpenHistory(cfg Config, trust json.RawMessage) (*History, error) {
	t, err := proof.ParseTrust(trust)
	if err != nil {
		return nil, err
	}
	if t.Channel != cfg.Channel || t.Chaincode != cfg.Chaincode {
		return nil, fmt.Errorf("the trust file names the channel %s and the chaincode %s, but %s and %s are configured: set them to those of the trust file",
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

// Close disconnects from the network.
func (h *History) Close() error {
	h.net.close()
	return nil
}

// prefetch is how many blocks are requested at a time.
const prefetch = 16

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
	coming := make(chan chan fetched, prefetch)
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
		b, hash, err := h.checkBlock(f.block, head)
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

// ownPeers returns the peers of our organization.
func (h *History) ownPeers() []*endorser {
	var list []*endorser
	for _, e := range h.net.peers {
		if h.net.distance(e) == 0 {
			list = append(list, e)
		}
	}
	return list
}

// ask returns the answer of the first of our peers that answers.
func (h *History) ask(ctx context.Context, fn string, args ...string) (*answer, error) {
	q, err := h.net.propose(systemQuery, fn, args...)
	if err != nil {
		return nil, err
	}
	a, err := firstOf(ctx, h.ownPeers(), q.ask)
	if err != nil {
		return nil, h.net.settingError(err)
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
		return nil, fmt.Errorf("peer %s returned block %d instead of %d", a.from.URL(), b.GetHeader().GetNumber(), number)
	}
	return &b, nil
}

// checkBlock checks a block against its header and the block before it. It returns
// the block's transactions with the keys of the chaincode that they read and wrote,
// and the hash of the header.
func (h *History) checkBlock(b *common.Block, head []byte) (audit.Block, []byte, error) {
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
	codes, err := validationCodes(b)
	if err != nil {
		return out, nil, err
	}
	for i, data := range b.GetData().GetData() {
		if i > math.MaxUint32 {
			return out, nil, errors.New("it has more transactions than possible")
		}
		t, ours := h.transaction(data, auditOutcome(codes[i]), ledger.Position{Block: out.Number, Tx: uint32(i)})
		if ours {
			out.Transactions = append(out.Transactions, t)
		}
	}
	return out, hash[:], nil
}

// auditOutcome converts a validation code to the outcome that an audit
// distinguishes.
func auditOutcome(code byte) audit.Outcome {
	switch peer.TxValidationCode(code) { //nolint:exhaustive // all others are refusals
	case peer.TxValidationCode_VALID:
		return audit.Valid
	case peer.TxValidationCode_MVCC_READ_CONFLICT:
		return audit.Conflicted
	}
	return audit.Refused
}

// transaction decodes a transaction. It returns false if the transaction does not
// touch the chaincode's keys.
func (h *History) transaction(data []byte, outcome audit.Outcome, place ledger.Position) (audit.Transaction, bool) {
	t := audit.Transaction{Position: place, Outcome: outcome}
	x, err := decodeEnvelope(data)
	if err != nil {
		t.Err = err
		return t, outcome == audit.Valid
	}
	if x == nil {
		return t, false
	}
	set, err := readWriteSetOf(x.action.GetResults(), h.cfg.Chaincode)
	named := x.action.GetChaincodeId().GetName() == h.cfg.Chaincode
	if err == nil && set == nil && !named {
		return t, false
	}
	if t.Err = err; err == nil {
		t.Reads, t.Writes, t.Err = set.lines()
	}
	if !named { // its writes do not come from a call
		return t, true
	}
	if err := h.check(x.Proof); err != nil && t.Err == nil {
		t.Err = err
	}
	if outcome == audit.Valid {
		calls, err := callsOf(x, t)
		if t.Calls = calls; err != nil && t.Err == nil {
			t.Err = err
		}
	}
	return t, true
}

// callsOf returns the calls that a transaction records, with the record that it
// stores of each call.
func callsOf(x *decodedTx, t audit.Transaction) ([]evidence.Placed, error) {
	applied, err := appliedCalls(x.input, x.action)
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
			return calls, fmt.Errorf("call %d: the stored record differs from the transaction's event", a.I)
		}
		at := t.Position
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
	return r, errors.New("the transaction stores no record of it")
}

// readWriteSet lists the keys of a chaincode that a transaction read and wrote;
// nil: no key.
type readWriteSet struct{ kv []*kvrwset.KVRWSet }

func readWriteSetOf(results []byte, chaincode string) (*readWriteSet, error) {
	var all rwset.TxReadWriteSet
	if err := decode("results", results, &all); err != nil {
		return nil, err
	}
	var s *readWriteSet
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
			s = &readWriteSet{}
		}
		s.kv = append(s.kv, &kv)
	}
	return s, nil
}

// lines returns the reads and writes. It returns an error for anything that the
// contract never does.
func (s *readWriteSet) lines() (reads []audit.Read, writes []ledger.Write, err error) {
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
					err = errors.New("it reads a key written by an impossible transaction")
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
