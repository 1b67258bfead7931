package node_test

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/ledger"
)

var nullMember = regexp.MustCompile(`[:,\[]null`)

// TestListsAreNeverNull reads everything that can be read without an id, on a
// ledger with nothing on it and on one with a sale: a list is a list, as the
// description of the API says.
func TestListsAreNeverNull(t *testing.T) {
	w := serve(t, nil)
	w.readAll()
	w.register("bus", "holder")
	w.sale("sale", "bus", wire.Ingested{Object: "ab", SHA256: sum("x"), Bytes: 1, Receipt: sum("y"), Node: nodeOrigin}, ledger.Quota{})
	w.readAll()
}

func (w *world) readAll() {
	w.t.Helper()
	var doc struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	w.ok(json.Unmarshal(w.body(w.ask(http.MethodGet, "", "/openapi.json")), &doc))
	read := 0
	for path, methods := range doc.Paths {
		if methods["get"] == nil || strings.Contains(path, "{") {
			continue
		}
		for _, who := range []string{"regulator", "holder", "operator", "buyer", "body"} {
			resp := w.ask(http.MethodGet, who, path)
			if body := w.body(resp); nullMember.Match(body) {
				w.t.Errorf("%s as %s answers null: %s", path, who, body)
			} else if resp.StatusCode == http.StatusOK {
				read++
			}
		}
	}
	if read < 20 {
		w.t.Errorf("only %d lists were read", read)
	}
}

func (w *world) body(resp *http.Response) []byte {
	w.t.Helper()
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	w.ok(err)
	return b
}
