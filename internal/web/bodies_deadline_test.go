package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// TestACallMayTakeLong: its body has been read, so a deadline for reading no longer ends it,
// nor the next one on the connection.
func TestACallMayTakeLong(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			t.Error(err)
		}
		if err := huma.SetReadDeadline(bodyRead{w}, time.Now().Add(-time.Second)); err != nil {
			t.Error(err)
		}
		select {
		case <-r.Context().Done():
			t.Error("it was canceled")
		case <-time.After(100 * time.Millisecond):
		}
		if err := http.NewResponseController(bodyRead{w}).Flush(); err != nil {
			t.Errorf("the writer behind is hidden: %v", err)
		}
	}))
	t.Cleanup(s.Close)
	for range 2 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
}
