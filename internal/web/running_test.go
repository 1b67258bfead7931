package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/web"
)

// untaken is an answer whose client takes nothing until taken is closed.
type untaken struct {
	*httptest.ResponseRecorder
	begun chan<- struct{}
	taken <-chan struct{}
}

func (u untaken) Write(b []byte) (int, error) {
	u.begun <- struct{}{}
	<-u.taken
	return u.ResponseRecorder.Write(b)
}

// TestSlowReceivers: a party, or an address, that asks and does not take the answers has only
// a few of them in memory; others are answered, and it is too as soon as one has ended.
func TestSlowReceivers(t *testing.T) {
	l := newLimited(t)
	l.Rate(1000, time.Hour)
	token, from := l.token(l.key), l.address()
	for _, who := range []struct{ address, authorization string }{{from, ""}, {l.address(), token}} {
		begun, taken, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
		ask := func(w http.ResponseWriter) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/acts.json", nil)
			r.RemoteAddr = who.address + ":4711"
			if who.authorization != "" {
				r.Header.Set("Authorization", who.authorization)
			}
			l.ServeHTTP(w, r)
		}
		for range web.MaxRunning {
			go func() {
				ask(untaken{httptest.NewRecorder(), begun, taken})
				ended <- struct{}{}
			}()
		}
		for range web.MaxRunning {
			<-begun
		}
		var p wire.Problem
		w := httptest.NewRecorder()
		ask(w)
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != http.StatusServiceUnavailable || p.Rule != "running_requests" || w.Header().Get("Retry-After") == "" {
			t.Errorf("%v: one more: %d %v %s", who, w.Code, err, w.Body)
		}
		if w := l.ask(http.MethodGet, l.address(), "/v1/acts.json", ""); w.Code != http.StatusOK {
			t.Errorf("%v: another address: %d %s", who, w.Code, w.Body)
		}
		if w := l.ask(http.MethodGet, who.address, "/healthz", ""); w.Code != http.StatusNoContent {
			t.Errorf("%v: health: %d %s", who, w.Code, w.Body)
		}
		close(taken)
		for range web.MaxRunning {
			<-ended
		}
		for range web.MaxRunning + 1 {
			w := httptest.NewRecorder()
			if ask(w); w.Code != http.StatusOK {
				t.Fatalf("%v: after the others: %d %s", who, w.Code, w.Body)
			}
		}
	}
}
