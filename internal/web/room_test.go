package web_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/api"
	"github.com/datacadastre/cadastre/internal/web"
	"github.com/datacadastre/cadastre/ledger"
)

// TestAFullDisk: whatever writes is refused, whichever name it has; only a check of an act
// goes on.
func TestAFullDisk(t *testing.T) {
	s := web.New(api.Services{
		Tracer: described{}, MaxBody: 1 << 20, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Room: func() error { return ledger.Refuse(ledger.Unavailable, ledger.ReasonDisk) },
	})
	for request, full := range map[string]bool{
		"PATCH /v1/uploads/tus/check": true, "POST /v1/uploads": true, "POST /v1/calls": true,
		"POST /v1/acts/check": true, "POST /v1/acts/deposit": true, "POST /v1/acts/deposit/check": false,
	} {
		method, path, _ := strings.Cut(request, " ")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader("{}")))
		if refused := w.Code == http.StatusServiceUnavailable; refused != full {
			t.Errorf("%s: %d %s", request, w.Code, w.Body)
		}
	}
}
