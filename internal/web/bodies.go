package web

import (
	"net/http"
	"sync"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// Limits of bodies whose sender has not yet proved who it is.
const (
	maxCallBody      = 64 << 10 // bytes: a signed call of ledger.MaxCall in base64url, and its JSON
	bodiesOfAddress  = 32       // being received at the same time from one address
	bodiesOfStranger = 1024     // from all addresses together: at most 64 MiB
)

// callBytes is the maximum size of the body of a signed call.
func (s *Server) callBytes() int64 { return min(s.MaxBody, maxCallBody) }

// bodies counts the bodies that are being received from senders that have not yet proved
// who they are: slow senders hold no more memory than that many bodies take.
type bodies struct {
	mu        sync.Mutex
	all       int
	addresses map[string]int
}

// enter counts one more body of an address until leave is called. It returns Unavailable if
// there are too many.
func (b *bodies) enter(address string) (leave func(), err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all >= bodiesOfStranger || b.addresses[address] >= bodiesOfAddress {
		return nil, ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy).By("running_bodies")
	}
	b.all++
	b.addresses[address]++
	return sync.OnceFunc(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.all--
		if b.addresses[address]--; b.addresses[address] == 0 {
			delete(b.addresses, address)
		}
	}), nil
}

// hangUp ends the connection after the answer, without waiting for the rest of the body.
func hangUp(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor == 1 {
		w.Header().Set("Connection", "close")
		_ = http.NewResponseController(w).SetReadDeadline(longAgo)
	}
}

// bodyRead is the writer of an answer whose request has been read to its end. From then on
// package http waits for the connection to end, and a deadline for reading, which huma sets
// before it reads a body, would look like that: it would cancel this request after five
// seconds, and every later one on the connection at once.
type bodyRead struct{ http.ResponseWriter }

// SetReadDeadline does nothing.
func (bodyRead) SetReadDeadline(time.Time) error { return nil }

// Unwrap returns the writer of the server.
func (b bodyRead) Unwrap() http.ResponseWriter { return b.ResponseWriter }
