package node_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/cosign"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// auditor is a key that cosigns.
func auditor(t *testing.T) *cosign.Key {
	t.Helper()
	skey, err := cosign.NewKey("audit.example")
	if err != nil {
		t.Fatal(err)
	}
	k, err := cosign.ParseKey(skey)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// checkpoint is the newest that the node serves.
func (w *world) checkpoint() []byte {
	w.t.Helper()
	msg, err := w.party["regulator"].LedgerLog().Checkpoint(w.t.Context())
	w.ok(err)
	return msg
}

// quiet waits until the node has published and anchored all that it has.
func (w *world) quiet() {
	w.t.Helper()
	until(w.t, "a quiet node", func() bool {
		before := w.checkpoint()
		time.Sleep(1500 * time.Millisecond)
		return string(before) == string(w.checkpoint())
	})
}

// cosigned is a checkpoint with the cosignature of a key.
func (w *world) cosigned(k *cosign.Key, msg []byte) string {
	w.t.Helper()
	signed, err := k.Cosign(msg, time.Now())
	w.ok(err)
	return string(signed)
}

// hands gives the node a cosigned checkpoint.
func (w *world) hands(who, key, msg string) *http.Response {
	w.t.Helper()
	body, err := json.Marshal(map[string]string{"key": key, "checkpoint": msg})
	w.ok(err)
	resp, err := w.send(http.MethodPost, "/v1/cosignatures", strings.NewReader(string(body)),
		"Content-Type", "application/json", "Authorization", "Bearer "+w.token(who))
	w.ok(err)
	w.t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

// proven is what the bundle about the order of a sale proves to who knows the auditor.
func (w *world) proven(sale string, k *cosign.Key) evidence.Report {
	w.t.Helper()
	b, _, err := w.party["buyer"].Evidence(w.t.Context(), url.Values{"order": {string(id(sale))}}, 0, nil)
	w.ok(err)
	trust := w.trust
	trust.Auditors = []evidence.Auditor{{Name: "audit", Key: k.VKey()}}
	r, err := evidence.Verify(b, trust, ledger.Standard(), map[string]evidence.Checker{evidence.TLogKind: evidence.TLog{}})
	w.ok(err)
	return r
}

// TestCosignedBundles: a bundle stands under the checkpoint that an auditor cosigned
// for as long as that covers all of it, its deliveries under the last anchor before.
func TestCosignedBundles(t *testing.T) {
	t.Parallel()
	w := lay(t, limits(nil))
	stop := w.run()
	w.admit()
	w.register("bus", "holder")
	file := data(20_000)
	up := w.upload("operator", file)
	w.sale("sale", "bus", up, ledger.Quota{})
	w.sale("second", "bus", up, ledger.Quota{})
	w.fetches("sale", up.Object, file)
	w.ok(w.Anchored(t.Context(), 3)) // ingest, start, end
	k := auditor(t)
	if r := w.proven("sale", k); len(r.Audits) != 0 || len(r.Receipts) != 1 {
		t.Fatalf("before: audits %v, receipts %v", r.Audits, r.Receipts)
	}
	w.quiet()
	msg := w.checkpoint()
	if resp := w.hands("regulator", k.VKey(), w.cosigned(k, msg)); resp.StatusCode != http.StatusOK {
		t.Fatalf("handed over: %d", resp.StatusCode)
	}
	for _, when := range []string{"at once", "after other calls", "after a restart"} {
		switch when {
		case "after other calls":
			w.fetches("second", up.Object, file) // is anchored later
			w.ok(w.Anchored(t.Context(), 5))
		case "after a restart":
			stop()
			stop = w.run()
			w.everybody()
		}
		r := w.proven("sale", k)
		if len(r.Audits) != 1 || len(r.Receipts) != 1 || slices.Contains(r.NotProven, evidence.LaterCalls) {
			t.Errorf("%s: audits %v, receipts %v", when, r.Audits, r.Receipts)
		}
	}
	t.Cleanup(stop)
	if r := w.proven("second", k); len(r.Audits) != 0 || len(r.Receipts) != 1 {
		t.Errorf("a delivery after it: audits %v, receipts %v", r.Audits, r.Receipts)
	}
	w.fetches("sale", up.Object, file)
	w.ok(w.Anchored(t.Context(), 7))
	if r := w.proven("sale", k); len(r.Audits) != 0 || len(r.Receipts) != 2 || !slices.Contains(r.NotProven, evidence.LaterCalls) {
		t.Errorf("after one more delivery: audits %v, receipts %v", r.Audits, r.Receipts)
	}
}

func TestCosignaturesThatAreRefused(t *testing.T) {
	t.Parallel()
	w := serve(t, nil)
	k, other := auditor(t), auditor(t)
	w.quiet()
	older := w.checkpoint()
	w.register("bus", "holder")
	w.quiet()
	newer := w.checkpoint()
	for name, c := range map[string]struct {
		who, key, msg string
		status        int
		reason        ledger.Reason
	}{
		"by a buyer":            {"buyer", k.VKey(), w.cosigned(k, newer), http.StatusForbidden, ledger.ReasonRole},
		"no key":                {"regulator", "audit.example", w.cosigned(k, newer), http.StatusUnprocessableEntity, ledger.ReasonField},
		"a log's key":           {"regulator", w.trust.Logs[0], string(newer), http.StatusUnprocessableEntity, ledger.ReasonField},
		"another's signature":   {"regulator", k.VKey(), w.cosigned(other, newer), http.StatusUnprocessableEntity, ledger.ReasonField},
		"none":                  {"regulator", k.VKey(), string(newer), http.StatusUnprocessableEntity, ledger.ReasonField},
		"of another checkpoint": {"regulator", k.VKey(), string(newer) + strings.TrimPrefix(w.cosigned(k, older), string(older)), http.StatusUnprocessableEntity, ledger.ReasonField},
	} {
		t.Run(name, func(t *testing.T) {
			w := *w
			w.t = t
			w.refused(w.hands(c.who, c.key, c.msg), c.status, c.reason)
		})
	}
	if resp := w.hands("regulator", k.VKey(), w.cosigned(k, newer)); resp.StatusCode != http.StatusOK {
		t.Errorf("a good one: %d", resp.StatusCode)
	}
	w.refused(w.hands("regulator", k.VKey(), w.cosigned(k, older)), http.StatusConflict, ledger.ReasonStale)
}
