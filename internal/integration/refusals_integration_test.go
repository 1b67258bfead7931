//go:build integration

package integration_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/node"
)

// candidate is a further node of the operator's that has not been admitted: it
// gets as far as that when its settings are right.
type candidate struct {
	*world
	dir, profile string
}

// TestLiveRefusedStarts: a node whose settings do not fit the network does not
// start, and says in one sentence which setting it is.
func TestLiveRefusedStarts(t *testing.T) {
	w := live(t)
	slow := changed(t, "cadastre", "./cmd/cadastre", "cmd/cadastre/init.go", "func now() time.Time { return time.Now() }",
		"func now() time.Time { return time.Now().Add(-time.Hour) }")
	settings := func(change func(*node.Backend)) func(*candidate) {
		return func(c *candidate) { c.settings(func(s *node.Settings) { change(&s.Backend) }) }
	}
	for _, c := range []struct {
		name    string
		program string
		spoil   func(*candidate)
		says    []string // each a part of the sentence
	}{
		{"nothing wrong", "", func(*candidate) {}, []string{"not admitted yet", "cadastre party admit"}},
		{"wrong MSP", "", func(c *candidate) { c.edit("mspid: OperatorMSP", "mspid: RegulatorMSP") }, []string{"mspid", "organizations.operator"}},
		{"MSP that nobody has", "", func(c *candidate) { c.edit("mspid: OperatorMSP", "mspid: OtherMSP") }, []string{"mspid"}},
		{"expired certificate", "", (*candidate).expire, []string{"certificate of user User1", "valid from", "enroll"}},
		{"wrong key", "", (*candidate).exchange, []string{"User1", "cryptoPath"}},
		{"channel that the profile lacks", "", settings(func(b *node.Backend) { b.Channel = "nowhere" }), []string{"channels", "nowhere"}},
		{"channel that no peer has", "", func(c *candidate) {
			c.edit("\n  cadastre:\n", "\n  nowhere:\n")
			c.settings(func(s *node.Settings) { s.Backend.Channel = "nowhere" })
		}, []string{"nowhere", "set the channel"}},
		{"peer that the profile lacks", "", func(c *candidate) {
			c.edit("      peer.regulator: {endorsing", "      peer.nobody: {endorsing")
		}, []string{"channels.cadastre.peers", "peer.nobody"}},
		{"chaincode that is not there", "", settings(func(b *node.Backend) { b.Chaincode = "other" }), []string{"chaincode other"}},
		{"chaincode of another version", "", settings(func(b *node.Backend) { b.Version = "99" }), []string{"version", "99"}},
		{"another genesis", "", func(c *candidate) {
			c.settings(func(s *node.Settings) { s.GenesisSHA256 = sum("another") })
			c.replace(filepath.Join(c.dir, "trust.json"), string(c.trust.Genesis), string(sum("another")))
		}, []string{"genesis"}},
		{"clock an hour behind", slow, func(*candidate) {}, []string{"correct the clock"}},
		{"organization that the profile lacks", "", settings(func(b *node.Backend) { b.Organization = "nobody" }), []string{"nobody"}},
		{"no profile", "", func(c *candidate) { w.ok(os.Remove(c.profile)) }, []string{"profile", "node.json"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := live(t).candidate()
			c.spoil(x)
			program := c.program
			if program == "" {
				program = x.cadastre
			}
			begun := time.Now()
			r := x.try(t, program, "serve", "--dir", x.dir, "--listen", "127.0.0.1:0", "--lang", "en")
			text := sentenceOf(r.errors)
			for _, part := range c.says {
				if r.code == 0 || !strings.Contains(text, part) {
					t.Errorf("exit %d after %s, and it does not say %q: %s", r.code, time.Since(begun).Round(time.Second), part, text)
				}
			}
			t.Logf("after %.1f s: %s", time.Since(begun).Seconds(), text)
		})
	}
}

// TestLiveOtherBeginning: a channel that carries a ledger takes no other genesis,
// and reports that to anyone who would begin one there.
func TestLiveOtherBeginning(t *testing.T) {
	w := live(t)
	c := w.candidate()
	dir := filepath.Join(t.TempDir(), "node")
	w.run(t, "init", "--dir", dir, "--name", "另一数籍", "--region", string(region), "--origin", "other.example", "--uscc", uscc(71),
		"--url", "http://127.0.0.1:1", "--fabric", c.profile, "--organization", "operator")
	genesis, roots := filepath.Join(t.TempDir(), "genesis.jws"), filepath.Join(t.TempDir(), "cas.json")
	keep(t, genesis, []byte(w.run(t, "genesis", "sign", filepath.Join(dir, "genesis.request"), "--demo", "--name", "另一数据局", "--uscc", uscc(72),
		"--profile", filepath.Join(t.TempDir(), "authority.json"), "--recovery", filepath.Join(t.TempDir(), "recovery.json"))))
	keep(t, roots, w.net.Trust)
	r := w.try(t, w.cadastre, "init", "--dir", dir, "--genesis", genesis, "--fabric-trust", roots)
	if r.code == 0 || !strings.Contains(r.errors, "another genesis") {
		t.Errorf("exit %d: %s", r.code, r.errors)
	}
	t.Logf("exit %d: %s", r.code, sentenceOf(r.errors))
}

// sentenceOf is what the program said last, without what it logged.
func sentenceOf(errs string) string {
	_, after, found := strings.Cut(errs, "cadastre: ")
	if !found {
		return errs
	}
	return after
}

// candidate lays the node out.
func (w *world) candidate() *candidate {
	w.t.Helper()
	dir := w.t.TempDir()
	c := &candidate{w, filepath.Join(dir, "node"), filepath.Join(dir, "profile.yaml")}
	profile, err := os.ReadFile(w.nodes["operator"].profile)
	w.ok(err)
	keep(w.t, c.profile, profile)
	w.run(w.t, "init", "--dir", c.dir, "--join", w.trustFile, "--name", "候补节点", "--region", string(region), "--origin", "candidate.example",
		"--uscc", uscc(70), "--url", "http://127.0.0.1:1", "--fabric", c.profile, "--organization", "operator")
	return c
}

func (c *candidate) settings(change func(*node.Settings)) {
	c.t.Helper()
	(&served{dir: c.dir}).settings(c.t, change)
}

// edit changes the connection profile.
func (c *candidate) edit(old, replacement string) {
	c.t.Helper()
	c.replace(c.profile, old, replacement)
}

func (c *candidate) replace(file, old, replacement string) {
	c.t.Helper()
	b, err := os.ReadFile(file)
	c.ok(err)
	if !strings.Contains(string(b), old) {
		c.t.Fatalf("%s has no %q:\n%s", file, old, b)
	}
	keep(c.t, file, []byte(strings.ReplaceAll(string(b), old, replacement)))
}

// identity gives the candidate its own copy of the operator's user,
// and returns its folder.
func (c *candidate) identity() string {
	c.t.Helper()
	own := filepath.Join(c.t.TempDir(), "crypto")
	c.ok(os.CopyFS(own, os.DirFS(c.net.Crypto)))
	c.edit(`cryptoconfig: {path: "`+c.net.Crypto+`"}`, `cryptoconfig: {path: "`+own+`"}`)
	store := c.t.TempDir()
	b, err := os.ReadFile(c.profile)
	c.ok(err)
	keep(c.t, c.profile, regexp.MustCompile(`(credentialStore: )\{.*\}\n`).ReplaceAll(b, []byte(`${1}{path: "`+store+`", cryptoStore: {path: "`+store+`"}}`+"\n")))
	o := c.net.of(c.t, "operator")
	return filepath.Join(own, "peerOrganizations", o.Domain, "users", o.User+"@"+o.Domain, "msp")
}

// expire puts a certificate in place that ended yesterday: the organization's
// authority signed it.
func (c *candidate) expire() {
	c.t.Helper()
	msp := c.identity()
	domain := c.net.of(c.t, "operator").Domain
	authority := filepath.Join(c.net.Crypto, "peerOrganizations", domain, "ca")
	file := c.one(filepath.Join(msp, "signcerts"), "*.pem")
	old, ca := certificate(c, file), certificate(c, c.one(authority, "*.pem"))
	block, _ := pem.Decode(c.read(c.one(authority, "*_sk")))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	c.ok(err)
	old.NotBefore, old.NotAfter, old.SerialNumber = time.Now().AddDate(0, 0, -30), time.Now().AddDate(0, 0, -1), big.NewInt(77)
	der, err := x509.CreateCertificate(rand.Reader, old, ca, old.PublicKey, key)
	c.ok(err)
	keep(c.t, file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// exchange puts a key in place that is not the certificate's.
func (c *candidate) exchange() {
	c.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	c.ok(err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	c.ok(err)
	keep(c.t, c.one(filepath.Join(c.identity(), "keystore"), "*_sk"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// one is the only file of a folder that fits.
func (c *candidate) one(dir, pattern string) string {
	c.t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(list) != 1 {
		c.t.Fatalf("%s has %d files %s: %v", dir, len(list), pattern, err)
	}
	return list[0]
}

func (c *candidate) read(file string) []byte {
	c.t.Helper()
	b, err := os.ReadFile(file)
	c.ok(err)
	return b
}

func certificate(c *candidate, file string) *x509.Certificate {
	c.t.Helper()
	block, _ := pem.Decode(c.read(file))
	x, err := x509.ParseCertificate(block.Bytes)
	c.ok(err)
	return x
}
