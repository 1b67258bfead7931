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

	"github.com/datacadastre/cadastre/ledger"
)

// second is how long a delivery may go on after its decision has ended.
const second = ledger.Millis(1000)

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
	t.Parallel()
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
