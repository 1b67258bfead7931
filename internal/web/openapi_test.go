package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/api"
	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/internal/web"
	"github.com/datacadastre/cadastre/ledger"
)

var update = flag.Bool("update", false, "write the golden files anew")

// described is an edge with every route, of which only the description is asked.
type described struct{}

var errNone = errors.New("nothing is behind this edge")

func (described) Start(context.Context, trace.Question) ([]ledger.Ref, error) { return nil, errNone }

func (described) Trace(context.Context, *ledger.Party, ledger.Ref, bool) (trace.Trace, error) {
	return trace.Trace{}, errNone
}

func (described) Evidence(context.Context, *ledger.Party, ledger.Ref, int) (io.WriterTo, bool, error) {
	return nil, false, errNone
}

func edge() *web.Server {
	return web.New(api.Services{
		Tracer: described{}, MaxBody: 1 << 20, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		About: wire.About{Version: "golden"},
	})
}

// TestOpenAPI holds the API's description against the golden file: a change of
// the API is seen in review. -update writes it anew.
func TestOpenAPI(t *testing.T) {
	got, err := edge().OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	golden := filepath.Join("testdata", "openapi.json")
	if *update {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatalf("%v: run go test ./internal/web -update", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the API is not what %s says; if that is meant, run go test ./internal/web -update (-golden +got):\n%s", golden, cmp.Diff(string(want), string(got)))
	}
}

// TestOpenAPIIsServed: it is version 3.1, and its operations tell apart.
func TestOpenAPIIsServed(t *testing.T) {
	w := httptest.NewRecorder()
	edge().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/openapi.json", nil))
	var doc struct {
		OpenAPI string                                                      `json:"openapi"`
		Paths   map[string]map[string]struct{ OperationID, Summary string } `json:"paths"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d: %v", w.Code, err)
	}
	if len(doc.OpenAPI) < 4 || doc.OpenAPI[:4] != "3.1." {
		t.Errorf("OpenAPI %q, want 3.1", doc.OpenAPI)
	}
	seen := map[string]string{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			where := method + " " + path
			if op.OperationID == "" || op.Summary == "" || seen[op.OperationID] != "" {
				t.Errorf("%s is operation %q, %q, as is %q", where, op.OperationID, op.Summary, seen[op.OperationID])
			}
			seen[op.OperationID] = where
		}
	}
	if len(seen) < 15 {
		t.Errorf("only %d operations are described", len(seen))
	}
}
