package metrics

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/datacadastre/cadastre/ledger"
)

// Request is a request that was answered.
type Request struct {
	Method string
	Route  string        // pattern of the route; empty if no route matched
	Status int           // 0 if the connection was cut before an answer
	Bytes  int           // of the body of the answer
	Took   time.Duration // from the headers of the request to the end of the answer
	Reason ledger.Reason // why it was refused; empty if it was not
}

// requests counts requests.
type requests struct {
	running  prometheus.Gauge
	answered *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	bytes    prometheus.Counter
	refused  *prometheus.CounterVec
}

func newRequests() requests {
	return requests{
		running: prometheus.NewGauge(prometheus.GaugeOpts{Name: "cadastre_http_requests_running", Help: "Requests that are being answered."}),
		answered: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cadastre_http_requests_total", Help: "Requests answered, by method, route and status; status 0: cut before an answer.",
		}, []string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "cadastre_http_request_duration_seconds", Help: "Time from the headers of a request to the end of its answer, by route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"route"}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{Name: "cadastre_http_response_bytes_total", Help: "Bytes of the bodies of answers that have ended."}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cadastre_refusals_total", Help: "Requests that were refused, by reason.",
		}, []string{"reason"}),
	}
}

func (q requests) all() []prometheus.Collector {
	return []prometheus.Collector{q.running, q.answered, q.seconds, q.bytes, q.refused}
}

// Begin counts a request that is being answered. Each needs an End.
func (m *Metrics) Begin() { m.requests.running.Inc() }

// End counts a request that was answered.
func (m *Metrics) End(r Request) {
	q := m.requests
	q.running.Dec()
	route := r.Route
	if route == "" {
		route = "unmatched"
	}
	q.answered.WithLabelValues(MethodOf(r.Method), route, strconv.Itoa(r.Status)).Inc()
	q.seconds.WithLabelValues(route).Observe(r.Took.Seconds())
	q.bytes.Add(float64(r.Bytes))
	if r.Reason != "" {
		q.refused.WithLabelValues(string(r.Reason)).Inc()
	}
}

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// MethodOf returns the method of a request, or "other" for one that a client invented.
func MethodOf(method string) string {
	if slices.Contains(methods, method) {
		return method
	}
	return "other"
}
