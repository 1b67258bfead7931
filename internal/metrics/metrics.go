package metrics

import (
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/datacadastre/cadastre/internal/api"
)

// Metrics has what is measured of one node.
type Metrics struct {
	registry *prometheus.Registry
	requests requests
}

// New returns the metrics of a node of that version. It calls figures each time that the
// metrics are read.
func New(version string, figures func() api.Figures) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), requests: newRequests()}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "cadastre_build_info", Help: "1, with the version of the program and of Go.",
		ConstLabels: prometheus.Labels{"version": version, "go_version": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), node{figures})
	m.registry.MustRegister(m.requests.all()...)
	return m
}

// maxReaders is how many requests for metrics are answered at the same time; more get 503.
const maxReaders = 4

// Handler answers with all metrics, in the format that the request asks for.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxReaders, ErrorHandling: promhttp.HTTPErrorOnError})
}
