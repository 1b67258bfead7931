package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
)

// Network is the content of network.json, the complete description of a network.
// Every path in it is absolute, every certificate is PEM.
type Network struct {
	Run           string         `json:"run"` // the run folder
	Bin           string         `json:"bin"` // folder of Fabric's binaries
	Channel       string         `json:"channel"`
	Chaincode     string         `json:"chaincode"`         // its name on the channel
	Package       string         `json:"chaincode_package"` // package id, the same at every organization
	BarePackage   string         `json:"bare_package,omitempty"`
	Policy        string         `json:"endorsement_policy"`
	Genesis       Genesis        `json:"genesis"`
	Crypto        string         `json:"crypto"` // folder of cryptogen's keys and certificates
	Orderer       Orderer        `json:"orderer"`
	Organizations []Organization `json:"organizations"`
	Trust         Trust          `json:"trust"`
	TrustFile     string         `json:"trust_file"` // file: Trust alone, for verifiers
	Processes     []Process      `json:"processes"`  // in the order in which they start
}

// Genesis is the only first call that the chaincode accepts.
type Genesis struct {
	SHA256 string `json:"sha256"`         // over the compact JWS
	File   string `json:"file,omitempty"` // the JWS, where its file was given
}

// Orderer is the single node of the ordering service.
type Orderer struct {
	Name        string `json:"name"` // also its name in profiles
	Address     string `json:"address"`
	Admin       string `json:"admin_address"`
	Operations  string `json:"operations_address"` // plain HTTP: /healthz, /metrics
	TLSCA       string `json:"tls_ca"`             // file
	Certificate string `json:"tls_certificate"`    // file
	Folder      string `json:"folder"`             // folder of its keys
}

// Organization is a member of the channel with its peer, chaincode server and user.
type Organization struct {
	Name    string    `json:"name"` // for example bureau; also its name in profiles
	Title   string    `json:"title"`
	MSPID   string    `json:"mspid"`
	Domain  string    `json:"domain"`
	Profile string    `json:"profile"`     // file: profile for fabric-sdk-go
	User    string    `json:"user"`        // user whose key and certificate the profile finds
	Keys    string    `json:"credentials"` // folder: the credential store of the profile
	CA      string    `json:"ca"`          // file: root of the organization's identities
	Peer    Peer      `json:"peer"`
	Server  Chaincode `json:"chaincode"`
	// Bare serves the chaincode "bare", which only writes a value under a key.
	Bare *Chaincode `json:"bare,omitempty"`
}

// Peer is the single peer of an organization.
type Peer struct {
	Name       string `json:"name"` // for example peer.bureau; also its name in profiles
	Address    string `json:"address"`
	Chaincode  string `json:"chaincode_listen_address"` // unused: no chaincode connects by itself
	Operations string `json:"operations_address"`       // plain HTTP
	TLSCA      string `json:"tls_ca"`                   // file
	Folder     string `json:"folder"`                   // folder of its keys
	Data       string `json:"data"`                     // folder of its ledger
}

// Chaincode is an organization's chaincode server.
type Chaincode struct {
	Name       string `json:"name"` // chaincode.bureau
	Address    string `json:"address"`
	Binary     string `json:"binary"`
	Folder     string `json:"folder"`     // folder of its TLS key and certificate
	Connection string `json:"connection"` // file: how the peer reaches it
}

// Trust is what a verifier needs to check answers of the network's peers.
type Trust struct {
	Channel       string      `json:"channel"`
	Chaincode     string      `json:"chaincode"`
	Quorum        int         `json:"quorum"` // how many organizations must have signed
	Organizations []TrustRoot `json:"organizations"`
}

// TrustRoot is one organization's part of Trust.
type TrustRoot struct {
	MSPID string   `json:"mspid"`
	CAs   []string `json:"cas"`
	CRLs  []string `json:"crls"`
}

// Process is a daemon of the network.
type Process struct {
	Name    string `json:"name"`
	Address string `json:"address"` // the process runs if something listens here
	Log     string `json:"log"`
	PIDFile string `json:"pid_file"` // exists while the process runs: {"pid", "started", "boot"}
}

const (
	descriptionFile = "network.json"
	trustFile       = "fabric-trust.json"
)

// errNoNetwork says that the run folder contains no network.
var errNoNetwork = errors.New("no network here: up creates one")

// load reads the description of the network in a run folder.
func load(run string) (*Network, error) {
	data, err := os.ReadFile(filepath.Join(run, descriptionFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", run, errNoNetwork)
	}
	if err != nil {
		return nil, err
	}
	var n Network
	if err := json.Unmarshal(data, &n); err != nil {
		return nil, fmt.Errorf("%s in %s: %w: delete the folder when its processes have ended", descriptionFile, run, err)
	}
	return &n, nil
}

// save writes the description. It is written last, so its existence means that the
// network runs. It need not survive a crash of the machine, since the processes that it
// describes don't.
func (n *Network) save() error {
	temp := filepath.Join(n.Run, "."+descriptionFile)
	if err := writeJSON(temp, n); err != nil {
		return err
	}
	return os.Rename(temp, filepath.Join(n.Run, descriptionFile))
}

func writeJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o600)
}

// process returns the process with the given name.
func (n *Network) process(name string) (Process, error) {
	i := slices.IndexFunc(n.Processes, func(p Process) bool { return p.Name == name })
	if i < 0 {
		var names []string
		for _, p := range n.Processes {
			names = append(names, p.Name)
		}
		return Process{}, fmt.Errorf("no process %q: the names are %v, and all", name, names)
	}
	return n.Processes[i], nil
}

// selected returns the processes with the given names.
func (n *Network) selected(names []string) ([]Process, error) {
	if slices.Contains(names, "all") {
		return n.Processes, nil
	}
	var chosen []Process
	for _, name := range names {
		p, err := n.process(name)
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, p)
	}
	return chosen, nil
}

func port(address string) (string, error) {
	_, p, err := net.SplitHostPort(address)
	return p, err
}
