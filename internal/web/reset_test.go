package web

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cutServer serves /cut, which writes without end until its receiver stops reading and
// then aborts, and /whole, which ends after that.
func cutServer(t *testing.T) (server *httptest.Server, cut chan struct{}) {
	t.Helper()
	s := &Server{log: slog.New(slog.DiscardHandler)}
	cut = make(chan struct{})
	blocked := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/cut", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		go func() {
			defer close(blocked)
			for b := make([]byte, 64<<10); ; {
				if _, err := w.Write(b); err != nil {
					return
				}
			}
		}()
		<-cut
		setReset(r, true)
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now())
		<-blocked
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/whole", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "begin ")
		_ = http.NewResponseController(w).Flush()
		<-blocked
		_, _ = io.WriteString(w, "end")
	})
	server = httptest.NewUnstartedServer(s.recover(mux))
	server.Config.ConnContext = withConnection
	t.Cleanup(server.Close)
	return server, cut
}

// TestACutIsAReset reads a little of an endless answer and then, after the cut, all that
// still comes: a reset follows, not the end of a stream.
func TestACutIsAReset(t *testing.T) {
	for _, secure := range []bool{false, true} {
		server, cut := cutServer(t)
		if secure {
			server.StartTLS()
		} else {
			server.Start()
		}
		client := server.Client()
		resp, err := client.Get(server.URL + "/cut")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, resp.Body, 1<<20); err != nil {
			t.Fatal(err)
		}
		close(cut)
		_, err = io.Copy(io.Discard, resp.Body)
		// Over TLS the alert of the close follows a record that was cut.
		if !errors.Is(err, syscall.ECONNRESET) && (!secure || err == nil || errors.Is(err, io.ErrUnexpectedEOF)) {
			t.Errorf("TLS %v: after the cut: %v, want a reset", secure, err)
		}
		_ = resp.Body.Close()
	}
}

// TestACutResetsOneStream aborts one of two answers on one HTTP/2 connection.
func TestACutResetsOneStream(t *testing.T) {
	server, cut := cutServer(t)
	server.EnableHTTP2 = true
	server.StartTLS()
	client := server.Client()
	running, err := client.Get(server.URL + "/cut")
	if err != nil {
		t.Fatal(err)
	}
	other, err := client.Get(server.URL + "/whole")
	if err != nil {
		t.Fatal(err)
	}
	if running.ProtoMajor != 2 || other.ProtoMajor != 2 {
		t.Fatalf("HTTP %d and %d", running.ProtoMajor, other.ProtoMajor)
	}
	close(cut)
	if _, err := io.Copy(io.Discard, running.Body); err == nil || !strings.Contains(err.Error(), "stream") {
		t.Errorf("the cut stream ended with %v", err)
	}
	var whole bytes.Buffer
	if _, err := io.Copy(&whole, other.Body); err != nil || whole.String() != "begin end" {
		t.Errorf("the other stream: %q, %v", whole.String(), err)
	}
	_, _ = running.Body.Close(), other.Body.Close()
}
