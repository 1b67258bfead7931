//go:build integration

package node_test

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/ledger/fabric/proof"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// binEnv names the folder of Fabric's binaries and of the program network, which
// boots them; without it they are where make fabric puts them.
const binEnv = "CADASTRE_FABRIC_BIN"

// TestLiveThreeNodesOnFabric: the nodes of three organizations, each through its own
// peer of a real network.
func TestLiveThreeNodesOnFabric(t *testing.T) { threeNodes(t, city(t)) }

// TestLiveTerminatedAtOneEnforcedAtAllOnFabric: two seconds from the block, which the
// answer of the call comes after.
func TestLiveTerminatedAtOneEnforcedAtAllOnFabric(t *testing.T) { terminated(t, city(t)) }

// TestLiveEvidenceOfSeveralNodesOnFabric: the bundle's calls are proved by what the
// peers of two organizations signed.
func TestLiveEvidenceOfSeveralNodesOnFabric(t *testing.T) { proved(t, city(t)) }

// city boots a network and begins a ledger on it, with the nodes of three
// organizations.
func city(t *testing.T) *nodes {
	t.Helper()
	run := t.TempDir()
	backend := func(organization string) node.Backend {
		return node.Backend{
			Kind: node.KindFabric, Profile: filepath.Join(run, "profiles", organization+".yaml"), Channel: "cadastre", Chaincode: "register",
			Organization: organization, User: "User1",
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		t: t, dir: filepath.Join(t.TempDir(), "node"), url: "http://" + listener.Addr().String(), origin: nodeOrigin,
		keys: ledgertest.Keys{}, party: map[string]*client.Client{}, last: map[ledger.Ref]ledger.Digest{}, http: slowClient(), now: time.Now,
		checkers: map[string]evidence.Checker{proof.Kind: proof.Checker{}},
	}
	request, err := node.Make(w.dir, node.Settings{
		Name: "测试登记簿", Region: "430300", Origin: nodeOrigin, URL: w.url, Backend: backend("bureau"),
	}, uscc(20), time.Now())
	w.ok(err)
	genesis, err := node.SignGenesis(request, node.Authority{
		Profile: w.profile("authority"), Key: w.key("authority"), Recovery: w.key("recovery").Public(),
	}, ledger.Limits{}, true, time.Now())
	w.ok(err)
	trust := boot(t, run, genesis)
	for range 2 { // the second time it goes on with what is there
		w.trust, err = node.Begin(t.Context(), w.dir, genesis, trust, time.Now)
		w.ok(err)
	}
	w.openWith(listener, w.options())
	n := &nodes{bureau: w, told: w.url, backend: backend, stand: (*world).options}
	n.gather(w.trust, nil)
	return n
}

// boot starts a network whose chaincode takes that genesis, until the test ends;
// it gives what the network's answers are checked by.
func boot(t *testing.T, run, genesis string) json.RawMessage {
	t.Helper()
	bin := os.Getenv(binEnv)
	if bin == "" {
		bin = "../../.cache/fabric/bin"
	}
	bin, err := filepath.Abs(bin)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(bin, "network")); err != nil {
		t.Fatalf("no Fabric in %s (%v): make fabric builds it, or set %s to where it is", bin, err, binEnv)
	}
	out := filepath.Join(t.TempDir(), "chaincode")
	if b, err := exec.CommandContext(t.Context(), "go", "build", "-o", out, "../../cmd/chaincode").CombinedOutput(); err != nil {
		t.Fatalf("build the chaincode: %v\n%s", err, b)
	}
	file := filepath.Join(t.TempDir(), "genesis.jws")
	if err := os.WriteFile(file, []byte(genesis), 0o600); err != nil {
		t.Fatal(err)
	}
	network := func(args ...string) {
		cmd := exec.Command(filepath.Join(bin, "network"), append([]string{"--bin", bin, "--run", run}, args...)...)
		if b, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("network %s: %v\n%s", strings.Join(args, " "), err, b)
		}
	}
	t.Cleanup(func() { network("down") })
	network("up", "--genesis", file, "--chaincode", out)
	b, err := os.ReadFile(filepath.Join(run, "network.json"))
	if err != nil {
		t.Fatal(err)
	}
	var description struct {
		Trust json.RawMessage `json:"trust"`
	}
	if err := json.Unmarshal(b, &description); err != nil {
		t.Fatal(err)
	}
	return description.Trust
}
