package node_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/tracing"
	"github.com/datacadastre/cadastre/internal/web"
	"github.com/datacadastre/cadastre/ledger"
)

// canary returns a text of 32 characters that occurs nowhere else.
func canary(name string) string {
	return strings.ToUpper(name[:min(len(name), 8)]) + string(sum("canary " + name))[:32-min(len(name), 8)]
}

// overheard is all that goes over a node's connections, with what it says of it.
type overheard struct {
	mu            sync.Mutex
	secret        [][]byte // what no log may have: bodies, tokens, headers, paths with queries
	log, traces   bytes.Buffer
	metrics       []byte
	collectorDown int
}

func (o *overheard) hide(b ...[]byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.secret = append(o.secret, b...)
}

// Write takes a line of the log.
func (o *overheard) Write(line []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.log.Write(line)
}

// listen remembers requests and answers.
func (o *overheard) listen(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, values := range r.Header {
			for _, v := range values {
				o.hide([]byte(v))
			}
		}
		o.hide([]byte(r.URL.RequestURI()))
		var body beginning
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(r.Body, &body), r.Body}
		a := &answering{ResponseWriter: w}
		defer func() { o.hide(body.Bytes(), a.body.Bytes()) }()
		next.ServeHTTP(a, r)
	})
}

// beginning remembers the first 32 KiB of a body.
type beginning struct{ bytes.Buffer }

func (b *beginning) Write(p []byte) (int, error) {
	_, _ = b.Buffer.Write(p[:min(len(p), max(0, 32<<10-b.Len()))])
	return len(p), nil
}

// answering remembers the body of an answer.
type answering struct {
	http.ResponseWriter
	body beginning
}

func (a *answering) Write(b []byte) (int, error) {
	_, _ = a.body.Write(b)
	return a.ResponseWriter.Write(b)
}

func (a *answering) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// collect is a collector that takes spans and then says that it is broken.
func (o *overheard) collect(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.traces.Write(b)
	if err == nil {
		o.collectorDown++
		http.Error(w, "full", http.StatusBadRequest)
	}
}

// texts returns what must not be found: what was sent, the texts within signed calls, and
// each key in the forms in which it could be printed.
func (o *overheard) texts(t *testing.T) [][]byte {
	t.Helper()
	list := slices.Clone(o.secret)
	for _, b := range o.secret {
		var sent struct {
			Call string `json:"call"`
		}
		if json.Unmarshal(b, &sent) != nil || sent.Call == "" {
			continue
		}
		for part := range strings.SplitSeq(sent.Call, ".") {
			if clear, err := base64.RawURLEncoding.DecodeString(part); err == nil {
				list = append(list, clear)
			}
		}
	}
	return list
}

func forms(key []byte) [][]byte {
	return [][]byte{
		key, []byte(hex.EncodeToString(key)), []byte(base64.StdEncoding.EncodeToString(key)), []byte(base64.RawURLEncoding.EncodeToString(key)),
		[]byte(strings.Trim(fmt.Sprint(key), "[]")), //nolint:staticcheck // its numbers, not its text
	}
}

const windowSize = 32

// windows are all texts of 32 bytes in what a node says.
func windowsOf(said []byte) map[string]bool {
	all := map[string]bool{}
	for i := range max(0, len(said)-windowSize+1) {
		all[string(said[i:i+windowSize])] = true
	}
	return all
}

// found returns the first text of 32 bytes of a secret that was said.
func found(said map[string]bool, secret []byte) string {
	for i := range max(0, len(secret)-windowSize+1) {
		if said[string(secret[i:i+windowSize])] {
			return string(secret[max(0, i-16):min(len(secret), i+windowSize+16)])
		}
	}
	return ""
}

// public is what a log may have though it is sent too: ids, hashes and names of functions.
var public = regexp.MustCompile(`"function":"[a-z._]+"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}`)

// TestCanaries: a run at debug, with refusals, faults and panics, writes no 32 characters of
// a key, token, text, name or body into its log, its traces or its metrics.
func TestCanaries(t *testing.T) {
	o := &overheard{}
	collector := httptest.NewServer(http.HandlerFunc(o.collect))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization="+canary("password"))
	o.hide([]byte(canary("password")))
	w := lay(t, limits(nil))
	w.log = web.WithRequestID(slog.NewJSONHandler(o, &slog.HandlerOptions{Level: slog.LevelDebug}))
	measure, stop, err := tracing.Start(t.Context(), os.Getenv, "test", slog.New(w.log))
	w.ok(err)
	shut := w.overhear(o, measure)
	w.breakThings(w.tellCanaries())
	r := w.ask(http.MethodGet, "", "/metrics")
	o.metrics = w.body(r)
	shut()
	stop(t.Context())

	said := map[string][]byte{"log": o.log.Bytes(), "traces": o.traces.Bytes(), "metrics": o.metrics}
	for _, want := range []string{`"panic"`, `"request failed"`, `"call recorded"`, `"level":"DEBUG"`, `"delivery cut"`, `"spans not sent"`} {
		if !strings.Contains(o.log.String(), want) {
			t.Errorf("the run has no line with %s: it tries too little", want)
		}
	}
	if o.collectorDown == 0 || len(o.metrics) < 10_000 {
		t.Errorf("%d requests at the collector, %d bytes of metrics", o.collectorDown, len(o.metrics))
	}
	texts, keys := o.texts(t), w.everyKey()
	for name, b := range said {
		all, stripped := windowsOf(b), windowsOf(public.ReplaceAll(b, []byte("·")))
		for _, key := range keys {
			if leak := found(all, key); leak != "" {
				t.Errorf("the %s of the run has a key: %q", name, leak)
			}
		}
		leaks := map[string]bool{}
		for _, text := range texts {
			if leak := found(stripped, public.ReplaceAll(text, []byte("·"))); leak != "" {
				leaks[leak] = true
			}
		}
		for leak := range leaks {
			t.Errorf("the %s of the run has %q", name, leak)
		}
	}
}

// everyKey returns the keys of the node, sealed and clear, and of the parties.
func (w *world) everyKey() (list [][]byte) {
	w.t.Helper()
	master, err := os.ReadFile(filepath.Join(w.dir, "keys", "master"))
	w.ok(err)
	files, err := filepath.Glob(filepath.Join(w.dir, "keys", "*"))
	w.ok(err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		w.ok(err)
		list = append(list, forms(b)...)
	}
	for name := range w.keys {
		b, err := w.keys[name].Bytes()
		w.ok(err)
		list = append(list, forms(b)...)
	}
	if len(files) < 4 || len(master) < windowSize {
		w.t.Fatalf("only the keys %v", files)
	}
	return list
}

// overhear serves the node with all its connections overheard, and panics in two places.
func (w *world) overhear(o *overheard, measure func(http.Handler) http.Handler) (stop func()) {
	w.t.Helper()
	n, err := node.Open(w.t.Context(), w.options())
	w.ok(err)
	w.Node = n
	services := n.Services()
	services.Trace = measure
	services.Possible = func(_ context.Context, party ledger.ID, on ledger.Ref) ([]ledger.Open, error) {
		panic(fmt.Sprint(canary("panic"), party, on))
	}
	o.hide([]byte(canary("panic")))
	server := httptest.NewServer(o.listen(web.New(services)))
	w.url = server.URL
	w.admit()
	return func() {
		w.http.CloseIdleConnections()
		server.Close()
		w.ok(n.Close(context.Background()))
	}
}

// tellCanaries tells the story, with canaries in the texts, and asks what is refused. It
// returns the content that was made.
func (w *world) tellCanaries() string {
	w.t.Helper()
	s := &story{world: w}
	a := application("bus", "holder")
	a.Resource.Title, a.Resource.Description = canary("title"), canary("describe")+canary("more")
	tale.Registration(a, "holder", func(who string, written ledger.Ref, fn ledger.Function, args any) ledger.Digest {
		w.call(who, written, fn, args)
		return w.last[written]
	})
	s.license("license", "operator", "bus")
	s.raw = s.put("raw", "holder", ref(ledger.KindResource, "resource bus"), []byte(canary("raw")))
	s.supply()
	s.list("product", "operator", "license", "bus")
	s.made = s.put("made", "operator", ref(ledger.KindProduct, "product"), data(16<<20))
	s.order("order", "buyer", "operator", "product", ledger.Quota{})
	s.deliver("order", "buyer")
	token := func() string { return "Bearer " + w.token("holder") }
	for _, r := range []struct{ method, path, body, token string }{
		{"GET", "/v1/resources?q=" + canary("search"), "", ""},
		{"GET", "/c/" + canary("code"), "", ""},
		{"GET", "/" + canary("path"), "", token()},
		{"GET", "/v1/parties/" + canary("id"), "", token()},
		{"GET", "/v1/orders/" + canary("order") + "/content/" + canary("object"), "", token()},
		{"GET", "/v1/acts?on=party&id=" + canary("acts"), "", "Bearer " + w.token("regulator")},
		{"GET", "/v1/acts?on=product&id=" + string(id("product")), "", "Bearer " + w.token("holder")},
		{"GET", "/v1/orders", "", "Bearer " + canary("token")},
		{"GET", "/v1/orders", "", "Bearer " + w.token("holder") + "x"},
		{"POST", "/v1/calls", `{"call":"` + canary("call") + `"}`, ""},
		{"POST", "/v1/calls", canary("body"), ""},
		{"POST", "/v1/calls", `{"` + canary("member") + `":1}`, token()},
		{"POST", "/v1/acts/party.suspend", `{"id":"` + canary("argument") + `"}`, token()},
		{"POST", "/v1/acts/" + canary("act"), `{}`, token()},
		{"POST", "/v1/uploads", canary("upload"), "Bearer " + canary("jwt")},
		{canary("method"), "/v1/about", canary("late"), ""},
	} {
		resp, err := w.send(r.method, r.path, strings.NewReader(r.body), "Authorization", r.token, "Content-Type", "application/json",
			"User-Agent", canary("agent"), "Referer", canary("referer"), "X-Request-Id", canary("request"), "Tracestate", "x="+canary("state"),
			"Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "Cadastre-Call", canary("chosen"), "Cookie", canary("cookie"))
		if err == nil {
			_ = resp.Body.Close()
		}
	}
	return s.made.Object
}

// breakThings has stores fail under requests, and cuts a delivery.
func (w *world) breakThings(made string) {
	w.t.Helper()
	w.ok(os.RemoveAll(filepath.Join(w.dir, "objects", "tmp")))
	resp, err := w.send(http.MethodPost, "/v1/uploads", strings.NewReader(canary("unstored")), "Authorization", "Bearer "+w.token("holder"))
	w.ok(err)
	_ = w.body(resp)
	running := w.ask(http.MethodGet, "buyer", orderPath("order", made))
	_, err = io.ReadFull(running.Body, make([]byte, 1<<10))
	w.ok(err)
	w.act("authority", ref(ledger.KindLicense, "license"), ledger.FnLicenseTerminate)
	_, _ = io.Copy(io.Discard, running.Body)
	until(w.t, "the delivery is cut", func() bool { return w.Market().Running() == 0 })
}
