package web

import (
	queue "container/list"
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

// maxRunning is how many requests of a party, or of an address without a valid token, are
// answered at the same time. Their bodies and answers are in memory until they have arrived
// or were taken, which a slow client may delay for a minute. Signed calls, uploads and
// deliveries are not counted: they have other limits.
const maxRunning = 64

// callBytes is the maximum size of the body of a signed call.
func (s *Server) callBytes() int64 { return min(s.MaxBody, maxCallBody) }

// places counts what is running for each key, up to a limit for each and one for all. What
// is above the limit for its key is refused at once, so that it takes no memory while it
// waits. What is above the limit for all takes the place of the oldest that can be ended: of
// bodies that is the slowest, and honest ones arrive in milliseconds.
type places struct {
	rule      string // that a refusal names
	each, all int

	mu   sync.Mutex
	keys map[string]int
	old  *queue.List // of *place, the oldest first
}

// place is one that was taken.
type place struct {
	key  string
	end  func() // ends what runs there; nil: only the caller ends it
	free bool
}

func newPlaces(rule string, each, all int) *places {
	return &places{rule: rule, each: each, all: all, keys: map[string]int{}, old: queue.New()}
}

// enter takes a place for a key until leave is called. It returns Unavailable if all are
// taken. Later callers may call end, which may be nil.
func (p *places) enter(key string, end func()) (leave func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.keys[key] >= p.each || p.old.Len() >= p.all && !p.endOldest() {
		return nil, ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy).By(p.rule)
	}
	p.keys[key]++
	taken := p.old.PushBack(&place{key: key, end: end})
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.free(taken)
	}, nil
}

// endOldest ends what runs at the oldest place and reports whether it could. It must not
// wait: the lock is held.
func (p *places) endOldest() bool {
	oldest := p.old.Front()
	end := oldest.Value.(*place).end
	if end == nil {
		return false
	}
	p.free(oldest)
	end()
	return true
}

// free frees a place, once.
func (p *places) free(e *queue.Element) {
	taken := e.Value.(*place)
	if taken.free {
		return
	}
	taken.free = true
	p.old.Remove(e)
	if p.keys[taken.key]--; p.keys[taken.key] == 0 {
		delete(p.keys, taken.key)
	}
}

// hangUp ends the connection after the answer, without waiting for the rest of the body.
func hangUp(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor == 1 && r.ContentLength != 0 {
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
