package web_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/web"
	"github.com/datacadastre/cadastre/ledger"
)

// TestNoOneUsesUpAnothersRate: wrong tokens, wrong signatures and what is no call at all
// are counted by address, whichever party they name.
func TestNoOneUsesUpAnothersRate(t *testing.T) {
	stranger, err := ledger.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	for name, ask := range map[string]func(l *limited, from string) *httptest.ResponseRecorder{
		"another key": func(l *limited, from string) *httptest.ResponseRecorder {
			return l.ask(http.MethodGet, from, "/v1/about", "", "Authorization", l.token(stranger))
		},
		"a changed signature": func(l *limited, from string) *httptest.ResponseRecorder {
			token := []byte(l.token(l.key))
			token[len(token)-10] ^= 1
			return l.ask(http.MethodGet, from, "/v1/about", "", "Authorization", string(token))
		},
		"no token": func(l *limited, from string) *httptest.ResponseRecorder {
			return l.ask(http.MethodGet, from, "/v1/about", "", "Authorization", "Basic eA==")
		},
		"a call that another key signed": func(l *limited, from string) *httptest.ResponseRecorder {
			body := l.call(stranger, l.key.ID())
			return l.ask(http.MethodPost, from, "/v1/calls", body, "Content-Type", "application/json", "Authorization", l.token(l.key))
		},
		"a call of an unknown key": func(l *limited, from string) *httptest.ResponseRecorder {
			return l.ask(http.MethodPost, from, "/v1/calls", l.call(stranger, ""), "Content-Type", "application/json")
		},
		"an expired call": func(l *limited, from string) *httptest.ResponseRecorder {
			body := l.call(l.key, "", func(c *ledger.Call) { c.Time, c.Expires = c.Time-1000, c.Time-1 })
			return l.ask(http.MethodPost, from, "/v1/calls", body, "Content-Type", "application/json")
		},
		"a call for another ledger": func(l *limited, from string) *httptest.ResponseRecorder {
			body := l.call(l.key, "", func(c *ledger.Call) { c.Ledger = ledger.DeriveID("another") })
			return l.ask(http.MethodPost, from, "/v1/calls", body, "Content-Type", "application/json")
		},
		"a call of another party": func(l *limited, from string) *httptest.ResponseRecorder {
			body := l.call(l.key, "", func(c *ledger.Call) { c.Party = ledger.DeriveID("another") })
			return l.ask(http.MethodPost, from, "/v1/calls", body, "Content-Type", "application/json")
		},
		"a call of another media type": func(l *limited, from string) *httptest.ResponseRecorder {
			return l.ask(http.MethodPost, from, "/v1/calls", l.call(l.key, ""), "Content-Type", "text/plain")
		},
		"a call in a body that is refused": func(l *limited, from string) *httptest.ResponseRecorder {
			body := l.call(l.key, "")
			return l.ask(http.MethodPost, from, "/v1/calls", `{"call":"x",`+body[1:], "Content-Type", "application/json")
		},
		"no call": func(l *limited, from string) *httptest.ResponseRecorder {
			return l.ask(http.MethodPost, from, "/v1/calls", `{"call":`, "Content-Type", "application/json")
		},
		"too large": func(l *limited, from string) *httptest.ResponseRecorder {
			return l.ask(http.MethodPost, from, "/v1/calls", strings.Repeat(" ", 2<<20), "Content-Type", "application/json")
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLimited(t)
			l.allows(6, "rate_address", func(int) *httptest.ResponseRecorder { return ask(l, "198.51.100.1") })
			l.allows(60, "rate_reads", func(int) *httptest.ResponseRecorder {
				return l.ask(http.MethodGet, l.address(), "/v1/about", "", "Authorization", l.token(l.key))
			})
			l.allows(600, "rate_calls", func(int) *httptest.ResponseRecorder {
				return l.ask(http.MethodPost, "198.51.100.2", "/v1/calls", l.call(l.key, ""), "Content-Type", "application/json")
			})
		})
	}
}

// TestACallThatComesAgain is counted for the address that sends it: others can have it from
// a bundle of evidence. A call that was refused for its party's rate was not counted.
func TestACallThatComesAgain(t *testing.T) {
	l := newLimited(t)
	send := func(body string) *httptest.ResponseRecorder {
		return l.ask(http.MethodPost, "198.51.100.1", "/v1/calls", body, "Content-Type", "application/json")
	}
	known := l.call(l.key, "")
	l.allows(600, "rate_calls", func(i int) *httptest.ResponseRecorder {
		if i == 0 {
			return send(known)
		}
		return send(l.call(l.key, ""))
	})
	later := l.call(l.key, "")
	for range 2 {
		l.allows(0, "rate_calls", func(int) *httptest.ResponseRecorder { return send(later) })
	}
	l.allows(6, "rate_address", func(int) *httptest.ResponseRecorder { return send(known) })
	l = newLimited(t)
	known = l.call(l.key, "")
	send(known)
	l.allows(6, "rate_address", func(int) *httptest.ResponseRecorder { return send(known) })
	l.allows(599, "rate_calls", func(int) *httptest.ResponseRecorder { return send(l.call(l.key, "")) })
}

// TestCallsSeen: memory is bounded, and a call is remembered for at least as many others as
// one generation has.
func TestCallsSeen(t *testing.T) {
	seen := web.NewCallsSeen()
	hash := func(i int) ledger.Digest { return ledger.DigestOf([]byte(strconv.Itoa(i))) }
	for i := range 2*web.MaxCallsSeen + 1 {
		if !seen.Add(hash(i)) {
			t.Fatalf("call %d is taken for another", i)
		}
		if n := seen.Len(); n > web.MaxCallsSeen {
			t.Fatalf("%d calls are remembered", n)
		}
	}
	for _, i := range []int{2 * web.MaxCallsSeen, web.MaxCallsSeen + 1} {
		if seen.Add(hash(i)) {
			t.Errorf("call %d is forgotten", i)
		}
	}
}
