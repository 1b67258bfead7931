package web_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/web"
	"github.com/datacadastre/cadastre/ledger"
)

// TestSlowSenders: of many bodies that one address or one party begins and does not end, only
// a few are received; the others are refused at once, and all places are free again
// afterwards.
func TestSlowSenders(t *testing.T) {
	t.Run("address", func(t *testing.T) { testSlowSenders(t, web.BodiesOfAddress, false, "/v1/calls", "/v1/custody/keys") })
	t.Run("party", func(t *testing.T) {
		testSlowSenders(t, web.MaxRunning, true, "/v1/custody/keys", "/v1/cosignatures")
	})
}

func testSlowSenders(t *testing.T, received int, token bool, paths ...string) {
	t.Helper()
	const senders = 300
	l := newLimited(t)
	l.Rate(1000, time.Hour)
	server := httptest.NewUnstartedServer(l.Server)
	server.Config = l.HTTP()
	server.Start()
	t.Cleanup(server.CloseClientConnections)
	header := ""
	if token {
		header = "Authorization: " + l.token(l.key) + "\r\n"
	}
	for round, path := range append(paths, paths...) {
		type answer struct {
			c    net.Conn
			code int
			err  error
		}
		answers := make(chan answer, senders)
		waiting := map[net.Conn]bool{}
		for range senders {
			c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			waiting[c] = true
			_ = c.SetDeadline(time.Now().Add(20 * time.Second))
			if _, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: node\r\nContent-Type: application/json\r\n%sContent-Length: 9\r\n\r\n{", path, header); err != nil {
				t.Fatal(err)
			}
			go func() {
				resp, err := http.ReadResponse(bufio.NewReader(c), nil)
				if err != nil {
					answers <- answer{c: c, err: err}
					return
				}
				answers <- answer{c: c, code: resp.StatusCode, err: resp.Body.Close()}
			}()
		}
		for range senders - received {
			a := <-answers
			if a.err != nil || a.code != http.StatusServiceUnavailable {
				t.Fatalf("round %d, %s: %d %v", round, path, a.code, a.err)
			}
			delete(waiting, a.c)
		}
		for c := range waiting {
			if _, err := io.WriteString(c, `"call":}`); err != nil {
				t.Fatal(err)
			}
		}
		for range waiting {
			if a := <-answers; a.err != nil || a.code == http.StatusServiceUnavailable {
				t.Fatalf("round %d, %s, a body that is received: %d %v", round, path, a.code, a.err)
			}
		}
	}
}

// TestAStrangersBodyIsSmall: without a valid token no body is larger than that of a signed
// call may be, and a signed call never is.
func TestAStrangersBodyIsSmall(t *testing.T) {
	l := newLimited(t)
	l.Rate(1000, time.Hour)
	large := strings.Repeat(" ", web.MaxCallBody+1)
	for _, path := range []string{"/v1/calls", "/v1/custody/keys", "/v1/acts/deposit"} {
		if w := l.ask(http.MethodPost, l.address(), path, large, "Content-Type", "application/json"); w.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if w := l.ask(http.MethodPost, l.address(), "/v1/calls", large, "Content-Type", "application/json", "Authorization", l.token(l.key)); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a call with a token: %d %s", w.Code, w.Body)
	}
	if w := l.ask(http.MethodPost, l.address(), "/v1/custody/keys", large, "Content-Type", "application/json", "Authorization", l.token(l.key)); w.Code == http.StatusRequestEntityTooLarge {
		t.Errorf("a party: %d %s", w.Code, w.Body)
	}
}

// TestBodiesOfAllAddresses are bounded together: one more takes the place of the oldest,
// which is ended, so that slow senders from many addresses keep no one out.
func TestBodiesOfAllAddresses(t *testing.T) {
	l := newLimited(t)
	var leave []func()
	var ended []int
	for i := range web.BodiesOfStranger + 2 {
		end, err := l.EnterBody(fmt.Sprint(i), func() { ended = append(ended, i) })
		if err != nil {
			t.Fatalf("body %d: %v", i+1, err)
		}
		leave = append(leave, end)
	}
	if diff := cmp.Diff([]int{0, 1}, ended); diff != "" {
		t.Errorf("ended:\n%s", diff)
	}
	for _, end := range leave {
		end()
		end()
	}
	for i := range 2 * web.BodiesOfAddress {
		_, err := l.EnterBody("another", func() { t.Error("a body was ended though there was room") })
		if refused := ledger.AsError(err) != nil; refused != (i >= web.BodiesOfAddress) {
			t.Errorf("body %d of an address: %v", i+1, err)
		}
	}
}

// TestTheSlowestSenderIsEnded when all places are taken: its connection ends, and the new
// sender gets an answer.
func TestTheSlowestSenderIsEnded(t *testing.T) {
	l := newLimited(t)
	l.Rate(1000, time.Hour)
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	dial := func() net.Conn {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		if _, err := io.WriteString(c, "POST /v1/calls HTTP/1.1\r\nHost: node\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"); err != nil {
			t.Fatal(err)
		}
		return c
	}
	slow := dial()
	defer slow.Close()
	for l.Bodies() == 0 { // until the node has begun to read
		runtime.Gosched()
	}
	for i := range web.BodiesOfStranger - 1 {
		if _, err := l.EnterBody(fmt.Sprint(i), func() { t.Error("a younger one was ended") }); err != nil {
			t.Fatal(err)
		}
	}
	quick := dial()
	defer quick.Close()
	if _, err := io.ReadAll(slow); err != nil {
		t.Fatalf("the slow sender goes on: %v", err)
	}
	if _, err := io.WriteString(quick, `"call":}`); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(quick), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("the quick sender is answered %d", resp.StatusCode)
	}
}

// TestABrokenBody is its sender's fault: it is not answered as a fault of the node, which an
// operator would search for.
func TestABrokenBody(t *testing.T) {
	l := newLimited(t)
	l.Rate(1000, time.Hour)
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	for _, path := range []string{"/v1/calls", "/v1/custody/keys", "/v1/acts/deposit/check"} {
		for name, body := range map[string]string{
			"cut": "Content-Length: 9\r\n\r\n{", "cut in chunks": "Transfer-Encoding: chunked\r\n\r\n5\r\n{", "no chunk": "Transfer-Encoding: chunked\r\n\r\nzz\r\n{",
		} {
			c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			if _, err = fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: node\r\nContent-Type: application/json\r\nAuthorization: %s\r\n%s", path, l.token(l.key), body); err != nil {
				t.Fatal(err)
			}
			if half, ok := c.(*net.TCPConn); !ok || half.CloseWrite() != nil {
				t.Fatal("the sender does not end")
			}
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatalf("%s, %s: %v", path, name, err)
			}
			var p wire.Problem
			err = errors.Join(json.NewDecoder(resp.Body).Decode(&p), resp.Body.Close(), c.Close())
			if err != nil || resp.StatusCode != http.StatusBadRequest || p.Field != "body" || p.Rule != "body_whole" {
				t.Errorf("%s, %s: %d %+v %v", path, name, resp.StatusCode, p, err)
			}
		}
	}
}
