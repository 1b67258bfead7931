package node_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// monitoring is the folder with the alerts and the dashboard.
var monitoring = filepath.Join("..", "..", "docs", "monitoring")

// metricName is the name of a metric of the node in an expression.
var metricName = regexp.MustCompile(`cadastre_[a-z_]+`)

// expressions are those of the dashboard and the alerts.
func expressions(t *testing.T) (list []string) {
	t.Helper()
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	b, err := os.ReadFile(filepath.Join(monitoring, "dashboard.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &dashboard); err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("$instance", ".*", "$__rate_interval", "1m")
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			list = append(list, fill.Replace(target.Expr))
		}
	}
	return list
}

// TestMonitoringNamesMetrics: alerts, their cases, dashboard and manual name only metrics
// that a node has, and the manual names all of them.
func TestMonitoringNamesMetrics(t *testing.T) {
	s := told(t)
	s.ok(os.WriteFile(filepath.Join(s.dir, "backup.json"), []byte(`{"at":1796000000000,"id":"x","target":"y"}`), 0o600))
	s.refused(s.ask(http.MethodGet, "", "/v1/orders"), http.StatusUnauthorized, "authorization")
	has := map[string]bool{}
	for series := range s.measured() {
		name, _, _ := strings.Cut(series, "{")
		has[name] = true
	}
	for _, file := range []string{"monitoring/alerts.yml", "monitoring/alerts_test.yml", "monitoring/dashboard.json", "operations.md"} {
		b, err := os.ReadFile(filepath.Join(monitoring, "..", file))
		s.ok(err)
		named := metricName.FindAllString(string(b), -1)
		if len(named) == 0 {
			t.Errorf("%s names no metric", file)
		}
		for _, name := range named {
			if !has[name] && !has[name+"_bucket"] {
				t.Errorf("%s names %s, which the node does not have", file, name)
			}
		}
		for name := range has {
			name = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
			if file == "operations.md" && strings.HasPrefix(name, "cadastre_") && !slices.Contains(named, name) {
				t.Errorf("%s does not name %s", file, name)
			}
		}
	}
}

// tool returns the path of a program of Debian's package prometheus. Without it the test is
// skipped, unless CADASTRE_MONITORING says that it must run.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
	case os.Getenv("CADASTRE_MONITORING") == "required":
		t.Fatal(err)
	default:
		t.Skipf("%v: it is in Debian's package prometheus", err)
	}
	return path
}

// TestPromtool: the metrics are as Prometheus wants them, and each alert fires when it should.
func TestPromtool(t *testing.T) {
	promtool := tool(t, "promtool")
	s := told(t)
	for _, c := range []struct {
		args  []string
		input []byte
	}{
		{[]string{"check", "metrics"}, s.body(s.ask(http.MethodGet, "", "/metrics"))},
		{[]string{"check", "rules", "alerts.yml"}, nil},
		{[]string{"test", "rules", "alerts_test.yml"}, nil},
		{[]string{"check", "config", "prometheus.yml"}, nil},
	} {
		run := exec.CommandContext(t.Context(), promtool, c.args...)
		run.Dir, run.Stdin = monitoring, bytes.NewReader(c.input)
		if out, err := run.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(c.args, " "), err, out)
		}
	}
}

// TestPrometheus: a Prometheus with the configuration of the manual reads the node, knows
// the alerts, and answers every question of the dashboard.
func TestPrometheus(t *testing.T) {
	program := tool(t, "prometheus")
	s := told(t)
	s.refused(s.ask(http.MethodGet, "", "/v1/orders"), http.StatusUnauthorized, "authorization")
	dir := t.TempDir()
	config, err := os.ReadFile(filepath.Join(monitoring, "prometheus.yml"))
	s.ok(err)
	config = bytes.ReplaceAll(config, []byte("127.0.0.1:8480"), []byte(strings.TrimPrefix(s.url, "http://")))
	config = bytes.ReplaceAll(config, []byte("scrape_interval: 15s"), []byte("scrape_interval: 200ms\n  evaluation_interval: 500ms"))
	s.ok(os.WriteFile(filepath.Join(dir, "prometheus.yml"), config, 0o600))
	rules, err := os.ReadFile(filepath.Join(monitoring, "alerts.yml"))
	s.ok(err)
	s.ok(os.WriteFile(filepath.Join(dir, "alerts.yml"), rules, 0o600))
	api := s.startPrometheus(program, dir)

	var targets struct {
		Data struct {
			ActiveTargets []struct{ Health, LastError string }
		}
	}
	until(t, "the node is read", func() bool {
		return api("/api/v1/targets", &targets) && len(targets.Data.ActiveTargets) == 1 && targets.Data.ActiveTargets[0].Health == "up"
	})
	var list struct {
		Data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError string }
			}
		}
	}
	until(t, "the alerts are computed", func() bool {
		return api("/api/v1/rules", &list) && len(list.Data.Groups) == 1 && len(list.Data.Groups[0].Rules) == 5 && list.Data.Groups[0].Rules[4].Health != "unknown"
	})
	for _, r := range list.Data.Groups[0].Rules {
		if r.Health != "ok" {
			t.Errorf("%s: %s %s", r.Name, r.Health, r.LastError)
		}
	}
	for _, expr := range expressions(t) {
		var answer struct {
			Status, Error string
			Data          struct{ Result []json.RawMessage }
		}
		absent := strings.Contains(expr, "backup_age") // there is no backup
		until(t, expr, func() bool {
			return api("/api/v1/query?query="+url.QueryEscape(expr), &answer) && (absent || len(answer.Data.Result) > 0)
		})
		if answer.Status != "success" {
			t.Errorf("%s: %s", expr, answer.Error)
		}
	}
}

// startPrometheus runs Prometheus in a folder until the test ends, and returns how to ask it.
func (s *story) startPrometheus(program, dir string) (api func(path string, into any) bool) {
	s.t.Helper()
	l, err := (&net.ListenConfig{}).Listen(s.t.Context(), "tcp", "127.0.0.1:0")
	s.ok(err)
	address := l.Addr().String()
	s.ok(l.Close())
	var log bytes.Buffer
	c := exec.Command(program, "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--web.listen-address="+address)
	c.Dir, c.Stderr, c.WaitDelay = dir, &log, 10*time.Second
	s.ok(c.Start())
	s.t.Cleanup(func() {
		if err := errors.Join(c.Process.Signal(os.Interrupt), c.Wait()); err != nil || s.t.Failed() {
			s.t.Errorf("Prometheus: %v\n%s", err, &log)
		}
	})
	return func(path string, into any) bool {
		resp, err := s.http.Get("http://" + address + path)
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK { // it is starting
			return false
		}
		if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
			s.t.Error(fmt.Errorf("%s: %w", path, err))
		}
		return true
	}
}
