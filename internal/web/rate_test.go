package web_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/api"
	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/auth"
	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/internal/web"
	"github.com/datacadastre/cadastre/ledger"
)

const rateOrigin = "node.example"

// directory finds keys as a node's read model does.
type directory map[ledger.KeyID]auth.Bearer

func (d directory) Bearer(_ context.Context, kid ledger.KeyID, _ ledger.Millis) (auth.Bearer, error) {
	b, ok := d[kid]
	if !ok {
		return b, ledger.Refuse(ledger.NotFound, ledger.ReasonKey)
	}
	return b, nil
}

// nothing finds no record, and records no call.
type nothing struct {
	described
	ledger.Ledger
}

func (nothing) Start(context.Context, trace.Question) ([]ledger.Ref, error) {
	return nil, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("sha256")
}

func (nothing) Submit(context.Context, string) (ledger.Outcome, error) {
	return ledger.Outcome{}, ledger.Refuse(ledger.Forbidden, ledger.ReasonSignature).At("call")
}

// limited is an edge that allows 6 requests of an address, 3 of them dear, 60 reads of a
// party, 6 of them dear, and 600 of its calls.
type limited struct {
	*web.Server
	t         *testing.T
	key       *ledger.Key
	party     ledger.ID
	addresses int
	calls     int
	verified  int // signatures of calls
}

func newLimited(t *testing.T) *limited {
	t.Helper()
	key, err := ledger.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	l := &limited{t: t, key: key, party: ledger.DeriveID("one")}
	checker, err := auth.NewChecker(rateOrigin, directory{key.ID(): {Party: l.party, Key: key.Public(), Kid: key.ID()}}, nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	l.Server = web.New(api.Services{
		Algorithms: ledger.Algorithms{{Name: ledger.ES256, Verify: func(key ledger.JWK, signed, signature []byte) bool {
			l.verified++
			return ledger.Standard()[0].Verify(key, signed, signature)
		}}},
		Auth: checker, Ledger: nothing{}, About: wire.About{Ledger: ledger.DeriveID("ledger")}, Tracer: nothing{}, MaxBody: 1 << 20, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Health: func(context.Context) wire.Health { return wire.Health{Ready: true} },
	})
	l.Rate(2, time.Hour)
	return l
}

// address is one that was not used yet.
func (l *limited) address() string {
	l.addresses++
	return "203.0.113." + strconv.Itoa(l.addresses)
}

// ask sends one request; headers are pairs.
func (l *limited) ask(method, from, path, body string, headers ...string) *httptest.ResponseRecorder {
	l.t.Helper()
	r := httptest.NewRequestWithContext(l.t.Context(), method, path, strings.NewReader(body))
	if r.RemoteAddr = from + ":4711"; strings.Contains(from, ":") {
		r.RemoteAddr = "[" + from + "]:4711"
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	l.ServeHTTP(w, r)
	return w
}

// allows checks that exactly n more requests are answered before the rule refuses one.
func (l *limited) allows(n int, rule string, ask func(i int) *httptest.ResponseRecorder) {
	l.t.Helper()
	for i := range n {
		if w := ask(i); w.Code == http.StatusTooManyRequests {
			l.t.Fatalf("request %d of %d: %s", i+1, n, w.Body)
		}
	}
	w := ask(n)
	var p wire.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != http.StatusTooManyRequests || p.Rule != rule || p.Reason != ledger.ReasonRate ||
		p.Code != ledger.Unavailable || w.Header().Get("Retry-After") != "3" || w.Header().Get("Content-Type") != "application/problem+json" {
		l.t.Fatalf("request %d is not refused by %s: %d %v %s", n+1, rule, w.Code, w.Header(), w.Body)
	}
}

func (l *limited) token(key *ledger.Key) string {
	l.t.Helper()
	token, err := auth.New(key, l.party, ledger.DeriveID("token"), rateOrigin, time.Now(), time.Minute)
	if err != nil {
		l.t.Fatal(err)
	}
	return "Bearer " + token
}

// call is a body with a call, each with another id, that a key signed; it names the key
// claimed, if there is one.
func (l *limited) call(key *ledger.Key, claimed ledger.KeyID, changes ...func(*ledger.Call)) string {
	l.t.Helper()
	l.calls++
	now := ledger.Millis(time.Now().UnixMilli())
	call := ledger.Call{
		Ledger: ledger.DeriveID("ledger"), ID: ledger.DeriveID("call", strconv.Itoa(l.calls)), Party: l.party, Function: ledger.FnDeposit, Time: now, Expires: now + 3600_000,
	}
	for _, change := range changes {
		change(&call)
	}
	jws, err := ledger.SignCall(key, call, ledger.DepositArgs{SHA256: ledger.DigestOf(nil), Bytes: 1})
	if err != nil {
		l.t.Fatal(err)
	}
	if claimed != "" {
		header, err := json.Marshal(ledger.Header{Alg: ledger.ES256, Kid: claimed, Typ: ledger.TypeCall})
		if err != nil {
			l.t.Fatal(err)
		}
		_, rest, _ := strings.Cut(jws, ".")
		jws = base64.RawURLEncoding.EncodeToString(header) + "." + rest
	}
	return fmt.Sprintf(`{"call":%q}`, jws)
}

// TestRates: anyone without a valid token is counted by address, a party by its token or
// signature, and no one by those of another.
func TestRates(t *testing.T) {
	t.Run("an address", func(t *testing.T) {
		l, a := newLimited(t), "198.51.100.1"
		l.allows(6, "rate_address", func(int) *httptest.ResponseRecorder { return l.ask(http.MethodGet, a, "/v1/about", "") })
		if w := l.ask(http.MethodGet, l.address(), "/v1/about", ""); w.Code != http.StatusOK {
			t.Errorf("another address: %d", w.Code)
		}
		for _, path := range web.FreePaths {
			if w := l.ask(http.MethodGet, a, path, ""); w.Code == http.StatusTooManyRequests {
				t.Errorf("%s is limited", path)
			}
		}
		if w := l.ask(http.MethodGet, a, "/v1/about", "", "Authorization", l.token(l.key)); w.Code != http.StatusOK {
			t.Errorf("a party at that address: %d", w.Code)
		}
	})
	t.Run("a network of IPv6", func(t *testing.T) {
		l := newLimited(t)
		l.allows(6, "rate_address", func(i int) *httptest.ResponseRecorder {
			return l.ask(http.MethodGet, fmt.Sprintf("2001:db8:0:1:%x::1", i), "/v1/none", "")
		})
		if w := l.ask(http.MethodGet, "2001:db8:0:2::1", "/v1/about", ""); w.Code != http.StatusOK {
			t.Errorf("another network: %d", w.Code)
		}
	})
	t.Run("dear paths", func(t *testing.T) {
		l, a := newLimited(t), "198.51.100.1"
		paths := append([]string{"/log/ledger/tile/entries/000", "/v1/orders/x/content/y", "/v1/licenses/x/resources/y/content/z"}, web.DearPaths...)
		l.allows(3, "rate_dear", func(int) *httptest.ResponseRecorder { return l.ask(http.MethodGet, a, "/v1/trace?order=x", "") })
		for _, path := range paths {
			l.allows(0, "rate_dear", func(int) *httptest.ResponseRecorder { return l.ask(http.MethodGet, a, path, "") })
		}
		l.allows(3, "rate_address", func(int) *httptest.ResponseRecorder { return l.ask(http.MethodGet, a, "/v1/about", "") })
	})
	t.Run("a path as it is not written", func(t *testing.T) { // it is not a route, so it is not free
		for _, c := range [][2]string{{http.MethodGet, "/healt%68z"}, {http.MethodGet, "/readyz/"}, {http.MethodPost, "/healthz"}} {
			l := newLimited(t)
			l.allows(6, "rate_address", func(int) *httptest.ResponseRecorder { return l.ask(c[0], "198.51.100.1", c[1], "") })
			if w := l.ask(http.MethodGet, "198.51.100.1", "/healthz", ""); w.Code != http.StatusNoContent {
				t.Errorf("/healthz, after that: %d", w.Code)
			}
		}
	})
	t.Run("a party", func(t *testing.T) {
		l, a := newLimited(t), "198.51.100.1"
		l.allows(6, "rate_dear_reads", func(int) *httptest.ResponseRecorder {
			return l.ask(http.MethodGet, l.address(), "/v1/trace?order=x", "", "Authorization", l.token(l.key))
		})
		l.allows(0, "rate_dear_reads", func(int) *httptest.ResponseRecorder {
			return l.ask(http.MethodGet, l.address(), "/v1/resources", "", "Authorization", l.token(l.key))
		})
		l.allows(0, "rate_dear_reads", func(int) *httptest.ResponseRecorder {
			return l.ask(http.MethodGet, l.address(), "/v1/orders/x/content/y", "", "Authorization", l.token(l.key), "Range", "bytes=0-0")
		})
		l.allows(54, "rate_reads", func(int) *httptest.ResponseRecorder {
			return l.ask(http.MethodGet, l.address(), "/v1/about", "", "Authorization", l.token(l.key))
		})
		l.allows(600, "rate_calls", func(int) *httptest.ResponseRecorder {
			return l.ask(http.MethodPost, a, "/v1/calls", l.call(l.key, ""), "Content-Type", "application/json")
		})
		l.allows(6, "rate_address", func(int) *httptest.ResponseRecorder { return l.ask(http.MethodGet, a, "/v1/about", "") })
	})
}

// TestACallIsVerifiedByTheNodesAlgorithms: the edge verifies a call once, by the algorithms
// that the ledger has too, so that it need not verify it again.
func TestACallIsVerifiedByTheNodesAlgorithms(t *testing.T) {
	l := newLimited(t)
	l.ask(http.MethodPost, l.address(), "/v1/calls", l.call(l.key, ""), "Content-Type", "application/json")
	if l.verified != 1 {
		t.Errorf("verified %d times", l.verified)
	}
	l.ask(http.MethodGet, l.address(), "/v1/about", "")
	if l.verified != 1 {
		t.Error("a request without a call was verified")
	}
}

// TestACallIsReadAsItWasSent: a body that was read to find who signed it reaches the
// handler unchanged, also if it is too large or no JSON.
func TestACallIsReadAsItWasSent(t *testing.T) {
	l := newLimited(t)
	for body, want := range map[string]int{
		l.call(l.key, ""):                  http.StatusForbidden,
		`{"call":"x"`:                      http.StatusUnprocessableEntity,
		strings.Repeat(" ", 1<<20+1) + "1": http.StatusRequestEntityTooLarge,
		"":                                 http.StatusBadRequest,
	} {
		counted := l.ask(http.MethodPost, l.address(), "/v1/calls", body, "Content-Type", "application/json")
		l.Rate(0, time.Hour)
		free := l.ask(http.MethodPost, l.address(), "/v1/calls", body, "Content-Type", "application/json")
		l.Rate(2, time.Hour)
		if counted.Code != want || free.Code != want || counted.Body.String() != free.Body.String() {
			t.Errorf("%.40s…: %d %s, without rates %d %s; want %d", body, counted.Code, counted.Body, free.Code, free.Body, want)
		}
	}
}

// TestForwardedFor: behind a proxy the last address is believed, which the proxy wrote;
// else none is.
func TestForwardedFor(t *testing.T) {
	const proxy = "127.0.0.1"
	invented := func(i int) string { return "192.0.2." + strconv.Itoa(i+1) }
	t.Run("without a proxy", func(t *testing.T) {
		l := newLimited(t)
		l.allows(6, "rate_address", func(i int) *httptest.ResponseRecorder {
			return l.ask(http.MethodGet, proxy, "/v1/about", "", "X-Forwarded-For", invented(i), "X-Real-IP", invented(i), "Forwarded", "for="+invented(i))
		})
	})
	l := newLimited(t)
	l.BehindProxy()
	l.allows(6, "rate_address", func(i int) *httptest.ResponseRecorder {
		return l.ask(http.MethodGet, proxy, "/v1/about", "", "X-Forwarded-For", invented(i)+", 198.51.100.1")
	})
	l.allows(0, "rate_address", func(i int) *httptest.ResponseRecorder { // also in several lines
		return l.ask(http.MethodGet, proxy, "/v1/about", "", "X-Forwarded-For", "198.51.100.9", "X-Forwarded-For", "198.51.100.1")
	})
	l.allows(6, "rate_address", func(i int) *httptest.ResponseRecorder {
		return l.ask(http.MethodGet, proxy, "/v1/about", "", "X-Forwarded-For", "198.51.100.1, 198.51.100.2")
	})
	l.allows(6, "rate_address", func(i int) *httptest.ResponseRecorder { // the proxy itself is counted
		return l.ask(http.MethodGet, proxy, "/v1/about", "", []string{"X-Forwarded-For", "198.51.100.3, unknown"}[:i%2*2]...)
	})
}

// TestRateSentences: a refusal says in both languages, and on a page, which rate it is,
// how high, and how long to wait.
func TestRateSentences(t *testing.T) {
	l := newLimited(t)
	a := l.address()
	l.allows(6, "rate_address", func(int) *httptest.ResponseRecorder { return l.ask(http.MethodGet, a, "/v1/about", "") })
	for accept, want := range map[string][2]string{
		"zh": {"请求过于频繁：来自同一地址、不带有效令牌的请求，每秒至多 2 次", "请等待 3 秒，再重发同一请求"},
		"en": {"Too many requests: requests without a valid token from one address: at most 2 a second", "Please wait 3 seconds, then send the same request again"},
	} {
		for _, kind := range []string{"application/json", "text/html"} {
			w := l.ask(http.MethodGet, a, "/c/none", "", "Accept-Language", accept, "Accept", kind)
			if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "3" || !strings.Contains(w.Body.String(), want[0]) || !strings.Contains(w.Body.String(), want[1]) {
				t.Errorf("%s, %s: %d %v %s", accept, kind, w.Code, w.Header(), w.Body)
			}
		}
	}
}

// TestDearPathsAreServed finds a path that was renamed.
func TestDearPathsAreServed(t *testing.T) {
	served := "\n" + strings.Join(newLimited(t).Routes(), "\n") + "\n"
	for _, path := range append(web.DearPaths, web.FreePaths...) {
		if !strings.Contains(served, "\nGET "+path+"\n") {
			t.Errorf("%s is not served", path)
		}
	}
}

// TestServeBehindProxy: the option reaches the server.
func TestServeBehindProxy(t *testing.T) {
	for _, behind := range []bool{false, true} {
		l := newLimited(t)
		ctx, stop := context.WithCancel(t.Context())
		up, down := make(chan string, 1), make(chan error, 1)
		go func() {
			down <- l.Serve(ctx, web.Listen{Address: "127.0.0.1:0", BehindProxy: behind}, func(url string) { up <- url })
		}()
		url, refused := <-up, 0
		for i := range 12 {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/v1/about", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Forwarded-For", "192.0.2."+strconv.Itoa(i+1))
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusTooManyRequests {
				refused++
			}
		}
		http.DefaultClient.CloseIdleConnections()
		stop()
		if err := <-down; err != nil {
			t.Error(err)
		}
		if want := map[bool]int{false: 6, true: 0}[behind]; refused != want {
			t.Errorf("behind a proxy: %t: %d requests are refused, want %d", behind, refused, want)
		}
	}
}
