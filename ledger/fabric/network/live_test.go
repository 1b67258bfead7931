package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger/fabric/network/internal/process"
)

// live is a run folder for real networks, with the binaries that make fabric built.
type live struct {
	run, bin string
}

func newLive(t *testing.T) live {
	t.Helper()
	if testing.Short() {
		t.Skip("boots a Fabric network: left out by -short")
	}
	bin, err := filepath.Abs("../../../.cache/fabric/bin")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(bin, "chaincode")); err != nil {
		t.Skip("no Fabric binaries: make fabric builds them")
	}
	l := live{run: t.TempDir(), bin: bin}
	t.Cleanup(func() { run(context.Background(), []string{"--run", l.run, "down"}, nil, os.Stderr, os.Stderr) })
	return l
}

// do runs a command and returns its exit code and what it printed.
func (l live) do(ctx context.Context, t *testing.T, args ...string) (int, string) {
	t.Helper()
	var out bytes.Buffer
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + l.run}
	code := run(ctx, append([]string{"--run", l.run, "--bin", l.bin}, args...), env, &out, &out)
	return code, out.String()
}

func (l live) must(t *testing.T, args ...string) string {
	t.Helper()
	code, out := l.do(t.Context(), t, args...)
	if code != 0 {
		t.Fatalf("%v: exit code %d\n%s", args, code, out)
	}
	return out
}

func (l live) fails(t *testing.T, want string, args ...string) {
	t.Helper()
	if code, out := l.do(t.Context(), t, args...); code != 1 || !strings.Contains(out, want) {
		t.Errorf("%v: exit code %d, want 1 and %q\n%s", args, code, want, out)
	}
}

// running are the processes of the machine that have to do with the run folder,
// whatever the records say.
func (l live) running(t *testing.T) []string {
	t.Helper()
	environs, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range environs {
		// A process that has ended meanwhile, or is another user's, cannot be read.
		if data, err := os.ReadFile(e); err == nil && bytes.Contains(data, []byte(l.run)) {
			command, _ := os.ReadFile(filepath.Join(filepath.Dir(e), "cmdline"))
			found = append(found, string(bytes.ReplaceAll(command, []byte{0}, []byte{' '})))
		}
	}
	return found
}

const genesisOfNothing = "--genesis-sha256=97af1124184bdf8fb3609e35802be29444a9d8562b05293043e4a486ee733b7a"

// TestNetwork boots a network, does to it what tests of faults do, and ends it.
func TestNetwork(t *testing.T) {
	l := newLive(t)
	l.must(t, "up", genesisOfNothing)
	if n := len(l.running(t)); n != 7 {
		t.Errorf("%d processes run, want 7: %q", n, l.running(t))
	}
	n, err := load(l.run)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(n.TrustFile); err != nil {
		t.Error(err)
	}
	for _, o := range n.Trust.Organizations {
		block, _ := pem.Decode([]byte(o.CAs[0]))
		if c, err := x509.ParseCertificate(block.Bytes); err != nil || !c.IsCA {
			t.Errorf("%s: its root is no CA's certificate (%v)", o.MSPID, err)
		}
	}
	l.must(t, "status")
	l.fails(t, "already contains a network", "up", genesisOfNothing)

	l.must(t, "kill", "chaincode.operator")
	l.fails(t, "2 of 7 processes do not run or answer", "status")
	l.must(t, "start", "chaincode.operator")
	l.must(t, "status")

	l.must(t, "wipe", "peer.regulator")
	l.must(t, "status")
	l.fails(t, "only a peer has data", "wipe", "orderer")

	l.must(t, "kill", "all")
	if found := l.running(t); len(found) > 0 {
		t.Errorf("killed, and still running: %q", found)
	}
	l.must(t, "start", "all")
	l.must(t, "start", "all") // what runs is left alone
	l.must(t, "status")

	l.must(t, "down")
	if found := l.running(t); len(found) > 0 {
		t.Errorf("down, and still running: %q", found)
	}
	l.fails(t, "no network here", "status")
}

// TestFailedBoot leaves nothing running, wherever the boot failed.
func TestFailedBoot(t *testing.T) {
	l := newLive(t)
	l.fails(t, "chaincode.operator", "up", genesisOfNothing, "--chaincode", "operator=/bin/false")
	if found := l.running(t); len(found) > 0 {
		t.Errorf("still running: %q", found)
	}
	// Interrupted, as by ^C, as soon as the last peer runs.
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	go func() {
		for ctx.Err() == nil {
			if _, running, _ := process.Find(filepath.Join(l.run, "pids", "peer.regulator.json")); running {
				interrupt()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	if code, out := l.do(ctx, t, "up", genesisOfNothing); code != 1 || !strings.Contains(out, context.Canceled.Error()) {
		t.Errorf("interrupted: exit code %d\n%s", code, out)
	}
	if found := l.running(t); len(found) > 0 {
		t.Errorf("still running: %q", found)
	}
}
