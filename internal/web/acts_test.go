package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
)

// TestActs: the document has every act, as the ledger's table says it, and is
// not sent again while it is the same.
func TestActs(t *testing.T) {
	ask := func(tag string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/acts.json", nil)
		if tag != "" {
			r.Header.Set("If-None-Match", tag)
		}
		w := httptest.NewRecorder()
		edge().ServeHTTP(w, r)
		return w
	}
	first := ask("")
	var got ledger.ActsDocument
	if err := json.Unmarshal(first.Body.Bytes(), &got); err != nil || first.Code != http.StatusOK {
		t.Fatalf("%d: %v", first.Code, err)
	}
	if diff := cmp.Diff(ledger.PublishedActs(), got); diff != "" {
		t.Errorf("the document (-table +got):\n%s", diff)
	}
	if len(got.Acts) != len(ledger.Acts()) {
		t.Errorf("%d of %d acts", len(got.Acts), len(ledger.Acts()))
	}
	tag := first.Header().Get("ETag")
	if again := ask(tag); tag == "" || again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("asked again with %q: %d, %d bytes", tag, again.Code, again.Body.Len())
	}
}
