//go:build integration

package integration_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const root = "../.."

// programs are the binaries under test, built once.
type programs struct {
	cadastre, chaincode string
	fabric              string // folder of Fabric's binaries and of network
}

var built = sync.OnceValues(func() (programs, error) {
	p := programs{cadastre: filepath.Join(ward.dir, "bin", "cadastre"), chaincode: filepath.Join(ward.dir, "bin", "chaincode")}
	fabric, err := filepath.Abs(filepath.Join(root, ".cache", "fabric", "bin"))
	if err != nil {
		return p, err
	}
	p.fabric = fabric
	if _, err := os.Stat(p.network()); err != nil {
		return p, fmt.Errorf("there is no Fabric network program at %s: make fabric builds it", p.network())
	}
	for path, pkg := range map[string]string{p.cadastre: "./cmd/cadastre", p.chaincode: "./cmd/chaincode"} {
		if err := compile(path, pkg); err != nil {
			return p, err
		}
	}
	return p, nil
})

func (p programs) network() string { return filepath.Join(p.fabric, "network") }

// compile builds a command of this module.
func compile(path, pkg string, flags ...string) error {
	cmd := exec.Command("go", append(append([]string{"build", "-o", path}, flags...), pkg)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", pkg, err, out)
	}
	return nil
}

// changed builds a command in which a text of a file of this module is another.
func changed(t *testing.T, name, pkg, file, old, replacement string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), old); n != 1 {
		t.Fatalf("%s has %d times the text that is to change: %s", file, n, old)
	}
	dir := t.TempDir()
	other, overlay, out := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, name)
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{path: other}})
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string][]byte{other: []byte(strings.Replace(string(source), old, replacement, 1)), overlay: list} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := compile(out, pkg, "-overlay", overlay); err != nil {
		t.Fatal(err)
	}
	return out
}

// binaries are what a test runs.
func binaries(t *testing.T) programs {
	t.Helper()
	p, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// ran is how a command ended.
type ran struct {
	code        int
	out, errors string
}

// try runs cadastre.
func (p programs) try(t *testing.T, program string, args ...string) ran {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(os.Environ(), "CADASTRE_LANG=en")
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if _, exited := err.(*exec.ExitError); err != nil && !exited { //nolint:errorlint // Run's own
		t.Fatal(err)
	}
	return ran{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// run is a command of cadastre that has to succeed.
func (p programs) run(t *testing.T, args ...string) string {
	t.Helper()
	r := p.try(t, p.cadastre, args...)
	if r.code != 0 {
		t.Fatalf("cadastre %s: exit %d\n%s", strings.Join(args, " "), r.code, r.errors)
	}
	return r.out
}

// fabricNet is a running Fabric network.
type fabricNet struct {
	programs
	folder string

	Channel       string          `json:"channel"`
	Chaincode     string          `json:"chaincode"`
	Crypto        string          `json:"crypto"`
	Organizations []organization  `json:"organizations"`
	Trust         json.RawMessage `json:"trust"`
}

type organization struct {
	Name    string `json:"name"`
	MSPID   string `json:"mspid"`
	Domain  string `json:"domain"`
	Profile string `json:"profile"`
	User    string `json:"user"`
}

// boot boots a network whose chaincode takes that genesis; more are flags of up.
func (p programs) boot(t *testing.T, name, genesis string, more ...string) *fabricNet {
	t.Helper()
	n := &fabricNet{programs: p, folder: filepath.Join(ward.dir, name)}
	if err := report("network", p.network()+" "+n.folder); err != nil {
		t.Fatal(err)
	}
	n.do(t, append([]string{"up", "--genesis", genesis, "--chaincode", p.chaincode}, more...)...)
	b, err := os.ReadFile(filepath.Join(n.folder, "network.json"))
	if err == nil {
		err = json.Unmarshal(b, n)
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// do runs a command of the network program.
func (n *fabricNet) do(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command(n.network(), append([]string{"--bin", n.fabric, "--run", n.folder}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("network %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// of is the organization of a name.
func (n *fabricNet) of(t *testing.T, name string) organization {
	t.Helper()
	for _, o := range n.Organizations {
		if o.Name == name {
			return o
		}
	}
	t.Fatalf("no organization %s", name)
	return organization{}
}
