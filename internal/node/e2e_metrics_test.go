package node_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/auth"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/web"
	"github.com/datacadastre/cadastre/ledger"
)

// measured reads the node's metrics: the value of each series, by its name with labels.
func (w *world) measured() map[string]float64 {
	w.t.Helper()
	series := map[string]float64{}
	lines := bufio.NewScanner(strings.NewReader(string(w.body(w.ask(http.MethodGet, "", "/metrics")))))
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		i := strings.LastIndex(lines.Text(), " ")
		v, err := strconv.ParseFloat(lines.Text()[i+1:], 64)
		w.ok(err)
		series[lines.Text()[:i]] = v
	}
	return series
}

// TestMetrics: after the whole story the metrics have what happened in it.
func TestMetrics(t *testing.T) {
	s := told(t)
	s.refused(s.ask(http.MethodGet, "rival", orderPath("order", s.made.Object)), http.StatusNotFound, ledger.ReasonUnknown)
	at := time.Now().Add(-90 * time.Minute).UnixMilli()
	s.ok(os.WriteFile(filepath.Join(s.dir, "backup.json"), fmt.Appendf(nil, `{"at":%d,"id":"x","target":"y"}`, at), 0o600))
	var m map[string]float64
	until(t, "all receipts are anchored", func() bool {
		m = s.measured()
		return m["cadastre_receipts_total"] > 0 && m["cadastre_receipts_total"] == m["cadastre_receipts_anchored_total"] &&
			m["cadastre_ledger_head_block"] == m["cadastre_projected_block"] && m["cadastre_projection_lag_seconds"] == 0
	})
	sent, received := float64(s.raw.Bytes+s.made.Bytes), float64(s.raw.Bytes+s.made.Bytes)
	for series, want := range map[string]float64{
		`cadastre_ready`: 1, `cadastre_ledger_reachable`: 1, `cadastre_projection_lag_seconds`: 0,
		`cadastre_calls_recorded_total{function="order.place"}`:                      2,
		`cadastre_calls_recorded_total{function="product.list"}`:                     1,
		`cadastre_deliveries_running`:                                                0,
		`cadastre_deliveries_ended_total{outcome="complete"}`:                        2,
		`cadastre_deliveries_ended_total{outcome="aborted"}`:                         0,
		`cadastre_content_sent_bytes_total`:                                          sent,
		`cadastre_content_received_bytes_total`:                                      received,
		`cadastre_store_errors_total{store="ledger"}`:                                0,
		`cadastre_store_errors_total{store="objects"}`:                               0,
		`cadastre_store_errors_total{store="receipts"}`:                              0,
		`cadastre_queue_length{queue="calls"}`:                                       0,
		`cadastre_refusals_total{reason="unknown"}`:                                  1,
		`cadastre_part_ready{part="ledger"}`:                                         1,
		`cadastre_part_ready{part="objects"}`:                                        1,
		`cadastre_disk_upload_floor_bytes{disk="node"}`:                              1 << 20,
		`cadastre_http_requests_running`:                                             1, // this one
		`cadastre_http_requests_total{method="POST",route="/v1/calls",status="200"}`: sumOf(m, `cadastre_calls_recorded_total`) - m[`cadastre_calls_recorded_total{function="anchor"}`],
	} {
		if got, ok := m[series]; !ok || got != want {
			t.Errorf("%s is %v (%v), want %v", series, got, ok, want)
		}
	}
	for _, series := range []string{`cadastre_decisions_total{reason="",result="allowed"}`, `cadastre_calls_recorded_total{function="anchor"}`, `cadastre_disk_free_bytes{disk="objects"}`, "go_goroutines", "process_open_fds"} {
		if m[series] == 0 {
			t.Errorf("%s is %v", series, m[series])
		}
	}
	if age := m["cadastre_backup_age_seconds"]; age < 5399 || age > 5500 {
		t.Errorf("the backup is %v s old, want 90 min", age)
	}
}

// sumOf returns the sum of all series of a metric.
func sumOf(m map[string]float64, metric string) (sum float64) {
	for series, v := range m {
		if name, _, _ := strings.Cut(series, "{"); name == metric {
			sum += v
		}
	}
	return sum
}

var (
	label  = regexp.MustCompile(`([a-z_]+)="([^"]*)"`)
	anyID  = regexp.MustCompile(`[0-9a-f]{8}-?[0-9a-f]{4}|[0-9a-f]{16}|[0-9]{6}`)
	inside = regexp.MustCompile(`^[A-Za-z0-9_./{}*+-]*$`)
)

// TestLabelsAreBounded: no label has an id, a path, or a word that a client invented.
func TestLabelsAreBounded(t *testing.T) {
	s := told(t)
	before := len(s.measured())
	for _, r := range [][2]string{
		{"GET", "/v1/resources?q=canarycanary"},
		{"GET", "/canarycanary/" + string(id("x"))},
		{"CANARY", "/v1/about"},
		{"GET", "/c/canarycanary"},
		{"GET", "/v1/orders/" + string(id("order"))},
		{"POST", "/v1/acts/canarycanary"},
		{"GET", "/log/ledger/tile/canarycanary"},
		{"PATCH", "/v1/uploads/canarycanary"},
		{"GET", "/v1/orders/canarycanary/content/canarycanary"},
		{"GET", "/log/canarycanary"},
	} {
		resp, err := s.send(r[0], r[1], nil)
		s.ok(err)
		s.ok(resp.Body.Close())
	}
	series := s.measured()
	names := map[string]bool{}
	for one := range series {
		for _, l := range label.FindAllStringSubmatch(one, -1) {
			names[l[1]] = true
			if strings.Contains(strings.ToLower(one), "canary") || anyID.MatchString(l[2]) || !inside.MatchString(l[2]) {
				t.Errorf("the label %s of %s", l[0], one)
			}
		}
	}
	if len(series) == before || !names["route"] || !names["reason"] {
		t.Errorf("%d series before, %d after, with the labels %v", before, len(series), names)
	}
	for name := range names {
		if !slices.Contains([]string{"method", "route", "status", "le", "reason", "result", "function", "outcome", "queue", "store", "part", "disk", "version", "go_version", "quantile"}, name) {
			t.Errorf("a label %s", name)
		}
	}
}

// TestOperatorAlone: only this machine and the node's own token are shown the metrics and
// why a node is not ready; behind a proxy only the token.
func TestOperatorAlone(t *testing.T) {
	w := serve(t, nil)
	own, err := node.Token(w.dir, time.Now(), time.Minute)
	w.ok(err)
	foreign, err := auth.New(w.key("authority"), id("authority"), node.NewID(), nodeOrigin, time.Now(), time.Minute)
	w.ok(err)
	direct, proxied := web.New(w.Services()), web.New(w.Services())
	proxied.BehindProxy()
	const here, there = "127.0.0.1:4711", "192.0.2.7:4711"
	for name, c := range map[string]struct {
		server             *web.Server
		from, host, header string
		want               int
	}{
		"this machine":                           {direct, here, "127.0.0.1:8480", "", http.StatusOK},
		"this machine, IPv6":                     {direct, "[::1]:4711", "[::1]:8480", "", http.StatusOK},
		"this machine by name":                   {direct, here, "localhost:8480", "", http.StatusOK},
		"this machine by a foreign name":         {direct, here, "evil.example", "", http.StatusUnauthorized},
		"this machine, passed on":                {direct, here, "127.0.0.1:8480", "X-Forwarded-For: 192.0.2.7", http.StatusUnauthorized},
		"this machine, passed on by another way": {direct, here, "127.0.0.1:8480", "Via: 1.1 proxy", http.StatusUnauthorized},
		"another machine":                        {direct, there, "127.0.0.1:8480", "", http.StatusUnauthorized},
		"another machine, a party's token":       {direct, there, "node.example", "Authorization: Bearer " + foreign, http.StatusForbidden},
		"another machine, a broken token":        {direct, there, "node.example", "Authorization: Bearer " + own + "x", http.StatusUnauthorized},
		"another machine, the node's token":      {direct, there, "node.example", "Authorization: Bearer " + own, http.StatusOK},
		"behind a proxy, this machine":           {proxied, here, "127.0.0.1:8480", "", http.StatusUnauthorized},
		"behind a proxy, from this machine":      {proxied, here, "127.0.0.1:8480", "X-Forwarded-For: 127.0.0.1", http.StatusUnauthorized},
		"behind a proxy, the node's token":       {proxied, here, "node.example", "Authorization: Bearer " + own, http.StatusOK},
	} {
		ask := func(path string) *httptest.ResponseRecorder {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
			r.RemoteAddr, r.Host = c.from, c.host
			if k, v, ok := strings.Cut(c.header, ": "); ok {
				r.Header.Set(k, v)
			}
			a := httptest.NewRecorder()
			c.server.ServeHTTP(a, r)
			return a
		}
		if a := ask("/metrics"); a.Code != c.want || strings.Contains(a.Body.String(), "cadastre_ready 1") != (c.want == http.StatusOK) {
			t.Errorf("%s: /metrics answers %d %.80s", name, a.Code, a.Body)
		}
		var h wire.Health
		a := ask("/readyz")
		if err := json.Unmarshal(a.Body.Bytes(), &h); err != nil || !h.Ready || (len(h.Parts) == 6) != (c.want == http.StatusOK) ||
			c.want != http.StatusOK && strings.TrimSpace(a.Body.String()) != `{"ready":true}` {
			t.Errorf("%s: /readyz answers %s", name, a.Body)
		}
	}
}

// TestAStoreThatFails: the node is not ready, says which part of it, and counts the failure.
func TestAStoreThatFails(t *testing.T) {
	w := serve(t, nil)
	w.ok(os.RemoveAll(filepath.Join(w.dir, "objects", "tmp")))
	h := w.health()
	broken := slices.IndexFunc(h.Parts, func(p wire.PartHealth) bool { return !p.Ready })
	if h.Ready || h.Reason != ledger.ReasonStoreAway || broken < 0 || h.Parts[broken].Part != "objects" || h.Parts[broken].Reason != h.Reason {
		t.Errorf("/readyz says %+v", h)
	}
	resp, err := w.send(http.MethodPost, "/v1/uploads", strings.NewReader("content"), "Authorization", "Bearer "+w.token("holder"))
	w.ok(err)
	if _ = w.body(resp); resp.StatusCode < http.StatusInternalServerError {
		t.Errorf("an upload is answered with %d", resp.StatusCode)
	}
	for series, want := range map[string]float64{
		`cadastre_ready`: 0, `cadastre_part_ready{part="objects"}`: 0, `cadastre_part_ready{part="disk"}`: 1, `cadastre_store_errors_total{store="objects"}`: 1,
	} {
		if got := w.measured()[series]; got != want {
			t.Errorf("%s is %v, want %v", series, got, want)
		}
	}
}
