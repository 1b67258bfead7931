package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/datacadastre/cadastre/ledger/fabric/network/internal/ports"
)

const (
	channel   = "cadastre"
	chaincode = "register"
	version   = "1"
	user      = "User1"
	quorum    = 2 // of the three organizations
)

var titles = []string{"Bureau", "Operator", "Regulator"}

// planned is a network whose ports are held until its servers start.
type planned struct {
	*Network
	ports []*ports.Port
}

func (p planned) release() {
	for _, held := range p.ports {
		held.Release()
	}
}

// plan decides where everything of a new network will be.
func plan(ctx context.Context, run, bin string) (planned, error) {
	held, err := ports.Reserve(ctx, 3+4*len(titles))
	if err != nil {
		return planned{}, err
	}
	taken := 0
	next := func() string {
		taken++
		return held[taken-1].Address()
	}
	return planned{lay(run, bin, next), held}, nil
}

// lay lays a network out in a run folder, with addresses as next gives them.
func lay(run, bin string, next func() string) *Network {
	n := &Network{Run: run, Bin: bin, Channel: channel, Chaincode: chaincode, Crypto: filepath.Join(run, "crypto"), TrustFile: filepath.Join(run, trustFile)}
	folder := filepath.Join(n.Crypto, "ordererOrganizations/orderer.test/orderers/orderer0.orderer.test")
	n.Orderer = Orderer{
		Name: "orderer", Address: next(), Admin: next(), Operations: next(), Folder: folder,
		TLSCA: filepath.Join(folder, "tls/ca.crt"), Certificate: filepath.Join(folder, "tls/server.crt"),
	}
	n.add(n.Orderer.Name, n.Orderer.Address)
	var signers []string
	for _, title := range titles {
		org := n.organization(title, next)
		n.Organizations = append(n.Organizations, org)
		signers = append(signers, fmt.Sprintf("'%s.peer'", org.MSPID))
		n.add(org.Server.Name, org.Server.Address)
		n.add(org.Peer.Name, org.Peer.Address)
	}
	n.Policy = fmt.Sprintf("OutOf(%d,%s)", quorum, strings.Join(signers, ","))
	return n
}

func (n *Network) organization(title string, next func() string) Organization {
	name := strings.ToLower(title)
	domain := name + ".test"
	base := filepath.Join(n.Crypto, "peerOrganizations", domain)
	folder := filepath.Join(base, "peers/peer0."+domain)
	return Organization{
		Name: name, Title: title, MSPID: title + "MSP", Domain: domain,
		Profile: filepath.Join(n.Run, "profiles", name+".yaml"), User: user,
		Keys: filepath.Join(n.Run, "credentials", name),
		CA:   filepath.Join(base, "ca", "ca."+domain+"-cert.pem"),
		Peer: Peer{
			Name: "peer." + name, Address: next(), Chaincode: next(), Operations: next(),
			TLSCA: filepath.Join(folder, "tls/ca.crt"), Folder: folder, Data: filepath.Join(n.Run, "data", "peer."+name),
		},
		Server: Chaincode{
			Name: "chaincode." + name, Address: next(), Folder: filepath.Join(base, "peers/chaincode."+domain),
			Connection: filepath.Join(n.Run, "config", "ccaas-"+name+".json"),
		},
	}
}

func (n *Network) add(name, address string) {
	n.Processes = append(n.Processes, Process{
		Name: name, Address: address,
		Log: filepath.Join(n.Run, "logs", name+".log"), PIDFile: filepath.Join(n.Run, "pids", name+".json"),
	})
}
