package web

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/httprate"

	"github.com/datacadastre/cadastre/ledger"
)

// rateWindow is the time over which requests are counted, in a sliding window: a rate of
// n requests a second allows 3n requests in any 3 s, also all at once.
const rateWindow = 3 * time.Second

// rates limit how many requests a node answers, by address and by party. Only a party
// whose token or signature is valid is charged, so no one can use up another's rate;
// everyone else is counted by address.
type rates struct {
	address *rate   // requests without a valid token
	dear    *rate   // those of them that cost more: searches, lists, traces, entries of logs, content
	reads   *rate   // of a party
	costly  *rate   // those of them that cost more
	calls   *rate   // of a party: signed calls and other writes
	bodies  *places // of requests whose sender has not proved who it is
	running *places // requests of a party or an address
	seen    callsSeen
}

// newRates makes the limits for that many requests a second of an address: a tenth of it
// for dear requests, as many dear reads of a party, ten times as many reads of a party, a
// hundred times as many calls. It returns nil, no limits, for 0.
func newRates(second int, window time.Duration) *rates {
	if second == 0 {
		return nil
	}
	return &rates{
		address: newRate("rate_address", second, window), dear: newRate("rate_dear", max(1, second/10), window),
		reads: newRate("rate_reads", 10*second, window), costly: newRate("rate_dear_reads", second, window), calls: newRate("rate_calls", 100*second, window),
		seen: newCallsSeen(), bodies: newPlaces("running_bodies", bodiesOfAddress, bodiesOfStranger),
		running: newPlaces("running_requests", maxRunning, math.MaxInt),
	}
}

// rate is one limit. Its rule is named in refusals.
type rate struct {
	rule    string
	second  int // requests a second
	limiter *httprate.RateLimiter
}

func newRate(rule string, second int, window time.Duration) *rate {
	return &rate{rule, second, httprate.NewRateLimiter(second*int(rateWindow/time.Second), window,
		httprate.WithLimitCounter(newWindows(window)), httprate.WithResponseHeaders(httprate.ResponseHeaders{}))}
}

// charge counts one request, or refuses it if the rate of the key is reached. A refused
// request is not counted.
func (r *rate) charge(ctx context.Context, key string) error {
	// The limiter reads only the context of the request, and no header has a name, so that
	// it writes nothing.
	if !r.limiter.OnLimit(nil, (&http.Request{}).WithContext(ctx), key) {
		return nil
	}
	return ledger.Refuse(ledger.Unavailable, ledger.ReasonRate).By(r.rule).With("limit", strconv.Itoa(r.second)).
		With("wait", strconv.Itoa(int(rateWindow/time.Second)))
}

// freePaths are the paths whose GET and HEAD no rate limits: those of health, and static
// files.
var freePaths = []string{"/healthz", "/readyz", "/favicon.ico"}

// dearPaths are the paths whose answer needs many rows or many queries: with 569 resources a
// page of them takes 10 to 250 ms, a trace 37 ms, other answers about 1 ms.
var dearPaths = []string{"/", "/v1/resources", "/v1/products", "/v1/licenses", "/v1/parties", "/v1/notices", "/v1/trace", "/v1/evidence"}

// pathOf returns the path by which a request is routed: as it was sent, if that is not the
// usual encoding.
func pathOf(r *http.Request) string { return cmp.Or(r.URL.RawPath, r.URL.Path) }

// isDear reports whether a request costs more than others: a bundle of log entries, too, up
// to 27 ms and 1 MB, and content, which leaves two receipts for ever, also for a range of one
// byte.
func isDear(r *http.Request) bool {
	path := pathOf(r)
	return slices.Contains(dearPaths, path) || strings.HasPrefix(path, "/log/") && strings.Contains(path, "/tile/entries/") ||
		strings.Contains(path, "/content/")
}

// limitRates answers 429 to a request above a rate, and 503 to one that would be one too
// many, or whose body would be.
func (s *Server) limitRates(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.rates == nil {
			next.ServeHTTP(w, r)
			return
		}
		leave, err := s.run(r)
		if err != nil {
			hangUp(w, r)
			s.failPage(w, r, err)
			return
		}
		defer leave()
		received, err := s.admit(w, r)
		if err != nil {
			s.failPage(w, r, err)
			return
		}
		defer received()
		if isCall(r) {
			w = bodyRead{w}
		}
		next.ServeHTTP(w, r)
	})
}

// run counts a request among the running ones of its party, or of its address.
func (s *Server) run(r *http.Request) (leave func(), err error) {
	if isCall(r) || isStreamed(r) || isFree(r) {
		return func() {}, nil
	}
	if party, known := tokenParty(r.Context()); known {
		return s.rates.running.enter(string(party), nil)
	}
	return s.rates.running.enter(addressOf(r), nil)
}

// isRead reports whether a request changes nothing by its method.
func isRead(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// isFree reports whether no limit applies to a request.
func isFree(r *http.Request) bool { return isRead(r) && slices.Contains(freePaths, pathOf(r)) }

// isStreamed reports whether a request uploads or fetches content, whose bytes are not in
// memory as a whole.
func isStreamed(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, uploadsPath) && r.Method != http.MethodGet || strings.Contains(r.URL.Path, "/content/")
}

// isCall reports whether a request brings a signed call.
func isCall(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Path == callsPath }

// admit counts a request for its party, if its token or signature is valid, else for its
// address. The caller must call leave when it has answered.
func (s *Server) admit(w http.ResponseWriter, r *http.Request) (leave func(), err error) {
	signed := isCall(r)
	party, known := tokenParty(r.Context())
	if r.ContentLength == 0 || known && !signed {
		return func() {}, s.charge(r, party, known && !signed)
	}
	leave, err = s.rates.bodies.enter(addressOf(r), func() { _ = http.NewResponseController(w).SetReadDeadline(longAgo) })
	if err != nil {
		hangUp(w, r)
		return nil, err
	}
	if !signed {
		r.Body = http.MaxBytesReader(w, r.Body, maxCallBody)
		if err := s.charge(r, "", false); err != nil {
			leave()
			return nil, err
		}
		return leave, nil
	}
	call, known := s.signed(r)
	if known {
		seenOf(r.Context()).party = call.Call.Party
	}
	leave()
	return leave, s.chargeCall(r, call, known)
}

// chargeCall counts a call for its party, if that is known and the call comes for the first
// time, else for its address.
func (s *Server) chargeCall(r *http.Request, call ledger.Signed, known bool) error {
	known = known && s.rates.seen.add(call.Payload)
	err := s.charge(r, call.Call.Party, known)
	if known && err != nil {
		s.rates.seen.forget(call.Payload)
	}
	return err
}

// charge counts a request for its party if that is known, else for its address.
func (s *Server) charge(r *http.Request, party ledger.ID, known bool) error {
	if isFree(r) {
		return nil
	}
	switch address := addressOf(r); {
	case known && isRead(r):
		if isDear(r) {
			if err := s.rates.costly.charge(r.Context(), string(party)); err != nil {
				return err
			}
		}
		return s.rates.reads.charge(r.Context(), string(party))
	case known:
		return s.rates.calls.charge(r.Context(), string(party))
	case isDear(r):
		if err := s.rates.dear.charge(r.Context(), address); err != nil {
			return err
		}
		fallthrough
	default:
		return s.rates.address.charge(r.Context(), address)
	}
}

// addressOf returns the address that a request is counted for: of IPv6 the /64, because a
// client has all of it.
func addressOf(r *http.Request) string {
	return httprate.CanonicalizeIP(middleware.GetClientIPAddr(r.Context()).WithZone("").String())
}

// addressed finds the address of the client. Behind a proxy it is the last one of
// X-Forwarded-For, which the proxy wrote: the client can invent all others. Without that
// header it is the address of the proxy.
func (s *Server) addressed(next http.Handler) http.Handler {
	direct := middleware.ClientIPFromRemoteAddr(next)
	proxied := middleware.ClientIPFromRemoteAddr(middleware.ClientIPFromXFFTrustedProxies(1)(next))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.behindProxy {
			proxied.ServeHTTP(w, r)
			return
		}
		direct.ServeHTTP(w, r)
	})
}

// BehindProxy makes the server believe the last address of X-Forwarded-For. Call it before
// the first request, and only if every request comes through a proxy that adds it.
func (s *Server) BehindProxy() { s.behindProxy = true }
