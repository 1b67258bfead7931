package node_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// put uploads a file at a node and records it as content there.
func (w *world) put(name, owner string, subject ledger.Ref, file []byte) wire.Ingested {
	w.t.Helper()
	up := w.upload(owner, file)
	w.content(name, owner, subject, up)
	return up
}

// TestThreeNodes: what is registered at one node is found, licensed, ordered and
// traced at the others, and delivered by the node that holds it.
func TestThreeNodes(t *testing.T) { threeNodes(t, town(t, nil)) }

func threeNodes(t *testing.T, n *nodes) {
	t.Helper()
	n.bureau.register("bus", "holder")
	n.settle()
	var found struct{ Total int }
	n.operator.ok(n.operator.party["operator"].Get(t.Context(), "/v1/resources?q="+url.QueryEscape("公交"), &found))
	if found.Total != 1 {
		t.Errorf("the operator's node finds %d resources, want 1", found.Total)
	}
	raw, file := data(64<<10), data(256<<10)
	supplied := n.bureau.put("raw", "holder", ref(ledger.KindResource, "resource bus"), raw)
	n.settle()
	n.operator.sale("sale", "bus", n.operator.upload("operator", file), ledger.Quota{})
	n.settle()
	var o ledger.Order
	n.regulator.ok(n.regulator.party["buyer"].Get(t.Context(), "/v1/orders/"+string(id("sale")), &o))
	if o.State != ledger.OrderActive {
		t.Errorf("the order is %s at the regulator's node", o.State)
	}
	var c ledger.Content
	n.read(&c, ref(ledger.KindContent, "sale"))
	order := orderPath("sale", c.Object)
	n.sent(n.regulator.ask(http.MethodGet, "buyer", order), operatorOrigin, n.operator.url)
	n.sent(n.operator.ask(http.MethodGet, "environment", supplyPath("sale", "bus", supplied.Object)), nodeOrigin, n.told)
	n.regulator.gets("buyer", order, file, operatorOrigin)
	n.operator.gets("environment", supplyPath("sale", "bus", supplied.Object), raw, nodeOrigin)
	n.traces(t)
}

// read waits until all nodes have applied what is recorded, then reads a record.
func (n *nodes) read(v any, r ledger.Ref) {
	n.bureau.t.Helper()
	b, err := n.bureau.Ledger().Value(n.bureau.t.Context(), ledger.RecordKey(r))
	n.bureau.ok(err)
	n.bureau.ok(json.Unmarshal(b, v))
}

// sent holds an answer to send its asker to another node.
func (n *nodes) sent(resp *http.Response, origin, address string) {
	n.bureau.t.Helper()
	defer resp.Body.Close()
	var p struct {
		Reason ledger.Reason
		Detail string
		Params []ledger.Param
	}
	n.bureau.ok(json.NewDecoder(resp.Body).Decode(&p))
	want := []ledger.Param{{Name: "origin", Value: origin}, {Name: "url", Value: address}}
	if resp.StatusCode != http.StatusMisdirectedRequest || p.Reason != ledger.ReasonElsewhere || !slices.Equal(p.Params, want) || p.Detail == "" {
		n.bureau.t.Errorf("%d %+v, want 421 with %v", resp.StatusCode, p, want)
	}
	if link := resp.Header.Get("Link"); address != "" && link != "<"+address+resp.Request.URL.Path+`>; rel="alternate"` {
		n.bureau.t.Errorf("Link: %s", link)
	}
}

// gets asks this node for content, and gets it from the one that holds it.
func (w *world) gets(who, path string, want []byte, origin string) {
	w.t.Helper()
	file := filepath.Join(w.t.TempDir(), "file")
	f, err := w.party[who].Fetch(w.t.Context(), path, file, "", nil)
	w.ok(err)
	got, err := os.ReadFile(file)
	w.ok(err)
	if f.Node != origin || !bytes.Equal(got, want) {
		w.t.Errorf("%d bytes from %s, want %d from %s", len(got), f.Node, len(want), origin)
	}
}

// traces: each node tells who else knows of the sale, and the client joins it.
func (n *nodes) traces(t *testing.T) {
	t.Helper()
	q := url.Values{"order": {string(id("sale"))}}
	var alone []trace.Trace
	n.bureau.speak("buyer", id("buyer"))
	n.bureau.ok(n.bureau.party["buyer"].Get(t.Context(), "/v1/trace?"+q.Encode(), &alone))
	if len(alone) != 1 || !slices.Contains(alone[0].Elsewhere, trace.Place{Origin: operatorOrigin, URL: n.operator.url}) {
		t.Fatalf("the bureau's node names as elsewhere: %+v", alone)
	}
	var known []trace.Trace
	n.operator.ok(n.operator.party["buyer"].Get(t.Context(), "/v1/trace?"+url.Values{"sha256": {string(ledger.DigestOf(data(256 << 10)))}}.Encode(), &known))
	starts := map[string]int{}
	for _, w := range []*world{n.bureau, n.operator, n.regulator} {
		joined, missing, err := w.party["buyer"].Trace(t.Context(), url.Values{"sha256": {string(ledger.DigestOf(data(256 << 10)))}})
		w.ok(err)
		if len(missing) > 0 || len(joined) != 1 || len(joined[0].Elsewhere) > 0 {
			t.Fatalf("joined at %s: %+v, missing %v", w.origin, joined, missing)
		}
		for _, s := range joined[0].Steps {
			if s.Receipt != nil && s.Receipt.Kind == ledger.ReceiptStart && s.Node == operatorOrigin {
				starts[w.origin]++
				n.follows(s.Ref)
			}
		}
		if got, want := len(joined[0].Steps), len(known[0].Steps); got != want {
			t.Errorf("%d steps joined at %s, %d at the node that knows all", got, w.origin, want)
		}
	}
	if starts[nodeOrigin] != 1 || starts[operatorOrigin] != 1 || starts[regulatorOrigin] != 1 {
		t.Errorf("receipts of the delivery, by the node that was asked: %v", starts)
	}
}

// follows: a receipt is found through a node that does not have it.
func (n *nodes) follows(receipt ledger.Ref) {
	t := n.bureau.t
	t.Helper()
	q := url.Values{"receipt": {receipt.ID()}}
	err := n.regulator.party["buyer"].Get(t.Context(), "/v1/trace?"+q.Encode(), &[]trace.Trace{})
	if e := ledger.AsError(err); e == nil || e.Reason != ledger.ReasonElsewhere {
		t.Errorf("a receipt of another node: %v", err)
	}
	got, _, err := n.regulator.party["buyer"].Trace(t.Context(), q)
	if err != nil || len(got) != 1 || got[0].From != receipt {
		t.Errorf("followed to %+v, %v", got, err)
	}
	q.Set("receipt", string(sum("no receipt")))
	if _, _, err := n.regulator.party["buyer"].Trace(t.Context(), q); err == nil {
		t.Error("a receipt that no node has was found")
	}
}

// TestTokensStayWithTheirNode: a token for one node is none for another, and none
// is sent where nothing shows that the node is.
func TestTokensStayWithTheirNode(t *testing.T) {
	n := town(t, nil)
	resp, err := n.operator.send(http.MethodGet, "/v1/orders", nil, "Authorization", "Bearer "+n.regulator.token("buyer"))
	n.operator.ok(err)
	n.operator.refused(resp, http.StatusUnauthorized, ledger.ReasonToken)
	for _, c := range []struct {
		home string
		at   trace.Place
		ok   bool
	}{
		{"https://data.example", trace.Place{Origin: "op.example", URL: "https://op.example"}, true},
		{"https://data.example", trace.Place{Origin: "op.example", URL: "https://op.example:8443/cadastre"}, true},
		{"https://data.example", trace.Place{Origin: "op.example", URL: "http://op.example"}, false},
		{"https://data.example", trace.Place{Origin: "op.example", URL: "https://op.example.evil.example"}, false},
		{"https://data.example", trace.Place{Origin: "op.example", URL: "https://op.example@evil.example"}, false},
		{"https://data.example", trace.Place{Origin: "op.example", URL: "http://127.0.0.1:8480"}, false},
		{"https://data.example", trace.Place{Origin: "op.example"}, false},
		{"http://127.0.0.1:8480", trace.Place{Origin: "op.example", URL: "http://127.0.0.1:8481"}, true},
		{"http://127.0.0.1:8480", trace.Place{Origin: "op.example", URL: "http://10.0.0.5:8481"}, false},
		{"https://data.example", trace.Place{Origin: "known.example", URL: "https://evil.example"}, true}, // to the address that is known
	} {
		p := client.Profile{URL: c.home, Nodes: []trace.Place{{Origin: "known.example", URL: "http://known.example:8480/"}}}
		one, err := client.New(p, "en", time.Now)
		n.bureau.ok(err)
		other, err := one.At(c.at)
		if (err == nil) != c.ok {
			t.Errorf("from %s to %+v: %v", c.home, c.at, err)
		}
		if err != nil && !strings.Contains(err.Error(), "--node op.example=") {
			t.Errorf("it does not say what to do: %v", err)
		}
		if err == nil && c.at.Origin == "known.example" && other.Profile().URL != "http://known.example:8480" {
			t.Errorf("sent to %s", other.Profile().URL)
		}
	}
}

// TestNodesThatDoNotAnswer are named, and what they hold is missing.
func TestNodesThatDoNotAnswer(t *testing.T) {
	n := town(t, nil)
	n.bureau.register("bus", "holder")
	n.bureau.put("raw", "holder", ref(ledger.KindResource, "resource bus"), data(1<<10))
	n.settle()
	p := n.operator.party["holder"].Profile()
	p.Nodes = nil // the bureau's node has told no address
	lost, err := client.New(p, "en", time.Now)
	n.operator.ok(err)
	q := url.Values{"resource": {string(id("resource bus"))}}
	traces, missing, err := lost.Trace(t.Context(), q)
	n.operator.ok(err)
	if len(missing) != 1 || !strings.Contains(missing[0].Error(), "--node "+nodeOrigin+"=URL") ||
		!slices.Equal(traces[0].Elsewhere, []trace.Place{{Origin: nodeOrigin}}) {
		t.Errorf("a trace without the bureau's node: missing %v, elsewhere %v", missing, traces[0].Elsewhere)
	}
	bundle, missing, err := lost.Evidence(t.Context(), q, 0, nil)
	if err != nil || len(bundle) == 0 || len(missing) != 1 {
		t.Errorf("a bundle without the bureau's node: %d bytes, missing %v, %v", len(bundle), missing, err)
	}
}

// TestTerminatedAtOneEnforcedAtAll: a license ended at one node cuts what runs at
// the others within two seconds, and no delivery begins there afterwards.
func TestTerminatedAtOneEnforcedAtAll(t *testing.T) { terminated(t, town(t, nil)) }

func terminated(t *testing.T, n *nodes) {
	t.Helper()
	n.bureau.register("bus", "holder")
	n.settle()
	file := data(16 << 20)
	at := []*world{n.bureau, n.operator, n.regulator}
	n.operator.sale("sale", "bus", n.operator.upload("operator", file), ledger.Quota{})
	n.settle()
	objects := map[*world]string{}
	for _, w := range at {
		w.speak("operator", id("operator"))
		w.speak("buyer", id("buyer"))
		objects[w] = w.put("at "+w.origin, "operator", ref(ledger.KindProduct, "sale"), other(file)).Object
		n.settle()
	}
	running := map[*world]*http.Response{}
	for _, w := range at {
		running[w] = w.ask(http.MethodGet, "buyer", orderPath("sale", objects[w]))
		if _, err := io.ReadFull(running[w].Body, make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	n.bureau.act("authority", ref(ledger.KindLicense, "sale"), ledger.FnLicenseTerminate)
	acknowledged := ledger.Millis(time.Now().UnixMilli())
	for _, w := range at {
		end := w.ended(ledger.ID(running[w].Header.Get("Cadastre-Receipt")))
		if end.Outcome != ledger.Aborted || end.Time > acknowledged+2*second {
			t.Errorf("at %s: %s, %d ms after the answer", w.origin, end.Outcome, end.Time-acknowledged)
		}
		if rest, err := io.Copy(io.Discard, running[w].Body); err == nil || rest >= 15<<20 {
			t.Errorf("at %s it went on to its end", w.origin)
		}
		w.refused(w.ask(http.MethodGet, "buyer", orderPath("sale", objects[w])), http.StatusForbidden, ledger.ReasonLicense)
	}
}

// TestEvidenceOfSeveralNodes: receipts of one order under the anchors of two
// nodes come into one bundle, which verifies with the trust file alone.
func TestEvidenceOfSeveralNodes(t *testing.T) {
	n := town(t, nil)
	n.bureau.checkers = map[string]evidence.Checker{evidence.TLogKind: evidence.TLog{}}
	proved(t, n)
}

func proved(t *testing.T, n *nodes) {
	t.Helper()
	n.bureau.register("bus", "holder")
	n.settle()
	one, two := data(64<<10), data(32<<10)
	up := n.operator.upload("operator", one)
	n.operator.sale("sale", "bus", up, ledger.Quota{})
	n.settle()
	n.regulator.put("second", "operator", ref(ledger.KindProduct, "sale"), two)
	n.settle()
	var c ledger.Content
	n.read(&c, ref(ledger.KindContent, "second"))
	for range 2 {
		n.bureau.speak("buyer", id("buyer"))
		n.bureau.gets("buyer", orderPath("sale", up.Object), one, operatorOrigin)
		n.bureau.gets("buyer", orderPath("sale", c.Object), two, regulatorOrigin)
	}
	joined := 0
	join := func(parts [][]byte) ([]byte, error) {
		joined++
		b, _, err := evidence.Join(parts, n.bureau.trust, ledger.Standard(), n.bureau.checkers)
		if err != nil {
			return nil, err
		}
		return b.Encode()
	}
	for _, w := range []*world{n.bureau, n.operator, n.regulator} {
		b, missing, err := w.party["buyer"].Evidence(t.Context(), url.Values{"order": {string(id("sale"))}}, 0, join)
		if err != nil || len(missing) > 0 {
			t.Fatalf("by %s: %v, missing %v", w.origin, err, missing)
		}
		r, err := evidence.Verify(b, n.bureau.trust, ledger.Standard(), n.bureau.checkers)
		w.ok(err)
		logs := map[string]int{}
		for _, d := range r.Receipts {
			logs[d.Log]++
		}
		if len(logs) != 2 || logs[ledger.ReceiptLog(operatorOrigin)] != 2 || logs[ledger.ReceiptLog(regulatorOrigin)] != 2 {
			t.Errorf("by %s: deliveries by log %v", w.origin, logs)
		}
	}
	if joined < 3 {
		t.Errorf("joined %d times", joined)
	}
}
