package client_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
)

// TestATokenIsNotSentOn: whoever answers at the node's address can't have the
// token brought to another port of it.
func TestATokenIsNotSentOn(t *testing.T) {
	var came atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { came.Add(1) }))
	t.Cleanup(other.Close)
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(first.Close)
	key, err := ledger.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	p := client.Profile{URL: first.URL, Origin: "node.example", Ledger: testLedger, Party: testBody}
	if err := p.SetKey(key); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(p, "en", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	var into any
	_, uploaded := c.Upload(t.Context(), bytes.NewReader(nil))
	_, fetched := c.Fetch(t.Context(), "/v1/orders/x/content/y", filepath.Join(t.TempDir(), "f"), "", nil)
	_, called := c.Call(t.Context(), ledger.FnDeposit, ledger.DepositArgs{})
	for what, err := range map[string]error{"read": c.Get(t.Context(), "/v1/orders", &into), "upload": uploaded, "fetch": fetched, "call": called} {
		if err == nil || !strings.Contains(err.Error(), other.URL) || !strings.Contains(err.Error(), "--url") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if n := came.Load(); n != 0 {
		t.Errorf("%d requests were sent on", n)
	}
}
