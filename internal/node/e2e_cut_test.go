package node_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/ledger"
)

// second is how long a delivery may go on after its decision has ended.
const second = ledger.Millis(1000)

// TestRunningDeliveriesAreCut holds each way in which a decision can end against
// a delivery that is under way, and against the next request.
func TestRunningDeliveriesAreCut(t *testing.T) {
	w, file, made, raw := sellers(t)
	sale := func(name string) string {
		w.sale(name, "bus", made, ledger.Quota{})
		return orderPath(name, made.Object)
	}
	supply := func(name string) string {
		w.license(name, "operator", "bus")
		return supplyPath(name, "bus", raw.Object)
	}
	party := func(name string) ledger.Ref { return ref(ledger.KindParty, name) }
	for _, c := range []struct {
		name   string
		by     string
		of     func(name string) ledger.Ref
		fn     ledger.Function
		flow   func(name string) string
		status int
		reason ledger.Reason
		resume ledger.Function // what lifts it again
	}{
		{"license terminated", "authority", refer(ledger.KindLicense), ledger.FnLicenseTerminate, sale, 403, ledger.ReasonLicense, ""},
		{"license suspended", "authority", refer(ledger.KindLicense), ledger.FnLicenseSuspend, sale, 403, ledger.ReasonSuspended, ledger.FnLicenseResume},
		{"operator suspended", "regulator", func(string) ledger.Ref { return party("operator") }, ledger.FnPartySuspend, sale, 403, ledger.ReasonPartySuspended, ledger.FnPartyResume},
		{"buyer suspended", "regulator", func(string) ledger.Ref { return party("buyer") }, ledger.FnPartySuspend, sale, 403, ledger.ReasonPartySuspended, ledger.FnPartyResume},
		{"entry suspended", "regulator", func(string) ledger.Ref { return ref(ledger.KindEntry, "bus") }, ledger.FnEntrySuspend, sale, 403, ledger.ReasonEntry, ledger.FnEntryResume},
		{"order blocked", "regulator", refer(ledger.KindOrder), ledger.FnOrderBlock, sale, 403, ledger.ReasonOrder, ""},
		{"product delisted", "operator", refer(ledger.KindProduct), ledger.FnProductDelist, sale, 403, ledger.ReasonNotListed, ""},
		{"content removed", "operator", refer(ledger.KindContent), ledger.FnContentRemove, sale, 404, ledger.ReasonContent, ""},
		{"supply: license terminated", "authority", refer(ledger.KindLicense), ledger.FnLicenseTerminate, supply, 403, ledger.ReasonLicense, ""},
		{"supply: license suspended", "authority", refer(ledger.KindLicense), ledger.FnLicenseSuspend, supply, 403, ledger.ReasonSuspended, ledger.FnLicenseResume},
		{"supply: operator suspended", "regulator", func(string) ledger.Ref { return party("operator") }, ledger.FnPartySuspend, supply, 403, ledger.ReasonPartySuspended, ledger.FnPartyResume},
		{"supply: entry suspended", "regulator", func(string) ledger.Ref { return ref(ledger.KindEntry, "bus") }, ledger.FnEntrySuspend, supply, 403, ledger.ReasonEntry, ledger.FnEntryResume},
		{"supply: content removed", "holder", func(string) ledger.Ref { return ref(ledger.KindContent, "raw") }, ledger.FnContentRemove, supply, 404, ledger.ReasonContent, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			path, who := c.flow(c.name), "buyer"
			if path == supplyPath(c.name, "bus", raw.Object) {
				who = "environment"
			}
			running, read := w.begun(who, path)
			written := c.of(c.name)
			if c.fn == ledger.FnContentRemove {
				w.answer(c.by, written, c.fn)
			} else {
				w.act(c.by, written, c.fn)
			}
			acknowledged := ledger.Millis(time.Now().UnixMilli())
			w.refused(w.ask(http.MethodGet, who, path), c.status, c.reason)
			w.wasCut(running, read, len(file), acknowledged)
			if c.resume == "" {
				return
			}
			w.act(c.by, written, c.resume)
			again := w.ask(http.MethodGet, who, path)
			if n, err := io.Copy(io.Discard, again.Body); err != nil || again.StatusCode != http.StatusOK || n != int64(len(file)) {
				t.Errorf("once it was lifted: %d, %d bytes, %v", again.StatusCode, n, err)
			}
		})
	}
}

// sellers serves a node with a file to supply, of the resource bus, and to deliver.
func sellers(t *testing.T) (w *world, file []byte, made, raw wire.Ingested) {
	t.Helper()
	w, file = serve(t, nil), data(16<<20)
	w.register("bus", "holder")
	made, raw = w.upload("operator", file), w.upload("holder", other(file))
	w.content("raw", "holder", ref(ledger.KindResource, "resource bus"), raw)
	return w, file, made, raw
}

// wasCut checks that a running delivery, of which some bytes were read, ended early and
// within a second of the answer that ended its decision.
func (w *world) wasCut(running *http.Response, read, size int, acknowledged ledger.Millis) {
	w.t.Helper()
	rest, err := io.Copy(io.Discard, running.Body)
	if got := rest + int64(read); err == nil || got >= int64(size) {
		w.t.Fatalf("the delivery went on to its end: %d bytes, %v", got, err)
	}
	end := w.ended(ledger.ID(running.Header.Get("Cadastre-Receipt")))
	if end.Outcome != ledger.Aborted || end.Bytes < rest+int64(read) || end.Bytes >= int64(size) {
		w.t.Errorf("the end receipt says %s, %d bytes; %d came", end.Outcome, end.Bytes, rest+int64(read))
	}
	if end.Time > acknowledged+second {
		w.t.Errorf("it was cut %d ms after the answer", end.Time-acknowledged)
	}
}

// begun starts a delivery and reads its first MiB.
func (w *world) begun(who, path string) (*http.Response, int) {
	w.t.Helper()
	running := w.ask(http.MethodGet, who, path)
	first := make([]byte, 1<<20)
	if _, err := io.ReadFull(running.Body, first); err != nil {
		w.t.Fatal(err)
	}
	return running, len(first)
}

// TestAnEndedKeyCutsItsDeliveries begins deliveries with keys that end: revoked by the
// authority, exchanged by their party, or replaced in an environment.
func TestAnEndedKeyCutsItsDeliveries(t *testing.T) {
	w, file, made, raw := sellers(t)
	w.sale("sale", "bus", made, ledger.Quota{})
	now := func() ledger.Millis { return ledger.Millis(time.Now().UnixMilli()) }

	running, read := w.begun("buyer", orderPath("sale", made.Object))
	next, old := w.key("buyer's next"), w.key("buyer")
	proof, err := ledger.SignRotation(next, ledger.RotationProof{Ledger: w.trust.Ledger, Party: id("buyer"), Old: old.ID()})
	w.ok(err)
	w.call("buyer", ledger.KeyRef(next.ID()), ledger.FnKeyRotate, ledger.KeyRotateArgs{
		Old: old.ID(), New: ledger.NewKeyArg{JWK: next.Public(), Use: ledger.UseSign, Custody: ledger.CustodySelf}, Proof: proof,
	})
	w.wasCut(running, read, len(file), now())
	w.keys["buyer"] = next
	w.speak("buyer", id("buyer"))

	running, read = w.begun("buyer", orderPath("sale", made.Object))
	w.call("authority", ledger.KeyRef(next.ID()), ledger.FnKeyRevoke, ledger.KeyRevokeArgs{Party: id("buyer"), Kid: next.ID(), Reason: "compromised"})
	w.wasCut(running, read, len(file), now())
	w.refused(w.ask(http.MethodGet, "buyer", orderPath("sale", made.Object)), http.StatusUnauthorized, ledger.ReasonToken)

	running, read = w.begun("environment", supplyPath("sale", "bus", raw.Object))
	w.environment("environment's next")
	w.wasCut(running, read, len(file), now())
}

// TestWhatDoesNotCut: a fulfilled order may be delivered until its last day, and the
// entry of a suspended holder is still valid; a regulator suspends the entry to stop use.
func TestWhatDoesNotCut(t *testing.T) {
	w, file, made, raw := sellers(t)
	w.sale("sale", "bus", made, ledger.Quota{})
	delivery, read := w.begun("buyer", orderPath("sale", made.Object))
	supply, supplied := w.begun("environment", supplyPath("sale", "bus", raw.Object))
	w.act("regulator", ref(ledger.KindParty, "holder"), ledger.FnPartySuspend)
	w.act("operator", ref(ledger.KindOrder, "sale"), ledger.FnOrderFulfill)
	for name, c := range map[string]struct {
		running *http.Response
		read    int
	}{"delivery": {delivery, read}, "supply": {supply, supplied}} {
		if n, err := io.Copy(io.Discard, c.running.Body); err != nil || int(n)+c.read != len(file) {
			t.Errorf("%s: %d bytes, %v", name, int(n)+c.read, err)
		}
	}
}

func refer(kind string) func(string) ledger.Ref {
	return func(name string) ledger.Ref { return ref(kind, name) }
}

// TestNothingAfterAnAcknowledgedTermination asks without pause while the license
// ends: whatever was asked for after the answer is refused, each time.
func TestNothingAfterAnAcknowledgedTermination(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	up := w.upload("operator", data(4<<10))
	token := "Bearer " + w.token("buyer")
	for round := range 50 {
		name := fmt.Sprint("round ", round)
		w.sale(name, "bus", up, ledger.Quota{})
		var over atomic.Bool
		var allowed, refused atomic.Int64
		begun := make(chan struct{}, 2)
		var askers sync.WaitGroup
		for range 2 {
			askers.Go(func() {
				for first, last := true, false; !last; first = false {
					last = over.Load()
					status, err := w.once(orderPath(name, up.Object), token)
					switch {
					case status == http.StatusForbidden:
						refused.Add(1)
					case last:
						t.Errorf("asked for after the answer: %d, %v", status, err)
					case err != nil && status != http.StatusOK && !cutShort(err):
						t.Errorf("asked for before the answer: %d, %v", status, err)
					case err != nil: // cut on its way, maybe before its header left
					default:
						allowed.Add(1)
					}
					if first {
						begun <- struct{}{}
					}
				}
			})
		}
		<-begun
		w.act("authority", ref(ledger.KindLicense, name), ledger.FnLicenseTerminate)
		over.Store(true)
		askers.Wait()
		if allowed.Load() == 0 || refused.Load() < 2 {
			t.Errorf("round %d: %d allowed, %d refused: it shows nothing", round, allowed.Load(), refused.Load())
		}
		if t.Failed() {
			return
		}
	}
}

// cutShort reports whether a connection was ended before an answer came.
func cutShort(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}

// TestAThousandTerminations: each license is used, terminated, and refused to
// the first request after the answer.
func TestAThousandTerminations(t *testing.T) {
	const nodes, rounds = 10, 100 // a party's decision is slower the more licenses it ever had
	program := shipped(t)
	for n := range nodes {
		t.Run(fmt.Sprint("node ", n), func(t *testing.T) {
			w := lay(t, limits(nil))
			w.launch(program)
			w.admit()
			w.register("bus", "holder")
			raw := w.upload("holder", data(4<<10))
			w.content("raw", "holder", ref(ledger.KindResource, "resource bus"), raw)
			token := "Bearer " + w.token("environment")
			for round := range rounds {
				name := fmt.Sprint("round ", round)
				w.license(name, "operator", "bus")
				path := supplyPath(name, "bus", raw.Object)
				if status, err := w.once(path, token); status != http.StatusOK || err != nil {
					t.Fatalf("round %d, under the license: %d, %v", round, status, err)
				}
				w.act("authority", ref(ledger.KindLicense, name), ledger.FnLicenseTerminate)
				if status, err := w.once(path, token); status != http.StatusForbidden {
					t.Fatalf("round %d, after the answer: %d, %v", round, status, err)
				}
			}
		})
		if testing.Short() {
			break
		}
	}
}

// once asks for content and reads it; an error is that of the reading.
func (w *world) once(path, token string) (status int, err error) {
	resp, err := w.send(http.MethodGet, path, nil, "Authorization", token)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}
