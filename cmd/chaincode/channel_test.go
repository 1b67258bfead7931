package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/datacadastre/cadastre/ledger"
)

// channel behaves as a Fabric channel of three organizations does, in process:
// proposals are simulated on committed state by the chaincodes of two, which must
// agree byte for byte; transactions are ordered into blocks; in each block, in
// order, those are valid whose reads are still as they were. Beside calls there
// are blocks of configuration, the first one and every fourth.
type channel struct {
	chaincodes []*chaincode

	mu      sync.RWMutex // held by simulations, and by the commit of a block
	state   map[string]entry
	blocks  []block
	changed chan struct{} // closed at the next block

	pending struct {
		sync.Mutex
		list []*transaction
	}
	cut sync.Mutex // held by who makes the next block
}

// version is the transaction that wrote a key.
type version struct {
	Block uint64
	Tx    uint32
}

type entry struct {
	value   []byte
	version version
}

// endorsement is what an endorser signs: the answer, and the reads, writes and
// event of the simulation.
type endorsement struct {
	Status  int32
	Message string
	Payload []byte
	Reads   map[string]*version // nil: the key was not there
	Writes  map[string][]byte   // nil: deleted
	Event   []byte
}

type transaction struct {
	args     []string
	endorsed endorsement
	at       version
	valid    bool
}

type block struct {
	head ledger.Digest
	txs  []*transaction
}

func newChannel(t testing.TB, genesis string, now func() time.Time) *channel {
	t.Helper()
	c := &channel{state: map[string]entry{}, changed: make(chan struct{})}
	for range 3 {
		c.chaincodes = append(c.chaincodes, newChaincode(genesis, now))
	}
	c.add(nil)
	return c
}

func newChaincode(genesis string, now func() time.Time) *chaincode {
	return &chaincode{genesis: ledger.DigestOf([]byte(genesis)), now: now, log: slog.New(slog.DiscardHandler)}
}

// endorse simulates a proposal at two organizations, the n-th and the next.
func (c *channel) endorse(n int, at time.Time, function string, args ...string) (endorsement, error) {
	a := c.simulate(c.chaincodes[n%3], at, function, args...)
	b := c.simulate(c.chaincodes[(n+1)%3], at, function, args...)
	first, err := json.Marshal(a)
	if err != nil {
		return a, err
	}
	second, err := json.Marshal(b)
	if err != nil {
		return a, err
	}
	if !bytes.Equal(first, second) {
		return a, errDiffer
	}
	return a, nil
}

var errDiffer = errors.New("the endorsers' answers differ")

func (c *channel) simulate(cc *chaincode, at time.Time, function string, args ...string) endorsement {
	c.mu.RLock()
	defer c.mu.RUnlock()
	s := &stub{channel: c, at: at, args: append([]string{function}, args...)}
	s.result.Reads, s.result.Writes = map[string]*version{}, map[string][]byte{}
	return s.run(cc)
}

// order puts a transaction into a block, together with all that wait for one.
func (c *channel) order(tx *transaction) {
	c.pending.Lock()
	c.pending.list = append(c.pending.list, tx)
	c.pending.Unlock()
	c.cut.Lock()
	defer c.cut.Unlock()
	c.pending.Lock()
	list := c.pending.list
	c.pending.list = nil
	c.pending.Unlock()
	if len(list) == 0 {
		return // it is in the block before
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.blocks)%4 == 0 {
		c.add(nil)
	}
	for i, tx := range list {
		tx.at = version{uint64(len(c.blocks)), uint32(i)}
		tx.valid = c.current(tx.endorsed.Reads)
		if !tx.valid {
			continue
		}
		for key, value := range tx.endorsed.Writes {
			if value == nil {
				delete(c.state, key)
				continue
			}
			c.state[key] = entry{value, tx.at}
		}
	}
	c.add(list)
}

// current reports whether all that was read is still as it was.
func (c *channel) current(reads map[string]*version) bool {
	for key, was := range reads {
		is, ok := c.state[key]
		if ok != (was != nil) || ok && is.version != *was {
			return false
		}
	}
	return true
}

func (c *channel) add(txs []*transaction) {
	last := ledger.Digest("")
	if n := len(c.blocks); n > 0 {
		last = c.blocks[n-1].head
	}
	c.blocks = append(c.blocks, block{head: ledger.DigestOf(fmt.Appendf(nil, "%s %d %d", last, len(c.blocks), len(txs))), txs: txs})
	close(c.changed)
	c.changed = make(chan struct{})
}

// stub is one simulation, as the shim shows it to a chaincode. A method that is
// not here panics: the contract has no use for it.
type stub struct {
	shim.ChaincodeStubInterface
	channel *channel
	at      time.Time
	args    []string
	result  endorsement

	read    func() error // nil, or what happens at every read
	undated bool
}

func (s *stub) run(cc *chaincode) endorsement {
	r := cc.Invoke(s)
	s.result.Status, s.result.Message, s.result.Payload = r.GetStatus(), r.GetMessage(), r.GetPayload()
	return s.result
}

func (s *stub) GetTxID() string { return "tx" }

func (s *stub) GetFunctionAndParameters() (string, []string) { return s.args[0], s.args[1:] }

func (s *stub) GetTxTimestamp() (*timestamppb.Timestamp, error) {
	if s.undated {
		return nil, errors.New("the proposal has no time")
	}
	return timestamppb.New(s.at), nil
}

// GetState reads committed state only, never what this proposal wrote.
func (s *stub) GetState(key string) ([]byte, error) {
	if s.read != nil {
		if err := s.read(); err != nil {
			return nil, err
		}
	}
	e, ok := s.channel.state[key]
	if !ok {
		s.result.Reads[key] = nil
		return nil, nil
	}
	s.result.Reads[key] = &e.version
	return slices.Clone(e.value), nil
}

// PutState takes keys as a peer does: text that does not begin with a zero.
func (s *stub) PutState(key string, value []byte) error {
	if key == "" || !utf8.ValidString(key) || strings.ContainsRune(key, 0) || len(value) == 0 {
		return fmt.Errorf("no key or value of a state database: %q", key)
	}
	s.result.Writes[key] = slices.Clone(value)
	return nil
}

func (s *stub) DelState(key string) error {
	s.result.Writes[key] = nil
	return nil
}

func (s *stub) SetEvent(name string, payload []byte) error {
	if name != ledger.TxEvent || s.result.Event != nil {
		return fmt.Errorf("a second event, or one called %q", name)
	}
	s.result.Event = slices.Clone(payload)
	return nil
}
