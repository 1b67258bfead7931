package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/proving"
)

// TestACommandSaysThatItWaits: the user learns why the command takes long, and it ends as
// if the node had answered at once.
func TestACommandSaysThatItWaits(t *testing.T) {
	for lang, want := range map[string]string{"zh": "请求过于频繁：按节点要求等待", "en": "Too many requests: waiting"} {
		asked := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if asked++; asked == 1 {
				w.Header().Set("Retry-After", "0")
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			_, _ = io.WriteString(w, `{"resources":[],"facets":{},"total":0}`)
		}))
		t.Cleanup(server.Close)
		code, _, errs := command(t, "registry", "search", "公交", "--url", server.URL, "--lang", lang)
		if code != proving.ExitOK || asked != 2 || !strings.Contains(errs, want) {
			t.Errorf("exit %d after %d requests: %s", code, asked, errs)
		}
	}
}
