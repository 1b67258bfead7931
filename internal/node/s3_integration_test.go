//go:build integration

package node_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/objects/miniotest"
)

// bucket is where a world keeps its content.
type bucket struct {
	*miniotest.Server
	t    testing.TB
	name string
	api  *minio.Client
}

// layS3 makes a node's folder, whose node.json names a fresh bucket of a fresh
// MinIO, as an operator would write it.
func layS3(t *testing.T) (*world, *bucket) {
	t.Helper()
	server := miniotest.Start(t)
	b := &bucket{server, t, server.Bucket(t), server.Client(t)}
	w := lay(t, limits(nil))
	w.ok(os.WriteFile(filepath.Join(w.dir, "keys", "s3.json"),
		fmt.Appendf(nil, `{"access_key": %q, "secret_key": %q}`, server.AccessKey, server.SecretKey), 0o600))
	w.configure(map[string]any{
		"kind": "s3", "endpoint": server.Endpoint, "bucket": b.name, "region": miniotest.Region, "prefix": "node1/", "credentials_file": "keys/s3.json",
	})
	return w, b
}

// configure replaces the member "objects" of node.json.
func (w *world) configure(store map[string]any) {
	w.t.Helper()
	file := filepath.Join(w.dir, "node.json")
	raw, err := os.ReadFile(file)
	w.ok(err)
	var settings map[string]any
	w.ok(json.Unmarshal(raw, &settings))
	settings["objects"] = store
	raw, err = json.Marshal(settings)
	w.ok(err)
	w.ok(os.WriteFile(file, raw, 0o600))
}

// kept is everything in the bucket, by key.
func (b *bucket) kept() map[string]minio.ObjectInfo {
	b.t.Helper()
	all := map[string]minio.ObjectInfo{}
	for o := range b.api.ListObjectsIter(b.t.Context(), b.name, minio.ListObjectsOptions{Recursive: true}) {
		if o.Err != nil {
			b.t.Fatal(o.Err)
		}
		all[o.Key] = o
	}
	return all
}

func (b *bucket) raw(key string) []byte {
	b.t.Helper()
	o, err := b.api.GetObject(b.t.Context(), b.name, key, minio.GetObjectOptions{})
	if err != nil {
		b.t.Fatal(err)
	}
	defer o.Close()
	data, err := io.ReadAll(o)
	if err != nil {
		b.t.Fatal(err)
	}
	return data
}

// TestS3HoldsNoClearText looks for what parties brought in all that the store holds.
func TestS3HoldsNoClearText(t *testing.T) {
	w, b := layS3(t)
	w.open()
	w.admit()
	w.register("bus", "holder")
	file := bytes.Repeat([]byte("车牌湘C12345,站点,2026-11-25T08:00:00+08:00\n"), 500_000) // more than a part
	up := w.upload("operator", file)
	w.sale("sale", "bus", up, ledger.Quota{})
	w.fetches("sale", up.Object, file)
	stored := 0
	for key := range b.kept() {
		raw := b.raw(key)
		stored += len(raw)
		for _, secret := range []string{"湘C12345", "2026-11-25T08", string(up.SHA256), "sale.csv", string(id("operator"))} {
			if bytes.Contains(raw, []byte(secret)) || strings.Contains(key, secret) {
				t.Errorf("%s holds %q", key, secret)
			}
		}
	}
	if stored < len(file) {
		t.Errorf("the bucket holds %d bytes: it shows nothing", stored)
	}
	if files := w.files(); len(files) != 0 {
		t.Errorf("content is in the folder too: %v", files)
	}
}

// TestS3KilledUnderANode kills the store in the middle of an upload and of a
// delivery: no half object, the receipt tells the bytes, both go on afterwards.
func TestS3KilledUnderANode(t *testing.T) {
	w, b := layS3(t)
	stop := w.run()
	w.admit()
	w.register("bus", "holder")
	file := data(64 << 20)
	up := w.upload("operator", file)
	w.sale("sale", "bus", up, ledger.Quota{})
	before := b.kept()

	// The delivery.
	path := orderPath("sale", up.Object)
	resp := w.ask(http.MethodGet, "buyer", path)
	got := make([]byte, 1<<20)
	_, err := io.ReadFull(resp.Body, got)
	w.ok(err)
	b.Kill()
	rest, err := io.ReadAll(resp.Body)
	if got = append(got, rest...); err == nil || !bytes.HasPrefix(file, got) || len(got) >= len(file) {
		t.Fatalf("delivered %d bytes from a killed store, %v", len(got), err)
	}
	end := w.ended(ledger.ID(resp.Header.Get("Cadastre-Receipt")))
	if end.Outcome != ledger.Partial || end.Bytes < int64(len(got)) || end.Bytes >= int64(len(file)) {
		t.Errorf("the end receipt says %s, %d bytes; %d came", end.Outcome, end.Bytes, len(got))
	}
	w.refused(w.ask(http.MethodGet, "buyer", path), http.StatusServiceUnavailable, ledger.ReasonInternal)
	if end := w.receiptsFor("sale", ledger.ReceiptEnd); len(end) != 2 || end[0].Bytes != 0 {
		t.Errorf("a delivery that got nothing: %v", end)
	}
	b.Run(t)
	resp = w.ask(http.MethodGet, "buyer", path, "Range", fmt.Sprintf("bytes=%d-", len(got)), "If-Range", `"`+string(up.SHA256)+`"`)
	rest, err = io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusPartialContent || !bytes.Equal(append(got, rest...), file) {
		t.Errorf("went on: %d, %d bytes, %v", resp.StatusCode, len(rest), err)
	}
	if end := w.ended(ledger.ID(resp.Header.Get("Cadastre-Receipt"))); end.Outcome != ledger.Complete || end.Bytes != int64(len(rest)) {
		t.Errorf("the end receipt of the rest says %s, %d bytes of %d", end.Outcome, end.Bytes, len(rest))
	}

	// The upload, in its third part.
	receipts := w.ingests()
	r := io.MultiReader(bytes.NewReader(file[:40<<20]), &once{do: b.Kill}, bytes.NewReader(file[40<<20:]))
	answer, err := w.send(http.MethodPost, "/v1/uploads", r, "Authorization", "Bearer "+w.token("operator"))
	if err == nil {
		_ = answer.Body.Close()
		if answer.StatusCode < http.StatusInternalServerError {
			t.Errorf("an upload into a killed store: %d", answer.StatusCode)
		}
	}
	if n := w.ingests(); n != receipts {
		t.Errorf("%d ingest receipts, want %d", n, receipts)
	}
	b.Run(t)
	stop()
	w.open() // sweeps
	w.again()
	after := b.kept()
	if len(after) != len(before) {
		t.Errorf("the bucket holds %d names, before the upload %d", len(after), len(before))
	}
	w.fetches("sale", up.Object, file)
	if again := w.upload("operator", file); again.SHA256 != up.SHA256 {
		t.Errorf("uploaded again as %s", again.SHA256)
	}
}

// once does something and ends.
type once struct{ do func() }

func (o *once) Read([]byte) (int, error) {
	o.do()
	return 0, io.EOF
}

// TestS3MasterKeyIsReplaced: key objects are written, content is not.
func TestS3MasterKeyIsReplaced(t *testing.T) {
	w, b := layS3(t)
	stop := w.run()
	w.admit()
	w.register("bus", "holder")
	file := data(20 << 20)
	up := w.upload("operator", file)
	w.sale("sale", "bus", up, ledger.Quota{})
	w.upload("operator", file[:1000])
	stop()
	before := b.kept()
	w.interrupt()
	done, err := w.rotate(t.Context())
	w.ok(err)
	after := b.kept()
	if len(after) != len(before) {
		t.Errorf("%d names, before %d", len(after), len(before))
	}
	for key, o := range after {
		switch was, ok := before[key]; {
		case ok && strings.Contains(key, ".key."):
			t.Errorf("the old key %s is still there", key)
		case ok && !was.LastModified.Equal(o.LastModified):
			t.Errorf("%s was written anew", key)
		case !ok && !strings.HasSuffix(key, ".key."+done.To):
			t.Errorf("%s came", key)
		}
	}
	w.open()
	w.again()
	w.fetches("sale", up.Object, file)
}

func TestS3RefusedByANode(t *testing.T) {
	w, b := layS3(t)
	credentials := filepath.Join(w.dir, "keys", "s3.json")
	good, err := os.ReadFile(credentials)
	w.ok(err)
	w.ok(os.WriteFile(credentials, bytes.Replace(good, []byte(b.SecretKey), []byte("another-secret"), 1), 0o600))
	w.wontOpen("objects.credentials_file: " + credentials + ": secret_key does not belong to the access_key")
	w.ok(os.WriteFile(credentials, good, 0o600))
	w.ok(os.Chmod(credentials, 0o644))
	w.wontOpen(credentials + " has mode 0644")
	w.ok(os.Chmod(credentials, 0o600))
	store := map[string]any{
		"kind": "s3", "endpoint": b.Endpoint, "bucket": b.name, "region": miniotest.Region, "prefix": "node1/", "credentials_file": credentials,
	}
	for setting, value := range map[string]string{
		"region": "eu-west-9", "bucket": "no-such-bucket", "endpoint": "http://127.0.0.1:1", "credentials_file": "",
	} {
		was := store[setting]
		store[setting] = value
		w.configure(store)
		w.wontOpen("objects." + setting + ": ")
		store[setting] = was
	}
	w.configure(store)
	w.run()() // starts, and marks the prefix
	other := lay(t, limits(nil))
	other.configure(store)
	other.wontOpen("objects.prefix: ")
}

func (w *world) wontOpen(why string) {
	w.t.Helper()
	n, err := node.Open(w.t.Context(), node.Options{Dir: w.dir, Now: time.Now})
	if err == nil {
		w.ok(n.Close(w.t.Context()))
	}
	if err == nil || !strings.Contains(err.Error(), why) {
		w.t.Errorf("started, or refused otherwise: %v; want %q", err, why)
	}
}
