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

// levelEntries is the level that represents entry bundles.
const levelEntries = -1

// Handler serves the log as C2SP tlog-tiles: checkpoint, tile/L/N, tile/entries/N
// (each also with .p/W), and the public key as vkey. It serves nothing else, and
// nothing beyond the published checkpoint. It serves entry bundles only to requests
// for which entries returns true, and to nobody if entries is nil.
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

// serveTile serves a tile of the tree of the published checkpoint.
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
		return // the client has disconnected
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

// bundle returns entries, each preceded by its length in two bytes, big-endian.
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

// parseTilePath parses tile/L/N[.p/W] or tile/entries/N[.p/W], and accepts only the
// form that the standard allows. The level of entries is -1.
func parseTilePath(path string) (tlog.Tile, bool) {
	rest, ok := strings.CutPrefix(path, "tile/")
	if !ok || strings.HasPrefix(rest, "data/") {
		return tlog.Tile{}, false
	}
	if n, ok := strings.CutPrefix(rest, "entries/"); ok {
		rest = "data/" + n
	}
	// The Go checksum database uses the same paths with the height in front.
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
	// An error means that the client has disconnected. net/http drops the body for
	// HEAD.
	_, _ = w.Write(data)
}
