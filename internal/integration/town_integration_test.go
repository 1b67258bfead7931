//go:build integration

package integration_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

const (
	region = ledger.Region("430300")

	// maxAnchorLag is short, so that a test sees what follows it.
	maxAnchorLag = 15 * time.Second
)

// town is a network with a node of each organization and the parties, all that
// the tests share.
type town struct {
	programs
	net       *fabricNet
	nodes     map[string]*served // by organization
	trustFile string
	trust     evidence.Trust
	profiles  map[string]string // of the parties, by name: files

	mu      sync.Mutex
	ids     map[string]ledger.ID
	last    map[ledger.Ref]ledger.Digest // payload of the call that last wrote a record
	clients map[string]*client.Client    // by party and node
}

// organizations are those that run a node, the one that began the ledger first.
var organizations = []string{"bureau", "operator", "regulator"}

var theTown struct {
	once sync.Once
	*town
}

// world is the town as one test sees it.
type world struct {
	*town
	t *testing.T
}

// live is the town, which comes up with the first test that wants it.
func live(t *testing.T) *world {
	t.Helper()
	theTown.once.Do(func() { theTown.town = found(t) })
	if theTown.town == nil {
		t.Fatal("the town did not come up: see the first test that failed")
	}
	w := &world{theTown.town, t}
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		for _, o := range organizations {
			t.Logf("log of the node of %s:\n%s", o, w.nodes[o].tail())
		}
	})
	return w
}

// found brings the town up, by the commands that its people would type.
func found(t *testing.T) *town {
	t.Helper()
	p := binaries(t)
	n := &town{
		programs: p, nodes: map[string]*served{}, profiles: map[string]string{}, ids: map[string]ledger.ID{},
		last: map[ledger.Ref]ledger.Digest{}, clients: map[string]*client.Client{},
	}
	for _, o := range organizations {
		n.nodes[o] = p.place(t, o)
	}
	bureau := n.nodes["bureau"]
	n.begin(t, bureau)
	n.serve(t, bureau)
	for i, o := range organizations[1:] {
		s := n.nodes[o]
		s.connect(t, n.net)
		p.run(t, "init", "--dir", s.dir, "--join", n.trustFile, "--name", o, "--region", string(region), "--origin", s.origin,
			"--uscc", uscc(91+i), "--url", s.url, "--fabric", s.profile, "--organization", o)
		p.run(t, "party", "admit", filepath.Join(s.dir, "application.jws"), "--profile", n.profiles["authority"], "--url", bureau.url)
		n.serve(t, s)
	}
	for i, who := range cast() {
		n.admit(t, i, who)
	}
	return n
}

// begin makes the first node and the network that waits for its genesis, and
// submits it.
func (n *town) begin(t *testing.T, s *served) {
	t.Helper()
	n.run(t, "init", "--dir", s.dir, "--name", "市数籍", "--region", string(region), "--origin", s.origin, "--uscc", uscc(90),
		"--url", s.url, "--fabric", s.profile, "--organization", s.name)
	n.profiles["authority"] = filepath.Join(ward.dir, "parties", "authority.json")
	genesis, roots := filepath.Join(ward.dir, "genesis.jws"), filepath.Join(ward.dir, "cas.json")
	jws := n.run(t, "genesis", "sign", filepath.Join(s.dir, "genesis.request"), "--demo", "--name", "市数据局", "--uscc", uscc(1),
		"--profile", n.profiles["authority"], "--recovery", filepath.Join(ward.dir, "parties", "recovery.json"))
	keep(t, genesis, []byte(jws))
	n.net = n.boot(t, "network", genesis)
	keep(t, roots, n.net.Trust)
	s.connect(t, n.net)
	n.run(t, "init", "--dir", s.dir, "--genesis", genesis, "--fabric-trust", roots)
	n.trustFile = filepath.Join(s.dir, "trust.json")
	b, err := os.ReadFile(n.trustFile)
	if err == nil {
		n.trust, err = evidence.ParseTrust(b)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (n *town) serve(t *testing.T, s *served) {
	t.Helper()
	s.settings(t, func(set *node.Settings) {
		set.Limits.MaxAnchorLag = int(maxAnchorLag / time.Second)
		set.Limits.FreeForUploads, set.Limits.FreeForCalls = 1<<20, 1<<20 // on disks that are almost full, too
	})
	s.start(t)
}

func keep(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// member is a party, and the node that it goes to by itself.
type member struct {
	name, kind, roles, home string
}

func cast() []member {
	return []member{
		{"body", "institution", "registry_body", "bureau"},
		{"holder", "organ", "holder", "bureau"},
		{"operator", "enterprise", "operator,buyer", "operator"},
		{"buyer", "enterprise", "buyer", "regulator"},
		{"regulator", "organ", "regulator", "regulator"},
	}
}

// admit makes a party's keys and application, and has it admitted.
func (n *town) admit(t *testing.T, i int, m member) {
	t.Helper()
	file := filepath.Join(ward.dir, "parties", m.name+".json")
	n.profiles[m.name] = file
	n.run(t, "keygen", "--out", file, "--url", n.nodes[m.home].url, "--name", m.name)
	jws := n.run(t, "party", "apply", "--profile", file, "--name", m.name, "--uscc", uscc(10+i), "--kind", m.kind, "--role", m.roles, "--region", string(region))
	application := filepath.Join(ward.dir, "parties", m.name+".jws")
	keep(t, application, []byte(jws))
	n.run(t, "party", "admit", application, "--profile", n.profiles["authority"], "--url", n.nodes["bureau"].url)
}

// uscc is a unified social credit code of a made-up body.
func uscc(n int) string {
	body := "124303000000000" + string(rune('0'+n/10%10)) + string(rune('0'+n%10))
	return body + string(ledger.USCCCheck(body))
}

// id is the id of what goes by a name.
func (n *town) id(name string) ledger.ID {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ids[name] == "" {
		n.ids[name] = client.NewID()
	}
	return n.ids[name]
}

// ref is a record by its kind and name.
func (n *town) ref(kind, name string) ledger.Ref { return ledger.RefTo(kind, n.id(name)) }

// as is the client of a party at a node.
func (w *world) as(who, at string) *client.Client {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	key := who + " " + at
	if c := w.clients[key]; c != nil {
		return c
	}
	p, err := client.LoadProfile(w.profiles[who])
	w.ok(err)
	p.URL, p.Origin = w.nodes[at].url, w.nodes[at].origin
	c, err := client.New(p, "en", time.Now)
	w.ok(err)
	w.clients[key] = c
	return c
}

// at is a profile of a party for a node.
func (w *world) at(who, at string) string {
	w.t.Helper()
	file := filepath.Join(ward.dir, "parties", who+"-at-"+at+".json")
	w.ok(w.as(who, at).Profile().Save(file))
	return file
}

// party is the id of a member of the cast.
func (w *world) party(who string) ledger.ID {
	w.t.Helper()
	return w.as(who, "bureau").Profile().Party
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// call records a call of a party at a node; it writes a record.
func (w *world) call(who, at string, written ledger.Ref, fn ledger.Function, args any) client.Outcome {
	w.t.Helper()
	out, err := w.as(who, at).Call(w.t.Context(), fn, args)
	if err != nil {
		w.t.Fatalf("%s by %s at the node of %s: %v", fn, who, at, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last[written] = out.Payload
	return out
}

// cited is the payload of the call that last wrote a record.
func (w *world) cited(r ledger.Ref) ledger.Digest {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last[r]
}

// answer is a call that names a record and the last call that wrote it.
func (w *world) answer(who, at string, r ledger.Ref, fn ledger.Function) client.Outcome {
	w.t.Helper()
	return w.call(who, at, r, fn, ledger.AnswerArgs{ID: ledger.ID(r.ID()), Answers: w.cited(r)})
}

// catch waits until the nodes have applied a block.
func (w *world) catch(block uint64, at ...string) {
	w.t.Helper()
	w.within(10*time.Second, "apply block", func() bool {
		for _, o := range at {
			if h, err := w.nodes[o].health(); err != nil || h.Projected.Block < block {
				return false
			}
		}
		return true
	})
}

// within waits until it holds.
func (w *world) within(d time.Duration, what string, holds func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(d); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("not within %s: %s", d, what)
		}
	}
}

// why returns a refusal's reason; empty if there is no refusal.
func why(err error) ledger.Reason {
	if e := ledger.AsError(err); e != nil {
		return e.Reason
	}
	return ""
}

// told returns what the user reads about it, on one line.
func told(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
