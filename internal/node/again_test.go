package node_test

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// bundle is the evidence about a record, as the node makes it now.
func (s *story) bundle(who string, about ledger.Ref) []byte {
	s.t.Helper()
	made, _, err := s.Evidence(s.t.Context(), s.reader(who), about, 200)
	s.ok(err)
	var b bytes.Buffer
	_, err = made.WriteTo(&b)
	s.ok(err)
	return b.Bytes()
}

// verify checks a bundle of the embedded ledger.
func verify(bundle []byte, trust evidence.Trust) (evidence.Report, error) {
	return evidence.Verify(bundle, trust, ledger.Standard(), map[string]evidence.Checker{evidence.TLogKind: evidence.TLog{}})
}

// checkpoint is what anyone gets from the node's log.
func (w *world) held(log string) string {
	w.t.Helper()
	resp, err := w.http.Get(w.url + "/log/" + log + "/checkpoint")
	w.ok(err)
	return string(w.body(resp))
}

// copied is a story whose node was stopped, copied, run for some more calls and
// deliveries, and put back from the copy.
type copied struct {
	*story

	held, heldReceipts string // what others hold of the lost part
	size               int64  // entries of the copy
	early, late        []byte // bundles of before and after the copy
}

func putBack(t *testing.T) *copied {
	t.Helper()
	c := &copied{story: &story{world: lay(t, limits(nil))}}
	stop := c.run()
	c.admit()
	c.register("bus", "holder")
	c.license("license", "operator", "bus")
	c.raw = c.put("raw", "holder", ref(ledger.KindResource, "resource bus"), []byte("line,stop\n1,2\n"))
	c.supply()
	c.early = c.bundle("holder", ref(ledger.KindResource, "resource bus"))
	stop()
	kept := copyFolder(t, c.dir)

	stop = c.comeBack()
	c.size = c.own()
	c.list("product", "operator", "license", "bus")
	c.late = c.bundle("operator", ref(ledger.KindProduct, "product"))
	c.supply()
	c.held = c.world.held("ledger")
	c.heldReceipts = c.world.held("receipts")
	stop()
	c.ok(os.RemoveAll(c.dir))
	c.ok(os.Rename(kept, c.dir))
	c.ok(node.WriteRestored(c.dir, node.Restored{At: time.Now(), BackupAt: time.Now()}))
	return c
}

// again runs the node, and the parties know its new address.
func (w *world) comeBack() (stop func()) {
	w.t.Helper()
	stop = w.run()
	w.everybody()
	return stop
}

// own is how many entries the ledger has.
func (w *world) own() int64 {
	w.t.Helper()
	head, err := w.Ledger().Head(w.t.Context())
	w.ok(err)
	return int64(head.Block) + 1
}

func (w *world) refusesToOpen(o node.Options, because string) {
	w.t.Helper()
	n, err := node.Open(w.t.Context(), o)
	if err == nil {
		w.ok(n.Close(w.t.Context()))
	}
	if err == nil || !strings.Contains(err.Error(), because) {
		w.t.Fatalf("opened: %v, want %q", err, because)
	}
}

// begins has the authority sign, with the key of that name, and begins the logs again.
func (c *copied) begins(key string, held ...string) {
	c.t.Helper()
	o := c.options()
	o.Held = held
	r, err := node.RequestLogs(c.t.Context(), o)
	c.ok(err)
	calls, err := node.SignLogs(r, id("authority"), c.key(key), time.Now())
	c.ok(err)
	c.ok(node.BeginLogs(c.t.Context(), c.options(), calls))
}

// TestARestoredLogGoesOn: a folder is put back from a copy that is older than what
// others hold. The node serves only after the authority has begun its logs again; then
// old and new bundles verify with the trust file of the beginning, and what was lost is
// known as lost.
func TestARestoredLogGoesOn(t *testing.T) {
	c := putBack(t)
	c.refusesToOpen(c.options(), "--last-checkpoint")
	ahead := c.options()
	for _, held := range []string{c.held, string(c.late)} { // a bundle of evidence has one
		ahead.Held = []string{held}
		c.refusesToOpen(ahead, "cadastre log begin")
	}
	ahead.Held = []string{`{"proof":{"common":{}}}`}
	c.refusesToOpen(ahead, "neither a checkpoint nor a bundle")
	ahead.Held = []string{c.heldReceipts}
	c.refusesToOpen(ahead, "cadastre log begin --dir "+c.dir+" --held FILE")
	c.begins("authority", c.held, c.heldReceipts)

	stop := c.comeBack()
	defer stop()
	var about wire.About
	c.ok(c.party["buyer"].Get(t.Context(), "/v1/about", &about))
	if len(about.Restored) != 2 || about.Restored[0].Size != c.size || about.Restored[0].Lost == 0 || about.Restored[0].Old != ledger.LedgerLog(nodeOrigin) {
		t.Errorf("the node says: %+v", about.Restored)
	}
	resp, err := c.http.Get(c.url + "/")
	c.ok(err)
	if page := string(c.body(resp)); !strings.Contains(page, "自第 "+strconv.FormatInt(c.size, 10)+" 条起恢复") {
		t.Errorf("the page does not say that the log was restored:\n%s", page)
	}
	if got := c.world.held("ledger"); !strings.HasPrefix(got, ledger.LedgerLog(nodeOrigin)+"/2\n") {
		t.Errorf("the checkpoint is\n%s", got)
	}
	for name, bundle := range map[string][]byte{"of before": c.early, "of the lost part": c.late} {
		if r, err := verify(bundle, c.trust); err != nil || len(r.Restored) != 0 {
			t.Errorf("the bundle %s: %v, %+v", name, err, r.Restored)
		}
	}
	raw, err := os.ReadFile(filepath.Join(c.dir, "trust.json"))
	c.ok(err)
	newer, err := evidence.ParseTrust(raw)
	c.ok(err)
	if _, err := verify(c.early, newer); err != nil {
		t.Errorf("the bundle of before, with the newer trust file: %v", err)
	}
	if _, err := verify(c.late, newer); evidence.AsFailure(err) == nil || evidence.AsFailure(err).Check != evidence.CheckLost {
		t.Errorf("the bundle of the lost part, with the newer trust file: %v", err)
	}
	c.goesOn(newer)
}

// goesOn: the parties send again what was lost, and the bundles of the log that goes on
// prove it.
func (c *copied) goesOn(newer evidence.Trust) {
	c.t.Helper()
	c.list("product", "operator", "license", "bus")
	c.made = c.put("made", "operator", ref(ledger.KindProduct, "product"), []byte("stop,arrival\n2,08:00\n"))
	c.order("order", "buyer", "operator", "product", ledger.Quota{})
	c.supply()
	c.deliver("order", "buyer")
	for about, who := range map[ledger.Ref]string{
		ref(ledger.KindOrder, "order"): "buyer", ref(ledger.KindResource, "resource bus"): "holder", ref(ledger.KindEntry, "bus"): "holder",
	} {
		bundle := c.bundle(who, about)
		for name, trust := range map[string]evidence.Trust{"of the beginning": c.trust, "of today": newer} {
			r, err := verify(bundle, trust)
			if err != nil {
				c.t.Errorf("about %s, with the trust file %s: %v", about, name, err)
				continue
			}
			if len(r.Restored) == 0 || r.Restored[0].Size != c.size {
				c.t.Errorf("about %s: restored %+v, want at %d", about, r.Restored, c.size)
			}
			if about.Kind() != ledger.KindEntry && len(r.Receipts) == 0 {
				c.t.Errorf("about %s: no delivery", about)
			}
		}
	}
	for _, path := range []string{"/v1/calls/" + string(id("operator")) + "/", "/v1/orders/", "/v1/licenses/", "/v1/resources/", "/v1/products/", "/v1/applications/"} {
		resp := c.ask(http.MethodGet, "operator", path+string(id("never")))
		if body := string(c.body(resp)); resp.StatusCode != http.StatusNotFound || !strings.Contains(body, string(ledger.ReasonLost)) {
			c.t.Errorf("%s of an unknown id: %d %s", path, resp.StatusCode, body)
		}
	}
}

// TestTheRecoveryKeyBeginsALog, if the authority's own key is in the lost part.
func TestTheRecoveryKeyBeginsALog(t *testing.T) {
	c := putBack(t)
	c.begins("recovery", c.held)
	defer c.comeBack()()
	if r, err := verify(c.bundle("holder", ref(ledger.KindEntry, "bus")), c.trust); err != nil || len(r.Restored) != 1 {
		t.Errorf("%v, %+v", err, r.Restored)
	}
}

// startAgain runs a node that joined at the address that it had.
func (n *nodes) startAgain(w *world) {
	w.t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(w.t.Context(), "tcp", strings.TrimPrefix(w.url, "http://"))
	w.ok(err)
	w.openWith(listener, n.stand(w))
}

// allAnchored waits until an anchor covers each receipt of the node, and stops it.
func (n *nodes) allAnchored(w *world) {
	w.t.Helper()
	until(w.t, "the end receipt", func() bool { return w.Market().Running() == 0 })
	w.ok(w.Anchored(w.t.Context(), w.Receipts().Size()))
	n.settle()
	w.stop()
}

// TestReceiptsOfASharedLedgerGoOn: the receipts of a node on a ledger that others share
// are put back from a copy that is older than their last anchor. The node serves again
// after the authority has begun its receipt log again, and its deliveries are proved in
// the log that goes on.
func TestReceiptsOfASharedLedgerGoOn(t *testing.T) {
	n := town(t, nil)
	w := n.operator
	n.bureau.register("bus", "holder")
	n.settle()
	file := data(64 << 10)
	w.sale("sale", "bus", w.upload("operator", file), ledger.Quota{})
	n.settle()
	var c ledger.Content
	n.read(&c, ref(ledger.KindContent, "sale"))
	order := orderPath("sale", c.Object)
	w.gets("buyer", order, file, operatorOrigin)
	n.allAnchored(w)
	kept := copyFolder(t, w.dir)

	n.startAgain(w)
	w.gets("buyer", order, file, operatorOrigin)
	lost := w.held("receipts")
	n.allAnchored(w)
	w.ok(os.RemoveAll(w.dir))
	w.ok(os.Rename(kept, w.dir))
	w.refusesToOpen(n.stand(w), "cadastre log begin")
	w.ok(node.WriteRestored(w.dir, node.Restored{At: time.Now(), BackupAt: time.Now()}))
	w.refusesToOpen(n.stand(w), "--last-checkpoint")
	nobody := n.stand(w)
	nobody.NothingHeld = true
	w.refusesToOpen(nobody, "cadastre log begin")

	o := n.stand(w)
	o.Held = []string{lost}
	r, err := node.RequestLogs(t.Context(), o)
	w.ok(err)
	if len(r.Logs) != 1 || r.Logs[0].Origin != ledger.ReceiptLog(operatorOrigin)+"/2" {
		t.Fatalf("the request: %+v", r)
	}
	calls, err := node.SignLogs(r, id("authority"), w.key("authority"), time.Now())
	w.ok(err)
	w.ok(node.BeginLogs(t.Context(), n.stand(w), calls))
	w.ok(node.BeginLogs(t.Context(), n.stand(w), calls)) // it was interrupted, for all that the operator knows
	n.startAgain(w)
	w.everybody()
	w.gets("buyer", order, file, operatorOrigin)
	until(t, "the end receipt", func() bool { return w.Market().Running() == 0 })
	w.ok(w.Anchored(t.Context(), w.Receipts().Size()))
	bundle := (&story{world: w}).bundle("buyer", ref(ledger.KindOrder, "sale"))
	report, err := verify(bundle, n.bureau.trust)
	if err != nil || len(report.Receipts) != 2 || report.Receipts[0].Log != r.Logs[0].Origin || len(report.Restored) != 1 || report.Restored[0].Lost == 0 {
		t.Errorf("the bundle: %v, %+v, restored %+v", err, report.Receipts, report.Restored)
	}
}
