package node_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestWhatABrowserIsToldThatThereIsNot is a page in its language; a program is
// told it in JSON.
func TestWhatABrowserIsToldThatThereIsNot(t *testing.T) {
	w := serve(t, nil)
	for _, path := range []string{"/c/430300-1-20260101-XXXXXXXX-0", "/c/%3Cb%3E", "/nothing"} {
		for accept, want := range map[string][2]string{
			"text/html,*/*": {"text/html; charset=utf-8", "<h1>Not found"}, "*/*": {"application/problem+json", `"reason":"unknown"`},
		} {
			resp := w.ask(http.MethodGet, "", path, "Accept", accept, "Accept-Language", "en")
			b, err := io.ReadAll(resp.Body)
			w.ok(err)
			if resp.StatusCode != http.StatusNotFound || resp.Header.Get("Content-Type") != want[0] || !strings.Contains(string(b), want[1]) {
				t.Errorf("%s for %s: %s %s %s", path, accept, resp.Status, resp.Header.Get("Content-Type"), b)
			}
		}
	}
}
