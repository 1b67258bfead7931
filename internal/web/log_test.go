package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
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
