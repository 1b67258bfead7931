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
	bare      = "bare" // for comparison of speed
	version   = "1"
	user      = "User1"
	quorum    = 2 // of the three organizations
)

var titles = []string{"Bureau", "Operator", "Regulator"}

// plannedNetwork is a network whose ports are reserved until its servers start.
type plannedNetwork struct {
	*Network
	ports []*ports.Port
}

func (p plannedNetwork) release() {
	for _, held := range p.ports {
		held.Release()
	}
}

// plan reserves the ports of a new network and decides where its files are.
func plan(ctx context.Context, run, bin string, withBare bool) (plannedNetwork, error) {
	held, err := ports.Reserve(ctx, 3+5*len(titles))
	if err != nil {
		return plannedNetwork{}, err
	}
	taken := 0
	next := func() string {
		taken++
		return held[taken-1].Address()
	}
	return plannedNetwork{layOut(run, bin, withBare, next), held}, nil
}

// layOut describes a network in a run folder. next returns the addresses.
func layOut(run, bin string, withBare bool, next func() string) *Network {
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
		if withBare {
			second := org.server(bare, n.Run, next())
			org.Bare = &second
			n.add(second.Name, second.Address)
		}
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
	o := Organization{
		Name: name, Title: title, MSPID: title + "MSP", Domain: domain,
		Profile: filepath.Join(n.Run, "profiles", name+".yaml"), User: user,
		Keys: filepath.Join(n.Run, "credentials", name),
		CA:   filepath.Join(base, "ca", "ca."+domain+"-cert.pem"),
		Peer: Peer{
			Name: "peer." + name, Address: next(), Chaincode: next(), Operations: next(),
			TLSCA: filepath.Join(folder, "tls/ca.crt"), Folder: folder, Data: filepath.Join(n.Run, "data", "peer."+name),
		},
	}
	o.Server = o.server(chaincode, n.Run, next())
	return o
}

// server describes an organization's server of a chaincode.
func (o Organization) server(name, run, address string) Chaincode {
	kind := "chaincode"
	if name != chaincode {
		kind = name
	}
	return Chaincode{
		Name: kind + "." + o.Name, Address: address, Folder: filepath.Join(filepath.Dir(o.Peer.Folder), "chaincode."+o.Domain),
		Connection: filepath.Join(run, "config", "ccaas", o.Name, label(name)+".json"),
	}
}

func (n *Network) add(name, address string) {
	n.Processes = append(n.Processes, Process{
		Name: name, Address: address,
		Log: filepath.Join(n.Run, "logs", name+".log"), PIDFile: filepath.Join(n.Run, "pids", name+".json"),
	})
}
