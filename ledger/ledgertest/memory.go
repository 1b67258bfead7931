package ledgertest

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// Memory is a ledger in memory: the real contract over a map, with one block per
// call. It is for tests of code that uses a ledger.
type Memory struct {
	now     func() time.Time
	genesis ledger.Digest

	mu      sync.Mutex
	records map[string][]byte
	places  map[string]uint64 // by call key
	calls   []ledger.Committed
	heads   []ledger.Digest
	changed chan struct{} // closed at the next call
}

// NewMemory returns an empty ledger with the clock now. It accepts only the given
// genesis, or any if genesis is empty.
func NewMemory(now func() time.Time, genesis string) *Memory {
	m := &Memory{now: now, records: map[string][]byte{}, places: map[string]uint64{}, changed: make(chan struct{})}
	if genesis != "" {
		m.genesis = ledger.DigestOf([]byte(genesis))
	}
	return m
}

// Get reads one key for the contract.
func (m *Memory) Get(key string) ([]byte, bool, error) {
	v, ok := m.records[key]
	return slices.Clone(v), ok, nil
}

// Submit implements ledger.Ledger.
func (m *Memory) Submit(ctx context.Context, jws string) (ledger.Outcome, error) {
	if ctx.Err() != nil {
		return ledger.Outcome{}, ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy)
	}
	signed, err := contract.Parse(jws)
	if err != nil {
		return ledger.Outcome{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	key, err := contract.FindKey(m, signed)
	if err != nil {
		return ledger.Outcome{}, err
	}
	v, err := contract.Verify(ledger.Standard(), signed, key)
	if err != nil {
		return ledger.Outcome{}, err
	}
	now, err := m.time()
	if err != nil {
		return ledger.Outcome{}, err
	}
	env := contract.Env{Time: now, Rules: contract.Rules, Genesis: m.genesis}
	r := contract.Batch(env, ledger.Standard(), m, []contract.Verified{v})[0]
	if r.Err != nil {
		return ledger.Outcome{}, r.Err
	}
	return m.record(v, r)
}

// time returns the ledger's time, but not less than the time of the last call.
func (m *Memory) time() (ledger.Millis, error) {
	ahead, err := contract.ClockOffset(m)
	now := ledger.Millis(m.now().UnixMilli()) + ahead
	if n := len(m.calls); n > 0 {
		now = max(now, m.calls[n-1].Time)
	}
	return now, err
}

func (m *Memory) record(v contract.Verified, r contract.Result) (ledger.Outcome, error) {
	out := ledger.Outcome{Time: r.Record.Time, Payload: r.Record.Payload, Event: r.Record.Event, Repeated: r.Repeated}
	own := ledger.CallKey(v.Call.Party, v.Call.ID)
	if r.Repeated {
		out.Position = ledger.Position{Block: m.places[own]}
		return out, nil
	}
	var event ledger.Event
	if err := json.Unmarshal(r.Event, &event); err != nil {
		return out, fmt.Errorf("decode event: %w", err)
	}
	out.Position = ledger.Position{Block: uint64(len(m.calls))}
	for _, w := range r.Writes {
		if w.Value == nil {
			delete(m.records, w.Key)
		} else {
			m.records[w.Key] = w.Value
		}
	}
	m.places[own] = out.Position.Block
	m.calls = append(m.calls, ledger.Committed{
		Position: out.Position, Time: out.Time, JWS: v.Compact, Event: event, Writes: r.Writes,
	})
	var last ledger.Digest
	if n := len(m.heads); n > 0 {
		last = m.heads[n-1]
	}
	m.heads = append(m.heads, ledger.DigestOf([]byte(last+r.Record.Event+r.Record.Writes)))
	close(m.changed)
	m.changed = make(chan struct{})
	return out, nil
}

// Value implements ledger.Ledger.
func (m *Memory) Value(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.records[key]
	if !ok {
		return nil, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).With("ref", key)
	}
	return slices.Clone(v), nil
}

// Recorded implements ledger.Ledger. Its proof is not a real one.
func (m *Memory) Recorded(_ context.Context, party, call ledger.ID) (ledger.Recorded, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	own := ledger.CallKey(party, call)
	n, ok := m.places[own]
	if !ok {
		return ledger.Recorded{}, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).With("ref", own)
	}
	return ledger.Recorded{Committed: m.calls[n], Proof: ledger.Proof{Kind: "memory", Data: json.RawMessage("{}")}}, nil
}

// Blocks implements ledger.Ledger.
func (m *Memory) Blocks(ctx context.Context, from uint64) iter.Seq2[ledger.Block, error] {
	return func(yield func(ledger.Block, error) bool) {
		for next := from; ; {
			m.mu.Lock()
			changed := m.changed
			var b ledger.Block
			ready := next < uint64(len(m.calls))
			if ready {
				b = ledger.Block{Number: next, Head: m.heads[next], Calls: []ledger.Committed{m.calls[next]}}
			}
			m.mu.Unlock()
			if ready {
				if ctx.Err() != nil || !yield(b, nil) {
					return
				}
				next++
				continue
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}
}

// Head implements ledger.Ledger.
func (m *Memory) Head(context.Context) (ledger.Revision, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(m.heads)
	if n == 0 {
		return ledger.Revision{}, ledger.Refuse(ledger.NotFound, ledger.ReasonGenesis)
	}
	return ledger.Revision{Block: uint64(n) - 1, Head: m.heads[n-1]}, nil
}

var (
	_ ledger.Ledger  = (*Memory)(nil)
	_ contract.State = (*Memory)(nil)
)
