//go:build integration

package node_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

// TestS3UploadResumes over a restart of the node and of the store, and what it becomes is
// delivered; a canceled one leaves nothing in the bucket.
func TestS3UploadResumes(t *testing.T) {
	w, b := layS3(t)
	stop := w.run()
	defer func() { stop() }()
	w.admit()
	w.register("bus", "holder")
	all := data(40<<20 + 5)
	path := w.tusBegin("operator", len(all))
	w.arrives(w.tusPatch("operator", path, 0, bytes.NewReader(all[:20<<20])), 20<<20)
	stop()
	b.Kill()
	b.Run(t)
	stop = w.run()
	for name := range w.party {
		w.speak(name, w.party[name].Profile().Party)
	}
	if at := w.tusOffset("operator", path); at != 20<<20 {
		t.Fatalf("%d bytes are there", at)
	}
	w.arrives(w.tusPatch("operator", path, 20<<20, bytes.NewReader(all[20<<20:])), len(all))
	p := w.tusPending("operator", path)
	if p.Done == nil || p.Done.SHA256 != ledger.DigestOf(all) {
		t.Fatalf("it became %+v", p)
	}
	w.sale("sale", "bus", *p.Done, ledger.Quota{})
	resp := w.ask(http.MethodGet, "buyer", orderPath("sale", p.Done.Object))
	if got, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(got, all) {
		t.Errorf("delivered %d bytes, %v", len(got), err)
	}
	other := w.tusBegin("operator", 1000)
	w.arrives(w.tusPatch("operator", other, 0, bytes.NewReader(all[:500])), 500)
	if resp := w.tus(http.MethodDelete, "operator", other, nil); resp.StatusCode != http.StatusNoContent {
		t.Errorf("canceled: %d", resp.StatusCode)
	}
	for key := range b.kept() {
		if strings.Contains(key, other[len(tusPath)+1:]) || strings.Contains(key, "/tmp/") {
			t.Errorf("left in the bucket: %s", key)
		}
	}
}
