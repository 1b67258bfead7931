package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/proving"
	"github.com/datacadastre/cadastre/ledger"
)

// sale is an order of a product with one content, at a node that counts its deliveries.
type sale struct {
	t       *testing.T
	order   ledger.ID
	buyer   string // profile
	content string
	uses    int
	record  func(ledger.Digest)
}

func newSale(t *testing.T) *sale {
	t.Helper()
	s := &sale{t: t, order: client.NewID(), content: strings.Repeat("上海路,1\n", 4000)}
	product, n := client.NewID(), newNode(t)
	mux := http.NewServeMux()
	mux.Handle("/", n)
	mux.HandleFunc("GET /v1/orders/{order}/content/objectone", func(w http.ResponseWriter, r *http.Request) {
		s.uses++
		w.Header().Set("ETag", `"`+string(ledger.DigestOf([]byte(s.content)))+`"`)
		w.Header().Set("Cadastre-Receipt", "start-1")
		http.ServeContent(w, r, "", now(), strings.NewReader(s.content))
	})
	h := httptest.NewServer(mux)
	t.Cleanup(h.Close)
	n.records["/v1/orders/"+string(s.order)] = `{"id":"` + string(s.order) + `","product_id":"` + string(product) + `"}`
	s.record = func(d ledger.Digest) {
		n.records["/v1/products/"+string(product)+"/content"] = `{"items":[{"id":"` + string(testBody) + `","subject":"product/` + string(product) +
			`","object":"objectone","name":"streets.csv","sha256":"` + string(d) + `"}]}`
	}
	s.record(ledger.DigestOf([]byte(s.content)))
	s.buyer = profile(t, h.URL)
	return s
}

func (s *sale) fetch(file string, args ...string) (code int, out, errs string) {
	s.t.Helper()
	return command(s.t, append([]string{"fetch", string(s.order), "--output", file, "--profile", s.buyer}, args...)...)
}

func TestFetchChecksWhatTheLedgerRecorded(t *testing.T) {
	s := newSale(t)
	recorded, file := ledger.DigestOf([]byte(s.content)), filepath.Join(t.TempDir(), "streets.csv")
	if code, out, errs := s.fetch(file, "--json"); code != proving.ExitOK || !strings.Contains(out, string(recorded)) {
		t.Errorf("exit %d: it must print the SHA-256: %s%s", code, out, errs)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != s.content {
		t.Errorf("the file is not what was sent: %v", err)
	}
	var k fetched
	if err := readArgs(file+".receipt.json", &k); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]ledger.ID{"start-1"}, k.Starts); diff != "" || k.Order != s.order {
		t.Errorf("receipt %+v: %s", k, diff)
	}
	s.record(ledger.DigestOf([]byte("another")))
	dir := t.TempDir()
	if code, _, _ := s.fetch(filepath.Join(dir, "wrong.csv")); code != proving.ExitFailed {
		t.Errorf("exit %d: content that the ledger does not know was taken", code)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("content that the ledger does not know was stored: %v, %v", left, err)
	}
}

// TestAFileThatIsThereTakesNoUse: fetching again what was fetched is not another use.
func TestAFileThatIsThereTakesNoUse(t *testing.T) {
	s := newSale(t)
	file := filepath.Join(t.TempDir(), "streets.csv")
	if code, _, errs := s.fetch(file); code != proving.ExitOK {
		t.Fatalf("exit %d: %s", code, errs)
	}
	code, out, errs := s.fetch(file)
	if code != proving.ExitOK || s.uses != 1 || !strings.Contains(out, "已在") || !strings.Contains(out, ".receipt.json") {
		t.Errorf("again: exit %d, %d uses, %s%s", code, s.uses, out, errs)
	}
	if code, out, _ := s.fetch(file, "--json"); code != proving.ExitOK || !strings.Contains(out, `"already":true`) || !strings.Contains(out, "start-1") {
		t.Errorf("again as JSON: exit %d, %s", code, out)
	}
	if err := os.Remove(file + ".receipt.json"); err != nil { // it was stopped before that was written
		t.Fatal(err)
	}
	if code, out, _ := s.fetch(file); code != proving.ExitOK || s.uses != 1 || !strings.Contains(out, "cadastre trace") {
		t.Errorf("without its receipts: exit %d, %d uses, %s", code, s.uses, out)
	}
}

// TestAFileOfTheUserIsNotReplaced: only an older content of the same order is.
func TestAFileOfTheUserIsNotReplaced(t *testing.T) {
	s := newSale(t)
	file := filepath.Join(t.TempDir(), "streets.csv")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := s.fetch(file); code == proving.ExitOK || s.uses != 0 || !strings.Contains(errs, "--output") {
		t.Errorf("exit %d, %d uses, %q", code, s.uses, errs)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "mine" {
		t.Errorf("the user's file is %q, %v", b, err)
	}
	file = filepath.Join(t.TempDir(), "streets.csv")
	if code, _, errs := s.fetch(file); code != proving.ExitOK {
		t.Fatalf("exit %d: %s", code, errs)
	}
	s.content = "a new edition"
	s.record(ledger.DigestOf([]byte(s.content)))
	if code, _, errs := s.fetch(file); code != proving.ExitOK {
		t.Errorf("a new content: exit %d: %s", code, errs)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != s.content {
		t.Errorf("the new content is %q, %v", b, err)
	}
}
