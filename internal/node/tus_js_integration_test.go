//go:build integration

package node_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/ledger"
)

// tusJS is the version of tus-js-client, the protocol's own client, that uploads here.
const tusJS = "tus-js-client@4.3.1"

// TestLiveTusJSClient uploads with tus-js-client: in pieces, broken off and resumed; with
// the creation in one request; canceled; refused.
func TestLiveTusJSClient(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"node", "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is missing", name)
		}
	}
	install := exec.CommandContext(t.Context(), "npm", "install", "--prefix", folder, "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", tusJS)
	if out, err := install.CombinedOutput(); err != nil {
		t.Skipf("%s can't be fetched: %v: %s", tusJS, err, out)
	}
	w := serve(t, func(l *node.Limits) { l.Upload = 64 << 20 })
	all := data(12<<20 + 3)
	plan := map[string]any{
		"endpoint": w.url + tusPath, "file": filepath.Join(folder, "content.bin"), "size": len(all), "piece": 5 << 20, "tooLarge": 64<<20 + 1, "tokens": []string{},
	}
	w.ok(os.WriteFile(filepath.Join(folder, "content.bin"), all, 0o600))
	for range 60 {
		plan["tokens"] = append(plan["tokens"].([]string), w.token("operator"))
	}
	b, err := json.Marshal(plan)
	w.ok(err)
	w.ok(os.WriteFile(filepath.Join(folder, "plan.json"), b, 0o600))
	run := exec.CommandContext(t.Context(), "node", "testdata/tus_client.mjs", folder)
	var errs strings.Builder
	run.Stderr = &errs
	printed, err := run.Output()
	if err != nil {
		t.Fatalf("%v: %s%s", err, printed, errs.String())
	}
	var out struct {
		Stopped, Resumed, AtOnce, Canceled, Refused string
		Requests, AtOnceRequests                    []string
	}
	w.ok(json.Unmarshal(printed, &out))
	if out.Stopped != out.Resumed {
		t.Errorf("resumed %s, and not %s", out.Resumed, out.Stopped)
	}
	want := []string{"POST ", "PATCH 0", "HEAD ", "PATCH 5242880", "PATCH 10485760"}
	if diff := cmp.Diff(want, out.Requests); diff != "" {
		t.Errorf("requests of a resumed upload (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"POST "}, out.AtOnceRequests); diff != "" {
		t.Errorf("requests of an upload at once (-want +got):\n%s", diff)
	}
	for _, url := range []string{out.Resumed, out.AtOnce} {
		p := w.tusPending("operator", strings.TrimPrefix(url, w.url))
		if p.Done == nil || p.Done.SHA256 != ledger.DigestOf(all) {
			t.Errorf("%s became %+v", url, p)
		}
	}
	if resp := w.ask(http.MethodGet, "operator", strings.TrimPrefix(out.Canceled, w.url)); resp.StatusCode != http.StatusNotFound {
		t.Errorf("the canceled upload: %d", resp.StatusCode)
	}
	var p problem
	if err := json.Unmarshal([]byte(out.Refused), &p); err != nil || p.Reason != string(ledger.ReasonTooLarge) {
		t.Errorf("the refused upload: %s", out.Refused)
	}
}
