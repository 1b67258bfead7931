package torture_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
)

// history records operations of several clients: when each was asked and answered.
type history struct {
	begin time.Time
	mu    sync.Mutex
	ops   []porcupine.Operation
}

// do runs an operation of a client and records it. An error is no answer: it ends the test.
func (h *history) do(who int, input any, op func() (any, error)) error {
	asked := time.Since(h.begin).Nanoseconds()
	output, err := op()
	answered := time.Since(h.begin).Nanoseconds()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, porcupine.Operation{ClientId: who, Input: input, Call: asked, Output: output, Return: answered})
	return err
}

// together runs clients at once and returns what they did.
func together(t *testing.T, clients ...func(h *history, who int) error) []porcupine.Operation {
	t.Helper()
	h := &history{begin: time.Now()}
	errs := make([]error, len(clients))
	var all sync.WaitGroup
	for i, c := range clients {
		all.Go(func() { errs[i] = c(h, i) })
	}
	all.Wait()
	ok(t, errors.Join(errs...))
	return h.ops
}

// stale is a proxy with a planted fault: it answers one question with an answer of before,
// as a cache that is not told of changes.
type stale struct {
	next  http.RoundTripper
	last  atomic.Pointer[http.Response]
	again atomic.Pointer[http.Response] // what the next question gets
}

// RoundTrip implements http.RoundTripper.
func (s *stale) RoundTrip(req *http.Request) (*http.Response, error) {
	if old := s.again.Swap(nil); old != nil {
		copied := *old
		copied.Body = io.NopCloser(strings.NewReader(""))
		return &copied, nil
	}
	resp, err := s.next.RoundTrip(req)
	if err == nil {
		s.last.Store(resp)
	}
	return resp, err
}

// fetched asks for content until the node decides, and reports whether it gave it. A node
// whose read model is behind says so instead of deciding.
func fetched(ctx context.Context, c *client.Client, h *http.Client, path string) (bool, error) {
	for {
		resp, err := ask(ctx, c, h, http.MethodGet, path, nil)
		if err != nil {
			return false, err
		}
		text, _ := io.ReadAll(resp.Body) // a delivery may be cut after it was allowed
		switch err := resp.Body.Close(); resp.StatusCode {
		case http.StatusOK:
			return true, err
		case http.StatusForbidden:
			return false, err
		case http.StatusServiceUnavailable:
			if err := pause(ctx, 20*time.Millisecond); err != nil {
				return false, err
			}
		default:
			return false, fmt.Errorf("%s: %s %s", path, resp.Status, text)
		}
	}
}

// underALimit is an order that may be used so many times.
func underALimit(limit int) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return 0 },
		Step: func(state, _, output any) (bool, any) {
			used, given := state.(int), output.(bool)
			if !given {
				return used == limit, used
			}
			return used < limit, used + 1
		},
	}
}

// TestOrdersUnderALimit: whatever clients do at once, an order is used as often as it may
// be, and refused only once it was.
func TestOrdersUnderALimit(t *testing.T) {
	s, sale := running(t)
	direct := new(http.Client)
	var p ledger.Product
	ok(t, s.cast("operator").Get(t.Context(), "/v1/products/"+string(sale.Product), &p))
	for _, planted := range []bool{false, true} {
		const limit, clients, each = 12, 6, 5
		order, err := buy(t.Context(), s.cast, p, ledger.Quota{Uses: limit})
		ok(t, err)
		path := sold{Order: order, Object: sale.Object}.path()
		var all []func(*history, int) error
		for range clients {
			all = append(all, func(h *history, who int) error {
				for range each {
					if err := h.do(who, nil, func() (any, error) {
						return fetched(t.Context(), s.cast("emergency"), direct, path)
					}); err != nil {
						return err
					}
				}
				return nil
			})
		}
		ops := together(t, all...)
		if planted { // a use that the node never gave
			for i := range ops {
				if ops[i].Output == false {
					ops[i].Output = true
					break
				}
			}
		}
		judge(t, underALimit(limit), ops, planted)
	}
}

// suspension is a party that may fetch unless it is suspended.
var suspension = porcupine.Model{
	Init: func() any { return false },
	Step: func(state, input, output any) (bool, any) {
		switch input {
		case ledger.FnPartySuspend:
			return true, true
		case ledger.FnPartyResume:
			return true, false
		}
		return output.(bool) == !state.(bool), state
	},
}

// TestSuspensionsAgainstDeliveries: no delivery begins after its party's suspension was
// answered, and none is refused after it was lifted.
func TestSuspensionsAgainstDeliveries(t *testing.T) {
	s, sale := running(t)
	party := s.cast("emergency").Profile().Party
	for _, planted := range []bool{false, true} {
		proxy := &stale{next: &http.Transport{}}
		var over atomic.Bool
		var answers atomic.Int64 // to deliveries
		regulate := func(h *history, who int) error {
			defer over.Store(true)
			for range 6 {
				for _, fn := range []ledger.Function{ledger.FnPartySuspend, ledger.FnPartyResume} {
					before := proxy.last.Load()
					var p wire.PublicParty
					if err := s.cast("regulator").Get(t.Context(), "/v1/parties/"+string(party), &p); err != nil {
						return err
					}
					if err := h.do(who, fn, func() (any, error) {
						_, err := s.cast("regulator").Call(t.Context(), fn, ledger.TargetArgs{ID: party, Answers: p.Cite.Payload, Ground: "security_breach"})
						return nil, err
					}); err != nil {
						return err
					}
					if planted {
						proxy.again.Store(before)
					}
					for seen := answers.Load(); answers.Load() < seen+6; { // some began after the act
						if err := pause(t.Context(), 5*time.Millisecond); err != nil {
							return err
						}
					}
				}
			}
			return nil
		}
		deliver := func(h *history, who int) error {
			for !over.Load() {
				if err := h.do(who, ledger.Function(""), func() (any, error) {
					return fetched(t.Context(), s.cast("emergency"), &http.Client{Transport: proxy}, sale.path())
				}); err != nil {
					return err
				}
				answers.Add(1)
			}
			return nil
		}
		judge(t, suspension, together(t, regulate, deliver, deliver, deliver), planted)
	}
}

// rotation is a party that signs with its newest key only.
var rotation = porcupine.Model{
	Init: func() any { return 0 },
	Step: func(state, input, output any) (bool, any) {
		in, now := input.(keyUse), state.(int)
		if in.rotates {
			return output.(bool) == (in.key == now), map[bool]int{true: now + 1, false: now}[in.key == now]
		}
		return output.(bool) == (in.key == now), now
	},
}

type keyUse struct {
	key     int // which of the party's keys signs
	rotates bool
}

// TestKeysAgainstCalls: a call that is signed by a key is recorded until the key is
// exchanged, and never after that was answered.
func TestKeysAgainstCalls(t *testing.T) {
	s, _ := running(t)
	const turns = 6
	keys := make([]*client.Client, turns+1)
	keys[0] = s.cast("holder")
	for i := range turns {
		key, err := ledger.NewKey()
		ok(t, err)
		p := keys[0].Profile()
		ok(t, p.SetKey(key))
		keys[i+1], err = client.New(p, "en", time.Now)
		ok(t, err)
	}
	var current atomic.Int64
	rotate := func(h *history, who int) error {
		for i := range turns {
			old, err := keys[i].Profile().Signer()
			if err != nil {
				return err
			}
			next, err := keys[i+1].Profile().Signer()
			if err != nil {
				return err
			}
			proof, err := ledger.SignRotation(next, ledger.RotationProof{Ledger: keys[0].Profile().Ledger, Party: keys[0].Profile().Party, Old: old.ID()})
			if err != nil {
				return err
			}
			if err := h.do(who, keyUse{i, true}, func() (any, error) {
				return recorded(keys[i].Call(t.Context(), ledger.FnKeyRotate, ledger.KeyRotateArgs{
					Old: old.ID(), New: ledger.NewKeyArg{JWK: next.Public(), Use: ledger.UseSign, Custody: ledger.CustodySelf}, Proof: proof,
				}))
			}); err != nil {
				return err
			}
			current.Store(int64(i + 1))
		}
		return nil
	}
	var seq atomic.Int64
	call := func(h *history, who int) error {
		for current.Load() < turns {
			i := int(current.Load()) - who%2 // some sign with the last key
			if i < 0 {
				continue
			}
			if err := h.do(who, keyUse{i, false}, func() (any, error) {
				return recorded(keys[i].Call(t.Context(), ledger.FnDeposit, ledger.DepositArgs{SHA256: ledger.DigestOf(fmt.Append(nil, "key ", seq.Add(1))), Bytes: 1}))
			}); err != nil {
				return err
			}
		}
		return nil
	}
	ops := together(t, rotate, call, call, call, call)
	judge(t, rotation, ops, false)
	ended := map[int]int64{} // when the exchange of a key was answered
	for _, op := range ops {
		if in := op.Input.(keyUse); in.rotates {
			ended[in.key] = op.Return
		}
	}
	for i, op := range ops { // a call that was refused after that, as if it had been recorded
		if in := op.Input.(keyUse); op.Output == false && !in.rotates && op.Call > ended[in.key] {
			ops[i].Output = true
			break
		}
	}
	judge(t, rotation, ops, true)
}

// recorded reports whether a call was recorded; a key that has ended is an answer.
func recorded(_ client.Outcome, err error) (bool, error) {
	if e := ledger.AsError(err); e != nil && e.Code != ledger.Unavailable {
		return false, nil //nolint:nilerr // it was refused
	}
	return err == nil, err
}

// judge lets porcupine look for an order of the operations that the model allows. With a
// planted fault there must be none: else the checker could find nothing.
func judge(t *testing.T, m porcupine.Model, ops []porcupine.Operation, planted bool) {
	t.Helper()
	yes, no := 0, 0
	for _, op := range ops {
		switch op.Output {
		case true:
			yes++
		case false:
			no++
		}
	}
	fmt.Printf("%s: %d operations, %d allowed, %d refused, planted fault: %t\n", t.Name(), len(ops), yes, no, planted)
	if yes == 0 || no == 0 {
		t.Error("nothing was allowed, or nothing refused: the history shows nothing")
	}
	if linear := porcupine.CheckOperations(m, ops); linear == planted {
		t.Errorf("is linear: %t, with a planted fault: %t", linear, planted)
	}
}

// running serves a node in this process until the test ends.
func running(t *testing.T) (*serving, sold) {
	t.Helper()
	dir := lay(t, small)
	s, err := serve(t.Context(), dir)
	ok(t, err)
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
	sale, err := readSold(dir)
	ok(t, err)
	return s, sale
}
