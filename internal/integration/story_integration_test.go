//go:build integration

package integration_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/ledger"
)

// TestLiveStory: three owners, each with its own node on its own peer. What is
// registered at one is found, licensed, ordered and traced at the others, and
// delivered by the node whose owner holds it.
func TestLiveStory(t *testing.T) {
	w := live(t)
	coded := w.register("bureau", "bus", "有轨电车到站数据")
	w.catch(coded.Position.Block, organizations...)
	for _, o := range organizations {
		var found struct{ Total int }
		w.ok(w.as("buyer", o).Get(t.Context(), "/v1/resources?q="+url.QueryEscape("有轨电车"), &found))
		if found.Total != 1 {
			t.Errorf("the node of %s finds %d resources, want 1", o, found.Total)
		}
	}
	raw, file := data(64<<10, 1), data(3<<20, 2)
	environment := w.environment()
	w.license("bureau", "trade", "bus", environment)
	supplied := w.put("holder", "bureau", "raw", w.ref(ledger.KindResource, "resource bus"), raw)
	product := w.list("trade", "bus")
	up := w.put("operator", "operator", "content trade", product, file)
	order := w.ref(ledger.KindOrder, "trade")
	w.call("buyer", "regulator", order, ledger.FnOrderPlace, w.ordering(w.id("trade"), "trade"))
	accepted := w.answer("operator", "operator", order, ledger.FnOrderAccept)
	w.catch(accepted.Position.Block, organizations...)

	supply := "/v1/licenses/" + string(w.id("trade")) + "/resources/" + string(w.id("resource bus")) + "/content/" + supplied.Object
	got, err := w.as("environment", "operator").Fetch(t.Context(), supply, filepath.Join(t.TempDir(), "raw"), "", nil)
	w.ok(err)
	if got.Node != w.nodes["bureau"].origin || got.SHA256 != supplied.SHA256 {
		t.Errorf("the environment has %s from %s", got.SHA256, got.Node)
	}
	bought := filepath.Join(t.TempDir(), "bought.csv")
	w.run(t, "fetch", string(w.id("trade")), "--output", bought, "--profile", w.profiles["buyer"])
	if b, err := os.ReadFile(bought); err != nil || !bytes.Equal(b, file) {
		t.Errorf("fetched %d bytes, want %d: %v", len(b), len(file), err)
	}
	w.traced(bought, up)
	w.proved(bought)
}

// data is a made-up file.
func data(size int, seed byte) []byte {
	b := make([]byte, size)
	for i := range b {
		seed = seed*5 + 3 + byte(i>>12)
		b[i] = seed
	}
	return b
}

// environment puts a controlled environment of the operator's on record.
func (w *world) environment() ledger.ID {
	w.t.Helper()
	file := filepath.Join(ward.dir, "parties", "environment.json")
	w.run(w.t, "keygen", "--out", file, "--url", w.nodes["operator"].url, "--party", string(w.party("operator")), "--environment", "new")
	w.profiles["environment"] = file
	p, err := client.LoadProfile(file)
	w.ok(err)
	key, err := p.Signer()
	w.ok(err)
	proof, err := ledger.SignEnvironment(key, ledger.EnvironmentProof{Ledger: p.Ledger, ID: p.Environment, Operator: p.Party})
	w.ok(err)
	w.call("authority", "bureau", ledger.RefTo(ledger.KindEnvironment, p.Environment), ledger.FnEnvironmentSet, ledger.EnvironmentArgs{
		ID: p.Environment, Operator: p.Party, Region: region, Attestation: sum("attestation"), Key: key.Public(), Proof: proof,
	})
	return p.Environment
}

// traced: every node leads from the file in hand to the resource and its holder.
func (w *world) traced(file string, up wire.Ingested) {
	w.t.Helper()
	for _, o := range organizations {
		var traces []struct {
			Steps []struct {
				Ref     ledger.Ref      `json:"ref"`
				Receipt json.RawMessage `json:"receipt"`
			} `json:"steps"`
			Elsewhere []trace.Place `json:"elsewhere"`
		}
		out := w.run(w.t, "trace", file, "--json", "--profile", w.at("regulator", o))
		w.ok(json.Unmarshal([]byte(out), &traces))
		kinds := map[string]int{}
		for _, trace := range traces {
			if len(trace.Elsewhere) > 0 {
				w.t.Errorf("at the node of %s: %v did not answer", o, trace.Elsewhere)
			}
			for _, s := range trace.Steps {
				kinds[s.Ref.Kind()]++
			}
		}
		for _, k := range []string{ledger.KindOrder, ledger.KindProduct, ledger.KindLicense, ledger.KindResource} {
			if kinds[k] == 0 {
				w.t.Errorf("at the node of %s the trace of %s names no %s: %v", o, up.SHA256, k, kinds)
			}
		}
	}
}

// proved: a bundle of the order, joined from the receipts of two nodes, verifies
// with the trust file alone, with the network and every node down; forged ones
// do not.
func (w *world) proved(bought string) {
	w.t.Helper()
	second := w.put("operator", "regulator", "second", w.ref(ledger.KindProduct, "trade"), data(64<<10, 3))
	w.settle()
	got, err := w.as("buyer", "bureau").Fetch(w.t.Context(), w.orderPath("trade", second.Object), filepath.Join(w.t.TempDir(), "second"), "", nil)
	w.ok(err)
	if got.Node != w.nodes["regulator"].origin {
		w.t.Errorf("the second file came from %s", got.Node)
	}
	bundle := filepath.Join(w.t.TempDir(), "evidence.json")
	w.run(w.t, "trace", "--order", string(w.id("trade")), "--bundle", bundle, "--trust", w.trustFile, "--profile", w.profiles["buyer"])

	w.net.do(w.t, "kill", "all")
	for _, o := range organizations {
		w.nodes[o].kill(w.t)
	}
	report := w.run(w.t, "verify", bundle, "--trust", w.trustFile, "--json")
	var r struct {
		Receipts []struct{ Log string }
	}
	w.ok(json.Unmarshal([]byte(report), &r))
	logs := map[string]int{}
	for _, d := range r.Receipts {
		logs[d.Log]++
	}
	if logs[ledger.ReceiptLog(w.nodes["operator"].origin)] == 0 || logs[ledger.ReceiptLog(w.nodes["regulator"].origin)] == 0 {
		w.t.Errorf("the bundle has deliveries of the logs %v", logs)
	}
	w.forged(bundle)
	w.net.do(w.t, "start", "all")
	for _, o := range organizations {
		w.nodes[o].start(w.t)
	}
	w.settle()
}

// forged bundles are refused: a byte of each proof's part changed, a call left
// out, the network's trust exchanged.
func (w *world) forged(bundle string) {
	w.t.Helper()
	b, err := os.ReadFile(bundle)
	w.ok(err)
	for _, member := range []string{`"answer":"`, `"signature":"`, `"endorser":"`, `"input":"`, `"jws":"`, `"sha256":"`} {
		at := bytes.Index(b, []byte(member))
		if at < 0 {
			w.t.Errorf("the bundle has no %s", member)
			continue
		}
		forged := bytes.Clone(b)
		at += len(member) + 20
		forged[at] = map[bool]byte{true: 'B', false: 'A'}[forged[at] == 'A']
		if forged[at] == b[at] {
			w.t.Fatal("nothing was forged")
		}
		w.unproven(forged, w.trustFile, member)
	}
	trust, err := os.ReadFile(w.trustFile)
	w.ok(err)
	other := filepath.Join(w.t.TempDir(), "trust.json")
	keep(w.t, other, bytes.Replace(trust, []byte("BureauMSP"), []byte("BureauMsp"), 1))
	w.unproven(b, other, "a member of another name")
}

func (w *world) unproven(bundle []byte, trust, what string) {
	w.t.Helper()
	file := filepath.Join(w.t.TempDir(), "forged.json")
	keep(w.t, file, bundle)
	if r := w.try(w.t, w.cadastre, "verify", file, "--trust", trust); r.code == 0 {
		w.t.Errorf("a bundle with %s forged verifies", what)
	} else if !strings.Contains(r.errors, "cadastre:") {
		w.t.Errorf("%s forged: %s", what, r.errors)
	}
}

// TestLiveTermination: a license that ends at one node cuts what every node
// delivers within two seconds of the block, and nothing begins there afterwards.
func TestLiveTermination(t *testing.T) {
	w := live(t)
	w.register("bureau", "ended", "共享单车停放数据")
	file := data(saleSize, 4)
	paths := map[string]string{"operator": w.orderPath("ends", w.sale("regulator", "ends", "ended", file).Object)}
	for _, o := range []string{"bureau", "regulator"} {
		up := w.put("operator", o, "content ends at "+o, w.ref(ledger.KindProduct, "ends"), file)
		paths[o] = w.orderPath("ends", up.Object)
	}
	w.settle()
	running := map[string]*slow{}
	for o, path := range paths {
		d, err := w.begin(t.Context(), o, path, saleSize, 40*time.Second)
		w.ok(err)
		defer d.stop()
		running[o] = d
	}
	license := w.ref(ledger.KindLicense, "ends")
	out := w.call("authority", "bureau", license, ledger.FnLicenseTerminate, ledger.TargetArgs{ID: w.id("ends"), Answers: w.cited(license), Ground: "security_breach"})
	answered := time.Now()
	for o, path := range paths {
		w.within(2*time.Second-time.Since(answered), "the node of "+o+" refuses", func() bool {
			d, err := w.begin(t.Context(), o, path, saleSize, time.Second)
			if err == nil {
				d.stop()
				<-d.end
			}
			return err != nil && why(err) == ledger.ReasonLicense
		})
		w.t.Logf("the node of %s refuses a new delivery %s after the answer", o, time.Since(answered).Round(time.Millisecond))
	}
	ends := map[string]ledger.Receipt{} // of all before their readers are waited for: the times are those at which each was seen
	for o, d := range running {
		ends[o] = w.ended(o, ledger.ID(d.resp.Header.Get("Cadastre-Receipt")))
	}
	for o, d := range running {
		w.cutAt(o, d, ends[o], answered)
		var l ledger.License
		w.ok(w.as("buyer", o).Get(t.Context(), "/v1/licenses/"+string(w.id("ends")), &l))
		if l.State != ledger.LicenseTerminated {
			t.Errorf("at the node of %s the license is %s after block %d", o, l.State, out.Position.Block)
		}
	}
}

// cutAt holds that a running delivery was cut within two seconds of the answer to
// what ended it, by its node's receipt and by what its reader got.
func (w *world) cutAt(at string, d *slow, end ledger.Receipt, answered time.Time) {
	w.t.Helper()
	late := end.Time - ledger.Millis(answered.UnixMilli())
	if end.Outcome != ledger.Aborted || late > 2000 {
		w.t.Errorf("at the node of %s: the delivery ended %s, %d ms after the answer", at, end.Outcome, late)
	}
	w.t.Logf("the node of %s cut what ran %d ms after the answer, at %d of %d bytes", at, late, end.Bytes, saleSize)
	select {
	case err := <-d.end:
		if err == nil {
			w.t.Errorf("at the node of %s the delivery went on to its end", at)
		}
	case <-time.After(60 * time.Second):
		w.t.Errorf("the reader at the node of %s still reads", at)
	}
}

// ended waits for the end of a delivery, as its node's trace says, and when it said so.
func (w *world) ended(at string, start ledger.ID) ledger.Receipt {
	w.t.Helper()
	var end ledger.Receipt
	w.within(5*time.Second, "the delivery's end", func() bool {
		var traces []trace.Trace
		if err := w.as("buyer", at).Get(w.t.Context(), "/v1/trace?forward=true&receipt="+string(start), &traces); err != nil {
			return false
		}
		for _, t := range traces {
			for _, s := range t.Steps {
				if s.Delivered != nil && s.Receipt.ID == start && s.State != "running" {
					outcome := ledger.DeliveryOutcome(s.State)
					if s.State == "mixed" && s.Delivered.Count > 1 { // a probe that began before the block is in the same step
						outcome = ledger.Aborted
					}
					end = ledger.Receipt{Outcome: outcome, Bytes: s.Delivered.Bytes, Time: ledger.Millis(time.Now().UnixMilli())}
					return true
				}
			}
		}
		return false
	})
	return end
}
