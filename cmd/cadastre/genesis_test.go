package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/proving"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// testUSCC is a unified social credit code of a made-up body.
func testUSCC(body string) string { return body + string(ledger.USCCCheck(body)) }

// laidOut is a node's folder that waits for its genesis.
func laidOut(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "node")
	must(t, "init", "--dir", dir, "--name", "市数籍", "--region", "430300", "--origin", testOrigin, "--uscc", testUSCC("12430300000000009"))
	return dir
}

// sign signs the folder's request as a fresh authority.
func sign(t *testing.T, dir string, more ...string) (file string, args ledger.GenesisArgs) {
	t.Helper()
	keys := t.TempDir()
	jws := must(t, append([]string{
		"genesis", "sign", filepath.Join(dir, "genesis.request"), "--name", "市数据局", "--uscc", testUSCC("1143030000000000A"),
		"--profile", filepath.Join(keys, "authority.json"), "--recovery", filepath.Join(keys, "recovery.json"),
	}, more...)...)
	signed, err := ledger.ParseCall(strings.TrimSpace(jws))
	if err != nil {
		t.Fatal(err)
	}
	if err := ledger.DecodeStrict(signed.Call.Args, &args); err != nil {
		t.Fatal(err)
	}
	return write(t, "genesis.jws", jws), args
}

func TestGenesisHasTheLawsLimitsUnlessItIsForADemonstration(t *testing.T) {
	_, lawful := sign(t, laidOut(t))
	if lawful.Demo || !cmp.Equal(lawful.Limits, ledger.StatutoryLimits()) {
		t.Errorf("a genesis for real use: demo %v, limits %+v", lawful.Demo, lawful.Limits)
	}
	dir := laidOut(t)
	file, demo := sign(t, dir, "--demo")
	if !demo.Demo || !cmp.Equal(demo.Limits, ledger.Limits{}) {
		t.Errorf("a genesis for a demonstration: demo %v, limits %+v", demo.Demo, demo.Limits)
	}
	must(t, "init", "--dir", dir, "--genesis", file)
	b, err := os.ReadFile(filepath.Join(dir, "trust.json"))
	if err != nil {
		t.Fatal(err)
	}
	var trust evidence.Trust
	if err := json.Unmarshal(b, &trust); err != nil || trust.Ledger != demo.Ledger {
		t.Errorf("the ledger that began is %s (%v), the signed one %s", trust.Ledger, err, demo.Ledger)
	}
}

// TestAGenesisThatIsNotSignedKeepsNoKey, nor does it write over one.
func TestAGenesisThatIsNotSignedKeepsNoKey(t *testing.T) {
	request := filepath.Join(laidOut(t), "genesis.request")
	for name, c := range map[string]struct{ uscc, recovery string }{
		"a recovery key is there": {testUSCC("1143030000000000A"), "old.json"},
		"the profile itself":      {testUSCC("1143030000000000A"), "authority.json"},
		"no such code":            {"1", "recovery.json"},
	} {
		keys := t.TempDir()
		old := filepath.Join(keys, "old.json")
		if err := os.WriteFile(old, []byte("of another ledger"), 0o600); err != nil {
			t.Fatal(err)
		}
		profile := filepath.Join(keys, "authority.json")
		code, _, errs := command(t, "genesis", "sign", request, "--name", "市数据局", "--uscc", c.uscc, "--profile", profile,
			"--recovery", filepath.Join(keys, c.recovery))
		kept, err := os.ReadFile(old)
		if _, made := os.Lstat(profile); code == proving.ExitOK || made == nil || err != nil || string(kept) != "of another ledger" {
			t.Errorf("%s: exit %d, %s; the profile was made: %v, the old key is %q", name, code, errs, made == nil, kept)
		}
	}
}

func TestTrustOfANetworkMustBeOne(t *testing.T) {
	dir := laidOut(t)
	file, _ := sign(t, dir)
	for _, bad := range []string{"not JSON", `{"channel":"cadastre"}`} {
		code, _, errs := command(t, "init", "--dir", dir, "--genesis", file, "--fabric-trust", write(t, "cas.json", bad))
		if code == proving.ExitOK || !strings.Contains(errs, "cas.json") {
			t.Errorf("%s: exit %d, %s", bad, code, errs)
		}
	}
}
