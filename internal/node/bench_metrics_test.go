package node_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/web"
)

// BenchmarkMetrics answers cheap requests by turns at a server that measures them and at one
// that does not; it reports the ratio of their times, and what reading the metrics takes.
func BenchmarkMetrics(b *testing.B) {
	w := serve(b, nil)
	measuring := w.Services()
	plain := measuring
	plain.Figures = nil
	with, without := web.New(measuring), web.New(plain)
	const each = 256
	answer := func(s *web.Server, path string, n int) time.Duration {
		start := time.Now()
		for range n {
			r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, path, nil)
			r.RemoteAddr, r.Host = "127.0.0.1:4711", "127.0.0.1"
			a := httptest.NewRecorder()
			if s.ServeHTTP(a, r); a.Code != http.StatusOK {
				b.Fatalf("%s answers %d", path, a.Code)
			}
		}
		return time.Since(start)
	}
	var measured, bare, read time.Duration
	for b.Loop() {
		measured += answer(with, "/v1/about", each)
		bare += answer(without, "/v1/about", each)
		read += answer(with, "/metrics", 1)
	}
	n := float64(b.N * each)
	b.ReportMetric(measured.Seconds()/bare.Seconds(), "with/without")
	b.ReportMetric((measured-bare).Seconds()*1e9/n, "ns/request")
	b.ReportMetric(read.Seconds()*1e6/float64(b.N), "µs/scrape")
}
