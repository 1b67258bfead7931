package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// tagged gives the answers of reads an ETag, so that whoever asks again for what
// has not changed is told so without it. Content has an ETag of its own, and a bundle
// is sent as it is written.
func tagged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || !strings.HasPrefix(r.URL.Path, "/v1/") ||
			strings.Contains(r.URL.Path, "/content/") || r.URL.Path == "/v1/evidence" {
			next.ServeHTTP(w, r)
			return
		}
		a := &whole{ResponseWriter: w, code: http.StatusOK}
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

// matches is the weak comparison of RFC 9110 §13.1.2.
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

// whole holds an answer back until it is complete.
type whole struct {
	http.ResponseWriter
	code int
	body bytes.Buffer
}

// WriteHeader notes the status.
func (a *whole) WriteHeader(code int) { a.code = code }

// Write keeps the bytes.
func (a *whole) Write(b []byte) (int, error) { return a.body.Write(b) }
