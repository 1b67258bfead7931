//go:build integration

package fabric_test

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/fabric"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// writers submit calls all the time, each the same one until it has its result.
const writers = 8

// TestLiveKilled ends a process of the network under load and starts it again.
// Every call must have one result, and every call that was answered must be
// recorded exactly once.
func TestLiveKilled(t *testing.T) {
	w := ledgertest.NewWorld(t, time.Now)
	n := boot(t, w.Genesis)
	l := n.open("bureau")
	w.Begin(t, l)
	done := map[ledger.ID]ledger.Outcome{}
	for _, name := range []string{"peer.operator", "peer.bureau", "chaincode.bureau", "orderer"} {
		t.Run(name, func(t *testing.T) {
			stop := make(chan struct{})
			var out sync.WaitGroup
			results := make([]written, writers)
			for i := range writers {
				out.Go(func() { results[i] = write(t, w, l, 2030+i, stop) })
			}
			pass(t, time.Second)
			n.network("kill", name)
			pass(t, 5*time.Second)
			n.network("start", name)
			pass(t, 3*time.Second)
			close(stop)
			out.Wait()
			calls, again, longest := 0, 0, time.Duration(0)
			for _, r := range results {
				maps.Copy(done, r.done)
				calls, again, longest = calls+len(r.done), again+r.again, max(longest, r.longest)
			}
			t.Logf("%d calls, %d of them submitted again by the caller, the longest took %s", calls, again, longest)
			if calls < writers {
				t.Errorf("%d calls only", calls)
			}
		})
	}
	recordedOnce(t, l, done)
}

// pass lets time go by: a fault lasts.
func pass(t *testing.T, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	<-ctx.Done()
}

// written is the result that a writer got.
type written struct {
	done    map[ledger.ID]ledger.Outcome
	again   int
	longest time.Duration
}

func write(t *testing.T, w *ledgertest.World, l ledger.Ledger, year int, stop <-chan struct{}) written {
	r := written{done: map[ledger.ID]ledger.Outcome{}}
	for {
		select {
		case <-stop:
			return r
		default:
		}
		jws := w.Calendar(t, year)
		begun := time.Now()
		out, err := l.Submit(t.Context(), jws)
		for errors.Is(err, ledger.Unavailable) && t.Context().Err() == nil {
			r.again++
			out, err = l.Submit(t.Context(), jws)
		}
		if err != nil {
			t.Errorf("a writer's call: %v", err)
			return r
		}
		r.done[ledgertest.Parse(t, jws).Call.ID] = out
		r.longest = max(r.longest, time.Since(begun))
	}
}

// recordedOnce reads the ledger from its beginning: all that was answered is
// there, where the answer said, and nothing else but the genesis.
func recordedOnce(t *testing.T, l *fabric.Ledger, done map[ledger.ID]ledger.Outcome) {
	t.Helper()
	head, err := l.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[ledger.ID]bool{}
	next := uint64(0)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for b, err := range l.Blocks(ctx, 0) {
		if err != nil || b.Number != next {
			t.Fatalf("block %d after %d: %v", b.Number, next, err)
		}
		next++
		for _, c := range b.Calls {
			if c.Event.Name == ledger.FnGenesis {
				continue
			}
			if out, ok := done[c.Event.Call]; seen[c.Event.Call] || !ok || out.Position != c.Position {
				t.Errorf("call %s at %+v: there twice: %t, answered: %t with %+v", c.Event.Call, c.Position, seen[c.Event.Call], ok, out.Position)
			}
			seen[c.Event.Call] = true
		}
		if b.Number == head.Block {
			if b.Head != head.Head {
				t.Errorf("block %d is %s, the head %s", b.Number, b.Head, head.Head)
			}
			break
		}
	}
	if len(seen) != len(done) {
		t.Errorf("%d calls recorded of %d that were answered", len(seen), len(done))
	}
}
