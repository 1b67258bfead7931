//go:build integration

package integration_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestLiveClocksApart: where the peers' chaincode has another hour than the node,
// nothing can be recorded, and the node's operator reads that it is the clock.
func TestLiveClocksApart(t *testing.T) {
	p := binaries(t)
	ahead := changed(t, "chaincode", "./cmd/chaincode", "cmd/chaincode/main.go", "now: time.Now,", "now: func() time.Time { return time.Now().Add(time.Hour) },")
	s := p.place(t, "bureau")
	dir := t.TempDir()
	s.dir, s.profile = filepath.Join(dir, "node"), filepath.Join(dir, "profile.yaml")
	p.run(t, "init", "--dir", s.dir, "--name", "市数籍", "--region", string(region), "--origin", s.origin, "--uscc", uscc(90),
		"--url", s.url, "--fabric", s.profile, "--organization", s.name)
	genesis, roots := filepath.Join(dir, "genesis.jws"), filepath.Join(dir, "cas.json")
	keep(t, genesis, []byte(p.run(t, "genesis", "sign", filepath.Join(s.dir, "genesis.request"), "--demo", "--name", "市数据局", "--uscc", uscc(1),
		"--profile", filepath.Join(dir, "authority.json"), "--recovery", filepath.Join(dir, "recovery.json"))))
	n := p.boot(t, "ahead", genesis, "--chaincode", ahead)
	t.Cleanup(func() { n.do(t, "down") })
	keep(t, roots, n.Trust)
	s.connect(t, n)
	r := p.try(t, p.cadastre, "init", "--dir", s.dir, "--genesis", genesis, "--fabric-trust", roots)
	if r.code == 0 || !strings.Contains(strings.ToLower(r.errors), "clock") {
		t.Errorf("exit %d: %s", r.code, r.errors)
	}
	t.Logf("exit %d: %s", r.code, sentenceOf(r.errors))
}
