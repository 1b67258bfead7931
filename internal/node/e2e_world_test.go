package node_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/internal/web"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// world is a demo node that is served on this machine, in real time, and the
// parties that speak to it through its API alone.
type world struct {
	*node.Node // nil where a child of this process serves it

	t        testing.TB
	dir      string
	url      string
	origin   string
	line     *ledgertest.Outage // to the ledger, of a node that joined
	checkers map[string]evidence.Checker
	others   []trace.Place // nodes whose addresses the parties know
	trust    evidence.Trust
	keys     ledgertest.Keys
	party    map[string]*client.Client
	last     map[ledger.Ref]ledger.Digest // payload of the call that last wrote a record
	http     *http.Client
	stop     func()       // of a node that joined
	log      slog.Handler // nil: none
	now      func() time.Time
}

const nodeOrigin = "node.example"

var emergency = ledger.Purpose{Class: ledger.Governance, Code: "emergency"}

// limits are the default limits without rates, and with a change.
func limits(change func(*node.Limits)) node.Limits {
	l := node.DefaultLimits()
	l.Rate = 0
	l.FreeForUploads, l.FreeForCalls = 1<<20, 1<<20 // tests run on disks that are almost full, too
	if change != nil {
		change(&l)
	}
	return l
}

// lay makes a node's folder and begins its ledger; nothing runs yet.
func lay(t testing.TB, l node.Limits) *world {
	t.Helper()
	return layIn(t, t.TempDir(), l)
}

// layIn is lay in a folder that exists.
func layIn(t testing.TB, folder string, l node.Limits) *world {
	t.Helper()
	w := &world{
		t: t, dir: filepath.Join(folder, "node"), origin: nodeOrigin, keys: ledgertest.Keys{},
		party: map[string]*client.Client{}, last: map[ledger.Ref]ledger.Digest{}, http: slowClient(), now: time.Now,
	}
	t.Cleanup(w.http.CloseIdleConnections)
	request, err := node.Make(w.dir, node.Settings{Name: "测试登记簿", Region: "430300", Origin: nodeOrigin, Limits: l}, uscc(20), time.Now())
	w.ok(err)
	genesis, err := node.SignGenesis(request, node.Authority{
		Profile: w.profile("authority"), Key: w.key("authority"), Recovery: w.key("recovery").Public(),
	}, ledger.Limits{}, true, time.Now())
	w.ok(err)
	w.trust, err = node.Begin(t.Context(), w.dir, genesis, nil, time.Now)
	w.ok(err)
	return w
}

// slowClient takes little into its buffers, so that what it does not read stops
// the sender.
func slowClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if tcp, ok := c.(*net.TCPConn); ok {
				err = errors.Join(err, tcp.SetReadBuffer(64<<10))
			}
			return c, err
		},
		ReadBufferSize: 64 << 10, MaxIdleConnsPerHost: 64,
	}}
}

// serve opens the node in this process and admits the cast.
func serve(t testing.TB, change func(*node.Limits)) *world {
	t.Helper()
	w := lay(t, limits(change))
	w.open()
	w.admit()
	return w
}

// open runs the node until the test ends.
func (w *world) open() {
	w.t.Helper()
	w.t.Cleanup(w.run())
}

// run runs the node until stop is called.
func (w *world) run() (stop func()) {
	w.t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(w.t.Context(), "tcp", "127.0.0.1:0")
	w.ok(err)
	w.url = "http://" + listener.Addr().String()
	return w.runWith(listener, w.options())
}

// runWith opens the node and serves it until stop is called.
func (w *world) runWith(listener net.Listener, o node.Options) (stop func()) {
	w.t.Helper()
	var err error
	w.Node, err = node.Open(w.t.Context(), o)
	w.ok(err)
	n, server, down := w.Node, web.New(w.Services()).HTTP(), make(chan error, 1)
	server.Handler = w.checkAnswers(n, server.Handler)
	go func() { down <- server.Serve(listener) }()
	return sync.OnceFunc(func() {
		w.http.CloseIdleConnections()
		end, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err := server.Shutdown(end)
		if errors.Is(err, context.DeadlineExceeded) { // as Serve does
			err = server.Close()
		}
		err = errors.Join(err, n.Close(context.Background()))
		if stopped := <-down; !errors.Is(stopped, http.ErrServerClosed) {
			err = errors.Join(err, stopped)
		}
		if err != nil {
			w.t.Error(err)
		}
	})
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) key(name string) *ledger.Key { return w.keys.Of(w.t, name) }

func (w *world) profile(name string) ledger.PartyProfile {
	return tale.Profile(w.t, w.keys, people()[name])
}

// speak makes the client of a party that signs with the key of that name.
func (w *world) speak(name string, party ledger.ID) {
	w.t.Helper()
	p := client.Profile{URL: w.url, Origin: w.origin, Ledger: w.trust.Ledger, Party: party, Nodes: w.others}
	w.ok(p.SetKey(w.key(name)))
	c, err := client.New(p, "en", w.now)
	w.ok(err)
	w.party[name] = c
}

// admit has the authority admit the cast, an operator's environment among it.
func (w *world) admit() {
	w.t.Helper()
	w.speak("authority", id("authority"))
	for name := range people() {
		w.speak(name, id(name))
		if name == "authority" {
			continue
		}
		w.call("authority", ref(ledger.KindParty, name), ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: w.keys.Apply(w.t, name, w.profile(name))})
	}
	w.environment("environment")
	w.speak("environment", id("operator"))
}

// environment sets the operator's environment with the key of that name.
func (w *world) environment(name string) {
	w.t.Helper()
	w.call("authority", ref(ledger.KindEnvironment, "environment"), ledger.FnEnvironmentSet, tale.Environment(w.t, w.trust.Ledger, w.key(name), "environment"))
}

// try sends a call that may be refused.
func (w *world) try(who string, written ledger.Ref, fn ledger.Function, args any) error {
	out, err := w.party[who].Call(w.t.Context(), fn, args)
	if err == nil {
		w.last[written] = out.Payload
	}
	return err
}

// call records a call of a party that writes a record.
func (w *world) call(who string, written ledger.Ref, fn ledger.Function, args any) {
	w.t.Helper()
	if err := w.try(who, written, fn, args); err != nil {
		w.t.Fatalf("%s by %s: %v", fn, who, err)
	}
}

// answer is a call that names a record and the last call that wrote it.
func (w *world) answer(who string, r ledger.Ref, fn ledger.Function) {
	w.t.Helper()
	w.call(who, r, fn, ledger.AnswerArgs{ID: ledger.ID(r.ID()), Answers: w.last[r]})
}

// act is an answer with a ground.
func (w *world) act(who string, r ledger.Ref, fn ledger.Function) {
	w.t.Helper()
	w.call(who, r, fn, ledger.TargetArgs{ID: ledger.ID(r.ID()), Answers: w.last[r], Ground: "security_breach"})
}

// register takes a resource of a holder to its entry.
func (w *world) register(name, holder string) {
	w.t.Helper()
	w.registerAs(name, holder, application(name, holder))
}

// registerAs is register with what the holder submits.
func (w *world) registerAs(name, holder string, a ledger.AppSubmitArgs) {
	w.t.Helper()
	tale.Registration(a, holder, func(who string, written ledger.Ref, fn ledger.Function, args any) ledger.Digest {
		w.call(who, written, fn, args)
		return w.last[written]
	})
	w.last[ref(ledger.KindEntry, name)] = w.last[ref(ledger.KindApplication, name)]
}

// application is what a holder submits for a resource.
func application(name, holder string) ledger.AppSubmitArgs { return tale.Submission(name, holder) }

// license gives an operator a license over registered resources.
func (w *world) license(name, operator string, resources ...string) {
	w.t.Helper()
	w.offer(name, operator, resources...)
	w.answer(operator, ref(ledger.KindLicense, name), ledger.FnLicenseAccept)
}

func (w *world) offer(name, operator string, resources ...string) {
	w.t.Helper()
	a := tale.Offer(name, "authority", operator, resources...)
	if operator == "operator" {
		a.Environments = append(a.Environments, id("environment"))
	}
	w.call("authority", ref(ledger.KindLicense, name), ledger.FnLicenseOffer, a)
}

func (w *world) content(name, owner string, subject ledger.Ref, up wire.Ingested) {
	w.t.Helper()
	w.call(owner, ref(ledger.KindContent, name), ledger.FnContentAdd, ledger.ContentArgs{
		ID: id(name), Subject: subject, Object: up.Object, SHA256: up.SHA256, Bytes: up.Bytes, Ingest: up.Receipt, Node: up.Node, Name: name + ".csv",
	})
}

// sale is a product of its own license, with its content, ordered and accepted.
// All its records go by the sale's name.
func (w *world) sale(name, resource string, up wire.Ingested, quota ledger.Quota) {
	w.t.Helper()
	w.saleOf("operator", "buyer", name, resource, up, quota)
}

func (w *world) saleOf(operator, buyer, name, resource string, up wire.Ingested, quota ledger.Quota) {
	w.t.Helper()
	w.license(name, operator, resource)
	w.list(name, operator, name, resource)
	w.content(name, operator, ref(ledger.KindProduct, name), up)
	w.order(name, buyer, operator, name, quota)
}

func orderPath(name, object string) string {
	return "/v1/orders/" + string(id(name)) + "/content/" + object
}

func supplyPath(license, resource, object string) string {
	return "/v1/licenses/" + string(id(license)) + "/resources/" + string(id("resource "+resource)) + "/content/" + object
}

func (w *world) token(who string) string {
	w.t.Helper()
	token, err := w.party[who].Token(5 * time.Minute)
	w.ok(err)
	return token
}

// ask sends a request with a party's fresh token; headers are pairs.
func (w *world) ask(method, who, path string, headers ...string) *http.Response {
	w.t.Helper()
	if who != "" {
		headers = append(headers, "Authorization", "Bearer "+w.token(who))
	}
	resp, err := w.send(method, path, nil, headers...)
	w.ok(err)
	w.t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func (w *world) send(method, path string, body io.Reader, headers ...string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, body)
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return w.http.Do(req)
}

// data is n bytes that do not repeat soon.
func data(n int) []byte {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

// other returns a file of the same size that differs from the given one.
func other(file []byte) []byte {
	b := bytes.Clone(file)
	b[0]++
	return b
}

// until waits for what another goroutine or process does.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	for range 1500 {
		if done() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("waited in vain: %s", what)
}
