package node_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// cas stands for the CAs of a network.
var cas = json.RawMessage(`{"quorum":2}`)

// asked is a node that is to begin a shared ledger: its folder and the genesis
// that the authority signed for it.
func asked(t *testing.T, w *world) (genesis string) {
	t.Helper()
	w.t, w.dir, w.origin = t, filepath.Join(t.TempDir(), "node"), nodeOrigin
	request, err := node.Make(w.dir, node.Settings{
		Name: "测试登记簿", Region: "430300", Origin: nodeOrigin, URL: "https://node.example", Backend: shared(),
	}, uscc(20), time.Now())
	w.ok(err)
	if request.LedgerKey != "" {
		t.Errorf("a node without a ledger log asks for the key %s", request.LedgerKey)
	}
	genesis, err = node.SignGenesis(request, node.Authority{
		Profile: w.profile("authority"), Key: w.key("authority"), Recovery: w.key("recovery").Public(),
	}, ledger.Limits{}, true, time.Now())
	w.ok(err)
	return genesis
}

// proven is a ledger without a log, whose proofs are what they prove; honest
// checks them.
type proven struct{ *ledgertest.Memory }

func (p proven) Recorded(ctx context.Context, party, call ledger.ID) (ledger.Recorded, error) {
	r, err := p.Memory.Recorded(ctx, party, call)
	if err != nil {
		return r, err
	}
	kept, err := p.Value(ctx, ledger.CallKey(party, call))
	if err != nil {
		return r, err
	}
	var record ledger.CallRecord
	if err := json.Unmarshal(kept, &record); err != nil {
		return r, err
	}
	r.Proof.Kind = node.KindFabric
	r.Proof.Data, err = json.Marshal(evidence.Placed{
		JWS: r.JWS, Position: r.Position, Time: r.Time, Rules: record.Rules, Reads: record.Reads, Writes: record.Writes, Event: record.Event,
	})
	return r, err
}

type honest struct{}

func (honest) Open(evidence.Trust, json.RawMessage) (evidence.CallChecker, error) {
	return func(proof json.RawMessage) (p evidence.Placed, err error) { return p, json.Unmarshal(proof, &p) }, nil
}

func TestBeginOnASharedLedger(t *testing.T) {
	w := &world{
		keys: ledgertest.Keys{}, party: map[string]*client.Client{}, last: map[ledger.Ref]ledger.Digest{}, http: slowClient(), now: time.Now,
	}
	genesis := asked(t, w)
	l := proven{ledgertest.NewMemory(time.Now, genesis)}
	if _, err := node.BeginOn(t.Context(), l, w.dir, genesis, nil, time.Now); err == nil || !strings.Contains(err.Error(), "--fabric-trust") {
		t.Errorf("without the network's CAs: %v", err)
	}
	for range 2 { // the second time it goes on with what is there
		trust, err := node.BeginOn(t.Context(), l, w.dir, genesis, cas, time.Now)
		w.ok(err)
		w.trust = trust
		if string(trust.Fabric) != string(cas) || trust.Genesis != ledger.DigestOf([]byte(genesis)) || len(trust.Logs) != 0 {
			t.Errorf("the trust file is %+v", trust)
		}
	}
	w.checkers = map[string]evidence.Checker{node.KindFabric: honest{}}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	w.ok(err)
	w.url = "http://" + listener.Addr().String()
	w.openWith(listener, w.options().On(l))
	w.shows(l)
	w.admit()
	w.register("bus", "holder")
	b, _, err := w.party["holder"].Evidence(t.Context(), url.Values{"resource": {string(id("resource bus"))}}, 0, nil)
	w.ok(err)
	trust := evidence.Trust{Ledger: w.trust.Ledger, Genesis: w.trust.Genesis, Fabric: cas}
	if r, err := evidence.Verify(b, trust, ledger.Standard(), w.checkers); err != nil || len(r.Rights) != 1 {
		t.Errorf("the bundle of a ledger that proves each call by itself: %+v, %v", r, err)
	}
}

// shows holds what a node on a shared ledger shows of itself.
func (w *world) shows(l ledger.Ledger) {
	t := w.t
	t.Helper()
	get := func(path string, v any) int {
		resp, err := w.send(http.MethodGet, path, nil)
		w.ok(err)
		defer resp.Body.Close()
		w.ok(json.NewDecoder(resp.Body).Decode(v))
		return resp.StatusCode
	}
	var p problem
	if code := get("/log/ledger/checkpoint", &p); code != http.StatusNotFound || p.Reason != string(ledger.ReasonNoLog) || p.Detail == "" {
		t.Errorf("the ledger's log: %d %+v", code, p)
	}
	var about wire.About
	if get("/v1/about", &about); about.Backend != node.KindFabric || len(about.Logs) != 0 || about.URL != "https://node.example" {
		t.Errorf("about: %+v", about)
	}
	head, err := l.Head(t.Context())
	w.ok(err)
	var h wire.Health
	until(t, "the first look at the ledger", func() bool { return get("/readyz", &h) == http.StatusOK && h.Ledger.Reachable })
	if !h.Ready || h.Reason != "" || h.Projected != head || h.Ledger.Head != head.Block || h.Receipts.Anchored != h.Receipts.Size {
		t.Errorf("readyz: %+v, the head is %+v", h, head)
	}
}

// TestBeginRefuses: a channel that another genesis began, or waits for, is no
// place to begin.
func TestBeginRefuses(t *testing.T) {
	w := &world{
		keys: ledgertest.Keys{}, party: map[string]*client.Client{}, last: map[ledger.Ref]ledger.Digest{}, http: slowClient(), now: time.Now,
	}
	genesis := asked(t, w)
	other := ledgertest.NewWorld(t, time.Now)
	taken := ledgertest.NewMemory(time.Now, "")
	other.Begin(t, taken)
	for name, l := range map[string]ledger.Ledger{"taken": taken, "waits for another": ledgertest.NewMemory(time.Now, other.Genesis)} {
		_, err := node.BeginOn(t.Context(), l, w.dir, genesis, cas, time.Now)
		if e := ledger.AsError(err); e == nil || e.Reason != ledger.ReasonGenesis || !strings.Contains(err.Error(), "cadastre init --join") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := node.BeginOn(t.Context(), taken, w.dir, other.Genesis, cas, time.Now); err == nil || !strings.Contains(err.Error(), "genesis.request") {
		t.Errorf("another node's genesis: %v", err)
	}
	trust, err := node.BeginOn(t.Context(), ledgertest.NewMemory(time.Now, genesis), w.dir, genesis, cas, time.Now)
	w.ok(err)
	w.trust = trust
	if _, err := node.RotateMasterKey(t.Context(), w.options()); err != nil {
		t.Errorf("a node without a ledger log gets a new master key: %v", err)
	}
	if _, err := node.Open(t.Context(), w.options().On(taken)); err == nil || !strings.Contains(err.Error(), "fix node.json") {
		t.Errorf("opened on another ledger: %v", err)
	}
	if _, err := node.Open(t.Context(), w.options().On(ledgertest.NewMemory(time.Now, ""))); err == nil || !strings.Contains(err.Error(), "has not begun") {
		t.Errorf("opened on a ledger that has not begun: %v", err)
	}
}

func TestJoinRefuses(t *testing.T) {
	good := node.Settings{Name: "节点", Region: "430300", Origin: "op.example", URL: "https://op.example", Backend: shared()}
	trust := evidence.Trust{Ledger: id("ledger"), Genesis: sum("genesis"), Fabric: cas}
	for name, c := range map[string]struct {
		spoil func(*node.Settings, *evidence.Trust)
		says  string
	}{
		"a register of its own": {func(s *node.Settings, _ *evidence.Trust) { s.Backend = node.Backend{} }, "--fabric"},
		"no address":            {func(s *node.Settings, _ *evidence.Trust) { s.URL = "" }, "url"},
		"a bad address":         {func(s *node.Settings, _ *evidence.Trust) { s.URL = "op.example" }, "url"},
		"no organization":       {func(s *node.Settings, _ *evidence.Trust) { s.Backend.Organization = "" }, "ledger_backend.organization"},
		"an unknown backend":    {func(s *node.Settings, _ *evidence.Trust) { s.Backend.Kind = "paper" }, "--fabric"},
		"one node's own ledger": {func(_ *node.Settings, t *evidence.Trust) { t.Fabric = nil }, "trust file"},
	} {
		s, tr, dir := good, trust, filepath.Join(t.TempDir(), "node")
		c.spoil(&s, &tr)
		if _, err := node.Join(dir, s, uscc(21), tr); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s left a folder behind", name)
		}
	}
}
