//go:build integration

package integration_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
)

// TestLiveConflictsHaveOneWinner: two nodes submit, at once, calls of which one
// can be recorded. One wins, the other is refused, and all nodes show the winner.
func TestLiveConflictsHaveOneWinner(t *testing.T) {
	w := live(t)
	w.sold()
	wins := map[string]int{}
	for i := range 6 {
		name := fmt.Sprint("contested ", i)
		order := w.ref(ledger.KindOrder, name)
		placed := w.call("buyer", "regulator", order, ledger.FnOrderPlace, w.ordering(w.id(name), "sale"))
		w.catch(placed.Position.Block, organizations...)
		answer := ledger.AnswerArgs{ID: w.id(name), Answers: placed.Payload}
		rival := func() error {
			_, err := w.as("operator", "bureau").Call(t.Context(), ledger.FnOrderAccept, answer)
			return err
		}
		if i%2 == 0 {
			rival = func() error {
				_, err := w.as("buyer", "regulator").Call(t.Context(), ledger.FnOrderCancel, answer)
				return err
			}
		}
		var accepted, other error
		var both sync.WaitGroup
		both.Go(func() { _, accepted = w.as("operator", "operator").Call(t.Context(), ledger.FnOrderAccept, answer) })
		both.Go(func() { other = rival() })
		both.Wait()
		lost := accepted
		if accepted == nil {
			lost = other
		}
		if (accepted == nil) == (other == nil) || ledger.AsError(lost) == nil {
			t.Errorf("%s: the operator's node says %v, the other %v", name, accepted, other)
			continue
		}
		winner := "the other"
		if accepted == nil {
			winner = "the operator's"
		}
		wins[winner]++
		t.Logf("%s: won by %s; the loser reads: %s", name, winner, told(lost))
		w.settle()
		w.same("buyer", "/v1/orders/"+string(w.id(name)))
	}
	t.Logf("wins by node: %v", wins)
}

// TestLiveSlowConsumerLosesNothing: a consumer that takes longer for a block than the SDK
// waits for him gets every block all the same.
func TestLiveSlowConsumerLosesNothing(t *testing.T) {
	w := live(t)
	w.sold()
	l := w.net.open(t, "regulator")
	head, err := l.Head(t.Context())
	w.ok(err)
	const calls = 60
	answers := map[key]ledger.Position{}
	var mu sync.Mutex
	var writing sync.WaitGroup
	for i := range 4 {
		writing.Go(func() {
			c := w.as("holder", organizations[i%3])
			for range calls / 4 {
				id := client.NewID()
				out, err := c.CallAs(t.Context(), id, ledger.FnDeposit, ledger.DepositArgs{SHA256: sum(string(id)), Bytes: 1})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				answers[key{c.Profile().Party, id}] = out.Position
				mu.Unlock()
			}
		})
	}
	slow := 0
	h := read(t, l, head.Block+15, func(b ledger.Block) {
		if b.Number > head.Block && slow < 12 {
			slow++
			time.Sleep(700 * time.Millisecond)
		}
	})
	writing.Wait()
	t.Logf("%d blocks, %d of them taken in 0.7 s each", h.blocks, slow)
	if recorded, twice := w.recorded("regulator", answers); recorded != calls || twice != 0 {
		t.Errorf("%d of %d calls recorded, %d twice", recorded, calls, twice)
	}
	for k, at := range answers {
		if at.Block <= head.Block+15 && len(h.calls[k]) != 1 {
			t.Errorf("the slow consumer has call %s at %v, it stands at %+v", k.id, h.calls[k], at)
		}
	}
}
