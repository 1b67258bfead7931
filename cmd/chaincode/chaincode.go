package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// chaincode is the contract as peers call it. It does not trust the client: the
// form, the signature, the key and the role of each call are checked here.
type chaincode struct {
	genesis ledger.Digest // SHA-256 of the only call that may begin the ledger
	now     func() time.Time
	log     *slog.Logger
	running sync.RWMutex // read-locked while a proposal is processed; locked for good by drain
}

// Init does nothing, since the genesis is a call.
func (c *chaincode) Init(shim.ChaincodeStubInterface) *peer.Response { return shim.Success(nil) }

// Invoke answers one proposal. If the contract panics, Invoke returns a refusal.
// Otherwise the process would end, and end again when the call is resubmitted.
func (c *chaincode) Invoke(stub shim.ChaincodeStubInterface) (response *peer.Response) {
	if !c.running.TryRLock() {
		return refusal(ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy))
	}
	defer c.running.RUnlock()
	log := c.log.With(slog.String("tx", stub.GetTxID()))
	defer func() {
		if p := recover(); p != nil {
			log.Error("the contract panicked", slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
			response = refusal(ledger.Refuse(ledger.InvalidCode, ledger.ReasonInternal))
		}
	}()
	payload, err := c.answer(stub)
	if err == nil {
		return shim.Success(payload)
	}
	e := ledger.AsError(err)
	if e == nil {
		log.Error("the proposal was not answered", slog.Any("error", err))
		e = ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy)
	}
	return refusal(e)
}

// drain waits for the running proposals and refuses all later ones.
func (c *chaincode) drain() { c.running.Lock() }

func refusal(e *ledger.Error) *peer.Response { return shim.Error(e.Text()) }

func (c *chaincode) answer(stub shim.ChaincodeStubInterface) ([]byte, error) {
	claimed, err := c.claimed(stub)
	if err != nil {
		return nil, err
	}
	function, args := stub.GetFunctionAndParameters()
	switch function {
	case ledger.TxSubmit:
		return c.submit(stub, claimed, args)
	case ledger.TxCall:
		if len(args) != 2 {
			return nil, ledger.Invalid("args", "party_and_call")
		}
		return value(stub, ledger.CallKey(ledger.ID(args[0]), ledger.ID(args[1])))
	case ledger.TxValue:
		if len(args) != 1 || args[0] == "" {
			return nil, ledger.Invalid("args", "one_key")
		}
		return value(stub, args[0])
	}
	return nil, ledger.Refuse(ledger.InvalidCode, ledger.ReasonFunction).At("function").With("value", function)
}

// claimed returns the time that the client put into its proposal, which is the same
// for all endorsers. It refuses a time that differs too much from the clock of this
// machine.
func (c *chaincode) claimed(stub shim.ChaincodeStubInterface) (ledger.Millis, error) {
	stamp, err := stub.GetTxTimestamp()
	if err != nil {
		return 0, fmt.Errorf("time of the proposal: %w", err)
	}
	now, claimed := ledger.Millis(c.now().UnixMilli()), ledger.Millis(stamp.AsTime().UnixMilli())
	if claimed > now+ledger.Skew || claimed < now-ledger.Skew {
		return 0, ledger.Refuse(ledger.Unavailable, ledger.ReasonClock)
	}
	return claimed, nil
}

// submit applies the calls and writes the keys that the accepted calls write, each
// key once. The answer contains the refusals too, so that the endorsers must agree
// on them.
func (c *chaincode) submit(stub shim.ChaincodeStubInterface, claimed ledger.Millis, calls []string) ([]byte, error) {
	from := &state{stub: stub, seen: map[string][]byte{}}
	ahead, err := contract.ClockOffset(from)
	if err != nil {
		return nil, err
	}
	env := contract.Env{Time: claimed + ahead, Rules: contract.Rules, Genesis: c.genesis}
	results, err := contract.Transaction(env, ledger.Standard(), from, calls)
	if err != nil {
		return nil, err
	}
	answers := make([]ledger.Answer, len(results))
	var event []ledger.Applied
	writes := map[string][]byte{}
	for i, r := range results {
		if r.Err != nil {
			answers[i].Error = shortened(ledger.AsError(r.Err), len(results))
			continue
		}
		answers[i] = ledger.Answer{Record: &results[i].Record, Repeated: r.Repeated}
		if r.Repeated {
			continue
		}
		applied, err := ledger.NewApplied(r.Record.I, r.Event, r.Writes)
		if err != nil {
			return nil, err
		}
		event = append(event, applied)
		for _, w := range r.Writes {
			writes[w.Key] = w.Value
		}
	}
	if len(event) > 0 {
		if err := record(stub, writes, event); err != nil {
			return nil, err
		}
	}
	return json.Marshal(answers)
}

func record(stub shim.ChaincodeStubInterface, writes map[string][]byte, event []ledger.Applied) error {
	for _, key := range slices.Sorted(maps.Keys(writes)) {
		write := func() error { return stub.PutState(key, writes[key]) }
		if writes[key] == nil {
			write = func() error { return stub.DelState(key) }
		}
		if err := write(); err != nil {
			return fmt.Errorf("write %s: %w", key, err)
		}
	}
	payload, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	return stub.SetEvent(ledger.TxEvent, payload)
}

// value returns a committed value.
func value(stub shim.ChaincodeStubInterface, key string) ([]byte, error) {
	v, err := stub.GetState(key)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	if len(v) == 0 {
		return nil, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).With("ref", key)
	}
	return v, nil
}

// state is the committed state. It reads each key from the peer only once, since
// the calls of a transaction read the same genesis, keys and parties.
type state struct {
	stub shim.ChaincodeStubInterface
	seen map[string][]byte
}

// Get reads one key. In Fabric a missing key has an empty value.
func (s *state) Get(key string) ([]byte, bool, error) {
	v, ok := s.seen[key]
	if !ok {
		var err error
		if v, err = s.stub.GetState(key); err != nil {
			return nil, false, err
		}
		s.seen[key] = v
	}
	return v, len(v) > 0, nil
}

var (
	_ shim.Chaincode = (*chaincode)(nil)
	_ contract.State = (*state)(nil)
)

// maxFaults is the maximum number of faults of a refused call in the answer to
// several calls, since that answer stays on the channel for good. The answer to a
// single call has all faults.
const maxFaults = 3

// shortened returns the refusal of one of n calls, with at most maxFaults faults if
// n > 1.
func shortened(e *ledger.Error, n int) *ledger.Error {
	if n == 1 || len(e.More) < maxFaults {
		return e
	}
	c := *e
	c.More = c.More[:maxFaults-1]
	return &c
}
