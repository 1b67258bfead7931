package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// laid is a network on the addresses 127.0.0.1:1, :2, and so on.
func laid(t *testing.T) *Network {
	t.Helper()
	last := 0
	bin := t.TempDir()
	for _, f := range []string{"core.yaml", "orderer.yaml"} {
		if err := os.WriteFile(filepath.Join(bin, f), []byte("peer:\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	n := layOut(t.TempDir(), bin, false, func() string { last++; return fmt.Sprintf("127.0.0.1:%d", last) })
	if last != 3+4*len(titles) {
		t.Fatalf("%d addresses were taken; plan must reserve at least %d", last, 3+4*len(titles))
	}
	if err := n.prepare(); err != nil {
		t.Fatal(err)
	}
	if err := n.configure(); err != nil {
		t.Fatal(err)
	}
	return n
}

// parsed reads a file that templates wrote.
func parsed(t *testing.T, path string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := yaml.Unmarshal(data, &v); err != nil {
		t.Fatalf("%s: %v\n%s", path, err, data)
	}
	return v
}

// at walks into nested maps and lists.
func at(t *testing.T, v any, path ...any) any {
	t.Helper()
	for i, step := range path {
		switch step := step.(type) {
		case string:
			v = v.(map[string]any)[step]
		case int:
			v = v.([]any)[step]
		}
		if v == nil {
			t.Fatalf("nothing at %v", path[:i+1])
		}
	}
	return v
}

func TestChannelConfiguration(t *testing.T) {
	n := laid(t)
	c := parsed(t, filepath.Join(n.config(), "configtx.yaml"))
	check := func(want any, path ...any) {
		t.Helper()
		if diff := cmp.Diff(want, at(t, c, path...)); diff != "" {
			t.Errorf("%v:\n%s", path, diff)
		}
	}
	check([]any{"127.0.0.1:1"}, "Organizations", 0, "OrdererEndpoints")
	for i, o := range n.Organizations {
		check(o.MSPID, "Organizations", i+1, "ID")
		check(n.Crypto+"/peerOrganizations/"+o.Domain+"/msp", "Organizations", i+1, "MSPDir")
		check([]any{map[string]any{"Host": "127.0.0.1", "Port": 4 + 4*i}}, "Organizations", i+1, "AnchorPeers")
		check(o.MSPID, "Profiles", "Cadastre", "Application", "Organizations", i, "ID")
	}
	consenter := map[string]any{"Host": "127.0.0.1", "Port": 1, "ClientTLSCert": n.Orderer.Certificate, "ServerTLSCert": n.Orderer.Certificate}
	check([]any{consenter}, "Profiles", "Cadastre", "Orderer", "EtcdRaft", "Consenters")
	check("200ms", "Profiles", "Cadastre", "Orderer", "BatchTimeout")
	check("MAJORITY Endorsement", "Profiles", "Cadastre", "Application", "Policies", "LifecycleEndorsement", "Rule")

	crypto := parsed(t, filepath.Join(n.config(), "crypto-config.yaml"))
	for i, o := range n.Organizations {
		if got := at(t, crypto, "PeerOrgs", i, "Domain"); got != o.Domain {
			t.Errorf("organization %d is of %v", i, got)
		}
		if got := at(t, crypto, "PeerOrgs", i, "Specs", 1, "Hostname"); got != "chaincode" {
			t.Errorf("second host of %s is %v", o.Name, got)
		}
	}
}

func TestProfile(t *testing.T) {
	n := laid(t)
	for _, o := range n.Organizations {
		if err := n.profile(o); err != nil {
			t.Fatal(err)
		}
		p := parsed(t, o.Profile)
		if got := at(t, p, "client", "organization"); got != o.Name {
			t.Errorf("%s: organization %v", o.Name, got)
		}
		if got := at(t, p, "orderers", "orderer", "url"); got != "grpcs://127.0.0.1:1" {
			t.Errorf("%s: orderer at %v", o.Name, got)
		}
		for _, timeout := range []string{"peer", "orderer"} {
			if got := at(t, p, "client", timeout, "timeout", "connection"); got != "1s" {
				t.Errorf("%s: connect timeout of the %s %v", o.Name, timeout, got)
			}
		}
		for _, other := range n.Organizations {
			if got := at(t, p, "peers", other.Peer.Name, "url"); got != "grpcs://"+other.Peer.Address {
				t.Errorf("%s: %s at %v", o.Name, other.Peer.Name, got)
			}
			if got := at(t, p, "peers", other.Peer.Name, "tlsCACerts", "path"); got != other.Peer.TLSCA {
				t.Errorf("%s: %s is known by %v", o.Name, other.Peer.Name, got)
			}
			if got := at(t, p, "channels", "cadastre", "peers", other.Peer.Name, "eventSource"); got != true {
				t.Errorf("%s: %s as event source: %v", o.Name, other.Peer.Name, got)
			}
			keys := at(t, p, "organizations", other.Name, "cryptoPath").(string)
			if strings.Contains(keys, "{username}@"+o.Domain) != (other.Name == o.Name) {
				t.Errorf("%s: keys of %s in %s", o.Name, other.Name, keys)
			}
		}
	}
}

func TestLay(t *testing.T) {
	n := laid(t)
	const policy = "OutOf(2,'BureauMSP.peer','OperatorMSP.peer','RegulatorMSP.peer')"
	if n.Policy != policy {
		t.Errorf("policy %s, want %s", n.Policy, policy)
	}
	var names []string
	for _, p := range n.Processes {
		names = append(names, p.Name)
	}
	want := []string{
		"orderer", "chaincode.bureau", "peer.bureau", "chaincode.operator", "peer.operator", "chaincode.regulator", "peer.regulator",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("processes:\n%s", diff)
	}
	if _, err := n.selected([]string{"peer.bureau", "peer.nobody"}); err == nil || !strings.Contains(err.Error(), `"peer.nobody"`) {
		t.Errorf("a process that there is not: %v", err)
	}
	if all, err := n.selected([]string{"all"}); err != nil || len(all) != len(want) {
		t.Errorf("all: %d processes, %v", len(all), err)
	}
}

// TestEnvironment checks the settings with which a network recovers quickly from
// faults, and that each organization only gets its own files.
func TestEnvironment(t *testing.T) {
	n := laid(t)
	for i, o := range n.Organizations {
		peer := n.peerEnv(o)
		for _, want := range []string{
			"CORE_PEER_GOSSIP_RECONNECTINTERVAL=2s", "CORE_PEER_GOSSIP_ALIVETIMEINTERVAL=1s", "CORE_PEER_GOSSIP_ALIVEEXPIRATIONTIMEOUT=5s",
			"CORE_PEER_DELIVERYCLIENT_RECONNECTBACKOFFTHRESHOLD=10s", "CORE_CHAINCODE_EXECUTETIMEOUT=5s", "CORE_VM_ENDPOINT=",
			"CORE_PEER_ADDRESS=" + o.Peer.Address, "CORE_PEER_LOCALMSPID=" + o.MSPID,
		} {
			if !slices.Contains(peer, want) {
				t.Errorf("%s: the environment lacks %s", o.Peer.Name, want)
			}
		}
		all := strings.Join(slices.Concat(peer, n.chaincodeEnv(o.Server, n.Package), n.adminEnv(o)), "\n")
		for j, other := range n.Organizations {
			if i != j && strings.Contains(all, other.Domain) {
				t.Errorf("%s gets files of %s", o.Name, other.Name)
			}
		}
	}
}

func TestErase(t *testing.T) {
	n := laid(t)
	for _, f := range []string{"genesis.jws", "logs/orderer.log", descriptionFile} {
		if err := os.WriteFile(filepath.Join(n.Run, f), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := erase(n.Run); err != nil {
		t.Fatal(err)
	}
	var left []string
	err := filepath.WalkDir(n.Run, func(path string, d os.DirEntry, err error) error {
		if !d.IsDir() {
			left = append(left, strings.TrimPrefix(path, n.Run+"/"))
		}
		return err
	})
	if diff := cmp.Diff([]string{"genesis.jws", "logs/orderer.log"}, left); diff != "" || err != nil {
		t.Errorf("what is left (%v):\n%s", err, diff)
	}
}

// TestLayBare: each organization serves the chaincode that is measured against, too.
func TestLayBare(t *testing.T) {
	last := 0
	n := layOut(t.TempDir(), t.TempDir(), true, func() string { last++; return fmt.Sprintf("127.0.0.1:%d", last) })
	if last != 3+5*len(titles) {
		t.Fatalf("%d addresses were taken; plan reserves %d", last, 3+5*len(titles))
	}
	for _, o := range n.Organizations {
		if p, err := n.process("bare." + o.Name); err != nil || p.Address != o.Bare.Address {
			t.Errorf("%s: %+v, %v", o.Name, p, err)
		}
		if o.Bare.Connection == o.Server.Connection || filepath.Dir(o.Bare.Connection) != filepath.Dir(o.Server.Connection) {
			t.Errorf("%s: connections %s and %s", o.Name, o.Server.Connection, o.Bare.Connection)
		}
	}
}
