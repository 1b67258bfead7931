//go:build integration

package fabric_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/ledger/fabric"
	"github.com/datacadastre/cadastre/ledger/fabric/proof"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// binEnv names the folder of Fabric's binaries and of the program network, which
// boots them; without it they are where make fabric puts them.
const binEnv = "CADASTRE_FABRIC_BIN"

// live is a running network of a test's own.
type live struct {
	t        testing.TB
	bin, run string

	Channel       string `json:"channel"`
	Chaincode     string `json:"chaincode"`
	Organizations []struct {
		Name    string `json:"name"`
		Profile string `json:"profile"`
		User    string `json:"user"`
	} `json:"organizations"`
	Trust json.RawMessage `json:"trust"`
}

// boot starts a network whose chaincode takes that genesis; it ends with the test.
func boot(t testing.TB, genesis string) *live {
	t.Helper()
	n := &live{t: t, bin: binaries(t), run: t.TempDir()}
	file := filepath.Join(t.TempDir(), "genesis.jws")
	if err := os.WriteFile(file, []byte(genesis), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.network("down") })
	n.network("up", "--genesis", file, "--chaincode", built)
	data, err := os.ReadFile(filepath.Join(n.run, "network.json"))
	if err == nil {
		err = json.Unmarshal(data, n)
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func binaries(t testing.TB) string {
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
	return bin
}

// built is the chaincode's binary, made once for all tests.
var built string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "chaincode")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	built = filepath.Join(dir, "chaincode")
	out, err := exec.Command("go", "build", "-o", built, "../../cmd/chaincode").CombinedOutput()
	if err != nil {
		fmt.Fprintf(os.Stderr, "build the chaincode: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// network runs the program network in the run folder.
func (n *live) network(args ...string) {
	n.t.Helper()
	cmd := exec.Command(filepath.Join(n.bin, "network"), append([]string{"--bin", n.bin, "--run", n.run}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		n.t.Fatalf("network %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// config is that of a client of an organization.
func (n *live) config(organization string) fabric.Config {
	n.t.Helper()
	for _, o := range n.Organizations {
		if o.Name != organization {
			continue
		}
		profile, err := os.ReadFile(o.Profile)
		if err != nil {
			n.t.Fatal(err)
		}
		return fabric.Config{
			Profile: profile, Channel: n.Channel, Chaincode: n.Chaincode, Organization: o.Name, User: o.User,
			Log: slog.New(slog.NewTextHandler(testLog{n.t}, &slog.HandlerOptions{Level: slog.LevelInfo})), Now: time.Now,
		}
	}
	n.t.Fatalf("no organization %s", organization)
	return fabric.Config{}
}

// open opens the ledger as an organization; it is closed with the test.
func (n *live) open(organization string) *fabric.Ledger {
	n.t.Helper()
	l, err := fabric.Open(n.t.Context(), n.config(organization))
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() {
		if err := l.Close(); err != nil {
			n.t.Error(err)
		}
	})
	return l
}

// testLog is a test's own log. The SDK has one for the whole process, so that
// lines may come after their test has ended.
type testLog struct{ t testing.TB }

func (l testLog) Write(line []byte) (int, error) { return os.Stderr.Write(line) }

// proves checks a proof with the trust that the network's program gives.
func (n *live) proves(t *testing.T, r ledger.Recorded) {
	t.Helper()
	if r.Proof.Kind != proof.Kind {
		t.Fatalf("a proof of kind %q", r.Proof.Kind)
	}
	check, err := proof.Checker{}.Open(evidence.Trust{Fabric: n.Trust}, json.RawMessage(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := check(r.Proof.Data)
	event, encoded := json.Marshal(r.Event)
	want := evidence.Placed{
		JWS: r.JWS, Position: r.Position, Time: r.Time, Rules: 1, Reads: got.Reads,
		Writes: ledger.HashWrites(r.Writes), Event: ledger.DigestOf(event),
	}
	if err != nil || encoded != nil || got != want || got.Reads.Validate("reads") != nil {
		t.Errorf("proved %+v, %v; want %+v", got, err, want)
	}
}

func TestLiveSuite(t *testing.T) {
	networks := map[ledger.Ledger]*live{}
	ledgertest.Run(t, ledgertest.Factory{
		Now: time.Now, Claimed: true,
		Proof: func(t *testing.T, l ledger.Ledger, r ledger.Recorded) { networks[l].proves(t, r) },
		Open: func(t *testing.T, genesis string) ledger.Ledger {
			n := boot(t, genesis)
			l := n.open("bureau")
			networks[l] = n
			return l
		},
		Reopen: func(t *testing.T, l ledger.Ledger) ledger.Ledger {
			n := networks[l]
			if err := l.(*fabric.Ledger).Close(); err != nil {
				t.Fatal(err)
			}
			again := n.open("bureau")
			networks[again] = n
			return again
		},
	})
}
