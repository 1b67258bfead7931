package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// addETags adds an ETag to the answers of reads, and answers 304 to a caller who already
// has the same answer. Content sets its own ETag, and a bundle is streamed.
func addETags(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || !strings.HasPrefix(r.URL.Path, "/v1/") ||
			strings.Contains(r.URL.Path, "/content/") || r.URL.Path == "/v1/evidence" {
			next.ServeHTTP(w, r)
			return
		}
		a := &bufferedAnswer{ResponseWriter: w, code: http.StatusOK}
		next.ServeHTTP(a, r)
		if a.code == http.StatusOK {
			sum := sha256.Sum256(a.body.Bytes())
			tag := etag(ledger.Digest(hex.EncodeToString(sum[:])))
			w.Header().Set("ETag", tag)
			if matches(r.Header.Values("If-None-Match"), tag) {
				w.Header().Del("Content-Type")
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
		w.WriteHeader(a.code)
		_, _ = a.body.WriteTo(w)
	})
}

// matches compares tags weakly, as RFC 9110 §13.1.2 says.
func matches(headers []string, tag string) bool {
	for _, h := range headers {
		for one := range strings.SplitSeq(h, ",") {
			one = strings.TrimSpace(one)
			if one == "*" || strings.TrimPrefix(one, "W/") == tag {
				return true
			}
		}
	}
	return false
}

// bufferedAnswer buffers an answer until it is complete.
type bufferedAnswer struct {
	http.ResponseWriter
	code int
	body bytes.Buffer
}

// WriteHeader records the status.
func (a *bufferedAnswer) WriteHeader(code int) { a.code = code }

// Write appends to the buffer.
func (a *bufferedAnswer) Write(b []byte) (int, error) { return a.body.Write(b) }
