package node_test

import (
	"bytes"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

func (w *world) upload(who string, data []byte) wire.Ingested {
	w.t.Helper()
	up, err := w.party[who].Upload(w.t.Context(), bytes.NewReader(data))
	w.ok(err)
	return up
}

// files are what lies in the node's folder of objects.
func (w *world) files() []string {
	w.t.Helper()
	var list []string
	w.ok(filepath.WalkDir(filepath.Join(w.dir, "objects"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, path)
		}
		if os.IsNotExist(err) {
			return nil // removed while we looked
		}
		return err
	}))
	return list
}

// stored is how many objects are kept: each is its content and its key.
func (w *world) stored() int { return len(w.files()) / 2 }

func (w *world) ingests() int {
	w.t.Helper()
	page, err := w.Receipts().Find(w.t.Context(), receipts.Filter{Kinds: []ledger.ReceiptKind{ledger.ReceiptIngest}}, 0, 500)
	w.ok(err)
	return len(page.Items)
}

// half gives some bytes, waits, and fails.
type half struct {
	data io.Reader
	cut  <-chan struct{}
}

func (h *half) Read(b []byte) (int, error) {
	if n, err := h.data.Read(b); err == nil {
		return n, nil
	}
	<-h.cut
	return 0, io.ErrUnexpectedEOF
}

func TestUploadsCutInTheMiddleLeaveNothing(t *testing.T) {
	w := serve(t, nil)
	kept := w.upload("operator", data(1000))
	before := w.files()
	for name, length := range map[string]int64{"of known length": 8 << 20, "of unknown length": -1} {
		cut := make(chan struct{})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/v1/uploads", &half{bytes.NewReader(data(2 << 20)), cut})
		w.ok(err)
		req.ContentLength = length
		req.Header.Set("Authorization", "Bearer "+w.token("operator"))
		done := make(chan error, 1)
		go func() {
			resp, err := w.http.Do(req)
			if err == nil {
				_ = resp.Body.Close()
			}
			done <- err
		}()
		until(t, "the upload is under way", func() bool { return len(w.files()) > len(before) })
		close(cut)
		if err := <-done; err == nil {
			t.Errorf("an upload %s that was cut was answered", name)
		}
		until(t, "what was uploaded "+name+" is gone", func() bool { return len(w.files()) == len(before) })
	}
	if n := w.ingests(); n != 1 {
		t.Errorf("%d ingest receipts, want 1", n)
	}
	if _, err := os.Stat(filepath.Join(w.dir, "objects", kept.Object[:2], kept.Object[2:4], kept.Object)); err != nil {
		t.Error(err)
	}
}

func TestOversizedUploadsAreRefused(t *testing.T) {
	w := serve(t, func(l *node.Limits) { l.Upload = 1 << 20 })
	w.upload("operator", data(1<<20)) // just as much as is allowed
	for name, body := range map[string]io.Reader{
		"of known length":   bytes.NewReader(data(1<<20 + 1)),
		"of unknown length": io.MultiReader(bytes.NewReader(data(1<<20)), bytes.NewReader(data(1))),
	} {
		resp, err := w.send(http.MethodPost, "/v1/uploads", body, "Authorization", "Bearer "+w.token("operator"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if p := w.refused(resp, http.StatusRequestEntityTooLarge, ledger.ReasonTooLarge); p.Field != "body" || p.Rule != "upload_bytes" || !strings.Contains(p.Title, "1048576") {
			t.Errorf("%s: the refusal names %q", name, p.Field)
		}
	}
	if n, m := w.stored(), w.ingests(); n != 1 || m != 1 {
		t.Errorf("%d objects and %d ingest receipts are kept, want 1", n, m)
	}
}

func TestUploadsThatNothingNamesAreSwept(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	kept := w.upload("holder", data(1000))
	w.content("raw", "holder", ref(ledger.KindResource, "resource bus"), kept)
	w.upload("operator", data(2000))
	if n, err := w.Sweep(t.Context(), time.Hour); n != 0 || err != nil {
		t.Errorf("fresh uploads: %d are swept, %v", n, err)
	}
	if n, err := w.Sweep(t.Context(), 0); n != 1 || err != nil {
		t.Errorf("%d uploads are swept, %v, want 1", n, err)
	}
	if n := w.stored(); n != 1 {
		t.Errorf("%d objects are left, want 1", n)
	}
	w.license("license", "operator", "bus")
	resp := w.ask(http.MethodGet, "environment", supplyPath("license", "bus", kept.Object))
	if b, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(b, data(1000)) {
		t.Errorf("what a record names came with %d bytes, %v", len(b), err)
	}
}

// TestMyUploads: a party lists its uploads that no content record names, page by page, and
// no one else's; it can cancel each, however it was sent.
func TestMyUploads(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	begun, whole := w.tusBegin("operator", 100), w.upload("operator", []byte("whole"))
	named := w.upload("operator", []byte("named"))
	w.sale("sale", "bus", named, ledger.Quota{})
	w.upload("holder", []byte("another's"))

	var list []wire.Pending
	for path := "/v1/uploads?limit=1"; path != ""; {
		var page struct {
			Items []wire.Pending
			Next  string
		}
		w.ok(w.party["operator"].Get(t.Context(), path, &page))
		list, path = append(list, page.Items...), ""
		if page.Next != "" {
			path = "/v1/uploads?limit=1&cursor=" + page.Next
		}
	}
	if len(list) != 2 {
		t.Fatalf("my uploads are %+v", list)
	}
	for _, p := range list {
		if p.Expires <= ledger.Millis(time.Now().UnixMilli()) || p.ID != whole.Object && tusPath+"/"+p.ID != begun || p.ID == whole.Object && *p.Done != whole {
			t.Errorf("the list has %+v %+v", p, p.Done)
		}
		w.ok(w.party["operator"].CancelUpload(t.Context(), p.ID))
	}
	if n := w.Market().Unnamed(id("operator")); n != 0 {
		t.Errorf("%d bytes are counted when all are canceled", n)
	}
	w.gets("buyer", orderPath("sale", named.Object), []byte("named"), named.Node)
	for _, resp := range []*http.Response{w.ask(http.MethodGet, "environment", "/v1/uploads"), w.ask(http.MethodPost, "environment", "/v1/uploads"), w.tus(http.MethodPost, "environment", tusPath, nil)} {
		if p := w.refused(resp, http.StatusForbidden, ledger.ReasonKeyUse); p.Rule != "environment_key" || !strings.Contains(p.Detail, "单位自己的密钥") {
			t.Errorf("an environment is told: %+v", p)
		}
	}
	w.refused(w.ask(http.MethodGet, "", "/v1/uploads"), http.StatusUnauthorized, ledger.ReasonAuthorization)
}
