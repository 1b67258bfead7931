package node_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// BenchmarkDelivery fetches one object by turns from the node, with token,
// decision and two receipts, and from a bare server that does nothing but
// decrypt and copy; it reports both speeds and the node's time as a multiple.
func BenchmarkDelivery(b *testing.B) {
	for _, c := range []struct {
		name string
		size int
	}{{"1MiB", 1 << 20}, {"64MiB", 64 << 20}} {
		b.Run(c.name, func(b *testing.B) {
			w := serve(b, nil)
			w.http = &http.Client{Transport: &http.Transport{ReadBufferSize: 256 << 10}} // as the client's own
			b.Cleanup(w.http.CloseIdleConnections)
			w.register("bus", "holder")
			up := w.upload("operator", data(c.size))
			w.sale("sale", "bus", up, ledger.Quota{})
			bare := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				content, err := w.Objects().Open(r.Context(), up.Object, 0, -1)
				if err != nil {
					b.Error(err)
					return
				}
				defer content.Close()
				_, _ = io.CopyBuffer(struct{ io.Writer }{rw}, content, make([]byte, 256<<10))
			}))
			defer bare.Close()
			node, token := w.url+orderPath("sale", up.Object), "Bearer "+w.token("buyer")
			var through, plain time.Duration
			for b.Loop() {
				begin := time.Now()
				w.drain(node, token, c.size)
				middle := time.Now()
				w.drain(bare.URL, "", c.size)
				plain += time.Since(middle)
				through += middle.Sub(begin)
			}
			total := float64(c.size) * float64(b.N) / 1e6
			b.ReportMetric(total/through.Seconds(), "node-MB/s")
			b.ReportMetric(total/plain.Seconds(), "bare-MB/s")
			b.ReportMetric(through.Seconds()/plain.Seconds(), "node/bare")
			b.ReportMetric(float64(limits(nil).Rate), "limits.rate")
		})
	}
}

// drain reads an answer of a size to its end.
func (w *world) drain(url, token string, size int) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, url, nil)
	w.ok(err)
	if token != "" {
		req.Header.Set("Authorization", token)
	}
	resp, err := w.http.Do(req)
	w.ok(err)
	defer resp.Body.Close()
	if n, err := io.Copy(io.Discard, resp.Body); err != nil || n != int64(size) {
		w.t.Fatalf("%s: %d, %d bytes, %v", url, resp.StatusCode, n, err)
	}
}
