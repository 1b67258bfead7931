package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
)

// TestAnAnswerAndItsLogHaveOneID: and the id is never the client's.
func TestAnAnswerAndItsLogHaveOneID(t *testing.T) {
	var lines bytes.Buffer
	s := &Server{log: slog.New(requestLog{slog.NewJSONHandler(&lines, nil)})}
	h := nameRequest(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_ = s.problemOf(r.Context(), errors.New("the disk is gone"))
	}))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.Header.Set("X-Request-Id", "chosen")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	id := w.Header().Get("X-Request-Id")
	if id == "" || id == "chosen" {
		t.Errorf("the answer has the id %q", id)
	}
	var line struct {
		Msg string `json:"msg"`
		ID  string `json:"request_id"`
	}
	if err := json.Unmarshal(lines.Bytes(), &line); err != nil || line.Msg != "request failed" || line.ID != id {
		t.Errorf("the log has %s, want the id %s", strings.TrimSpace(lines.String()), id)
	}
}

// full is a listener that can accept no connection, once, and is then closed.
type full struct {
	net.Listener
	asked bool
}

// Accept fails as with too many open files.
func (l *full) Accept() (net.Conn, error) {
	if l.asked {
		return nil, net.ErrClosed
	}
	l.asked = true
	return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
}

// TestConnectionsThatFail: the operator sees that none can be accepted, but not what clients
// do wrong.
func TestConnectionsThatFail(t *testing.T) {
	var lines bytes.Buffer
	s := &Server{log: slog.New(slog.NewTextHandler(&lines, nil))}
	server := s.HTTP()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if err := server.Serve(&full{Listener: listener}); !errors.Is(err, net.ErrClosed) {
		t.Fatal(err)
	}
	server.ErrorLog.Print("http: TLS handshake error from 192.0.2.1:4711: EOF")
	if log := lines.String(); !strings.Contains(log, "level=ERROR") || !strings.Contains(log, "too many open files") || strings.Contains(log, "TLS") {
		t.Errorf("the log has %s", log)
	}
}

// TestPanicsHaveNoValues: a panic is logged with its stack and its request's id, without a
// value that may be a text of the request.
func TestPanicsHaveNoValues(t *testing.T) {
	const text = "a text of the request, in a panic"
	for want, value := range map[string]any{"*errors.errorString": errors.New(text), "string": text, "index out of range [7] with length 3": nil} {
		var lines bytes.Buffer
		s := &Server{log: slog.New(requestLog{slog.NewJSONHandler(&lines, nil)})}
		h := nameRequest(s.recover(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			if value == nil {
				list := make([]int, 3)
				value = list[len(list)+4]
			}
			panic(value)
		})))
		w := httptest.NewRecorder()
		func() {
			defer func() {
				if v := recover(); v != http.ErrAbortHandler { //nolint:errorlint // the sentinel itself is panicked
					t.Errorf("it panics with %v", v)
				}
			}()
			h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
		}()
		log := lines.String()
		if strings.Contains(log, text) || !strings.Contains(log, want) || !strings.Contains(log, "log_test.go") || !strings.Contains(log, w.Header().Get("X-Request-Id")) {
			t.Errorf("a panic with %v is logged as %s", value, log)
		}
	}
}
