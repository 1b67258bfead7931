package tlog_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
	ref "golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/internal/tlog"
)

func anyone(*http.Request) bool { return true }

func get(h http.Handler, method, path string) *httptest.ResponseRecorder {
	r := &http.Request{Method: method, URL: &url.URL{Path: "/" + path}, Header: http.Header{}, Host: "localhost"}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// servable lists every tile path that a log with 300 published entries has.
func servable() map[string]bool {
	paths := map[string]bool{"tile/0/000": true, "tile/entries/000": true, "tile/1/000.p/1": true}
	for w := 1; w <= 255; w++ {
		paths[fmt.Sprintf("tile/0/000.p/%d", w)] = true
		paths[fmt.Sprintf("tile/entries/000.p/%d", w)] = true
	}
	for w := 1; w <= 44; w++ {
		paths[fmt.Sprintf("tile/0/001.p/%d", w)] = true
		paths[fmt.Sprintf("tile/entries/001.p/%d", w)] = true
	}
	return paths
}

// published makes a log with 300 published and 700 committed entries.
func published(t testing.TB) *fixture {
	t.Helper()
	f := newFixture(t)
	f.add(t, 300)
	f.publish(t)
	f.add(t, 400)
	return f
}

func TestHandlerServesThePublished(t *testing.T) {
	f := published(t)
	h := f.Handler(anyone)
	for path := range servable() {
		w := get(h, "GET", path)
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d", path, w.Code)
			continue
		}
		tile, ok := tlog.ParseTilePath(path)
		if !ok {
			t.Fatalf("%s is not parsed", path)
		}
		if diff := cmp.Diff(f.wantTile(t, tile), w.Body.Bytes()); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	for _, path := range []string{
		"", "index.html", "tile", "tile/", "tile/0", "tile/0/", "tile/entries/", "checkpoint/", "Checkpoint",
		"tile/0/001", "tile/0/001.p/45", "tile/0/002", "tile/0/002.p/1", "tile/1/000", "tile/1/000.p/2", "tile/2/000.p/1",
		"tile/entries/001", "tile/entries/001.p/45", "tile/entries/002.p/1",
		"tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/", "tile/00/000", "tile/0/0", "tile/0/0000",
		"tile/0/x000/000", "tile/-1/000", "tile/data/000", "tile/8/0/000", "tile/64/000", "tile/0/../0/000", "/tile/0/000",
		"tile/2305843009213693952/000", "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
	} {
		if w := get(h, "GET", path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, w.Code)
		}
	}
}

// wantTile makes the bytes of a tile from the reference.
func (f *fixture) wantTile(t testing.TB, tile ref.Tile) []byte {
	t.Helper()
	if tile.L >= 0 {
		data, err := ref.ReadTileData(tile, f.refReader())
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var b bytes.Buffer
	for i := range int64(tile.W) {
		data := content(tile.N*256 + i)
		if err := binary.Write(&b, binary.BigEndian, uint16(len(data))); err != nil {
			t.Fatal(err)
		}
		b.Write(data)
	}
	return b.Bytes()
}

func TestHandlerHeaders(t *testing.T) {
	f := published(t)
	srv := httptest.NewServer(f.Handler(anyone))
	defer srv.Close()
	type answer struct {
		Status             int
		Type, Cache, Allow string
		Length             int64
	}
	const forever = ", max-age=31536000, immutable"
	note := int64(len(f.Published().Note))
	for request, want := range map[string]answer{
		"GET /checkpoint":         {200, "text/plain; charset=utf-8", "no-cache", "", note},
		"HEAD /checkpoint":        {200, "text/plain; charset=utf-8", "no-cache", "", note},
		"GET /vkey":               {200, "text/plain; charset=utf-8", "no-cache", "", int64(len(f.key.VKey())) + 1},
		"GET /tile/0/000":         {200, "application/octet-stream", "public" + forever, "", 8192},
		"HEAD /tile/0/001.p/44":   {200, "application/octet-stream", "public" + forever, "", 44 * 32},
		"GET /tile/entries/000":   {200, "application/octet-stream", "private" + forever, "", int64(len(f.wantTile(t, ref.Tile{H: 8, L: -1, N: 0, W: 256})))},
		"GET /tile/0/001":         {404, "text/plain; charset=utf-8", "no-cache", "", 19},
		"POST /checkpoint":        {405, "text/plain; charset=utf-8", "no-cache", "GET, HEAD", 18},
		"DELETE /tile/0/001.p/44": {405, "text/plain; charset=utf-8", "no-cache", "GET, HEAD", 18},
	} {
		var method, path string
		if _, err := fmt.Sscan(request, &method, &path); err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := srv.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		got := answer{res.StatusCode, res.Header.Get("Content-Type"), res.Header.Get("Cache-Control"), res.Header.Get("Allow"), res.ContentLength}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", request, diff)
		}
	}
}

func TestHandlerEntriesAreForMembers(t *testing.T) {
	f := published(t)
	member := f.Handler(func(r *http.Request) bool { return r.Header.Get("Authorization") == "yes" })
	for name, h := range map[string]http.Handler{"stranger": member, "nobody": f.Handler(nil)} {
		// Also past the checkpoint: a stranger learns nothing from the difference.
		for _, path := range []string{"tile/entries/000", "tile/entries/001.p/44", "tile/entries/999"} {
			if w := get(h, "GET", path); w.Code != http.StatusForbidden {
				t.Errorf("%s: %s: %d, want 403", name, path, w.Code)
			}
		}
		for _, path := range []string{"checkpoint", "tile/0/000", "tile/1/000.p/1"} {
			if w := get(h, "GET", path); w.Code != http.StatusOK {
				t.Errorf("%s: %s: %d, want 200", name, path, w.Code)
			}
		}
	}
	r := httptest.NewRequest("GET", "/tile/entries/000", nil)
	r.Header.Set("Authorization", "yes")
	w := httptest.NewRecorder()
	member.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Errorf("member: %d", w.Code)
	}
}

func TestHandlerMovesWithTheCheckpoint(t *testing.T) {
	f := published(t)
	h := f.Handler(nil)
	if w := get(h, "GET", "tile/0/001"); w.Code != http.StatusNotFound {
		t.Errorf("before: %d", w.Code)
	}
	cp := f.publish(t)
	if w := get(h, "GET", "tile/0/001"); w.Code != http.StatusOK {
		t.Errorf("after: %d", w.Code)
	}
	if w := get(h, "GET", "checkpoint"); w.Body.String() != string(cp.Note) {
		t.Errorf("checkpoint is %q", w.Body)
	}
}

func TestHandlerOfDamagedLog(t *testing.T) {
	f := published(t)
	f.exec(t, "DELETE FROM entry WHERE seq = 3")
	f.exec(t, "DELETE FROM tile WHERE level = 0 AND n = 0")
	for _, path := range []string{"tile/entries/000", "tile/0/000"} {
		w := get(f.Handler(anyone), "GET", path)
		if w.Code != http.StatusInternalServerError || w.Header().Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %d, cached %q", path, w.Code, w.Header().Get("Cache-Control"))
		}
	}
}

func TestParseTilePath(t *testing.T) {
	for path, want := range map[string]ref.Tile{
		"tile/0/x001/x234/067":          {H: 8, L: 0, N: 1234067, W: 256},
		"tile/63/000.p/255":             {H: 8, L: 63, N: 0, W: 255},
		"tile/entries/x001/234.p/8":     {H: 8, L: -1, N: 1234, W: 8},
		"tile/2/x123/x456/x789/012.p/1": {H: 8, L: 2, N: 123456789012, W: 1},
	} {
		got, ok := tlog.ParseTilePath(path)
		if !ok || got != want {
			t.Errorf("%s: %+v, %v", path, got, ok)
		}
	}
}

func FuzzHandlerPath(f *testing.F) {
	for _, path := range []string{"tile/0/000", "tile/0/001.p/44", "tile/entries/x001/000", "tile/data/000", "checkpoint"} {
		f.Add(path)
	}
	h := published(f).Handler(anyone)
	paths := servable()
	paths["checkpoint"], paths["vkey"] = true, true
	f.Fuzz(func(t *testing.T, path string) {
		want := http.StatusNotFound
		if paths[path] {
			want = http.StatusOK
		}
		if w := get(h, "GET", path); w.Code != want {
			t.Errorf("%q: %d, want %d", path, w.Code, want)
		}
	})
}
