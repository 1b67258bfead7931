package node_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/seal"
	"github.com/datacadastre/cadastre/ledger"
)

func (w *world) masterKey() string {
	w.t.Helper()
	k, err := seal.Load(filepath.Join(w.dir, "keys", "master"))
	w.ok(err)
	return k.ID()
}

func (w *world) rotate(ctx context.Context) (node.Rotated, error) {
	w.t.Helper()
	return node.RotateMasterKey(ctx, node.Options{Dir: w.dir, Now: time.Now})
}

// again speaks to a node that was started again.
func (w *world) again() {
	w.t.Helper()
	for name := range w.party {
		party := id(name)
		if name == "environment" {
			party = id("operator")
		}
		w.speak(name, party)
	}
}

// fetches holds that the buyer of a sale is given the file.
func (w *world) fetches(sale, object string, file []byte) {
	w.t.Helper()
	resp := w.ask(http.MethodGet, "buyer", orderPath(sale, object))
	if got, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK || !bytes.Equal(got, file) {
		w.t.Errorf("fetched %d bytes, %d, %v", len(got), resp.StatusCode, err)
	}
}

func TestMasterKeyIsReplaced(t *testing.T) {
	w := lay(t, limits(nil))
	stop := w.run()
	w.admit()
	w.register("bus", "holder")
	file := data(200_000)
	up := w.upload("operator", file)
	w.sale("sale", "bus", up, ledger.Quota{})
	if _, err := w.rotate(t.Context()); err == nil || !strings.Contains(err.Error(), "stop it first") {
		t.Errorf("rotated under a running node: %v", err)
	}
	stop()
	before := w.masterKey()
	w.interrupt()
	done, err := w.rotate(t.Context())
	w.ok(err)
	if done.From != before || done.To != w.masterKey() || done.To == before || len(done.Damaged) != 0 {
		t.Errorf("rotated %+v, the key was %s and is %s", done, before, w.masterKey())
	}
	if left, err := filepath.Glob(filepath.Join(w.dir, "keys", "master.*")); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	for _, f := range w.files() {
		if strings.Contains(f, ".key.") && !strings.HasSuffix(f, ".key."+done.To) {
			t.Errorf("%s is still there", f)
		}
	}
	w.open()
	w.again()
	w.fetches("sale", up.Object, file)
	up = w.upload("operator", file[:1000])
	w.sale("later", "bus", up, ledger.Quota{})
	w.fetches("later", up.Object, file[:1000])
}

// interrupt begins the rotation and stops it, at its first step and at its last
// but one; the node starts at neither, and says why.
func (w *world) interrupt() {
	w.t.Helper()
	ended, cancel := context.WithCancel(w.t.Context())
	cancel()
	if _, err := w.rotate(ended); !errors.Is(err, context.Canceled) {
		w.t.Errorf("rotated after the end of the context: %v", err)
	}
	w.refusesToStart()
	last := filepath.Join(w.dir, "keys", "receipt-log")
	w.ok(os.Rename(last, last+".away"))
	if _, err := w.rotate(w.t.Context()); err == nil || !strings.Contains(err.Error(), "receipt-log") {
		w.t.Errorf("rotated without a key of the node: %v", err)
	}
	w.ok(os.Rename(last+".away", last))
	w.refusesToStart()
}

func (w *world) refusesToStart() {
	w.t.Helper()
	n, err := node.Open(w.t.Context(), node.Options{Dir: w.dir, Now: time.Now})
	if err == nil {
		w.ok(n.Close(w.t.Context()))
	}
	if err == nil || !strings.Contains(err.Error(), "cadastre rotate-master-key --dir "+w.dir) {
		w.t.Errorf("started in the middle of a rotation: %v", err)
	}
}

// TestMasterKeyDraft: a key that was not yet whole has sealed nothing.
func TestMasterKeyDraft(t *testing.T) {
	w := lay(t, limits(nil))
	w.ok(os.WriteFile(filepath.Join(w.dir, "keys", "master.new"), []byte("cadastre-mas"), 0o600))
	if _, err := w.rotate(t.Context()); err != nil {
		t.Error(err)
	}
	w.open()
}

func TestContentStoreSettings(t *testing.T) {
	const s3 = `"kind": "s3", "endpoint": "https://s3.example", "bucket": "cadastre"`
	for _, c := range []struct{ name, text, want string }{
		{"disk", `{"kind": "disk"}`, ""},
		{"s3", `{` + s3 + `, "region": "r", "prefix": "node1/", "credentials_file": "s3.json", "ca_file": "ca.pem", "path_style": true}`, ""},
		{"s3 of the environment", `{` + s3 + `}`, ""},
		{"no kind", `{"bucket": "cadastre"}`, "objects.kind"},
		{"another kind", `{"kind": "tape"}`, "objects.kind"},
		{"disk in a bucket", `{"kind": "disk", "bucket": "cadastre"}`, "objects.kind"},
		{"unknown member", `{` + s3 + `, "acl": "public"}`, "acl"},
		{"secret in clear", `{` + s3 + `, "secret_key": "x"}`, "secret_key"},
		{"no bucket", `{"kind": "s3", "endpoint": "https://s3.example"}`, "objects.bucket"},
		{"plain HTTP", `{"kind": "s3", "endpoint": "http://s3.example", "bucket": "cadastre"}`, "objects.endpoint"},
	} {
		file := filepath.Join(t.TempDir(), "objects.json")
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := node.ReadContentStore(file)
		if c.want == "" && (err != nil || got == nil) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %+v, %v; want %q", c.name, got, err, c.want)
		}
	}
}
