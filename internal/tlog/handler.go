package tlog

import (
	"context"
	"encoding/binary"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// levelEntries stands for the bundles of entries where a level of tiles is
// expected.
const levelEntries = -1

// Handler serves the log as C2SP tlog-tiles has it, from the root of its paths:
// checkpoint, tile/L/N, tile/entries/N (each also with .p/W), and the public
// key as vkey. There is nothing else, no listing, and nothing that the
// published checkpoint does not imply. Bundles of entries are for those
// requests of which entries says so; without it, for nobody.
func (l *Log) Handler(entries func(*http.Request) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-cache")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
			return
		}
		switch path := strings.TrimPrefix(r.URL.Path, "/"); path {
		case "checkpoint":
			sendText(w, l.Published().Note)
		case "vkey":
			sendText(w, []byte(l.key.vkey+"\n"))
		default:
			t, ok := parseTilePath(path)
			if !ok {
				http.NotFound(w, r)
				return
			}
			may := t.L != levelEntries || entries != nil && entries(r)
			l.serveTile(w, r, t, may)
		}
	})
}

// serveTile answers with a tile that the published checkpoint implies.
func (l *Log) serveTile(w http.ResponseWriter, r *http.Request, t tlog.Tile, may bool) {
	if !may {
		http.Error(w, "entries of this log are not for everyone", http.StatusForbidden)
		return
	}
	if t.W > width(l.Published().Size, max(t.L, 0), t.N) {
		http.NotFound(w, r)
		return
	}
	read, cache := l.tileBytes, "public"
	if t.L == levelEntries {
		read, cache = l.bundle, "private"
	}
	data, err := read(r.Context(), t)
	if errors.Is(err, context.Canceled) {
		return // nobody listens
	}
	if err != nil {
		http.Error(w, "the log could not be read", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Cache-Control", cache+", max-age=31536000, immutable")
	send(w, "application/octet-stream", data)
}

func (l *Log) tileBytes(ctx context.Context, t tlog.Tile) ([]byte, error) {
	return readTile(ctx, l.r, t.L, t.N, t.W)
}

// bundle returns entries, each after its length in two bytes, most significant
// first.
func (l *Log) bundle(ctx context.Context, t tlog.Tile) ([]byte, error) {
	entries, err := l.readEntries(ctx, t.N<<height, t.W)
	if err != nil {
		return nil, err
	}
	var data []byte
	for i, e := range entries {
		if len(e.Data) > MaxEntry {
			return nil, l.damaged("entry %d is too long", t.N<<height+int64(i))
		}
		data = binary.BigEndian.AppendUint16(data, uint16(len(e.Data)))
		data = append(data, e.Data...)
	}
	return data, nil
}

// parseTilePath reads tile/L/N[.p/W] or tile/entries/N[.p/W], only in the one
// form the standard allows. Entries have the level -1.
func parseTilePath(path string) (tlog.Tile, bool) {
	rest, ok := strings.CutPrefix(path, "tile/")
	if !ok || strings.HasPrefix(rest, "data/") {
		return tlog.Tile{}, false
	}
	if n, ok := strings.CutPrefix(rest, "entries/"); ok {
		rest = "data/" + n
	}
	// The Go checksum database has the same paths with the height in them.
	t, err := tlog.ParseTilePath("tile/" + strconv.Itoa(height) + "/" + rest)
	if err != nil || t.L > 63 {
		return tlog.Tile{}, false
	}
	return t, true
}

func sendText(w http.ResponseWriter, data []byte) {
	send(w, "text/plain; charset=utf-8", data)
}

func send(w http.ResponseWriter, contentType string, data []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	// An error here is that of a reader who went away. net/http drops the
	// body of an answer to HEAD.
	_, _ = w.Write(data)
}
