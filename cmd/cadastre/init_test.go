package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/proving"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/ledger/fabric/proof"
)

// settings are what node.json of a folder says.
func settings(t *testing.T, dir string) node.Settings {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "node.json"))
	if err != nil {
		t.Fatal(err)
	}
	var s node.Settings
	if err := ledger.DecodeStrict(b, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// fabricNode are the arguments that make a node on a network.
func fabricNode(dir string, more ...string) []string {
	const code = "12430300MB0C00001"
	return append([]string{
		"init", "--dir", dir, "--name", "市数籍", "--region", "430300", "--origin", testOrigin, "--uscc", code + string(ledger.USCCCheck(code)),
		"--url", "https://" + testOrigin, "--fabric", "profile.yaml",
	}, more...)
}

func TestInitOnANetwork(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "node")
	if code, _, errs := command(t, append(fabricNode(dir), "--lang", "en")...); code == proving.ExitOK || !strings.Contains(errs, "--organization") {
		t.Errorf("without the organization: exit %d, %s", code, errs)
	}
	must(t, fabricNode(dir, "--organization", "bureau")...)
	profile, err := filepath.Abs("profile.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := node.Backend{
		Kind: node.KindFabric, Profile: profile, Channel: "cadastre", Chaincode: "register", Organization: "bureau", User: "User1",
	}
	if s := settings(t, dir); s.Backend != want || s.URL != "https://"+testOrigin {
		t.Errorf("node.json says %+v", s)
	}
	b, err := os.ReadFile(filepath.Join(dir, "genesis.request"))
	if err != nil {
		t.Fatal(err)
	}
	var r node.Request
	if err := json.Unmarshal(b, &r); err != nil || r.LedgerKey != "" {
		t.Errorf("the request asks for the log key %q, %v", r.LedgerKey, err)
	}
	p, err := ledger.ParseProfile(ledger.Standard(), r.Platform)
	if err != nil || p.Origin != testOrigin || p.URL != "https://"+testOrigin {
		t.Errorf("the node applies as %+v, %v", p, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "keys", "ledger-log")); err == nil {
		t.Error("a node without a ledger log has a key for one")
	}
}

func TestInitJoins(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "node")
	join := func(trust string) []string {
		return fabricNode(dir, "--organization", "operator", "--lang", "en", "--join", write(t, "trust.json", trust))
	}
	alone := `{"ledger":"` + string(testLedger) + `","genesis_sha256":"` + strings.Repeat("ab", 32) + `","logs":["PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"]}`
	code, _, errs := command(t, join(alone)...)
	if code == proving.ExitOK || !strings.Contains(errs, "fabric") {
		t.Errorf("a trust file of one node's own ledger: exit %d, %s", code, errs)
	}
	quorum := strings.Replace(alone, `["PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"]`, `[],"fabric":{"channel":"cadastre","chaincode":"register","quorum":2,"organizations":[]}`, 1)
	if code, _, errs = command(t, join(quorum)...); code == proving.ExitOK || !strings.Contains(errs, "quorum") {
		t.Errorf("a trust file without organizations: exit %d, %s", code, errs)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a refused join left a folder behind")
	}
	must(t, join(strings.Replace(alone, `["PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"]`, `[],"fabric":`+network(t), 1))...)
	if s := settings(t, dir); s.Ledger != testLedger || s.GenesisSHA256 != ledger.Digest(strings.Repeat("ab", 32)) || s.Backend.Organization != "operator" {
		t.Errorf("node.json says %+v", s)
	}
	b, err := os.ReadFile(filepath.Join(dir, "application.jws"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := ledger.ParseProfile(ledger.Standard(), strings.TrimSpace(string(b)))
	if err != nil || p.Origin != testOrigin || p.LogKey == "" || !slices.Contains(p.Roles, ledger.RolePlatform) {
		t.Errorf("the node applies as %+v, %v", p, err)
	}
	if code, _, errs = command(t, "serve", "--dir", dir, "--lang", "en"); code == proving.ExitOK || !strings.Contains(errs, "ledger_backend.profile") {
		t.Errorf("served without a network: exit %d, %s", code, errs)
	}
}

// network is the fabric member of a trust file, with CAs of two organizations.
func network(t *testing.T) string {
	t.Helper()
	var list []proof.Organization
	for i, id := range []string{"BureauMSP", "OperatorMSP"} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		ca := x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: id}, NotBefore: now(), NotAfter: now().AddDate(1, 0, 0),
			IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		}
		der, err := x509.CreateCertificate(rand.Reader, &ca, &ca, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, proof.Organization{
			MSPID: id, CAs: []string{string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}, CRLs: []string{},
		})
	}
	b, err := json.Marshal(proof.Trust{Channel: "cadastre", Chaincode: "register", Quorum: 2, Organizations: list})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestNodesThatAreKnown(t *testing.T) {
	p := &program{globals: globals{Node: map[string]string{"b.example": "https://b.example", "a.example": "http://10.0.0.1:8480"}}}
	got, err := json.Marshal(p.nodes())
	want := `[{"origin":"a.example","url":"http://10.0.0.1:8480"},{"origin":"b.example","url":"https://b.example"}]`
	if diff := cmp.Diff(want, string(got)); err != nil || diff != "" {
		t.Errorf("nodes (-want +got):\n%s", diff)
	}
}

func TestBundlesOfSeveralNodesNeedTheTrustFile(t *testing.T) {
	p := &program{globals: globals{Lang: "en"}}
	if _, err := (&traceCmd{}).join(p)([][]byte{{}, {}}); err == nil || !strings.Contains(err.Error(), "--trust") {
		t.Errorf("joined without a trust file: %v", err)
	}
	trust := write(t, "trust.json", `{"ledger":"`+string(testLedger)+`","genesis_sha256":"`+strings.Repeat("ab", 32)+`","logs":[]}`)
	if _, err := (&traceCmd{Trust: trust}).join(p)([][]byte{[]byte("{}")}); evidence.AsFailure(err) == nil {
		t.Errorf("joined what is no bundle: %v", err)
	}
}
