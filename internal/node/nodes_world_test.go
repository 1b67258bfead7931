package node_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// nodes are three nodes of three owners on one ledger: that of the bureau, which
// began it, that of the operator and that of the regulator. Everybody speaks to
// each of them through its API.
type nodes struct {
	bureau, operator, regulator *world

	told    string                                 // the address that the bureau's node was admitted with
	backend func(organization string) node.Backend // of those that join
	stand   func(w *world) node.Options            // how they are opened
}

const (
	operatorOrigin  = "operator.example"
	regulatorOrigin = "regulator.example"
)

// shared is where the nodes that join stand: their settings name a network, the
// test hands them the ledger.
func shared() node.Backend {
	return node.Backend{
		Kind: node.KindFabric, Profile: "/profile.yaml", Channel: "cadastre", Chaincode: "register", Organization: "operator", User: "User1",
	}
}

// town lays out and serves the three.
func town(t *testing.T, change func(*node.Limits)) *nodes {
	t.Helper()
	n := &nodes{bureau: lay(t, limits(change))}
	n.bureau.open()
	trust := n.bureau.trust
	trust.Fabric = json.RawMessage("{}") // as of a network; the calls are proved by the log
	n.backend = func(string) node.Backend { return shared() }
	n.stand = func(w *world) node.Options {
		w.line = ledgertest.NewOutage(n.bureau.Ledger())
		return w.options().On(proving{w.line, n.bureau.Ledger().(log)})
	}
	n.gather(trust, change)
	return n
}

// gather has the two others join, and the cast admitted.
func (n *nodes) gather(trust evidence.Trust, change func(*node.Limits)) {
	n.bureau.t.Helper()
	n.bureau.speak("authority", id("authority"))
	n.operator = n.join("operator", operatorOrigin, 21, trust, change)
	n.regulator = n.join("regulator", regulatorOrigin, 22, trust, change)
	n.bureau.admit()
	for _, w := range []*world{n.operator, n.regulator} {
		w.everybody()
	}
	n.settle()
}

// settle waits until each node has applied all that is recorded.
func (n *nodes) settle() {
	n.bureau.t.Helper()
	head, err := n.bureau.Ledger().Head(n.bureau.t.Context())
	n.bureau.ok(err)
	for _, w := range []*world{n.bureau, n.operator, n.regulator} {
		w.ok(w.Applied(w.t.Context(), head.Block))
	}
}

// join makes a further node, has it admitted and serves it.
func (n *nodes) join(organization, origin string, code int, trust evidence.Trust, change func(*node.Limits)) *world {
	a := n.bureau
	a.t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(a.t.Context(), "tcp", "127.0.0.1:0")
	a.ok(err)
	w := &world{
		t: a.t, dir: filepath.Join(a.t.TempDir(), "node"), url: "http://" + listener.Addr().String(), origin: origin, trust: a.trust,
		keys: a.keys, checkers: a.checkers, party: map[string]*client.Client{}, last: a.last, http: a.http, now: a.now,
		others: []trace.Place{{Origin: nodeOrigin, URL: a.url}},
	}
	application, err := node.Join(w.dir, node.Settings{
		Name: origin, Region: "430300", Origin: origin, URL: w.url, Limits: limits(change), Backend: n.backend(organization),
	}, uscc(code), trust)
	w.ok(err)
	w.waits(n.stand(w))
	a.call("authority", ledger.Ref("party/"+origin), ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: application})
	w.openWith(listener, n.stand(w))
	return w
}

// proving is the line to a ledger together with its log: a wrapper hides that.
type proving struct {
	*ledgertest.Outage
	log
}

// log is what proves many calls under one checkpoint.
type log interface {
	Checkpoint(ctx context.Context, least int64) (signed []byte, size int64, err error)
	RecordedAt(ctx context.Context, seq, size int64) (ledger.Recorded, error)
}

// waits holds that a node says what it waits for before it is admitted.
func (w *world) waits(o node.Options) {
	w.t.Helper()
	_, err := node.Open(w.t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "cadastre party admit "+filepath.Join(w.dir, "application.jws")) {
		w.t.Fatalf("a node that is not admitted: %v", err)
	}
}

func (w *world) options() node.Options {
	log := w.log
	if log == nil {
		log = slog.DiscardHandler
	}
	return node.Options{Dir: w.dir, Log: slog.New(log), Now: w.now, Version: "test", Checkers: w.checkers}
}

// everybody speaks to this node too.
func (w *world) everybody() {
	w.t.Helper()
	for name := range people() {
		w.speak(name, id(name))
	}
	w.speak("environment", id("operator"))
}

// openWith runs a node until the test ends.
func (w *world) openWith(listener net.Listener, o node.Options) {
	w.t.Helper()
	w.stop = w.runWith(listener, o)
	w.t.Cleanup(w.stop)
}
