package node_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// health is what a node's /readyz says.
func (w *world) health() (h wire.Health) {
	w.t.Helper()
	resp, err := w.send(http.MethodGet, "/readyz", nil)
	w.ok(err)
	defer resp.Body.Close()
	w.ok(json.NewDecoder(resp.Body).Decode(&h))
	if (resp.StatusCode == http.StatusOK) != h.Ready {
		w.t.Errorf("/readyz answers %d and ready %v", resp.StatusCode, h.Ready)
	}
	return h
}

// TestLedgerAway: while a node can't reach the ledger, running and new deliveries
// go on from what was committed, until its receipts have not been anchored for
// too long; what was decided meanwhile holds once the ledger is back.
func TestLedgerAway(t *testing.T) {
	const lag = 4
	n := town(t, func(l *node.Limits) { l.MaxAnchorLag = lag })
	n.bureau.register("bus", "holder")
	n.settle()
	file := data(16 << 20)
	up := n.operator.upload("operator", file)
	n.operator.sale("sale", "bus", up, ledger.Quota{})
	n.settle()
	w, path := n.operator, orderPath("sale", up.Object)
	until(t, "the first receipts are anchored", func() bool { h := w.health(); return h.Ledger.Reachable && h.Receipts.Anchored == h.Receipts.Size })

	w.line.Cut()
	cut := time.Now()
	running := w.ask(http.MethodGet, "buyer", path)
	if _, err := io.ReadFull(running.Body, make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	n.bureau.act("authority", ref(ledger.KindLicense, "sale"), ledger.FnLicenseTerminate)
	until(t, "the node sees that the ledger is away", func() bool { return !w.health().Ledger.Reachable })
	until(t, "two seconds have gone", func() bool { return time.Since(cut) > 2*time.Second })
	if h := w.health(); !h.Ready || h.Receipts.Anchored >= h.Receipts.Size {
		t.Errorf("away for two seconds: %+v", h)
	}
	fresh := w.ask(http.MethodHead, "buyer", path)
	if fresh.StatusCode != http.StatusOK {
		t.Errorf("a new request while the ledger is away: %d", fresh.StatusCode)
	}
	if _, err := io.CopyN(io.Discard, running.Body, 15<<20); err != nil {
		t.Errorf("what ran was cut: %v", err)
	}
	call, err := w.party["operator"].Sign(ledger.DeriveID("away", "deposit"), ledger.FnProductDelist,
		ledger.TargetArgs{ID: id("sale"), Answers: w.last[ref(ledger.KindProduct, "sale")], Ground: "withdrawn"})
	w.ok(err)
	w.refused(w.post(call), http.StatusServiceUnavailable, ledger.ReasonLedgerAway)

	until(t, "the anchors are too old", func() bool { return !w.health().Ready })
	if h := w.health(); h.Reason != ledger.ReasonAnchorLag || h.Receipts.Age < lag {
		t.Errorf("away for longer than anchors may lag: %+v", h)
	}
	w.refused(w.ask(http.MethodGet, "buyer", path), http.StatusServiceUnavailable, ledger.ReasonAnchorLag)

	w.line.Restore()
	until(t, "the node is ready again", func() bool { h := w.health(); return h.Ready && h.Receipts.Anchored == h.Receipts.Size })
	n.settle()
	w.refused(w.ask(http.MethodGet, "buyer", path), http.StatusForbidden, ledger.ReasonLicense)
}

// TestLimitsAreEachNodes: a limit of one use holds exactly for each object, at
// the node that holds it, whoever is asked; an order whose product has objects at
// two nodes can be used once at each.
func TestLimitsAreEachNodes(t *testing.T) {
	n := town(t, nil)
	n.bureau.register("bus", "holder")
	n.settle()
	file := data(64 << 10)
	first := n.operator.upload("operator", file)
	n.operator.sale("sale", "bus", first, ledger.Quota{Uses: 1})
	n.settle()
	beside := n.operator.put("beside", "operator", ref(ledger.KindProduct, "sale"), other(file))
	second := n.regulator.put("second", "operator", ref(ledger.KindProduct, "sale"), file)
	n.settle()
	uses := func(w *world, object string) int {
		resp := w.ask(http.MethodGet, "buyer", orderPath("sale", object))
		defer resp.Body.Close()
		_, err := io.Copy(io.Discard, resp.Body)
		w.ok(err)
		return resp.StatusCode
	}
	n.regulator.gets("buyer", orderPath("sale", first.Object), file, operatorOrigin)
	for _, c := range []struct {
		name   string
		at     *world
		object string
		want   int
	}{
		{"the object again, where it lies", n.operator, first.Object, http.StatusForbidden},
		{"the object again, by another node", n.regulator, first.Object, http.StatusMisdirectedRequest},
		{"another object of the order, at the same node", n.operator, beside.Object, http.StatusForbidden},
		{"an object at another node", n.regulator, second.Object, http.StatusOK},
		{"that one again", n.regulator, second.Object, http.StatusForbidden},
	} {
		if got := uses(c.at, c.object); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	order := ref(ledger.KindOrder, "sale")
	for _, w := range []*world{n.operator, n.regulator} {
		u, err := w.Receipts().Used(t.Context(), receipts.LimitScope{Scope: order})
		if err != nil || u.Uses != 1 {
			t.Errorf("%s counts %+v, %v", w.origin, u, err)
		}
	}
}

// post sends a signed call.
func (w *world) post(jws string) *http.Response {
	w.t.Helper()
	b, err := json.Marshal(map[string]string{"call": jws})
	w.ok(err)
	resp, err := w.send(http.MethodPost, "/v1/calls", bytes.NewReader(b), "Content-Type", "application/json")
	w.ok(err)
	return resp
}
