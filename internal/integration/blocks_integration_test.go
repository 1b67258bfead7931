//go:build integration

package integration_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/fabric"
)

// open opens the channel as a client of an organization, beside its node.
func (n *fabricNet) open(t *testing.T, organization string) *fabric.Ledger {
	t.Helper()
	o := n.of(t, organization)
	profile, err := os.ReadFile(o.Profile)
	if err != nil {
		t.Fatal(err)
	}
	l, err := fabric.Open(t.Context(), fabric.Config{
		Profile: profile, Channel: n.Channel, Chaincode: n.Chaincode, Organization: o.Name, User: o.User,
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// key names a call.
type key struct{ party, id ledger.ID }

// history is what a ledger's blocks say.
type history struct {
	calls  map[key][]ledger.Position
	blocks uint64
}

// read reads every block up to the one with the position, and checks that each follows
// the previous one, without gaps or duplicates.
func read(t *testing.T, l ledger.Ledger, upto uint64, each func(ledger.Block)) history {
	t.Helper()
	h := history{calls: map[key][]ledger.Position{}}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	for b, err := range l.Blocks(ctx, 0) {
		if err != nil {
			t.Fatalf("after block %d: %v", h.blocks, err)
		}
		if b.Number != h.blocks {
			t.Fatalf("block %d came where %d was due", b.Number, h.blocks)
		}
		h.blocks++
		for _, c := range b.Calls {
			k := key{c.Event.Party, c.Event.Call}
			h.calls[k] = append(h.calls[k], c.Position)
		}
		if each != nil {
			each(b)
		}
		if b.Number >= upto {
			return h
		}
	}
	t.Fatalf("only %d blocks of %d came", h.blocks, upto+1)
	return h
}

// recorded compares the given answers with the blocks, as a client
// of an organization reads them: how many of the calls are there, and how many of
// all calls more than once.
func (w *world) recorded(organization string, answers map[key]ledger.Position) (recorded, twice int) {
	w.t.Helper()
	var last uint64
	for _, at := range answers {
		last = max(last, at.Block)
	}
	h := read(w.t, w.net.open(w.t, organization), last, nil)
	for k, at := range answers {
		if len(h.calls[k]) > 0 {
			recorded++
			if diff := cmp.Diff([]ledger.Position{at}, h.calls[k]); diff != "" {
				w.t.Errorf("call %s of %s stands elsewhere than it was answered:\n%s", k.id, k.party, diff)
			}
		}
	}
	for _, at := range h.calls {
		if len(at) > 1 {
			twice++
		}
	}
	return recorded, twice
}

// settle waits until every node is ready and all have applied the same block,
// while nothing is written any more.
func (w *world) settle() ledger.Revision {
	w.t.Helper()
	var at ledger.Revision
	w.within(60*time.Second, "every node ready and at one revision", func() bool {
		for i, o := range organizations {
			h, err := w.nodes[o].health()
			if err != nil || !h.Ready || !h.Ledger.Reachable || h.Ledger.Head != h.Projected.Block || h.Receipts.Anchored != h.Receipts.Size {
				return false
			}
			if i == 0 {
				at = h.Projected
			}
			if h.Projected != at {
				return false
			}
		}
		return true
	})
	return at
}

// ownUse is what an order says of the node that is asked.
var ownUse = regexp.MustCompile(`,"use":\{"node":.*\}\}`)

// same checks that all nodes give a party the same answer.
func (w *world) same(who, path string) {
	w.t.Helper()
	var want []byte
	for i, o := range organizations {
		var got []byte
		if err := w.as(who, o).Get(w.t.Context(), path, &got); err != nil {
			w.t.Errorf("%s at the node of %s: %v", path, o, err)
			return
		}
		got = ownUse.ReplaceAll(got, nil)
		if i == 0 {
			want = got
			continue
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			w.t.Errorf("%s is another at the node of %s:\n%s", path, o, diff)
		}
	}
}

// equal checks that the read models of all nodes are equal, as far as their answers
// show: totals, lists, and each record that was written.
func (w *world) equal(orders []ledger.ID) {
	w.t.Helper()
	w.settle()
	for _, path := range []string{
		"/v1/resources?limit=500", "/v1/resources?q=%E5%85%AC%E4%BA%A4", "/v1/licenses?limit=500", "/v1/products?limit=500", "/v1/parties?limit=500",
	} {
		w.same("regulator", path)
	}
	w.same("body", "/v1/applications?limit=500")
	w.same("buyer", "/v1/orders?limit=500")
	for _, id := range orders {
		w.same("buyer", "/v1/orders/"+string(id))
	}
}

// value reads a record.
func value[T any](t *testing.T, l ledger.Ledger, ref ledger.Ref) T {
	t.Helper()
	var v T
	b, err := l.Value(t.Context(), ledger.RecordKey(ref))
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		t.Fatalf("%s: %v", ref, err)
	}
	return v
}
