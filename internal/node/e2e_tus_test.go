package node_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace"
)

const tusPath = "/v1/uploads/tus"

// tus sends a request of the protocol with a fresh token; headers are pairs.
func (w *world) tus(method, who, path string, body io.Reader, headers ...string) *http.Response {
	w.t.Helper()
	headers = append([]string{"Tus-Resumable", "1.0.0"}, headers...)
	if who != "" {
		headers = append(headers, "Authorization", "Bearer "+w.token(who))
	}
	resp, err := w.send(method, path, body, headers...)
	w.ok(err)
	w.t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

// tusBegin begins an upload and returns its path.
func (w *world) tusBegin(who string, length int) string {
	w.t.Helper()
	resp := w.tus(http.MethodPost, who, tusPath, nil, "Upload-Length", strconv.Itoa(length))
	path := resp.Header.Get("Location")
	if resp.StatusCode != http.StatusCreated || !strings.HasPrefix(path, tusPath+"/") || resp.Header.Get("Upload-Expires") == "" {
		w.t.Fatalf("an upload begins: %d %v", resp.StatusCode, resp.Header)
	}
	return path
}

// tusPatch sends the bytes from an offset on.
func (w *world) tusPatch(who, path string, offset int, body io.Reader) *http.Response {
	w.t.Helper()
	return w.tus(http.MethodPatch, who, path, body, "Upload-Offset", strconv.Itoa(offset), "Content-Type", "application/offset+octet-stream")
}

// tusOffset asks how much has arrived.
func (w *world) tusOffset(who, path string) int {
	w.t.Helper()
	resp := w.tus(http.MethodHead, who, path, nil)
	n, err := strconv.Atoi(resp.Header.Get("Upload-Offset"))
	if w.ok(err); resp.StatusCode != http.StatusOK || resp.Header.Get("Cache-Control") != "no-store" {
		w.t.Errorf("offset: %d %v", resp.StatusCode, resp.Header)
	}
	return n
}

func (w *world) tusPending(who, path string) (p wire.Pending) {
	w.t.Helper()
	resp := w.ask(http.MethodGet, who, path)
	w.ok(json.NewDecoder(resp.Body).Decode(&p))
	return p
}

// arrives checks an answer of PATCH.
func (w *world) arrives(resp *http.Response, offset int) {
	w.t.Helper()
	if resp.StatusCode != http.StatusNoContent || resp.Header.Get("Upload-Offset") != strconv.Itoa(offset) {
		b, _ := io.ReadAll(resp.Body)
		w.t.Fatalf("%d, offset %q, want %d: %s", resp.StatusCode, resp.Header.Get("Upload-Offset"), offset, b)
	}
}

// TestAnUploadResumes: over a cut connection and a restart of the node, with a token for
// each request; what it becomes is delivered.
func TestAnUploadResumes(t *testing.T) {
	w := lay(t, limits(nil))
	stop := w.run()
	defer func() { stop() }()
	w.admit()
	w.register("bus", "holder")
	all := data(5<<20 + 17)
	path := w.tusBegin("operator", len(all))
	w.arrives(w.tusPatch("operator", path, 0, bytes.NewReader(all[:1<<20])), 1<<20)

	cut := make(chan struct{}) // the connection breaks two MiB later
	files := len(w.files())
	done := make(chan error, 1)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, w.url+path, &half{bytes.NewReader(all[1<<20 : 3<<20]), cut})
	w.ok(err)
	for k, v := range map[string]string{
		"Tus-Resumable": "1.0.0", "Upload-Offset": strconv.Itoa(1 << 20), "Content-Type": "application/offset+octet-stream", "Authorization": "Bearer " + w.token("operator"),
	} {
		req.Header.Set(k, v)
	}
	req.ContentLength = int64(len(all)) - 1<<20
	go func() {
		resp, err := w.http.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		done <- err
	}()
	until(t, "the piece is under way", func() bool { return len(w.files()) > files })
	close(cut)
	<-done
	var at int
	until(t, "what came before the cut is stored", func() bool { at = w.tusOffset("operator", path); return at > 1<<20 })
	if at > 3<<20 {
		t.Fatalf("%d bytes arrived, and %d were sent", at, 3<<20)
	}

	stop()
	stop = w.run()
	for name := range w.party {
		w.speak(name, w.party[name].Profile().Party)
	}
	if n := w.tusOffset("operator", path); n != at {
		t.Errorf("%d bytes are there after a restart, want %d", n, at)
	}
	w.arrives(w.tusPatch("operator", path, at, bytes.NewReader(all[at:])), len(all))
	p := w.tusPending("operator", path)
	if p.Done == nil || p.Done.SHA256 != ledger.DigestOf(all) || p.Done.Bytes != int64(len(all)) || p.Arrived != p.Bytes {
		t.Fatalf("when it is whole: %+v %+v", p, p.Done)
	}
	if again := w.tusPending("operator", path); again.Done.Receipt != p.Done.Receipt || w.ingests() != 1 {
		t.Errorf("asked again: %+v, %d receipts", again.Done, w.ingests())
	}
	w.sale("sale", "bus", *p.Done, ledger.Quota{})
	resp := w.ask(http.MethodGet, "buyer", orderPath("sale", p.Done.Object), "Range", "bytes=1048570-4194310")
	got, err := io.ReadAll(resp.Body)
	if w.ok(err); !bytes.Equal(got, all[1048570:4194311]) {
		t.Errorf("delivered %d bytes", len(got))
	}
	w.refused(w.ask(http.MethodGet, "operator", path), http.StatusNotFound, ledger.ReasonUnknown) // it has a record now
	if n := w.Market().Unnamed(id("operator")); n != 0 {
		t.Errorf("%d bytes are counted though content names them", n)
	}
}

// TestWhatTusRefuses: each with the status of the protocol and the reason of ours, and
// nothing of it is stored.
func TestWhatTusRefuses(t *testing.T) {
	w := serve(t, func(l *node.Limits) { l.Upload, l.Unnamed = 1<<20, 3<<19 })
	path := w.tusBegin("operator", 1<<20)
	w.arrives(w.tusPatch("operator", path, 0, bytes.NewReader(data(1000))), 1000)
	files := len(w.files())
	begin := func(who string, length string) *http.Response {
		return w.tus(http.MethodPost, who, tusPath, nil, "Upload-Length", length)
	}
	if p := w.refused(begin("buyer", "10"), http.StatusForbidden, ledger.ReasonRole); p.Title == "" {
		t.Error("a buyer gets no sentence")
	}
	w.refused(begin("environment", "10"), http.StatusForbidden, ledger.ReasonKeyUse)
	w.refused(begin("", "10"), http.StatusUnauthorized, ledger.ReasonAuthorization)
	w.refused(begin("operator", "1048577"), http.StatusRequestEntityTooLarge, ledger.ReasonTooLarge)
	w.refused(begin("operator", "524289"), http.StatusForbidden, ledger.ReasonUnnamed) // with the one that began
	w.refused(begin("operator", "-1"), http.StatusBadRequest, ledger.ReasonField)
	w.refused(w.tus(http.MethodPost, "operator", tusPath, nil, "Upload-Defer-Length", "1"), http.StatusNotImplemented, ledger.ReasonField)
	resp, err := w.send(http.MethodPost, tusPath, nil, "Upload-Length", "10", "Authorization", "Bearer "+w.token("operator"))
	w.ok(err)
	w.refused(resp, http.StatusPreconditionFailed, ledger.ReasonField)
	w.refused(w.tusPatch("operator", path, 999, strings.NewReader("x")), http.StatusConflict, ledger.ReasonState)
	w.refused(w.tusPatch("operator", path, 1000, bytes.NewReader(data(1<<20))), http.StatusRequestEntityTooLarge, ledger.ReasonTooLarge)
	w.refused(w.tus(http.MethodPatch, "operator", path, strings.NewReader("x"), "Upload-Offset", "1000"), http.StatusBadRequest, ledger.ReasonField)
	for _, who := range []string{"seller", "holder", "buyer"} { // another's upload
		w.refused(w.tusPatch(who, path, 1000, strings.NewReader("x")), http.StatusNotFound, ledger.ReasonUnknown)
		w.refused(w.tus(http.MethodDelete, who, path, nil), http.StatusNotFound, ledger.ReasonUnknown)
		w.refused(w.ask(http.MethodGet, who, path), http.StatusNotFound, ledger.ReasonUnknown)
		if resp := w.tus(http.MethodHead, who, path, nil); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s sees another's upload: %d", who, resp.StatusCode)
		}
	}
	resp = w.tus(http.MethodPost, "operator", tusPath, bytes.NewReader(data(100)), "Upload-Length", "10", "Content-Type", "application/offset+octet-stream")
	w.refused(resp, http.StatusRequestEntityTooLarge, ledger.ReasonTooLarge) // and its sender does not learn where it began
	token := "Bearer " + w.token("operator")
	send := func() *http.Response {
		resp, err := w.send(http.MethodPost, tusPath, nil, "Tus-Resumable", "1.0.0", "Upload-Length", "10", "Authorization", token)
		w.ok(err)
		return resp
	}
	if resp := send(); resp.StatusCode != http.StatusCreated {
		t.Errorf("with a new token: %d", resp.StatusCode)
	}
	w.refused(send(), http.StatusUnauthorized, ledger.ReasonTokenUsed)
	other := w.tusBegin("operator", 10)
	resp, err = w.send(http.MethodDelete, other, nil, "Tus-Resumable", "1.0.0", "Authorization", token)
	w.ok(err)
	w.refused(resp, http.StatusUnauthorized, ledger.ReasonTokenUsed)
	token = "Bearer " + w.token("operator")
	resp, err = w.send(http.MethodDelete, other, nil, "Tus-Resumable", "1.0.0", "Authorization", token)
	if w.ok(err); resp.StatusCode != http.StatusNoContent {
		t.Errorf("canceled with a new token: %d", resp.StatusCode)
	}
	w.refused(send(), http.StatusUnauthorized, ledger.ReasonTokenUsed) // canceling used it up
	if n := w.tusOffset("operator", path); n != 1000 || len(w.files()) != files+1 {
		t.Errorf("%d bytes arrived, %d files; want 1000 and %d", n, len(w.files()), files+1)
	}
	if resp, err = w.send(http.MethodOptions, tusPath, nil); err != nil || resp.Header.Get("Tus-Extension") != "creation,creation-with-upload,termination,expiration" ||
		resp.Header.Get("Tus-Version") != "1.0.0" || resp.Header.Get("Tus-Max-Size") != "1048576" {
		t.Errorf("what is offered: %v, %v", resp.Header, err)
	}
}

// TestUploadsBegunAreBounded: of each party; a canceled or swept one is free again, with
// its bytes.
func TestUploadsBegunAreBounded(t *testing.T) {
	w := serve(t, nil)
	var paths []string
	for range 64 {
		paths = append(paths, w.tusBegin("operator", 1000))
	}
	resp := w.tus(http.MethodPost, "operator", tusPath, nil, "Upload-Length", "1000")
	if p := w.refused(resp, http.StatusServiceUnavailable, ledger.ReasonBusy); p.Rule != "begun_uploads" {
		t.Errorf("one too many: %+v", p)
	}
	w.tusBegin("holder", 1000)
	w.arrives(w.tusPatch("operator", paths[0], 0, bytes.NewReader(data(500))), 500)
	if resp := w.tus(http.MethodDelete, "operator", paths[0], nil); resp.StatusCode != http.StatusNoContent {
		t.Errorf("canceled: %d", resp.StatusCode)
	}
	w.refused(w.tusPatch("operator", paths[0], 500, bytes.NewReader(data(500))), http.StatusNotFound, ledger.ReasonUnknown)
	if n := w.Market().Unnamed(id("operator")); n != 63*marketplace.MinCounted {
		t.Errorf("%d bytes are counted, want those of 63 uploads", n)
	}
	w.tusBegin("operator", 0) // it is whole at once
	w.tusBegin("operator", 1000)
	swept, err := w.Sweep(t.Context(), time.Hour)
	if w.ok(err); swept != 0 {
		t.Errorf("%d fresh uploads are swept", swept)
	}
	swept, err = w.Sweep(t.Context(), 0)
	if w.ok(err); swept != 66 {
		t.Errorf("%d uploads are swept, want 66", swept)
	}
	if n := w.Market().Unnamed(id("operator")) + w.Market().Unnamed(id("holder")); n != 0 || len(w.files()) != 0 {
		t.Errorf("%d bytes are counted and %d files left", n, len(w.files()))
	}
}

// TestAWholeUploadMayBeCanceled: until a content record names it.
func TestAWholeUploadMayBeCanceled(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	for _, named := range []bool{false, true} {
		path := w.tusBegin("holder", 100)
		w.arrives(w.tusPatch("holder", path, 0, bytes.NewReader(data(100))), 100)
		p := w.tusPending("holder", path)
		want := http.StatusNoContent
		if named {
			w.content("raw", "holder", ref(ledger.KindResource, "resource bus"), *p.Done)
			want = http.StatusNotFound
		}
		if resp := w.tus(http.MethodDelete, "holder", path, nil); resp.StatusCode != want {
			t.Errorf("canceled, named %v: %d", named, resp.StatusCode)
		}
	}
	if diff := cmp.Diff(1, len(w.files())/3); diff != "" { // list, key and one part
		t.Errorf("objects left (-want +got):\n%s", diff)
	}
}

// TestAnUploadOverAKilledNode: what was durable when the node was killed in the middle of
// a request is there, and the rest is sent again.
func TestAnUploadOverAKilledNode(t *testing.T) {
	const piece = 64 << 20
	w := lay(t, limits(nil))
	kill := w.spawn()
	w.admit()
	all := data(piece + 9<<20)
	path := w.tusBegin("operator", len(all))
	cut := make(chan struct{})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, w.url+path, &half{bytes.NewReader(all[:piece+4<<20]), cut})
	w.ok(err)
	for k, v := range map[string]string{
		"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream", "Authorization": "Bearer " + w.token("operator"),
	} {
		req.Header.Set(k, v)
	}
	req.ContentLength = int64(len(all))
	done := make(chan error, 1)
	go func() {
		resp, err := w.http.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		done <- err
	}()
	until(t, "a piece is durable", func() bool { return w.tusPending("operator", path).Arrived == piece })
	until(t, "the next one is under way", func() bool { return len(w.files()) == 3 }) // key, part, and half a part
	kill()
	close(cut)
	if err := <-done; err == nil {
		t.Error("a request whose node was killed was answered")
	}
	w.url = ""
	w.open()
	w.speak("operator", id("operator"))
	if at := w.tusOffset("operator", path); at != piece {
		t.Fatalf("%d bytes are there, want %d", at, piece)
	}
	w.arrives(w.tusPatch("operator", path, piece, bytes.NewReader(all[piece:])), len(all))
	p := w.tusPending("operator", path)
	if p.Done == nil || p.Done.SHA256 != ledger.DigestOf(all) {
		t.Errorf("it became %+v", p)
	}
	if n := len(w.files()); n != 4 { // list, key and two parts
		t.Errorf("%d files, want 4", n)
	}
}
