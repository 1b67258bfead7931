package web

import (
	"context"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/datacadastre/cadastre/ledger"
)

// Hurry has bodies come within d.
func (s *Server) Hurry(d time.Duration) { s.bodyTimeout = d }

// Rate limits rates as the node does, but counts requests over a longer time, so that no
// test depends on the clock.
func (s *Server) Rate(second int, over time.Duration) { s.rates = newRates(second, over) }

// Windows is windows.
type Windows = windows

// NewWindows counts in windows of that length.
func NewWindows(length time.Duration) *Windows { return newWindows(length) }

// MaxKeys is maxKeys.
const MaxKeys = maxKeys

// Keys are how many keys both windows count separately.
func (w *windows) Keys() int { return len(w.current.own) + len(w.previous.own) }

// FreePaths and DearPaths are the paths that are not counted, and those that cost more.
var FreePaths, DearPaths = freePaths, dearPaths

// Routes are the edge's methods and paths.
func (s *Server) Routes() (list []string) {
	routes, ok := s.mux.(chi.Routes)
	if !ok {
		return nil
	}
	err := chi.Walk(routes, func(method, path string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		list = append(list, method+" "+path)
		return nil
	})
	if err != nil {
		return nil
	}
	return list
}

// HumaRules are the rules that huma names, with what is allowed.
func HumaRules() (list []string) {
	for _, rule := range humaRules {
		list = append(list, rule)
	}
	for _, rule := range otherRules {
		list = append(list, rule)
	}
	return list
}

// Hasten has requests for bundles wait for d.
func (s *Server) Hasten(d time.Duration) { s.bundles = newBundleLimiter(d) }

// Bundles are those of a party that are made or waited for.
func (s *Server) Bundles(party ledger.ID) int {
	s.bundles.mu.Lock()
	defer s.bundles.mu.Unlock()
	if t := s.bundles.parties[party]; t != nil {
		return t.requests
	}
	return 0
}

// BundleLimiter is bundleLimiter.
type BundleLimiter = bundleLimiter

// NewBundleLimiter makes a limiter whose requests wait for d.
func NewBundleLimiter(d time.Duration) *BundleLimiter { return newBundleLimiter(d) }

// Acquire is acquire.
func (t *bundleLimiter) Acquire(ctx context.Context, party ledger.ID) (func(), error) {
	return t.acquire(ctx, party)
}

// Parties counts the parties that have a request here.
func (t *bundleLimiter) Parties() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.parties)
}

// MaxCallBody, BodiesOfAddress and BodiesOfStranger are the limits of bodies.
const (
	MaxCallBody      = maxCallBody
	BodiesOfAddress  = bodiesOfAddress
	BodiesOfStranger = bodiesOfStranger
)

// MaxRunning is maxRunning.
const MaxRunning = maxRunning

// EnterBody counts one more body of an address, which end ends.
func (s *Server) EnterBody(address string, end func()) (leave func(), err error) {
	return s.rates.bodies.enter(address, end)
}

// Bodies returns how many bodies are being received.
func (s *Server) Bodies() int {
	s.rates.bodies.mu.Lock()
	defer s.rates.bodies.mu.Unlock()
	return s.rates.bodies.old.Len()
}

// CallsSeen is callsSeen.
type CallsSeen = callsSeen

// NewCallsSeen is newCallsSeen.
func NewCallsSeen() CallsSeen { return newCallsSeen() }

// MaxCallsSeen is maxCallsSeen.
const MaxCallsSeen = maxCallsSeen

// Add is add.
func (c callsSeen) Add(payload ledger.Digest) bool { return c.add(payload) }

// Len is how many calls are remembered.
func (c callsSeen) Len() int { return c.calls.Len() }
