package fabric

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go/peer"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/errors/status"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// fake is a network that records calls by their ids and fails by plan. A
// transaction takes 200 ms.
type fake struct {
	mu       sync.Mutex
	recorded map[ledger.ID]ledger.Position
	sizes    []int // of transactions, in order
	rounds   []int
	block    uint64
	failing  func(n int, calls []string) *attempt // the n-th attempt; nil: it works
	refuse   func(ledger.Signed) *ledger.Error
	lagging  int // how often endorsers turn out to be behind
	waiting  int // attempts that are not forgotten
	flying   int
	most     int // flying at once
}

func newFake() *fake { return &fake{recorded: map[ledger.ID]ledger.Position{}} }

func (f *fake) attempt(ctx context.Context, calls []string, round int) attempt {
	f.mu.Lock()
	f.sizes, f.rounds = append(f.sizes, len(calls)), append(f.rounds, round)
	n := len(f.sizes) - 1
	f.flying++
	f.most = max(f.most, f.flying)
	f.mu.Unlock()
	wait(ctx, 200*time.Millisecond)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flying--
	if ctx.Err() != nil {
		return attempt{err: status.New(status.ClientStatus, int32(status.Timeout), "ended", nil)}
	}
	if f.failing != nil {
		if a := f.failing(n, calls); a != nil {
			if a.sent != nil {
				f.waiting++
			}
			return *a
		}
	}
	return f.record(calls)
}

func (f *fake) record(calls []string) attempt {
	f.block++
	a := attempt{at: commit{block: f.block, tx: 5}}
	for i, c := range calls {
		s, err := ledger.ParseCall(c)
		if err != nil {
			return attempt{err: err}
		}
		if f.refuse != nil {
			if e := f.refuse(s); e != nil {
				a.answers = append(a.answers, ledger.Answer{Error: e})
				continue
			}
		}
		at, known := f.recorded[s.Call.ID]
		if !known {
			at = ledger.Position{Block: f.block, Tx: 5, I: uint32(i)}
			f.recorded[s.Call.ID] = at
			a.sent = &pending{verdict: make(chan commit, 1)}
		}
		a.answers = append(a.answers, ledger.Answer{Record: &ledger.CallRecord{Payload: s.Payload, I: at.I}, Repeated: known})
	}
	if a.sent != nil {
		f.waiting++
	}
	return a
}

func (f *fake) forget(*pending) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting--
}

func (f *fake) locate(_ context.Context, call ledger.Signed) (ledger.Position, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at, ok := f.recorded[call.Call.ID]
	if !ok {
		return at, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown)
	}
	return at, nil
}

// submission is one over the fake network, which must not be waited for in the end.
func (f *fake) submit(ctx context.Context, calls ...ledger.Signed) []result {
	ctx, cancel := context.WithTimeout(ctx, submitTimeout)
	defer cancel()
	s := &submission{send: f, log: slog.New(slog.DiscardHandler), locate: f.locate, snapshot: f.look}
	defer s.forgetAttempts()
	return s.run(ctx, calls)
}

// look is asked before an attempt, and not afterwards.
func (f *fake) look() func(context.Context, []string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	behind := f.lagging > 0
	return func(context.Context, []string) bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.lagging--
		return !behind
	}
}

// many are n calls of one party.
func many(t *testing.T, n int) []ledger.Signed {
	t.Helper()
	w := ledgertest.NewWorld(t, time.Now)
	list := make([]ledger.Signed, n)
	for i := range list {
		list[i] = ledgertest.Parse(t, w.Call(t, w.Authority, ledger.FnDeposit, ledger.DepositArgs{SHA256: ledger.DigestOf(nil), Bytes: int64(i)}))
	}
	return list
}

// invalid returns an attempt whose transaction is in a block but not valid.
func invalid(code peer.TxValidationCode) *attempt {
	return &attempt{sent: &pending{verdict: make(chan commit, 1)}, err: status.New(status.EventServerStatus, int32(code), "invalid", nil)}
}

// lost returns an attempt that was sent and has no result.
func lost() *attempt {
	return &attempt{sent: &pending{verdict: make(chan commit, 1)}, err: status.New(status.ClientStatus, int32(status.Timeout), "no block", nil)}
}

func wantErr(t *testing.T, err error, code ledger.Code, reason ledger.Reason, parts ...string) {
	t.Helper()
	ledgertest.Refused(t, err, code, reason)
	for _, p := range parts {
		if err == nil || !strings.Contains(err.Error(), p) {
			t.Errorf("%v does not say %q", err, p)
		}
	}
}

var errTest = errors.New("a failure of the test's")
